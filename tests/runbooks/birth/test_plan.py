"""What a new cluster needs, and in which calls; what is refused. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.birth.plan import BirthKind, BirthStep, birth_blockers, birth_checks, plan_birth
from runbooks.birth.refusals import identifier_reason
from runbooks.birth.settle import broken
from runbooks.birth.wish import InstanceWish, Wish
from runbooks.engine.plan import Call
from runbooks.parity.compare import compare
from runbooks.parity.observe import Place, portrait_of_backup, portrait_of_snapshot
from runbooks.parity.portrait import Portrait
from runbooks.parity.settings import POINT_IN_TIME, REFUSED_AT_BIRTH, S3, SNAPSHOT, accepted
from tests.runbooks.birth.pretend import DEFAULTS, after, cluster, instance
from tests.runbooks.birth.small import MODEL, ORIGIN, TAGS, TARGET, wish

ORIGINS = {
    POINT_IN_TIME: ORIGIN,
    SNAPSHOT: Call(
        service="rds", operation=SNAPSHOT, parameters={"SnapshotIdentifier": "before", "Engine": "aurora-postgresql"}
    ),
}
PLAIN: dict[str, Any] = {
    **DEFAULTS, "Engine": "aurora-postgresql", "EngineVersion": "17.7", "EngineMode": "provisioned",
    "DatabaseName": "orders", "MasterUsername": "dba", "StorageEncrypted": True, "KmsKeyId": "arn:key",
    "PreferredMaintenanceWindow": "tue:04:00-tue:04:30",  # not what the pretended AWS chooses by itself
}  # fmt: skip
RICH: dict[str, Any] = {
    **PLAIN, "DBClusterParameterGroupName": "shop", "DBSubnetGroupName": "shop", "VpcSecurityGroupIds": ["sg-shop"],
    "Port": 6000, "NetworkType": "DUAL", "EnableIAMDatabaseAuthentication": True, "DeletionProtection": True,
    "CopyTagsToSnapshot": True, "StorageType": "aurora-iopt1", "BackupRetentionPeriod": 9,
    "PreferredBackupWindow": "02:00-02:30", "PreferredMaintenanceWindow": "sun:04:00-sun:04:30",
    "EnableCloudwatchLogsExports": ["postgresql"],
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 8},
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled", "Domain": "d-1",
    "AssociatedRoles": [{"RoleArn": "arn:role/import", "FeatureName": "s3Import"}],
    "AutoMinorVersionUpgrade": False, "DatabaseInsightsMode": "advanced", "EnablePerformanceInsights": True,
    "PerformanceInsightsRetentionPeriod": 465, "PerformanceInsightsKMSKeyId": "arn:key", "MonitoringInterval": 30,
    "MonitoringRoleArn": "arn:role/monitoring", "EnableHttpEndpoint": True, "EnableLocalWriteForwarding": True,
    "ManageMasterUserPassword": True,
}  # fmt: skip
WRITER = {
    "DBInstanceClass": "db.r8g.large", "PromotionTier": 0, "DBParameterGroupName": "shop-instances",
    "EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 465, "MonitoringInterval": 60,
    "MonitoringRoleArn": "arn:role/monitoring", "CACertificateIdentifier": "rds-ca-rsa4096-g1",
    "AutoMinorVersionUpgrade": False, "PreferredMaintenanceWindow": "sun:05:00-sun:05:30",
}  # fmt: skip
TARGET_OF_SCALING = {
    "ServiceNamespace": "rds", "ResourceId": f"cluster:{MODEL}", "ScalableDimension": "rds:cluster:ReadReplicaCount",
    "MinCapacity": 1, "MaxCapacity": 5, "RoleARN": "arn:role/aws", "ScalableTargetARN": "arn:target",
    "SuspendedState": {"DynamicScalingInSuspended": True},
    "Policies": [{"PolicyName": f"{MODEL}-cpu", "PolicyARN": "arn:policy", "PolicyType": "TargetTrackingScaling",
                  "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 60.0}}],
    "ScheduledActions": [{"ScheduledActionName": "morning", "Schedule": "cron(0 7 * * ? *)", "Timezone": "Europe/Paris",
                          "ScalableTargetAction": {"MinCapacity": 3}}],
}  # fmt: skip


def portrait(values: dict[str, Any], names: tuple[str, ...] = ("a", "b", "reporting"), **parts: Any) -> Portrait:
    """`shop-orders` with these settings; its first instance is the writer."""
    raw = cluster(MODEL, values, [{"Key": "env", "Value": "production"}])
    raw["DBClusterMembers"] = [
        {"DBInstanceIdentifier": f"{MODEL}-{name}", "IsClusterWriter": number == 0} for number, name in enumerate(names)
    ]
    instances = tuple(
        instance(f"{MODEL}-{name}", {**WRITER, "PromotionTier": number}) for number, name in enumerate(names)
    )
    return Portrait(cluster=raw, instances=instances, vpc_id="vpc-1", zones=("a", "b", "c"), **parts)


ENDPOINTS = (
    {"DBClusterEndpointIdentifier": f"{MODEL}-reporting", "CustomEndpointType": "READER",
     "StaticMembers": [f"{MODEL}-reporting"], "ExcludedMembers": []},
    {"DBClusterEndpointIdentifier": "web", "CustomEndpointType": "ANY",
     "StaticMembers": [], "ExcludedMembers": [f"{MODEL}-reporting"]},
)  # fmt: skip
WHOLE = portrait(RICH, endpoints=ENDPOINTS, scaling=(TARGET_OF_SCALING,))
ALL = wish("a", "b", "reporting")


def steps(wanted: Wish = ALL, model: Portrait = WHOLE, copy: Portrait | None = None) -> tuple[BirthStep, ...]:
    return plan_birth(wanted, ORIGIN, model, copy)


def call(found: tuple[BirthStep, ...], kind: BirthKind, number: int = 0) -> dict[str, Any]:
    """Parameters of the only call of a kind's step."""
    (made,) = [each for each in found if each.kind is kind][number].calls
    return dict(made.parameters)


