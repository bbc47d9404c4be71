"""The failover drill calls nothing that it did not declare: botocore itself is listened to, effect by effect.

No database answers here, so an effect may stop half-way; what it asked of AWS until then is what counts. The whole
drill is compared with its policy once more against the lab (tests/meta/test_permissions.py).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runbooks import guard
from runbooks.aws.rds import Rds
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Ssm
from runbooks.drill.plan import Kind
from runbooks.drill.request import DrillRequest
from runbooks.drill.runbook import failover_runbook
from runbooks.drill.tools import DrillTools
from runbooks.engine.journal import Journal
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, run
from tests.support.clock import FakeClock

REQUEST = DrillRequest(cluster_id="shop-orders", region="eu-west-1", cool_down_s=60, baseline_s=1)
RUNBOOK = failover_runbook()
PREFIXES = {"rds": "rds", "ssm": "ssm", "sts": "sts", "secrets-manager": "secretsmanager"}


@pytest.fixture
def asked(session: AwsSession) -> Iterator[set[str]]:
    """IAM actions of the calls that were made."""
    actions: set[str] = set()

    def note(model: Any, **_others: Any) -> None:
        actions.add(f"{PREFIXES[model.service_model.service_id.hyphenize()]}:{model.name}")

    clients = (session.rds, session.ssm, session.sts, session.secrets)
    for client in clients:
        client.meta.events.register("before-call", note)
    yield actions
    for client in clients:
        client.meta.events.unregister("before-call", note)


@pytest.fixture
def cluster(session: AwsSession, subnet_group: str) -> None:
    session.rds.create_db_cluster(
        DBClusterIdentifier="shop-orders", Engine="aurora-postgresql", EngineVersion="16.8", DatabaseName="orders",
        MasterUsername="keeper", ManageMasterUserPassword=True, Port=5433, DBSubnetGroupName=subnet_group,
    )  # fmt: skip
    for name in ("a", "b"):
        session.rds.create_db_instance(
            DBInstanceIdentifier=f"shop-orders-{name}", DBClusterIdentifier="shop-orders", Engine="aurora-postgresql",
            DBInstanceClass="db.r8g.large",
        )  # fmt: skip


@pytest.fixture
def context(session: AwsSession, cluster: None, tmp_path: Path, asked: set[str]) -> Context[DrillTools]:
    tools = DrillTools(
        request=REQUEST, session=session, rds=Rds(session.rds), ssm=Ssm(session.ssm), reach=lambda _host, _port: ""
    )
    clock = FakeClock()
    asked.clear()
    return Context(
        run_id="one", folder=tmp_path, clock=clock, journal=Journal(None, "one", clock), tools=tools, execute=False,
        say=lambda _line: None,
    )  # fmt: skip


def test_observing_calls_what_the_runbook_reads(context: Context[DrillTools], asked: set[str]) -> None:
    outcome = run(RUNBOOK, REQUEST, context)
    assert outcome.steps
    assert {"rds:DescribeDBClusters", "ssm:GetParameter"} <= asked <= set(RUNBOOK.reads)


def test_the_guard_calls_what_it_declares(context: Context[DrillTools], asked: set[str]) -> None:
    with RUNBOOK.guard(REQUEST, context) as check:
        check()
    assert asked == set(RUNBOOK.guard_actions) == set(guard.ACTIONS)


@pytest.mark.parametrize("kind", Kind)
def test_an_effect_calls_what_it_declares(
    kind: Kind, context: Context[DrillTools], asked: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoDatabaseError(Exception):
        pass

    def no_database(*_arguments: Any, **_named: Any) -> None:
        raise NoDatabaseError

    monkeypatch.setattr("runbooks.drill.database.connect_to_writer", no_database)
    monkeypatch.setattr("runbooks.drill.steps.start_probe", no_database)
    arguments = {"round": 1, "target": "shop-orders-b"}
    step = Step(kind=kind, why="it is tried", subject="shop-orders-b", arguments=arguments)
    with contextlib.suppress(NoDatabaseError):
        RUNBOOK.effects[kind].run(step, context)
    assert asked <= set(RUNBOOK.effects[kind].actions)
    assert asked or kind is Kind.WATCH, "a watch without a failover asks nothing"
