"""Staging refreshed by record and by name, for the matrices: no SQL server is needed, since nothing is masked."""

from __future__ import annotations

from typing import Any

from moto.route53.models import HostedZoneIdentifier
from moto.utilities.id_generator import moto_id_manager as id_manager

from runbooks.tags import run_suffix
from tests.runbooks.clone.scenario import SCENARIOS as CLONE_SCENARIOS
from tests.runbooks.clone.scenario import SOURCE, cluster_of, group_of, make_source, tags_of
from tests.support.scenario import ACCOUNT, Cloud, Scenario

TARGET, OLD = "staging", "staging-before"
RUN = "matrix"  # the matrices' run: names follow from it
COPY = f"{TARGET}-{run_suffix(RUN)}"
RENAMED = f"{TARGET}-old-{run_suffix(RUN)}"
DOMAIN, RECORD, READER = "staging.internal", "db.staging.internal", "db-ro.staging.internal"
ZONE = "Z0STAGING00000000000"


def make_old(cloud: Cloud, name: str = OLD) -> Any:
    """The copy that an earlier run made, in use."""
    rds = cloud.client("rds")
    tags = {
        "aurora-estate:run": "before",
        "aurora-estate:purpose": "clone",
        "aurora-estate:owner": "team-orders",
        "aurora-estate:source": cluster_of(cloud, SOURCE)["DBClusterArn"],
    }
    rds.restore_db_cluster_to_point_in_time(
        DBClusterIdentifier=name, SourceDBClusterIdentifier=SOURCE, RestoreType="copy-on-write",
        UseLatestRestorableTime=True, DBSubnetGroupName=SOURCE,
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )  # fmt: skip
    rds.create_db_instance(
        DBInstanceIdentifier=f"{name}-1", DBClusterIdentifier=name, Engine="aurora-postgresql",
        DBInstanceClass="db.r8g.large",
    )  # fmt: skip
    return cluster_of(cloud, name)


def make_zone(cloud: Cloud, **records: str) -> str:
    """A zone with CNAMEs; its id, which is always the same."""
    route53 = cloud.client("route53")
    id_manager.set_custom_id(HostedZoneIdentifier(ACCOUNT, f"{DOMAIN}.", None), ZONE)
    zone: str = route53.create_hosted_zone(Name=DOMAIN, CallerReference="refresh")["HostedZone"]["Id"]
    for name, value in records.items():
        record = {
            "Name": f"{name.replace('_', '-')}.{DOMAIN}",
            "Type": "CNAME",
            "TTL": 30,
            "ResourceRecords": [{"Value": value}],
        }
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
    return zone.rpartition("/")[2]


def records_of(cloud: Cloud) -> dict[str, str]:
    """The CNAMEs of the one zone."""
    route53 = cloud.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    found = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {each["Name"].rstrip("."): each["ResourceRecords"][0]["Value"] for each in found if each["Type"] == "CNAME"}


def _by_record(cloud: Cloud) -> None:
    make_source(cloud)
    old = make_old(cloud)
    assert make_zone(cloud, db=old["Endpoint"], db_ro=old["ReaderEndpoint"]) == ZONE


def _by_name(cloud: Cloud) -> None:
    make_source(cloud)
    make_old(cloud, TARGET)


def check_place(cloud: Cloud, copy_id: str, old_id: str) -> Any:
    """What holds after every refresh: one copy in use, the old one with an end, production as it was."""
    copy, old, source = cluster_of(cloud, copy_id), cluster_of(cloud, old_id), cluster_of(cloud, SOURCE)
    clusters = cloud.client("rds").describe_db_clusters()["DBClusters"]
    assert sorted(each["DBClusterIdentifier"] for each in clusters) == sorted([SOURCE, copy_id, old_id])
    tags = tags_of(copy["TagList"])
    assert (tags["aurora-estate:run"], tags["aurora-estate:quarantine"]) == (RUN, "open")
    assert "aurora-estate:expires" not in tags  # in use: it does not end by itself
    assert "env" not in tags
    assert [each["VpcSecurityGroupId"] for each in copy["VpcSecurityGroups"]] == [group_of(cloud, SOURCE)["GroupId"]]
    assert group_of(cloud, f"{COPY}-quarantine") is None
    retired = tags_of(old["TagList"])
    assert retired["aurora-estate:replaced-by"] == RUN
    assert retired["aurora-estate:expires"].endswith("Z")
    assert (source["Status"], source["DeletionProtection"]) == ("available", True)
    assert not any(name.startswith("aurora-estate:") for name in tags_of(source["TagList"]))
    locks = cloud.client("ssm").describe_parameters()["Parameters"]
    assert not locks, locks
    return copy


def _done_by_record(cloud: Cloud) -> None:
    copy = check_place(cloud, COPY, OLD)
    assert records_of(cloud) == {RECORD: copy["Endpoint"], READER: copy["ReaderEndpoint"]}


def _done_by_name(cloud: Cloud) -> None:
    copy = check_place(cloud, TARGET, RENAMED)
    assert copy["Endpoint"].startswith(f"{TARGET}.cluster-")
    assert [each["DBInstanceIdentifier"] for each in copy["DBClusterMembers"]] == [f"{COPY}-1"]


WORDS = ("refresh", TARGET, "--from", SOURCE, "--without-masks", "--keep-user-passwords", "--owner", "team-orders")
NOT_NEEDED = {
    **CLONE_SCENARIOS[0].not_needed,
    "rds:CreateDBClusterEndpoint": "one instance: the source's endpoint has none of it",
}
SCENARIOS = (
    Scenario(
        name="refresh by record",
        words=(*WORDS, "--record", RECORD, "--reader-record", READER, "--zone", ZONE),
        set_up=_by_record,
        done=_done_by_record,
        cluster=SOURCE,
        target=TARGET,
        not_needed={**NOT_NEEDED, "ram:ListResources": "only a rename asks what is shared"},
    ),
    Scenario(
        name="refresh by name",
        words=(*WORDS, "--rename"),
        set_up=_by_name,
        done=_done_by_name,
        cluster=SOURCE,
        target=TARGET,
        not_needed={
            **NOT_NEEDED,
            "route53:GetHostedZone": "only a swap by record",
            "route53:ListResourceRecordSets": "only a swap by record",
            "route53:ChangeResourceRecordSets": "only a swap by record",
            "route53:GetChange": "only a swap by record",
        },
    ),
)
