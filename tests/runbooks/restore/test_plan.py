"""Decisions of a restore: the call that brings the data, what the cluster is like, every refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estate.names import TAG_EXPIRES, TAG_RUN, TAG_SOURCE
from runbooks.birth.observe import Around
from runbooks.birth.plan import BirthKind
from runbooks.engine.plan import Call, Step, render_plan
from runbooks.parity.observe import Place
from runbooks.parity.portrait import Portrait
from runbooks.quarantine.plan import QuarantineKind, group_reference
from runbooks.quarantine.seen import QuarantineSeen
from runbooks.restore.blockers import blockers
from runbooks.restore.plan import plan_restore
from runbooks.restore.request import Files, Kind, RestoreRequest
from runbooks.restore.seen import Observed
from tests.runbooks.restore.builders import (
    ARN,
    CLUSTER,
    CUSTOM_KEY,
    MOMENT,
    NOW,
    OF_INSTANCE,
    RUN,
    SNAPSHOT,
    SOURCE,
    request,
    seen,
)

PAGE = Path(__file__).parents[3] / "docs" / "runbooks" / "restore.md"
GROUPS: dict[str, Any] = {"subnet_group": "shop", "security_groups": ("sg-orders",), "parameter_group": "shop-orders"}
NEW_ARN = f"{ARN}cluster:shop-orders-back"


def call_of(asked: RestoreRequest, found: Observed) -> Call:
    """The call that brings the data."""
    (step,) = [step for step in plan_restore(asked, found) if step.kind is BirthKind.RESTORE]
    return step.calls[0]


def instances_of(steps: tuple[Step[Any], ...]) -> dict[str, Any]:
    made = [step.calls[0].parameters for step in steps if step.kind is BirthKind.INSTANCE]
    return {str(each["DBInstanceIdentifier"]): each for each in made}


class TestCall:
    """What is asked of AWS, parameter by parameter."""

    def test_a_snapshot_keeps_its_version_which_is_said(self) -> None:
        """Left out, it would be the Region's default (facts C16)."""
        call = call_of(request(), seen())
        assert call.operation == "RestoreDBClusterFromSnapshot"
        assert call.parameters["SnapshotIdentifier"] == SNAPSHOT.arn, "by ARN, which a shared one needs"
        assert (call.parameters["Engine"], call.parameters["EngineVersion"]) == ("aurora-postgresql", "17.5")
        assert call.parameters["Port"] == 5433

    def test_a_newer_version_is_taken_when_it_is_asked_for(self) -> None:
        asked = request(engine_version="17.7")
        assert call_of(asked, seen(offered=("17.7",))).parameters["EngineVersion"] == "17.7"

    def test_a_moment_is_a_full_copy_and_says_so(self) -> None:
        call = call_of(request(Kind.POINT_IN_TIME, to_time="2026-11-20T09:30:00Z"), seen(Kind.POINT_IN_TIME))
        assert call.operation == "RestoreDBClusterToPointInTime"
        assert call.parameters["RestoreType"] == "full-copy"
        assert call.parameters["SourceDBClusterIdentifier"] == "shop-orders"
        assert call.parameters["RestoreToTime"] == "2026-11-20T09:30:00Z"
        assert "UseLatestRestorableTime" not in call.parameters

    def test_the_latest_moment(self) -> None:
        parameters = call_of(request(Kind.POINT_IN_TIME), seen(Kind.POINT_IN_TIME)).parameters
        assert parameters["UseLatestRestorableTime"] is True
        assert "RestoreToTime" not in parameters

    def test_a_deleted_cluster_is_named_by_its_resource_id(self) -> None:
        """Facts C12."""
        parameters = call_of(request(Kind.DELETED), seen(Kind.DELETED)).parameters
        assert parameters["SourceDbClusterResourceId"] == "cluster-SHOPORDERS"
        assert "SourceDBClusterIdentifier" not in parameters
        assert parameters["RestoreType"] == "full-copy"

    def test_files_of_s3(self) -> None:
        parameters = call_of(request(Kind.S3), seen(Kind.S3)).parameters
        assert (parameters["S3BucketName"], parameters["S3Prefix"]) == ("dumps", "shop/")
        assert (parameters["SourceEngine"], parameters["SourceEngineVersion"]) == ("mysql", "8.0.42")
        assert parameters["ManageMasterUserPassword"] is True
        assert "MasterUserPassword" not in parameters
        assert parameters["StorageEncrypted"] is True

    @pytest.mark.parametrize("kind", list(Kind))
    def test_what_aws_would_forget_is_said(self, kind: Kind) -> None:
        """Facts C6; ECHO's clones run AWS's default parameter group."""
        found = seen(kind)
        model = found.model
        assert model is not None
        parameters = call_of(request(kind), found).parameters
        assert parameters["DBClusterParameterGroupName"] == model.cluster["DBClusterParameterGroup"]
        assert parameters["DBSubnetGroupName"] == "shop"
        assert parameters["VpcSecurityGroupIds"] == ["sg-orders"]
        assert parameters["DeletionProtection"] is True

    @pytest.mark.parametrize("kind", list(Kind))
    def test_tags_are_the_runs_own_never_the_sources(self, kind: Kind) -> None:
        """Facts C10; HENNGE's temporary clusters carry production's tags."""
        steps = plan_restore(request(kind, tags={"team": "orders"}), seen(kind))
        for step in steps:
            for call in step.calls:
                tags = {tag["Key"]: tag["Value"] for tag in call.parameters.get("Tags", [])}
                assert "env" not in tags
                assert tags.get(TAG_RUN, RUN) == RUN
        tags = {
            tag["Key"]: tag["Value"]
            for tag in call_of(request(kind, tags={"team": "orders"}), seen(kind)).parameters["Tags"]
        }
        assert tags["team"] == "orders"
        assert tags[TAG_SOURCE]

    def test_instances_come_after_the_cluster(self) -> None:
        """ECHO creates instances at once, and the API refuses."""
        kinds = [step.kind for step in plan_restore(request(), seen())]
        assert kinds[0] is BirthKind.RESTORE
        assert BirthKind.INSTANCE in kinds[1:]

    def test_a_key_of_the_operators(self) -> None:
        found = seen(key=CUSTOM_KEY)
        assert call_of(request(key="alias/mine"), found).parameters["KmsKeyId"] == CUSTOM_KEY.arn

    def test_a_serverless_v1_snapshot_becomes_provisioned(self) -> None:
        old = replace(
            SNAPSHOT,
            portrait=replace(SNAPSHOT.portrait, cluster={**SNAPSHOT.portrait.cluster, "EngineMode": "serverless"}),
        )
        asked = request(like="shop-orders")
        assert call_of(asked, seen(origins=(old,))).parameters["EngineMode"] == "provisioned"


