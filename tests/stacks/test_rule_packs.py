"""Findings at the defaults are zero, suppressions stripped, but for the table below."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
import pytest

from estate.caches.replication_group import ReplicationGroupSpec
from estate.model import Estate
from stacks.compose import compose
from tests.support import rule_packs
from tests.support.rule_packs import Finding
from tests.support.synthesis import Template, new_app, synthesize, templates

ORDERS, CATALOG, SESSIONS, NETWORK = (
    "shop-aurora-orders",
    "shop-aurora-catalog",
    "shop-cache-sessions",
    "shop-network",
)
INSTANCES = (
    (ORDERS, "AuroraInstanceA00AFE162"),
    (ORDERS, "AuroraInstanceB066D9AC8"),
    (ORDERS, "AuroraInstanceReportingD122189D"),
    (CATALOG, "AuroraInstanceA00AFE162"),
    (CATALOG, "AuroraInstanceB066D9AC8"),
)
MONITORING = "Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


def unavoidable() -> Iterator[Finding]:
    """Every finding that may stay, resource by resource; the constructs hold the reasons.

    A finding that is not here fails, and so does a row here that nothing finds.
    """
    for stack, instance in INSTANCES:
        for pack in ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5"):
            # AWS Backup protects Aurora per cluster, the rule asks per instance
            yield Finding(f"{pack}-RDSInBackupPlan", stack, instance, "AWS::RDS::DBInstance")
    for stack in (ORDERS, CATALOG):
        # AWS's own policy; one of ours would need wildcards
        yield Finding(f"AwsSolutions-IAM4[{MONITORING}]", stack, "AuroraMonitoringRole891295FB", "AWS::IAM::Role")
    for pack in ("HIPAA.Security", "NIST.800.53.R4", "NIST.800.53.R5", "PCI.DSS.321"):
        # CDK's remedy is a Lambda function with findings of its own
        yield Finding(f"{pack}-VPCDefaultSecurityGroupClosed", NETWORK, "NetworkNewVpc48F91B54", "AWS::EC2::VPC")
    # an AUTH token excludes the user group with IAM users
    yield Finding("AwsSolutions-AEC6", SESSIONS, "CacheReplicationGroupBFE59FF3", "AWS::ElastiCache::ReplicationGroup")
    # newer than the schema inside aws-cdk-lib
    yield Finding("F3006", ORDERS, "AuroraEndpointReporting3ABAB3EF", "AWS::RDS::DBClusterEndpoint")


NOTES = {
    "I4010": "asks for a metadata block that describes the architecture in words",
    "I9001": "says which properties replace a resource, of every template",
    "I9003": "says that no Region was named to it",
}
"""Notes of the validators, not findings."""


@dataclass(frozen=True)
class Judged:
    out: Path
    findings: tuple[Finding, ...]
    templates: dict[str, Template]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, shop: Estate) -> Judged:
    out = tmp_path_factory.mktemp("judged")
    with pytest.MonkeyPatch.context() as patch:
        findings = rule_packs.synthesize_without_acknowledgements(out, shop, patch)
    return Judged(out, findings, templates(out))


def test_the_nag_packs_and_the_built_in_validation_ran(judged: Judged) -> None:
    """The sixth, Serverless, has nothing to say about any of our resource types, and so no report."""
    assert rule_packs.plugin_names(judged.out) == Counter(
        {
            "AwsSolutions": 1,
            "HIPAA.Security": 1,
            "NIST.800.53.R4": 1,
            "NIST.800.53.R5": 1,
            "PCI.DSS.321": 1,
            "CloudFormation Validate": 1,
        }
    )


def test_nag_and_built_in_validation_find_the_unavoidable_and_nothing_else(judged: Judged) -> None:
    assert Counter(judged.findings) == Counter(unavoidable())


def test_every_unavoidable_finding_is_acknowledged_with_its_reason(tmp_path: Path, shop: Estate) -> None:
    app = new_app(tmp_path)
    compose(app, shop)
    cdk.Validations.of(app).add_plugins(*rule_packs.nag_packs(app))
    app.synth()  # raises on an unacknowledged error
    report = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))
    assert [plugin["violations"] for plugin in report["pluginReports"]] == [[]]
    acknowledged = rule_packs.acknowledgements(tmp_path)
    assert set(acknowledged) == set(unavoidable())
    assert all(len(reason) > 40 for reason in acknowledged.values())


def test_control_tower_finds_nothing(judged: Judged) -> None:
    """The validator's own rules run along; of them only notes are left."""
    assert len(rule_packs.control_tower_rules()) == rule_packs.CONTROL_TOWER_RULES
    for stack, template in judged.templates.items():
        found = rule_packs.cloudformation_validate(stack, template)
        assert {rule for rule, _ in found} <= set(NOTES), stack


def test_control_tower_is_able_to_find_something(judged: Judged) -> None:
    template = rule_packs.stripped(judged.templates[ORDERS])
    cluster = template["Resources"]["AuroraCluster2778A36C"]["Properties"]
    cluster["DeletionProtection"] = False
    found = rule_packs.cloudformation_validate(ORDERS, template)
    assert found["rds_cluster_deletion_protection_enabled_check", "AWS::RDS::DBCluster"]


def test_cfn_lint_finds_nothing_informational_rules_included(judged: Judged) -> None:
    assert {rule for rule, _ in rule_packs.cfn_lint(judged.out)} <= {"I4010"}


def test_no_template_carries_a_suppression(tmp_path: Path, shop: Estate) -> None:
    """Constructs acknowledge in CDK's own way, which leaves nothing in a template that could hide a finding."""
    for template in synthesize(tmp_path, lambda app: compose(app, shop)).values():
        assert template == rule_packs.stripped(template)


def test_valkey_is_judged_by_the_rules_that_only_know_redis(judged: Judged) -> None:
    renamed = rule_packs.as_redis(judged.templates[SESSIONS])
    group = renamed["Resources"]["CacheReplicationGroupBFE59FF3"]["Properties"]
    assert group["Engine"] == "redis"
    assert {rule for rule, _ in rule_packs.cloudformation_validate(SESSIONS, renamed)} <= set(NOTES)
    group["TransitEncryptionEnabled"] = False  # and the rules do look now
    rule = ("elasticache_repl_grp_encrypted_in_transit_check", "AWS::ElastiCache::ReplicationGroup")
    assert rule_packs.cloudformation_validate(SESSIONS, renamed)[rule]


def test_redis_itself_has_the_findings_of_valkey_and_no_more(
    tmp_path: Path, shop: Estate, judged: Judged, monkeypatch: pytest.MonkeyPatch
) -> None:
    redis = redis_instead_of_valkey(shop)
    findings = rule_packs.synthesize_without_acknowledgements(tmp_path, redis, monkeypatch)
    assert findings == judged.findings
    assert {rule for rule, _ in rule_packs.cfn_lint(tmp_path)} <= {"I4010"}


def redis_instead_of_valkey(shop: Estate) -> Estate:
    caches = {
        name: ReplicationGroupSpec.model_validate(
            {**cache.model_dump(by_alias=True), "engine": "redis", "version": "7.1"}
        )
        for name, cache in shop.caches.items()
    }
    return shop.model_copy(update={"caches": caches})
