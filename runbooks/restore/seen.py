"""What a plan of a restore is made from. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runbooks.aws.kms import Key
from runbooks.birth.observe import Around
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.seen import QuarantineSeen
from runbooks.restore.origin import Bucket, Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen.

    `origins` are those that the request may mean: one, or none, or several of the same name. `model` is the cluster
    that the new one is to be like, None when neither the source nor another is there. `model_is_source` says that it
    is the very one that the data are of. `copy` is what there is of the new cluster. `key` is the asked-for KMS key.
    `offered` are the engine's versions among those that matter which the Region still makes. `families` are those of
    the cluster parameter groups that matter, by name; one that is missing does not exist.
    """

    run_id: str
    region: str
    account: str
    origins: tuple[Origin, ...] = ()
    bucket: Bucket | None = None
    model: Portrait | None = None
    model_is_source: bool = False
    copy: Portrait | None = None
    around: Around = field(default_factory=Around)
    closing: QuarantineSeen | None = None
    key: Key | None = None
    offered: tuple[str, ...] = ()
    families: Mapping[str, str] = field(default_factory=dict[str, str])
    locked: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin | None:
        """The one, when it is clear which."""
        return self.origins[0] if len(self.origins) == 1 else None
