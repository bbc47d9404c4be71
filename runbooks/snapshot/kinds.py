"""The steps of the snapshot verbs."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Each verb has one that changes something, and one that waits for it."""

    SLOT = "wait-for-slot"
    CREATE = "create-snapshot"
    COPY = "copy-snapshot"
    AWAIT = "wait-until-available"
    SHARE = "share-snapshot"
    UNSHARE = "unshare-snapshot"
    EXPORT = "start-export"
    AWAIT_EXPORT = "wait-until-exported"
