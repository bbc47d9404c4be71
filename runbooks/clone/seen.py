"""What a clone's plan is made from. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from runbooks.birth.observe import Around
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.seen import Quarantine, QuarantineSeen

SLOTS: Final = 15  # copy-on-write clones of one volume (Aurora User Guide, "Limitations of Aurora cloning")


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMember:
    """Another cluster of the source's clone group, in whichever account AWS shows it."""

    cluster_id: str
    arn: str

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySeen:
    """The KMS key that was asked for, as this account sees it; `refused` is AWS's code when it may not look at it."""

    arn: str
    aws_managed: bool = False
    enabled: bool = True
    refused: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `members` are the other clusters of the clone group, the clone itself not among them. `around` is
    the asked-for subnet group, and which names are taken.

    `parameter_group` says of the asked-for cluster parameter group which family it has, empty when it does not exist,
    None when none was asked for. `mask_problems` are what is wrong with the mask files.
    """

    account: str
    run_id: str
    source: Portrait | None = None
    copy: Portrait | None = None
    members: tuple[GroupMember, ...] = ()
    key: KeySeen | None = None
    around: Around = field(default_factory=Around)
    parameter_group: str | None = None
    quarantine: Quarantine | None = None
    closing: QuarantineSeen | None = None
    locked: tuple[str, ...] = ()
    mask_problems: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        """The source is another account's."""
        return self.source is not None and self.source.arn.split(":")[4] != self.account
