"""Tags of what runbooks make: whose it is, what it was made from, by which run, and when it may go. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from estate.names import TAG_EXPIRES, TAG_OWNER, TAG_PURPOSE, TAG_RUN, TAG_SOURCE


def made_tags(
    *, run_id: str, source: str, owner: str, purpose: str, expires: str = "", more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole list of tags of something new: never those of its source, which AWS would copy if none were given.

    Args:
        run_id: the run that makes it.
        source: ARN of what it is made from.
        owner: who asked for it.
        purpose: the verb, `clone` for one.
        expires: as `expiry_text` gives it; empty for what is kept until somebody deletes it.
        more: the operator's own tags; they cannot replace the kit's.
    """
    ours = {TAG_RUN: run_id, TAG_SOURCE: source, TAG_OWNER: owner, TAG_PURPOSE: purpose}
    return {**(more or {}), **ours, **({TAG_EXPIRES: expires} if expires else {})}


def expiry_text(at: datetime) -> str:
    """A moment as the tag has it: `2026-11-28T20:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def expiry_of(tags: Mapping[str, str]) -> datetime | None:
    """When something expires; None when its tag is missing or cannot be read: then it never does by itself."""
    try:
        return datetime.strptime(tags.get(TAG_EXPIRES, ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def run_suffix(run_id: str) -> str:
    """Eight characters for the end of a name: the same for the same run, with or without its journal."""
    return sha256(run_id.encode()).hexdigest()[:8]


def to_aws(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As AWS's calls want them, in a fixed order."""
    return [{"Key": key, "Value": tags[key]} for key in sorted(tags)]


def from_aws(raw: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """As AWS's answers have them."""
    return {str(tag.get("Key", "")): str(tag.get("Value", "")) for tag in raw}


def is_ours(tags: Mapping[str, str], run_id: str) -> bool:
    """This run made it: then it is adopted after a crash. Anything else of that name is somebody else's."""
    return tags.get(TAG_RUN) == run_id


def taken_by(tags: Mapping[str, str], identifier: str) -> str:
    """The reason why a name cannot be used: who has it, and how to go on."""
    run = tags.get(TAG_RUN)
    if run is None:
        return f"{identifier} must be a name that is free, got one that no run of a runbook made; choose another name"
    return (
        f"{identifier} must be a name that is free, got one that run {run} made; to go on with that run: "
        f"--run-id {run} with the same arguments; otherwise choose another name"
    )