def test_the_whole_plan_in_its_order() -> None:
    assert [step.key for step in steps()] == [
        f"restore-cluster {TARGET}",
        f"create-instance {TARGET}-a",
        f"create-instance {TARGET}-b",
        f"create-instance {TARGET}-reporting",
        f"modify-cluster {TARGET}",
        f"enable-data-api {TARGET}",
        f"create-endpoint {TARGET}-reporting",
        f"create-endpoint {TARGET}-web",
        f"scale-readers {TARGET}",
    ]


def test_what_a_model_lacks_is_not_planned() -> None:
    """All that a plain model needs: the cluster, its instance, and the window that no restore takes."""
    found = steps(wish("a"), portrait(PLAIN, ("a",)))
    assert [step.kind for step in found] == [BirthKind.RESTORE, BirthKind.INSTANCE, BirthKind.MODIFY]
    assert call(found, BirthKind.MODIFY) == {
        "DBClusterIdentifier": TARGET, "PreferredMaintenanceWindow": "tue:04:00-tue:04:30", "ApplyImmediately": True,
    }  # fmt: skip


def test_the_restore_says_all_that_it_would_lose() -> None:
    """Facts C6: what must be specified again; C10: the whole list of tags."""
    said = call(steps(), BirthKind.RESTORE)
    assert said == {
        "DBClusterIdentifier": TARGET,
        **ORIGIN.parameters,
        **{name: RICH[name] for name in (
            "DBClusterParameterGroupName", "DBSubnetGroupName", "VpcSecurityGroupIds", "Port", "NetworkType",
            "EnableIAMDatabaseAuthentication", "DeletionProtection", "CopyTagsToSnapshot", "StorageType",
            "BackupRetentionPeriod", "PreferredBackupWindow", "EnableCloudwatchLogsExports",
            "ServerlessV2ScalingConfiguration", "EngineLifecycleSupport", "Domain", "AssociatedRoles",
        )},
        "DomainIAMRoleName": "directory",
        "Tags": [{"Key": key, "Value": TAGS[key]} for key in sorted(TAGS)],
    }  # fmt: skip
    assert not set(said) & REFUSED_AT_BIRTH


