"""What was acknowledged against what is in the table. Pure, and exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from runbooks.drill.records import Fate, Trace

EXAMPLES: Final = 20  # how many numbers of a kind are named; all are counted


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The comparison. Counts are exact, the lists hold the first 20 numbers of their kind.

    `lost`: acknowledged, not there. `duplicated`: there more than once. `in_doubt`: sent and never answered, of which
    `in_doubt_present` are there. `unexpected`: there, though it was refused or never sent.
    """

    acked: int
    rows: int
    lost: int
    duplicated: int
    in_doubt: int
    in_doubt_present: int
    unexpected: int
    lost_numbers: tuple[int, ...] = ()
    duplicated_numbers: tuple[int, ...] = ()
    unexpected_numbers: tuple[int, ...] = ()

    @property
    def in_doubt_absent(self) -> int:
        return self.in_doubt - self.in_doubt_present


def compare(traces: Iterable[Trace], found: Mapping[int, int]) -> Ledger:
    """Compare what the probes of a run wrote down with the table: number to how often it is there."""
    acked: set[int] = set()
    sent: set[int] = set()
    refused: set[int] = set()
    for trace in traces:
        sent |= {intent.number for intent in trace.intents}
        acked |= {write.number for write in trace.writes if write.fate is Fate.ACKED}
        refused |= {write.number for write in trace.writes if write.fate is Fate.FAILED and write.number}
    in_doubt = sent - acked - refused
    lost = sorted(number for number in acked if number not in found)
    duplicated = sorted(number for number, times in found.items() if times > 1)
    unexpected = sorted(number for number in found if number not in acked and number not in in_doubt)
    return Ledger(
        acked=len(acked),
        rows=sum(found.values()),
        lost=len(lost),
        duplicated=len(duplicated),
        in_doubt=len(in_doubt),
        in_doubt_present=sum(number in found for number in in_doubt),
        unexpected=len(unexpected),
        lost_numbers=tuple(lost[:EXAMPLES]),
        duplicated_numbers=tuple(duplicated[:EXAMPLES]),
        unexpected_numbers=tuple(unexpected[:EXAMPLES]),
    )
