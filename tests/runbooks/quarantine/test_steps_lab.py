"""What a quarantine's steps do not do: to a cluster that is not the run's, or before its password is a new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from runbooks.engine.clock import SystemClock
from runbooks.engine.journal import Journal
from runbooks.engine.run import Context
from runbooks.engine.wait import WaitTimedOutError
from runbooks.quarantine import steps
from runbooks.quarantine.plan import QuarantineKind, plan_opening, plan_rotation
from runbooks.quarantine.seen import Quarantine, QuarantineSeen
from runbooks.tags import from_aws, made_tags, to_aws
from runbooks.tools import Tools
from tests.support.call_crash import counted_calls
from tests.support.scenario import REGION, Cloud
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab
RUN, NAME = "one", "dev"
CLOCK = SystemClock()
TAGS = made_tags(run_id=RUN, source="arn", owner="me", purpose="clone")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    install(delays=NONE)
    reset_backends()
    with no_wire():
        yield made


def make(cloud: Cloud, tags: dict[str, str]) -> str:
    made = cloud.client("rds").create_db_cluster(
        DBClusterIdentifier=NAME, Engine="aurora-postgresql", MasterUsername="keeper",
        MasterUserPassword="of-production-only", Tags=to_aws(tags),
    )  # fmt: skip
    return str(made["DBCluster"]["DBClusterArn"])


def context(cloud: Cloud) -> Context[Tools]:
    return Context(
        run_id=RUN, folder=cloud.folder, clock=CLOCK, journal=Journal(None, RUN, CLOCK), tools=Tools(REGION),
        execute=True, say=lambda _line: None,
    )  # fmt: skip


def quarantine(arn: str, **more: str) -> Quarantine:
    return Quarantine(
        target_id=NAME, arn=arn, engine="aurora-postgresql", port=5432, vpc_id="vpc-1", tags=TAGS,
        open_groups=("sg-1",), **{"master": "own", **more},  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize("kind", [QuarantineKind.MASTER, QuarantineKind.IAM, QuarantineKind.OPEN])
def test_a_cluster_that_somebody_else_made_under_the_name_is_left_alone(cloud: Cloud, kind: QuarantineKind) -> None:
    kept = quarantine(make(cloud, {}), master="iam" if kind is QuarantineKind.IAM else "own")
    planned = (*plan_rotation(kept, QuarantineSeen()), *plan_opening(kept, QuarantineSeen()))
    (step,) = [step for step in planned if step.kind is kind]
    with counted_calls() as calls, pytest.raises(LookupError, match="is not the cluster that run one made any more"):
        steps.QUARANTINE_EFFECTS[kind].run(step, context(cloud))
    assert calls.changing == 0


def test_it_is_not_noted_before_rds_has_made_its_password(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """ModifyDBCluster answers before the secret is there: production's password holds until then."""
    monkeypatch.setattr(steps, "SECRET_WAIT_S", 0.0)
    arn = make(cloud, TAGS)
    (noted,) = plan_rotation(quarantine(arn, master="managed", source_secret="arn:production"), QuarantineSeen())
    with pytest.raises(WaitTimedOutError, match="without a secret of its own"):
        steps.note(noted, context(cloud))
    rds = cloud.client("rds")
    assert from_aws(rds.list_tags_for_resource(ResourceName=arn)["TagList"]) == TAGS
    rds.modify_db_cluster(DBClusterIdentifier=NAME, ManageMasterUserPassword=True, ApplyImmediately=True)
    steps.note(noted, context(cloud))
    assert from_aws(rds.list_tags_for_resource(ResourceName=arn)["TagList"])["aurora-estate:quarantine"] == "rotated"


def test_the_master_users_password_is_as_long_as_rds_takes(cloud: Cloud) -> None:
    """[B] ModifyDBCluster.MasterUserPassword: "Must contain from 8 to 41 characters"."""
    (step, _) = plan_rotation(quarantine(make(cloud, TAGS)), QuarantineSeen())
    lengths: list[int] = []

    def look(_number: int, parameters: object) -> None:
        if isinstance(parameters, dict) and "MasterUserPassword" in parameters:
            lengths.append(len(parameters["MasterUserPassword"]))

    with counted_calls(look=look):
        steps.rotate_master(step, context(cloud))
    assert lengths == [41]