def test_afterwards_only_what_the_restore_did_not_take() -> None:
    """Facts C7."""
    assert call(steps(), BirthKind.MODIFY) == {
        "DBClusterIdentifier": TARGET,
        **{name: RICH[name] for name in (
            "PreferredMaintenanceWindow", "AutoMinorVersionUpgrade", "DatabaseInsightsMode",
            "EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId",
            "MonitoringInterval", "MonitoringRoleArn", "EnableLocalWriteForwarding", "ManageMasterUserPassword",
        )},
        "MasterUserSecretKmsKeyId": "key-secret",
        "ApplyImmediately": True,
    }  # fmt: skip


def test_the_data_api_has_a_call_of_its_own() -> None:
    """ModifyDBCluster.EnableHttpEndpoint: "To enable or disable the HTTP endpoint for an Aurora Serverless v2 or
    provisioned DB cluster, use the EnableHttpEndpoint and DisableHttpEndpoint operations" (facts C7 says otherwise).
    """
    arn = f"arn:aws:rds:eu-west-1:123456789012:cluster:{TARGET}"
    assert call(steps(), BirthKind.DATA_API) == {"ResourceArn": arn}
    other = replace(ALL, account="210987654321", region="eu-central-1")
    assert call(steps(other), BirthKind.DATA_API)["ResourceArn"] == (
        f"arn:aws:rds:eu-central-1:210987654321:cluster:{TARGET}"
    )


def test_every_call_has_only_parameters_of_its_operation() -> None:
    for step in steps():
        for each in step.calls:
            if each.service == "rds":
                assert set(each.parameters) <= accepted(each.operation), each.operation


def test_an_instance_is_modelled_on_the_writer() -> None:
    assert call(steps(), BirthKind.INSTANCE, 1) == {
        "DBInstanceIdentifier": f"{TARGET}-b", "DBClusterIdentifier": TARGET, "Engine": "aurora-postgresql",
        **{name: value for name, value in WRITER.items() if name != "PromotionTier"},
        "PubliclyAccessible": False,
        "Tags": [{"Key": key, "Value": TAGS[key]} for key in sorted(TAGS)],
    }  # fmt: skip  # tier 1 is what AWS gives


def test_an_instance_is_as_it_was_asked_for() -> None:
    asked = InstanceWish(
        instance_id=f"{TARGET}-a", instance_class="db.t4g.medium", promotion_tier=7, parameter_group="other"
    )
    made = call(steps(wish(instances=(asked,))), BirthKind.INSTANCE)
    assert (made["DBInstanceClass"], made["PromotionTier"], made["DBParameterGroupName"]) == (
        "db.t4g.medium", 7, "other",
    )  # fmt: skip


def test_the_writer_is_waited_for_and_then_all_readers_at_once() -> None:
    waits = [list(step.arguments["wait_for"]) for step in steps() if step.kind is BirthKind.INSTANCE]
    assert waits == [[f"{TARGET}-a"], [], [f"{TARGET}-b", f"{TARGET}-reporting"]]


def test_a_wish_goes_before_the_model() -> None:
    wanted = wish(
        security_groups=("sg-b", "sg-a"), subnet_group="other", parameter_group="mine",
        settings={"DeletionProtection": False, "BackupRetentionPeriod": 1, "EnableCloudwatchLogsExports": [],
                  "ManageMasterUserPassword": False, "EnableHttpEndpoint": False, "KmsKeyId": "arn:other"},
    )  # fmt: skip
    found = steps(wanted)
    said = call(found, BirthKind.RESTORE)
    assert said["VpcSecurityGroupIds"] == ["sg-a", "sg-b"]
    assert (said["DBSubnetGroupName"], said["DBClusterParameterGroupName"]) == ("other", "mine")
    assert (said["BackupRetentionPeriod"], said["KmsKeyId"]) == (1, "arn:other")
    assert not {"DeletionProtection", "EnableCloudwatchLogsExports"} & set(said)
    assert not {"ManageMasterUserPassword", "MasterUserSecretKmsKeyId"} & set(call(found, BirthKind.MODIFY))
    assert BirthKind.DATA_API not in [step.kind for step in found]


