"""Which steps a new cluster still needs until it is like its model. Pure.

The same for a clone, a restore of a snapshot, of a moment, of a deleted cluster and from S3: the verb gives the call
that brings the data (`origin`), this module adds what else that call takes, and plans what it does not take.
"""

from __future__ import annotations

from enum import StrEnum

from runbooks.birth.wish import Wish
from runbooks.engine.plan import Call, Step
from runbooks.engine.run import Check
from runbooks.parity.portrait import Portrait


class BirthKind(StrEnum):
    """The steps."""

    RESTORE = "restore-cluster"
    INSTANCE = "create-instance"
    MODIFY = "modify-cluster"
    ENDPOINT = "create-endpoint"
    ROLE = "add-role"
    SCALE = "scale-readers"


def birth_blockers(wish: Wish, model: Portrait, copy: Portrait | None) -> tuple[str, ...]:
    """Reasons not to start, all of them: a name that is taken, zones that do not match, what cannot be carried."""
    raise NotImplementedError


def plan_birth(wish: Wish, origin: Call, model: Portrait, copy: Portrait | None) -> tuple[Step[BirthKind], ...]:
    """Steps still missing; `copy` is what there is of the new cluster already (None: nothing).

    Args:
        wish: what the new cluster is to be.
        origin: the call that brings the data, with the parameters that say where from; this function adds the rest.
        model: the cluster that it is to be like.
        copy: what is there of the new one.
    """
    raise NotImplementedError


def birth_checks(wish: Wish, model: Portrait, copy: Portrait | None) -> tuple[Check, ...]:
    """Every setting of the parity table, compared: an unexplained difference does not pass (exit code 4)."""
    raise NotImplementedError
