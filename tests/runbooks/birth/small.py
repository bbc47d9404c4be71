"""A verb that does nothing but give birth: what clone and restore have in common, run through the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runbooks.birth.observe import Around, look_around, see_copy
from runbooks.birth.plan import BirthKind, BirthStep, birth_blockers, birth_checks, plan_birth
from runbooks.birth.steps import BIRTH_EFFECTS
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.engine.clock import Clock, SystemClock
from runbooks.engine.journal import Journal
from runbooks.engine.plan import Call, PlanRefusedError
from runbooks.engine.run import Context, Outcome, Runbook, Verdict, run
from runbooks.parity.observe import look
from runbooks.parity.portrait import Portrait
from runbooks.parity.settings import POINT_IN_TIME
from runbooks.tags import made_tags
from runbooks.tools import Tools

REGION = "eu-west-1"
RUN = "run-1"
MODEL, TARGET = "shop-orders", "shop-orders-dev"
ORIGIN = Call(
    service="rds",
    operation=POINT_IN_TIME,
    parameters={
        "SourceDBClusterIdentifier": MODEL,
        "RestoreType": "copy-on-write",
        "UseLatestRestorableTime": True,
    },
)
TAGS = made_tags(run_id=RUN, source=f"arn:aws:rds:{REGION}:123456789012:cluster:{MODEL}", owner="me", purpose="test")


def wish(*instances: str, **more: Any) -> Wish:
    names = instances or ("a", "b")
    wished = tuple(
        InstanceWish(instance_id=f"{TARGET}-{name}", promotion_tier=number) for number, name in enumerate(names)
    )
    return Wish(**{"target_id": TARGET, "run_id": RUN, "tags": TAGS, "instances": wished, **more})


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    model: Portrait
    copy: Portrait | None
    around: Around


def runbook(wanted: Wish, origin: Call = ORIGIN) -> Runbook[str, Seen, BirthKind, Tools]:
    def observe(request: str, context: Context[Tools]) -> Seen:
        model = look(context.tools, request)
        assert model is not None
        copy = see_copy(context, wanted.target_id)
        return Seen(model=model, copy=copy, around=look_around(context.tools, wanted, model))

    def plan(_request: str, seen: Seen) -> tuple[BirthStep, ...]:
        if reasons := birth_blockers(wanted, seen.model, seen.copy, seen.around.place, seen.around.taken):
            raise PlanRefusedError(reasons)
        return plan_birth(wanted, origin, seen.model, seen.copy)

    def verify(_request: str, seen: Seen, _context: Context[Tools]) -> Verdict:
        return Verdict(summary="born", checks=birth_checks(wanted, seen.model, seen.copy))

    return Runbook(
        verb="birth",
        decode=lambda plain: str(plain["source"]),
        encode=lambda request: {"source": request},
        target=lambda _request: wanted.target_id,
        tools=lambda _request: Tools(REGION),
        observe=observe,
        plan=plan,
        effects=BIRTH_EFFECTS,
        verify=verify,
    )


def do(wanted: Wish, origin: Call = ORIGIN, clock: Clock | None = None, tools: Tools | None = None) -> Outcome[Seen]:
    """Run it here, in this process."""
    clock = clock or SystemClock()
    lines: list[str] = []
    context = Context(
        run_id=wanted.run_id, folder=Path(), clock=clock, journal=Journal(None, wanted.run_id, clock),
        tools=tools or Tools(REGION), execute=True, say=lines.append,
    )  # fmt: skip
    return run(runbook(wanted, origin), MODEL, context)


def model_of(raw: Mapping[str, Any], **parts: Any) -> Portrait:
    return Portrait(cluster=raw, **parts)