def test_endpoints_and_scaling_are_left_out_when_nobody_wants_them() -> None:
    kinds = {step.kind for step in steps(replace(ALL, endpoints=False, scaling=False))}
    assert not kinds & {BirthKind.ENDPOINT, BirthKind.SCALE}


def test_an_endpoint_whose_members_are_not_there_is_not_made() -> None:
    """Without members it would lead to every instance."""
    found = [step.subject for step in steps(wish("a", "b")) if step.kind is BirthKind.ENDPOINT]
    assert found == [f"{TARGET}-web"]
    assert "ExcludedMembers" not in call(steps(wish("a", "b")), BirthKind.ENDPOINT)


def test_scaling_gets_the_copys_name() -> None:
    (step,) = [each for each in steps() if each.kind is BirthKind.SCALE]
    assert [each.operation for each in step.calls] == [
        "RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction",
    ]  # fmt: skip
    assert {each.parameters["ResourceId"] for each in step.calls} == {f"cluster:{TARGET}"}
    assert step.calls[0].parameters["SuspendedState"] == {"DynamicScalingInSuspended": True}
    assert step.calls[1].parameters["PolicyName"] == f"{TARGET}-cpu"
    assert not {"RoleARN", "ScalableTargetARN"} & set(step.calls[0].parameters)


# --- resuming


def run(wanted: Wish, origin: Call, model: Portrait) -> Portrait:
    """Do one step at a time, and hold each new plan against what the first one left."""
    copy: Portrait | None = None
    left = plan_birth(wanted, origin, model, copy)
    while left:
        copy = after(left[0], model, copy)
        again = plan_birth(wanted, origin, model, copy)
        assert [step.key for step in again] == [step.key for step in left[1:]]
        assert [step.calls for step in again] == [step.calls for step in left[1:]]
        left = again
    assert copy is not None
    return copy


@pytest.mark.parametrize("operation", [POINT_IN_TIME, SNAPSHOT])
def test_resuming_plans_the_tail(operation: str) -> None:
    copy = run(ALL, ORIGINS[operation], WHOLE)
    assert [row for row in compare(WHOLE, copy, ALL) if not row.ok] == []
    assert all(check.passed for check in birth_checks(ALL, WHOLE, copy))


@given(
    chosen=st.sets(st.sampled_from(sorted(set(RICH) - {"EnablePerformanceInsights", "MonitoringRoleArn"}))),
    operation=st.sampled_from([POINT_IN_TIME, SNAPSHOT]),
    asked=st.sets(st.sampled_from(["DeletionProtection", "BackupRetentionPeriod", "EnableHttpEndpoint", "Port"])),
    count=st.integers(1, 4),
)
def test_whatever_a_model_has_a_copy_gets(chosen: set[str], operation: str, asked: set[str], count: int) -> None:
    """With any of its settings other than AWS's default, and any deliberate difference."""
    values = {**PLAIN, **{name: RICH[name] for name in chosen}}
    different = {"DeletionProtection": False, "BackupRetentionPeriod": 1, "EnableHttpEndpoint": False, "Port": 7000}
    wanted = wish(*(f"n{number}" for number in range(count)), settings={name: different[name] for name in asked})
    model = portrait(values, endpoints=ENDPOINTS, scaling=(TARGET_OF_SCALING,))
    copy = run(wanted, ORIGINS[operation], model)
    assert [row for row in compare(model, copy, wanted) if not row.ok] == []


def test_what_somebody_changed_meanwhile_is_put_right() -> None:
    copy = run(ALL, ORIGIN, WHOLE)
    odd = replace(
        copy, cluster={**copy.cluster, "DeletionProtection": False, "EnabledCloudwatchLogsExports": ["instance"]}
    )
    (step,) = steps(copy=odd)
    assert dict(step.calls[0].parameters) == {
        "DBClusterIdentifier": TARGET, "DeletionProtection": True, "ApplyImmediately": True,
        "CloudwatchLogsExportConfiguration": {"EnableLogTypes": ["postgresql"], "DisableLogTypes": ["instance"]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"Status": "creating"}, "creating", id="creating"),
        pytest.param({"LatestRestorableTime": None}, "first backup", id="no-restorable-time-C13"),
    ],
)
def test_a_cluster_that_is_not_at_rest_is_waited_for(changes: dict[str, Any], said: str) -> None:
    copy = run(wish("a"), ORIGIN, WHOLE)
    (step,) = steps(wish("a"), copy=replace(copy, cluster={**copy.cluster, **changes}))
    assert (step.kind, step.calls) == (BirthKind.RESTORE, ())
    assert said in step.why


