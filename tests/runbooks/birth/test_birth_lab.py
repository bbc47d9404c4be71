"""A new cluster against the embedded AWS: like its model in every setting, made once however often it is begun."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.delays import NONE, Delays
from lab.cloud.install import install, reset_backends
from lab.cloud.runtime import RUNTIME
from runbooks.birth import steps
from runbooks.birth.plan import BirthKind
from runbooks.engine.clock import SystemClock
from runbooks.engine.plan import Call, PlanRefusedError
from runbooks.engine.run import State, StepFailedError
from runbooks.parity.observe import look
from runbooks.tags import from_aws
from runbooks.tools import Tools
from tests.runbooks.birth.small import MODEL, REGION, TAGS, TARGET, do, wish
from tests.runbooks.parity.rich import ROLE, make_network, make_rich
from tests.support.scenario import Cloud
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab


class QuickClock(SystemClock):
    """A second is a twentieth of one."""

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 20)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    install(delays=NONE)
    reset_backends()
    with no_wire():
        make_rich(made)
        yield made


def parts(cloud: Cloud) -> dict[str, int]:
    """How many there are of each thing that a birth makes."""
    rds, scaling = cloud.client("rds"), cloud.client("application-autoscaling")
    of = {"ServiceNamespace": "rds"}
    return {
        "clusters": len(rds.describe_db_clusters()["DBClusters"]),
        "instances": len(rds.describe_db_instances()["DBInstances"]),
        "endpoints": len(
            [e for e in rds.describe_db_cluster_endpoints()["DBClusterEndpoints"] if e["EndpointType"] == "CUSTOM"]
        ),
        "targets": len(scaling.describe_scalable_targets(**of)["ScalableTargets"]),
        "policies": len(scaling.describe_scaling_policies(**of)["ScalingPolicies"]),
        "schedules": len(scaling.describe_scheduled_actions(**of)["ScheduledActions"]),
    }


WHOLE = {"clusters": 2, "instances": 6, "endpoints": 4, "targets": 2, "policies": 2, "schedules": 2}
ALL = wish("a", "b", "reporting")


class Deadly(Tools):
    """Dies with each call that it made for the first time."""

    def __init__(self) -> None:
        super().__init__(REGION)
        self.made: list[str] = []

    def perform(self, call: Call, secrets: Mapping[str, Any] | None = None) -> dict[str, Any]:
        super().perform(call, secrets)
        self.made.append(call.action)
        raise KeyboardInterrupt


class Doubling(Tools):
    """Makes each call twice, as a client does whose first answer was lost."""

    def perform(self, call: Call, secrets: Mapping[str, Any] | None = None) -> dict[str, Any]:
        super().perform(call, secrets)
        return super().perform(call, secrets)


def test_a_clone_is_like_its_model(cloud: Cloud) -> None:
    outcome = do(ALL)
    assert outcome.verdict is not None
    assert [check for check in outcome.verdict.checks if not check.passed] == []
    assert outcome.state is State.DONE
    assert parts(cloud) == WHOLE
    copy = look(Tools(REGION), TARGET)
    assert copy is not None
    assert copy.tags == TAGS  # and none of production's (facts C10)
    assert all(from_aws(each["TagList"]) == TAGS for each in copy.instances)
    assert (
        copy.cluster["MasterUserSecret"]
        != cloud.client("rds").describe_db_clusters(DBClusterIdentifier=MODEL)["DBClusters"][0]["MasterUserSecret"]
    )


def test_killed_after_each_of_its_calls(cloud: Cloud) -> None:
    """Every sitting makes one call and dies; the last one finds nothing left to do."""
    tools = Deadly()
    for _ in range(40):
        try:
            outcome = do(ALL, tools=tools)
        except KeyboardInterrupt:
            continue
        break
    assert outcome.state is State.DONE
    assert outcome.steps == ()
    assert parts(cloud) == WHOLE
    assert len(tools.made) == 11, (
        tools.made
    )  # the cluster, 3 instances, its settings, the Data API, 2 endpoints, 3 of scaling


def test_every_answer_is_lost_and_the_call_made_again(cloud: Cloud) -> None:
    assert do(ALL, tools=Doubling(REGION)).state is State.DONE
    assert parts(cloud) == WHOLE


def test_states_take_their_time(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RUNTIME, "delays", Delays(creating_s=0.2, modifying_s=0.1))
    assert do(wish("a"), clock=QuickClock()).state is State.DONE


def test_a_name_that_is_taken_meanwhile(cloud: Cloud) -> None:
    """Between looking and making, somebody else makes a cluster of that name: it is left alone."""

    class Beaten(Tools):
        def perform(self, call: Call, secrets: Mapping[str, Any] | None = None) -> dict[str, Any]:
            cloud.client("rds").create_db_cluster(
                DBClusterIdentifier=TARGET, Engine="aurora-postgresql", MasterUsername="dba",
                MasterUserPassword="somebody-elses",
            )  # fmt: skip
            return super().perform(call, secrets)

    with pytest.raises(StepFailedError, match="that no run of a runbook made"):
        do(ALL, tools=Beaten(REGION))
    assert parts(cloud) == {**WHOLE, "instances": 3, "endpoints": 2, "targets": 1, "policies": 1, "schedules": 1}


def test_names_of_others_are_refused(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier=f"{TARGET}-a", DBClusterIdentifier=MODEL, Engine="aurora-postgresql",
        DBInstanceClass="db.r8g.large",
    )  # fmt: skip
    rds.create_db_cluster_endpoint(
        DBClusterIdentifier=MODEL, DBClusterEndpointIdentifier=f"{TARGET}-web", EndpointType="ANY"
    )
    with pytest.raises(PlanRefusedError) as refused:
        do(ALL)
    assert [reason.split()[0] for reason in refused.value.reasons] == [f"{TARGET}-a", f"{TARGET}-web"]


def test_another_vpc_where_zones_match(cloud: Cloud) -> None:
    """Facts C3: the same zones, or none."""
    vpc, group = make_network(cloud, "elsewhere")
    _, other = make_network(cloud, "two-zones", "ab")
    with pytest.raises(PlanRefusedError, match=f"got none in {REGION}c"):
        do(wish("a", subnet_group="two-zones", security_groups=(other,)))
    assert do(wish("a", subnet_group="elsewhere", security_groups=(group,))).state is State.DONE
    copy = look(Tools(REGION), TARGET)
    assert copy is not None
    assert copy.vpc_id == vpc
    assert copy.cluster["DBSubnetGroup"] == "elsewhere"


def test_a_setting_that_never_shows_is_said_at_the_end(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key given by its alias shows as an ARN: no wait without end, and exit code 4."""
    monkeypatch.setattr(steps, "PATIENCE", 2)
    odd = wish("a", settings={"PerformanceInsightsKMSKeyId": "alias/aws/rds"})
    outcome = do(odd, clock=QuickClock())
    assert outcome.state is State.NOT_VERIFIED
    assert outcome.verdict is not None
    assert {check.name for check in outcome.verdict.checks if not check.passed} >= {
        "parity: PerformanceInsightsKMSKeyId"
    }


def test_a_role_that_went_missing_is_given_again(cloud: Cloud) -> None:
    do(wish("a"))
    role = {"RoleArn": f"{ROLE}import", "FeatureName": "s3Import"}
    cloud.client("rds").remove_role_from_db_cluster(DBClusterIdentifier=TARGET, **role)
    outcome = do(wish("a"), tools=Doubling(REGION))
    assert [step.kind for step in outcome.steps] == [BirthKind.ROLE]
    assert outcome.state is State.DONE


def test_a_difference_that_nobody_explains_is_exit_code_4(cloud: Cloud) -> None:
    do(wish("a"))
    cloud.client("rds").modify_db_instance(
        DBInstanceIdentifier=f"{TARGET}-a", MonitoringInterval=0, ApplyImmediately=True
    )
    outcome = do(wish("a"))
    assert outcome.state is State.NOT_VERIFIED
    assert outcome.verdict is not None
    assert [check.name for check in outcome.verdict.checks if not check.passed] == [
        f"parity: {TARGET}-a: MonitoringInterval"
    ]
