"""`restore verify` as the engine runs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from runbooks import guard
from runbooks.engine.run import Check, Context, Outcome, Runbook, Verdict
from runbooks.tools import Tools, locking
from runbooks.verification.observe import READS, lock_of, observe
from runbooks.verification.permissions import SCOPES
from runbooks.verification.plan import plan_verify
from runbooks.verification.request import VerifyRequest
from runbooks.verification.seen import Observed
from runbooks.verification.steps import EFFECTS, EVIDENCE, VerifyTools
from runbooks.verification.wish import VERB, target_of


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyResult:
    """What was proven. `took_s` is by phase; `evidence` the file that has every check's answer."""

    cluster_id: str
    copy_id: str
    backup: str
    proven_at: str
    queries: str
    failed: tuple[str, ...]
    took_s: dict[str, float]
    kept: bool
    evidence: str


def verify(request: VerifyRequest, seen: Observed, context: Context[Tools]) -> Verdict:
    """What is recorded, and that nothing of the copy is left."""
    proof = seen.proof if seen.is_recorded else None
    took = (proof.took_s or {}) if proof is not None else {}
    said = ", ".join(f"{name} {seconds:g} s" for name, seconds in took.items()) or "times unknown"
    what = f"restored from {proof.backup}; checks: {proof.queries}" if proof is not None else "not proven"
    return Verdict(
        summary=f"{request.cluster_id} {what}; {said}",
        checks=tuple(_checks(request, seen)),
        result=VerifyResult(
            cluster_id=request.cluster_id,
            copy_id=target_of(request, seen),
            backup=proof.backup if proof is not None else "",
            proven_at=proof.at if proof is not None else "",
            queries=proof.queries if proof is not None else "",
            failed=proof.failed if proof is not None else (),
            took_s=took,
            kept=request.keep,
            evidence=str(context.folder / EVIDENCE),
        ),
    )


def _checks(request: VerifyRequest, seen: Observed) -> Iterable[Check]:
    proof = seen.proof if seen.is_recorded else None
    yield Check(name="restored", passed=proof is not None, detail=proof.backup if proof is not None else "no record")
    if proof is not None:
        wrong = ", ".join(proof.failed)
        yield Check(name="data", passed=proof.passed, detail=f"{proof.queries}{f': not {wrong}' if wrong else ''}")
    closing, secret = seen.closing, seen.closing.secret if seen.closing is not None else None
    left = [
        name
        for name, there in (
            ("cluster", seen.copy is not None),
            ("security group", closing is not None and closing.group is not None),
            ("secret", secret is not None and not secret.deleted),
        )
        if there
    ]
    if request.keep:
        yield Check(name="kept", passed=seen.copy is not None, detail="closed; `runbook reap` takes it when it expires")
    else:
        yield Check(name="cleared away", passed=not left, detail=", ".join(left) or "nothing is left of the copy")


def _render(outcome: Outcome[Observed]) -> str:
    from runbooks.verification.report import render

    return render(outcome)


def verify_runbook() -> Runbook[VerifyRequest, Observed, Any, Tools]:
    """The engine's description of the verb. The source is only read, and what is deleted is the run's own."""
    return Runbook(
        verb=VERB,
        decode=VerifyRequest.from_plain,
        encode=VerifyRequest.to_plain,
        target=attrgetter("cluster_id"),
        tools=VerifyTools,
        observe=observe,
        plan=plan_verify,
        effects=EFFECTS,
        verify=verify,
        reads=READS,
        guard=locking(lambda request: lock_of(request.cluster_id)),
        guard_actions=guard.ACTIONS,
        scopes=SCOPES,
        clocked=("expires",),
        render=_render,
    )