@pytest.mark.parametrize(
    ("status", "found"),
    [
        pytest.param("creating", "", id="on-its-way"),
        pytest.param("incompatible-parameters", "incompatible-parameters", id="for-good"),
    ],
)
def test_an_instance_that_cannot_become_available(status: str, found: str) -> None:
    copy = run(wish("a"), ORIGIN, WHOLE)
    assert broken(replace(copy, instances=({**copy.instances[0], "DBInstanceStatus": status},))) == found


def test_available_without_instances_is_not_ready() -> None:
    """aws/aws-cli issue 9046: a cluster is `available` long before its instances."""
    copy = replace(run(ALL, ORIGIN, WHOLE), instances=())
    failed = [check for check in birth_checks(ALL, WHOLE, copy) if not check.passed]
    assert failed[0].detail == f"without {TARGET}-a, {TARGET}-b, {TARGET}-reporting"


def test_a_difference_that_nobody_asked_for_fails() -> None:
    copy = run(ALL, ORIGIN, WHOLE)
    odd = replace(copy, cluster={**copy.cluster, "StorageType": "aurora"})
    failed = [check for check in birth_checks(ALL, WHOLE, odd) if not check.passed]
    assert [(check.name, check.detail) for check in failed] == [
        ("parity: StorageType", "aurora, where the model has aurora-iopt1"),
    ]


def test_no_cluster_is_no_birth() -> None:
    assert [check.passed for check in birth_checks(ALL, WHOLE, None)] == [False]


# --- refusals


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        pytest.param("shop-orders-dev", True, id="usual"),
        pytest.param("a", True, id="one-letter"),
        pytest.param("a" * 63, True, id="longest"),
        pytest.param("a" * 64, False, id="too-long"),
        pytest.param("", False, id="empty"),
        pytest.param("1a", False, id="digit-first"),
        pytest.param("a--b", False, id="double-hyphen"),
        pytest.param("a-", False, id="hyphen-last"),
        pytest.param("a_b", False, id="underscore"),
        pytest.param("Shop", False, id="capital-that-aws-would-lower"),
        pytest.param("a\n", False, id="line-end"),
    ],
)
def test_identifiers(name: str, taken: bool) -> None:
    assert (identifier_reason(name) == "") is taken


def mine(**changes: Any) -> Portrait:
    return Portrait(cluster={**cluster(TARGET, PLAIN), "TagList": [], **changes})


