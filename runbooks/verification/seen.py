"""What a verification's plan is made from. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from runbooks.birth.observe import Around
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.seen import Quarantine, QuarantineSeen
from runbooks.snapshot.seen import Snapshot
from runbooks.verification.proof import Proof


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What was seen. `snapshot` is the newest one, when that is to be restored; `proof` the last one there is."""

    run_id: str
    account: str
    source: Portrait | None = None
    copy: Portrait | None = None
    snapshot: Snapshot | None = None
    quarantine: Quarantine | None = None
    closing: QuarantineSeen | None = None
    around: Around = field(default_factory=Around)
    proof: Proof | None = None
    locked: tuple[str, ...] = ()

    @property
    def is_recorded(self) -> bool:
        """This run has come as far as its record: what is left is to clear away."""
        return self.proof is not None and self.proof.run == self.run_id
