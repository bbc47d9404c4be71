"""What runbooks may touch: an allow-list of the operator's, a tag of the owner's, and what counts as production. Pure.

Two fences, and both must be open: the machine's (`RUNBOOK_ALLOW`: patterns of identifiers, separated by commas; unset:
all), for schedulers and shared hosts; and the resource's own (tag `aurora-estate:runbooks`: verbs separated by spaces,
`snapshot*` for all of a group, `none` for nobody; no tag: all), for its owner.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

from estate.names import TAG_RUN, TAG_RUNBOOKS

SETTING: Final = "RUNBOOK_ALLOW"
NOBODY: Final = "none"


def allowed_patterns() -> tuple[str, ...]:
    """The machine's allow-list; empty when there is none."""
    given = os.environ.get(SETTING, "")
    return tuple(pattern.strip() for pattern in given.split(",") if pattern.strip())


def boundary_reasons(
    verb: str, identifier: str, tags: Mapping[str, str], allowed: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Reasons why a verb must not touch a cluster, a cache or a snapshot; none when it may.

    `allowed` is the machine's allow-list (default: from the environment).
    """
    patterns = allowed_patterns() if allowed is None else allowed
    reasons: list[str] = []
    if patterns and not any(fnmatchcase(identifier, pattern) for pattern in patterns):
        reasons.append(
            f"{identifier} must match {SETTING}, which is {', '.join(patterns)}; run where it may be touched"
        )
    verbs = tags.get(TAG_RUNBOOKS)
    if verbs is not None and not any(fnmatchcase(verb, pattern) for pattern in _verbs(verbs)):
        reasons.append(
            f"{identifier} must let `{verb}` touch it, got tag {TAG_RUNBOOKS}={verbs!r}; its owner changes the tag"
        )
    return tuple(reasons)


def _verbs(tag: str) -> tuple[str, ...]:
    """`snapshot:create` in the tag stands for `snapshot create`: spaces separate verbs there."""
    return tuple(word.replace(":", " ") for word in tag.split() if word != NOBODY)


def is_production(tags: Mapping[str, str]) -> bool:
    """Whether it counts as production: everything does that no run of a runbook made."""
    return TAG_RUN not in tags


def production_reason(what: str, tags: Mapping[str, str]) -> str:
    """Why it must be confirmed; empty for a copy that a runbook made."""
    return f"{what} counts as production: no run of a runbook made it" if is_production(tags) else ""