@pytest.mark.parametrize(
    ("wanted", "model", "seen", "said"),
    [
        pytest.param(wish(), WHOLE, {"copy": mine()}, "that no run of a runbook made", id="name-of-a-cluster"),
        pytest.param(
            wish(), WHOLE, {"copy": mine(TagList=[{"Key": "aurora-estate:run", "Value": "other"}])}, "--run-id other",
            id="name-of-another-run",
        ),
        pytest.param(wish(), WHOLE, {"taken": ("dev-a",)}, "dev-a must be a name that is free", id="instance-name"),
        pytest.param(replace(wish(), target_id="dev--1"), WHOLE, {}, "or doubled, got 'dev--1'", id="identifier"),
        pytest.param(replace(wish(), target_id=MODEL), WHOLE, {}, "must not be its model's", id="its-own-model"),
        pytest.param(wish("a", "a"), WHOLE, {}, f"'{TARGET}-a' more than once", id="one-name-twice"),
        pytest.param(wish(instances=()), WHOLE, {}, "1 to 16 instances, got 0", id="no-instance"),
        pytest.param(wish(*map(str, range(17))), WHOLE, {}, "1 to 16 instances, got 17", id="too-many"),
        pytest.param(
            wish(instances=(InstanceWish(instance_id="a", promotion_tier=16),)), WHOLE, {}, "tier of 0 to 15, got 16",
            id="tier",
        ),
        pytest.param(
            wish("a"), portrait({**PLAIN, "EngineMode": "serverless"}), {}, "Serverless v1", id="serverless-v1"
        ),
        pytest.param(wish("a"), portrait({**PLAIN, "Engine": "mysql"}), {}, "Aurora cluster, got engine", id="rds"),
        pytest.param(
            wish(instances=(InstanceWish(instance_id="a", instance_class="db.serverless"),)), portrait(PLAIN), {},
            "no Serverless v2 scaling configuration", id="serverless-class-without-capacity",
        ),
        pytest.param(wish("a", subnet_group="x"), WHOLE, {}, "DB subnet group x must exist", id="no-subnet-group"),
        pytest.param(
            wish("a", subnet_group="x", security_groups=("sg-1",)), WHOLE,
            {"place": Place(name="x", vpc_id="vpc-2", zones=("a", "b"))}, "got none in c", id="zones-C3",
        ),
        pytest.param(
            wish("a", subnet_group="x"), WHOLE, {"place": Place(name="x", vpc_id="vpc-2", zones=("a", "b", "c"))},
            "must have security groups of vpc-2", id="groups-of-another-vpc",
        ),
        pytest.param(
            wish("a"), portrait_of_snapshot({"DBClusterSnapshotArn": "arn:aws:rds:eu-west-1:1:cluster-snapshot:s",
                                             "DBClusterIdentifier": MODEL, "Engine": "aurora-mysql"}), {},
            "must have an instance class", id="nothing-tells-the-class",
        ),
    ],
)  # fmt: skip
def test_refused(wanted: Wish, model: Portrait, seen: dict[str, Any], said: str) -> None:
    reasons = birth_blockers(wanted, model, **{"copy": None, **seen})
    assert len([reason for reason in reasons if said in reason]) == 1, reasons


def test_all_reasons_at_once() -> None:
    wanted = replace(wish("a", "a"), target_id="-", subnet_group="x")
    assert len(birth_blockers(wanted, portrait({**PLAIN, "EngineMode": "serverless"}), None)) >= 4


def test_what_may_be() -> None:
    assert birth_blockers(ALL, WHOLE, None) == ()
    assert birth_blockers(ALL, WHOLE, run(ALL, ORIGIN, WHOLE)) == ()


def test_another_vpc_with_the_same_zones() -> None:
    wanted = wish("a", subnet_group="x", security_groups=("sg-1",))
    place = Place(name="x", vpc_id="vpc-2", zones=("a", "b", "c", "d"))
    assert birth_blockers(wanted, WHOLE, None, place) == ()


def test_an_instance_of_somebody_else_in_our_cluster() -> None:
    copy = run(wish("a"), ORIGIN, WHOLE)
    odd = replace(copy, instances=({**copy.instances[0], "TagList": []},))
    (reason,) = birth_blockers(wish("a"), WHOLE, odd)
    assert f"{TARGET}-a must be a name that is free" in reason
    assert [check.name for check in birth_checks(wish("a"), WHOLE, odd) if not check.passed] == [f"{TARGET}-a"]


# --- when the source is gone


SNAPSHOT_OF: dict[str, Any] = {
    "DBClusterSnapshotArn": "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:before",
    "DBClusterIdentifier": MODEL, "Engine": "aurora-postgresql", "EngineVersion": "17.7", "EngineMode": "provisioned",
    "Port": 6000, "MasterUsername": "dba", "StorageEncrypted": True, "KmsKeyId": "arn:key", "VpcId": "vpc-1",
    "AvailabilityZones": ["a", "b", "c"], "IAMDatabaseAuthenticationEnabled": True, "StorageType": "aurora-iopt1",
}  # fmt: skip


