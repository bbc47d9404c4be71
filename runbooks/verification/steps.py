"""The verb's own effects, and the promise that what failed is cleared away as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from runbooks.aws import secrets as secrets_adapter
from runbooks.aws.secrets import find_own_secret
from runbooks.birth.steps import birth_effects
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect
from runbooks.engine.wait import WaitTimedOutError
from runbooks.parity.observe import find_raw_cluster, find_raw_instance
from runbooks.parity.settings import POINT_IN_TIME, SNAPSHOT
from runbooks.quarantine.roles import master_login
from runbooks.quarantine.steps import QUARANTINE_EFFECTS, in_quarantine
from runbooks.reap import steps as reap
from runbooks.tags import from_aws, is_ours
from runbooks.tools import Tools
from runbooks.verification.checks import Answer, DataCheck, failed, judge
from runbooks.verification.database import CheckError, ask, connect
from runbooks.verification.observe import observe
from runbooks.verification.plan import Kind, plan_clearing
from runbooks.verification.proof import Proof
from runbooks.verification.request import VerifyRequest

ANSWERS: Final = "answers.json"
EVIDENCE: Final = "evidence.json"
PHASES: Final[Mapping[str, str]] = {
    "restore-cluster": "restore",
    "create-instance": "first instance",
    Kind.CHECK.value: "queries",
}
NONE_RUN: Final = "none were run"


class VerifyTools(Tools):
    """AWS, and the request: what is cleared away after a failure follows from it."""

    def __init__(self, request: VerifyRequest) -> None:
        super().__init__(request.region)
        self.request = request


Ctx = Context[Tools]
Run = Callable[[Step[Any], Ctx], Mapping[str, Any] | None]


# --- looking inside


def check_data(step: Step[Any], context: Ctx) -> Mapping[str, Any]:
    """Run every check at the copy, and those that compare at the source as well; keep the answers."""
    checks = [DataCheck(**each) for each in step.arguments["checks"]]
    copied = _values(context, step.subject, str(step.arguments["secret"]), checks)
    compared = [check for check in checks if check.compare]
    source = str(step.arguments["source"])
    secret = find_own_secret(context.tools.session.secrets, source) if compared else ""
    there = _values(context, source, secret, compared, reader=True) if compared else {}
    answers = [_answer(check, copied, there) for check in checks]
    for each in answers:
        context.say(f"      {'ok' if each.passed else 'NO':<3} {each.name}: {each.detail}")
    _write(context.folder / ANSWERS, [asdict(each) for each in answers])
    return {
        "passed": sum(each.passed for each in answers),
        "failed": [each.name for each in answers if not each.passed],
    }


def _values(
    context: Ctx, cluster_id: str, secret: str, checks: list[DataCheck], *, reader: bool = False
) -> dict[str, Any]:
    tools = context.tools
    cluster = find_raw_cluster(tools.session.rds, cluster_id)
    if cluster is None:
        raise LookupError(f"cluster {cluster_id} does not exist any more")
    with connect(cluster, master_login(tools, cluster, secret), reader=reader) as connection:
        return ask(connection, checks)


def _answer(check: DataCheck, copied: Mapping[str, Any], there: Mapping[str, Any]) -> Answer:
    for value in (copied[check.name], there.get(check.name)):
        if isinstance(value, CheckError):
            return failed(check, str(value))
    return judge(check, copied[check.name], there.get(check.name))


# --- the record


def record_proof(step: Step[Any], context: Ctx) -> Mapping[str, Any]:
    """Write what was found: in short to Parameter Store, in full to the run's folder."""
    answers = _read(context.folder / ANSWERS) if step.arguments["queries"] else []
    wrong = tuple(str(each["name"]) for each in answers if not each["passed"])
    copy = find_raw_cluster(context.tools.session.rds, str(step.arguments["copy"])) or {}
    source = from_aws(copy.get("TagList", [])).get("aurora-estate:source", "")
    proof = Proof(
        run=context.run_id,
        at=context.clock.now().isoformat(timespec="seconds"),
        passed=not wrong,
        backup=source if step.arguments["backup"] == "snapshot" else "latest restorable time",
        queries=f"{len(answers) - len(wrong)} of {len(answers)} passed" if answers else NONE_RUN,
        failed=wrong,
        took_s=phases(context),
    )
    _write(context.folder / EVIDENCE, {**asdict(proof), "copy": step.arguments["copy"], "checks": answers})
    context.tools.perform(step.calls[0], {"Value": proof.to_text()})
    return {"passed": proof.passed}


def phases(context: Context[Any]) -> dict[str, float]:
    """Seconds by phase, over all sittings whose journal there is."""
    took: dict[str, float] = {}
    for event in context.journal.events:
        name = PHASES.get(str(event.get("step", "")).partition(" ")[0])
        if event["event"] == "step.done" and name is not None:
            took[name] = round(took.get(name, 0.0) + float(event["took_s"]), 1)
    return took


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, default=str) + "\n", encoding="utf-8")