class TestFromRds:
    """The way from RDS to Aurora: an instance's snapshot, by its ARN."""

    @pytest.mark.parametrize(
        ("engine", "version", "aurora", "chosen"),
        [
            ("postgres", "16.7", "aurora-postgresql", "16.8"),
            ("postgres", "17.7", "aurora-postgresql", "17.7"),
            ("mysql", "8.0.41", "aurora-mysql", "8.0.mysql_aurora.3.10.0"),
        ],
    )
    def test_the_nearest_version_that_takes_it(self, engine: str, version: str, aurora: str, chosen: str) -> None:
        origin = replace(
            OF_INSTANCE, engine=engine, engine_version=version,
            portrait=replace(OF_INSTANCE.portrait, cluster={**OF_INSTANCE.portrait.cluster, "Engine": aurora}),
        )  # fmt: skip
        family = "aurora-mysql8.0" if engine == "mysql" else f"aurora-postgresql{chosen.split('.', maxsplit=1)[0]}"
        found = seen(origins=(origin,), model=None, model_is_source=False, offered=(chosen,), families={"mine": family})
        asked = request(source=origin.arn, instance_class="db.r8g.large", **{**GROUPS, "parameter_group": "mine"})
        call = call_of(asked, replace(found, around=Around(place=Place(name="shop", vpc_id="v", zones=("a", "b")))))
        assert (call.parameters["Engine"], call.parameters["EngineVersion"]) == (aurora, chosen)
        assert call.parameters["SnapshotIdentifier"] == origin.arn