def test_a_snapshot_alone_is_a_model_of_what_it_knows() -> None:
    """What it does not know is AWS's default, and the table says so."""
    model = portrait_of_snapshot(SNAPSHOT_OF)
    one = wish(instances=(InstanceWish(instance_id=f"{TARGET}-a", instance_class="db.t4g.medium"),))
    assert birth_blockers(one, model, None) == ()
    said = call(plan_birth(one, ORIGINS[SNAPSHOT], model, None), BirthKind.RESTORE)
    assert (said["Port"], said["EnableIAMDatabaseAuthentication"]) == (6000, True)
    assert said["EngineVersion"] == "17.7"
    assert not {"DeletionProtection", "VpcSecurityGroupIds", "DBSubnetGroupName"} & set(said)
    assert call(plan_birth(one, ORIGINS[SNAPSHOT], model, None), BirthKind.INSTANCE)["PubliclyAccessible"] is False
    copy = run(one, ORIGINS[SNAPSHOT], model)
    rows = {row.name: row for row in compare(model, copy, one)}
    assert [row for row in rows.values() if not row.ok] == []
    assert rows["PreferredMaintenanceWindow"].why == "not known of the model: AWS's default, or its choice"


def test_a_retained_backup_alone_is_one_too() -> None:
    raw = {**SNAPSHOT_OF, "DBClusterAutomatedBackupsArn": "arn:aws:rds:eu-west-1:123456789012:cluster-auto-backup:ab-1",
           "BackupRetentionPeriod": 7, "PreferredBackupWindow": "02:00-02:30"}  # fmt: skip
    model = portrait_of_backup(raw)
    assert model.arn == f"arn:aws:rds:eu-west-1:123456789012:cluster:{MODEL}"
    one = wish(instances=(InstanceWish(instance_id=f"{TARGET}-a", instance_class="db.t4g.medium"),))
    said = call(plan_birth(one, ORIGIN, model, None), BirthKind.RESTORE)
    assert (said["BackupRetentionPeriod"], said["PreferredBackupWindow"]) == (7, "02:00-02:30")


def test_in_another_account_nothing_of_the_models_account_is_named() -> None:
    """Groups, roles and keys of one account are not there in another (facts C4)."""
    shared = replace(WHOLE, instances=(), endpoints=(), scaling=(), zones=("a", "b", "c"))
    one = wish(
        instances=(InstanceWish(instance_id=f"{TARGET}-a", instance_class="db.t4g.medium"),), account="210987654321",
        security_groups=("sg-mine",), subnet_group="mine", settings={"EnableHttpEndpoint": False},
    )  # fmt: skip
    found = plan_birth(one, ORIGIN, shared, None)
    said = call(found, BirthKind.RESTORE)
    assert not {"DBClusterParameterGroupName", "AssociatedRoles", "Domain", "DomainIAMRoleName"} & set(said)
    assert (said["DBSubnetGroupName"], said["VpcSecurityGroupIds"], said["Port"]) == ("mine", ["sg-mine"], 6000)
    changed = call(found, BirthKind.MODIFY)
    assert not {"MasterUserSecretKmsKeyId", "MonitoringRoleArn", "PerformanceInsightsKMSKeyId"} & set(changed)
    assert changed["ManageMasterUserPassword"] is True
    rows = compare(shared, run(one, ORIGIN, shared), one)
    assert [row.name for row in rows if not row.ok] == []
    (group,) = [row for row in rows if row.setting == "DBClusterParameterGroupName"]
    assert group.why.startswith("of the model's account")


def test_a_model_without_a_writer_has_its_first_reader_for_one() -> None:
    """A secondary of a global database: none of its instances writes."""
    members = [{**each, "IsClusterWriter": False} for each in WHOLE.cluster["DBClusterMembers"]]
    model = replace(WHOLE, cluster={**WHOLE.cluster, "DBClusterMembers": members})
    assert call(steps(model=model), BirthKind.INSTANCE)["DBInstanceClass"] == "db.r8g.large"


def test_from_s3_the_password_is_managed_at_birth() -> None:
    """RestoreDBClusterFromS3 takes what the others do not (botocore's model)."""
    origin = Call(service="rds", operation=S3, parameters={"S3BucketName": "b", "SourceEngine": "mysql"})
    values = {**PLAIN, "Engine": "aurora-mysql", "ManageMasterUserPassword": True}
    found = plan_birth(wish("a"), origin, portrait(values), None)
    said = call(found, BirthKind.RESTORE)
    assert said["ManageMasterUserPassword"] is True
    assert (said["MasterUsername"], said["Engine"]) == ("dba", "aurora-mysql")
    assert BirthKind.MODIFY not in [step.kind for step in found]