def _read(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


# --- clearing away


class NotOursError(RuntimeError):
    """Something of the copy's name is not this run's: it is not deleted."""


def delete_instances(step: Step[Any], context: Ctx) -> Mapping[str, Any] | None:
    """Delete the copy's instances, by the run's tag only."""
    for call in step.calls:
        name = str(call.parameters["DBInstanceIdentifier"])
        _check_ours(find_raw_instance(context.tools.session.rds, name), name, context)
    return reap.delete_instances(step, context)


def delete_cluster(step: Step[Any], context: Ctx) -> Mapping[str, Any] | None:
    """Delete the copy, by the run's tag only."""
    _check_ours(find_raw_cluster(context.tools.session.rds, step.subject), step.subject, context)
    return reap.delete_cluster(step, context)


def delete_secret(step: Step[Any], context: Ctx) -> None:
    """Delete the copy's own secret, by the run's tag only; one that is not there is as good."""
    found = secrets_adapter.find_secret(context.tools.session.secrets, step.subject)
    if found is None:
        return
    if not is_ours(found.tags, context.run_id):
        raise NotOursError(f"secret {step.subject} is not of run {context.run_id}, and stays")
    reap.make_calls(step, context)


def _check_ours(raw: Mapping[str, Any] | None, name: str, context: Ctx) -> None:
    if raw is not None and not is_ours(from_aws(raw.get("TagList", [])), context.run_id):
        raise NotOursError(f"{name} is not of run {context.run_id}, and stays")


def torn_down(effect: Effect[Any, Any]) -> Effect[Any, Any]:
    """The effect, after whose failure nothing of the copy is left, unless it is to be kept.

    Not after a time-out or an interruption: then the run goes on later.
    """

    def run(step: Step[Any], context: Ctx) -> Mapping[str, Any] | None:
        try:
            return effect.run(step, context)
        except WaitTimedOutError:
            raise
        except Exception as error:
            tools = context.tools
            if isinstance(tools, VerifyTools) and not tools.request.keep:
                context.say(f"      {step.key} failed: {error}; clearing the copy away")
                _clear(tools.request, context)
            raise

    return Effect(run, effect.actions)


def _clear(request: VerifyRequest, context: Ctx) -> None:
    """Delete what is there, as far as that can be done; the rest waits for the next sitting, or for `runbook reap`."""
    try:
        seen = observe(request, context, wait=False)
        if seen.quarantine is None or seen.closing is None:
            return
        for step in plan_clearing(seen.quarantine, seen.closing, seen.copy, whole=False):
            _CLEARING[step.kind](step, context)
            context.journal.record("copy.cleared", what=step.key)
    except Exception as error:  # noqa: BLE001 - what failed first is what the operator must hear of
        context.journal.record("copy.left", error=f"{type(error).__name__}: {error}")
        context.say(f"      some of it is left: {error}; run again with --run-id {context.run_id}")


_LOOK: Final = ("rds:DescribeDBClusters", "rds:DescribeDBInstances")
_SECRETS: Final = ("secretsmanager:DescribeSecret", "secretsmanager:DeleteSecret")
_SQL: Final = ("secretsmanager:GetSecretValue", "kms:Decrypt", "rds-db:connect")
OWN_EFFECTS: Final[Mapping[Kind, Effect[Any, Any]]] = {
    Kind.CHECK: Effect(check_data, actions=(*_LOOK, *_SQL)),
    Kind.RECORD: Effect(record_proof, actions=("ssm:PutParameter", *_LOOK)),
    Kind.INSTANCES: Effect(delete_instances, actions=("rds:DeleteDBInstance", *_LOOK)),
    Kind.CLUSTER: Effect(delete_cluster, actions=("rds:DeleteDBCluster", *_LOOK)),
    Kind.SECRET: Effect(delete_secret, actions=_SECRETS),
}
_CLEARING: Final[Mapping[Any, Run]] = {
    **{kind: OWN_EFFECTS[kind].run for kind in (Kind.INSTANCES, Kind.CLUSTER, Kind.SECRET)},
    **{kind: effect.run for kind, effect in QUARANTINE_EFFECTS.items()},
}


def _cluster_of(step: Step[Any]) -> str:
    return next((str(call.parameters.get("DBClusterIdentifier", "")) for call in step.calls), "")


_BIRTH: Final[Mapping[Any, Effect[Any, Any]]] = {
    kind: Effect(in_quarantine(effect.run, _cluster_of), actions=(*effect.actions, "ec2:DescribeSecurityGroups"))
    for kind, effect in birth_effects(POINT_IN_TIME, SNAPSHOT).items()
}
EFFECTS: Final[Mapping[Any, Effect[Any, Any]]] = {
    kind: torn_down(effect) for kind, effect in {**_BIRTH, **QUARANTINE_EFFECTS, **OWN_EFFECTS}.items()
}
