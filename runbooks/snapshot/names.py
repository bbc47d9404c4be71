"""Names of what the verbs make. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from runbooks.tags import run_suffix

LONGEST: Final = 63  # "1 to 63 letters, numbers, or hyphens" (CreateDBClusterSnapshot)
LONGEST_TASK: Final = 60  # of an export task; the console takes no longer one
_NAME: Final = re.compile(r"^[a-z](?!.*--)[a-z0-9-]*(?<!-)$")


def name_reasons(name: str, longest: int = LONGEST) -> Iterator[str]:
    """Why AWS would not take a name."""
    if not _NAME.match(name) or len(name) > longest:
        yield (
            f"the snapshot's name must be 1 to {longest} lower-case letters, digits and hyphens, a letter first, no "
            f"hyphen last or doubled, got {name!r}; choose another one"
        )


def made_name(base: str, run_id: str, longest: int = LONGEST) -> str:
    """A name that a run gives where none was asked for: the same with and without its journal.

    The run's own name stands in it, which begins with the date unless somebody chose it; where that does not go, eight
    characters that only this run has.
    """
    stem = re.sub(r"[^a-z0-9]+", "-", base.lower()).strip("-") or "snapshot"
    whole = f"{stem}-{run_id}"
    if len(whole) <= longest and _NAME.match(whole):
        return whole
    suffix = run_suffix(run_id)
    return f"{stem[: longest - len(suffix) - 1].rstrip('-')}-{suffix}"


def lock_name(snapshot_id: str) -> str:
    """What a snapshot's lock is called: automated ones have a colon, which SSM parameters may not have."""
    return f"snapshot/{snapshot_id.replace(':', '.')}"