class TestShape:
    """What the new cluster is like."""

    def test_instances_as_the_model_has_them(self) -> None:
        made = instances_of(plan_restore(request(), seen()))
        assert list(made) == ["shop-orders-back-a", "shop-orders-back-b"]
        assert made["shop-orders-back-a"]["DBInstanceClass"] == "db.r8g.large"
        assert made["shop-orders-back-a"]["DBParameterGroupName"] == "shop-orders-instances"

    @pytest.mark.parametrize(("number", "names"), [(1, ["a"]), (2, ["a", "b"]), (3, ["a", "b", "3"])])
    def test_as_many_as_asked_for(self, number: int, names: list[str]) -> None:
        made = instances_of(plan_restore(request(instances=number, instance_class="db.r8g.xlarge"), seen()))
        assert list(made) == [f"shop-orders-back-{name}" for name in names]
        assert {each["DBInstanceClass"] for each in made.values()} == {"db.r8g.xlarge"}

    def test_readers_of_auto_scaling_are_no_model(self) -> None:
        scaled = {**SOURCE.instances[1], "DBInstanceIdentifier": "application-autoscaling-1"}
        found = seen(model=replace(SOURCE, instances=(*SOURCE.instances, scaled)))
        assert len(instances_of(plan_restore(request(), found))) == 2

    def test_what_comes_with_the_data_is_the_datas_not_the_models(self) -> None:
        """A cluster that is only to be like another has its own users, version and key."""
        parameters = call_of(request(Kind.DELETED), seen(Kind.DELETED)).parameters
        assert "KmsKeyId" not in parameters
        assert "MasterUsername" not in parameters

    def test_closed_it_is_born_in_a_group_of_its_own(self) -> None:
        steps = plan_restore(request(closed=True), seen(closing=QuarantineSeen()))
        assert [step.kind for step in steps[:3]] == [QuarantineKind.GROUP, QuarantineKind.SHUT, BirthKind.RESTORE]
        assert steps[2].calls[0].parameters["VpcSecurityGroupIds"] == [group_reference("shop-orders-back")]

    def test_what_is_made_to_go_is_not_protected(self) -> None:
        parameters = call_of(request(expires="2026-11-28T10:00:00Z"), seen()).parameters
        assert "DeletionProtection" not in parameters
        assert {"Key": TAG_EXPIRES, "Value": "2026-11-28T10:00:00Z"} in parameters["Tags"]


def born(**more: Any) -> Portrait:
    """The new cluster, at rest, of this run."""
    cluster = {
        **CLUSTER, "DBClusterIdentifier": "shop-orders-back", "DBClusterArn": NEW_ARN, "EngineVersion": "17.5",
        "EarliestRestorableTime": NOW, "LatestRestorableTime": NOW, "DBClusterMembers": [],
        "TagList": [{"Key": TAG_RUN, "Value": RUN}, {"Key": TAG_SOURCE, "Value": SNAPSHOT.arn}], **more,
    }  # fmt: skip
    return Portrait(cluster=cluster, vpc_id="vpc-shop")


class TestResuming:
    """Resuming is planning again."""

    def test_the_tail_is_planned(self) -> None:
        whole, rest = plan_restore(request(), seen()), plan_restore(request(), seen(copy=born()))
        assert [step.key for step in rest] == [step.key for step in whole[1:]]

    def test_what_was_made_is_not_asked_again_whether_it_could_be(self) -> None:
        late = replace(MOMENT, earliest=NOW, latest=NOW)
        asked = request(Kind.POINT_IN_TIME, to_time="2026-11-20T09:30:00Z")
        assert plan_restore(asked, seen(Kind.POINT_IN_TIME, origins=(late,), copy=born(EngineVersion="17.7")))

    def test_the_name_of_somebody_elses(self) -> None:
        theirs = born(TagList=[])
        (reason,) = blockers(request(), seen(copy=theirs))
        assert "shop-orders-back must be a name that is free, got one that no run of a runbook made" in reason


@given(minutes=st.integers(min_value=-40_000, max_value=40_000))
def test_a_moment_is_taken_when_it_is_within_the_window_and_only_then(minutes: int) -> None:
    moment = NOW + timedelta(minutes=minutes)
    asked = request(Kind.POINT_IN_TIME, to_time=moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    refused = [reason for reason in blockers(asked, seen(Kind.POINT_IN_TIME)) if "--to must lie" in reason]
    assert MOMENT.earliest is not None
    assert MOMENT.latest is not None
    assert bool(refused) is not (MOMENT.earliest <= moment <= MOMENT.latest)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_request_survives_the_journal(kind: Kind) -> None:
    asked = request(kind, security_groups=("sg-1",), tags={"a": "b"}, instances=2)
    assert RestoreRequest.from_plain(asked.to_plain()) == asked


def test_the_window_is_shown_in_the_plan() -> None:
    steps = plan_restore(request(Kind.POINT_IN_TIME), seen(Kind.POINT_IN_TIME))
    assert "of a window from 2026-11-07T10:15:00Z to 2026-11-21T10:10:00Z; a full copy, hours" in steps[0].why


def test_the_page_shows_the_plan() -> None:
    asked = request(Kind.POINT_IN_TIME, to_time="2026-11-20T09:30:00Z", instances=1)
    shown = render_plan(plan_restore(asked, seen(Kind.POINT_IN_TIME)))
    assert shown in PAGE.read_text(encoding="utf-8")


def test_files_are_a_part_of_the_request() -> None:
    assert isinstance(RestoreRequest.from_plain(request(Kind.S3).to_plain()).files, Files)
