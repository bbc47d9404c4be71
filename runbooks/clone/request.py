"""What an operator asked for. Plain values: the journal keeps them, and `runbook resume` reads them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from runbooks.masking.plan import MaskRequest

COPY_ON_WRITE: Final = "copy-on-write"
FULL_COPY: Final = "full-copy"


@dataclass(frozen=True, kw_only=True, slots=True)
class CloneRequest:
    """A clone of a cluster.

    `source` is an identifier, or the ARN of a cluster that another account shares. `expires` is an absolute time, as
    the tag has it. `instance_class` empty: the writer's. `like_source` takes all instances of the source, with their
    classes and tiers, and leaves `instances` aside. `security_groups` are those to open with, empty for the source's
    own. `reach_from` is the network or security group from where SQL is run while the clone is closed.
    `keep_logins` lets it be opened although users keep production's.
    """

    source: str
    target: str
    owner: str
    expires: str
    region: str | None = None
    instances: int = 1
    instance_class: str = ""
    like_source: bool = False
    parameter_group: str = ""
    subnet_group: str = ""
    key: str = ""
    security_groups: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    full_copy: bool = False
    stay_closed: bool = False
    reach_from: str = ""
    keep_logins: bool = False
    iam_master: bool = False
    mask: MaskRequest = field(default_factory=MaskRequest)

    @property
    def source_id(self) -> str:
        """The source's identifier, without its ARN."""
        return self.source.rpartition(":")[2]

    @property
    def restore_type(self) -> str:
        return FULL_COPY if self.full_copy else COPY_ON_WRITE

    @property
    def rotates_users(self) -> bool:
        """Passwords of other users are changed: that needs a way in."""
        return bool(self.reach_from) and not self.keep_logins

    @property
    def opens(self) -> bool:
        """It is opened at the end. With passwords that nobody looked at it is not, unless that is asked for."""
        return not self.stay_closed and (self.rotates_users or self.keep_logins)

    def to_plain(self) -> dict[str, Any]:
        return {**asdict(self), "security_groups": list(self.security_groups), "mask": self.mask.to_plain()}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> CloneRequest:
        plain = dict(values)
        plain["security_groups"] = tuple(plain.get("security_groups", ()))
        plain["mask"] = MaskRequest.from_plain(plain.get("mask", {}))
        return cls(**plain)
