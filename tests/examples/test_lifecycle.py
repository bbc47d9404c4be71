"""Each example estate, whole: valid, clean on every rule pack, deployed, read back, updated, destroyed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jmespath
import pytest
from moto.cloudformation.models import cloudformation_backends

from estate.aurora import AuroraSpec
from estate.caches.every import UNITS as CACHE_UNITS
from estate.caches.memcached import MemcachedSpec
from estate.load import Loaded, load
from estate.model import Estate
from lab.cloud.client import ACCOUNT_ID, client
from lab.cloud.cloudformation.readback import not_applied
from lab.cloud.cloudformation.rows import find_row
from lab.cloud.cloudformation.scope import handle_of
from stacks.compose import compose
from tests.examples.farewells import FAREWELLS
from tests.examples.origins import ORIGINS
from tests.lab.cloud.conftest import Aws
from tests.support import rule_packs
from tests.support.assembly import AssembledStack, delete, deploy, read_assembly
from tests.support.synthesis import ROOT, new_app, synthesize
from tools.generate_features import FEATURES

ESTATES = sorted(path for path in (ROOT / "examples" / "estates").glob("*.yaml") if path.stem not in {"shop", "dev"})
"""The shop has tests of its own (`tests/stacks`, `tests/lab/cloud`), and `dev` is weak on purpose."""

UNAVOIDABLE = {
    "AwsSolutions-AEC3",
    "AwsSolutions-AEC4",
    "AwsSolutions-AEC6",
    "AwsSolutions-IAM4",
    "AwsSolutions-IAM5",
    "AwsSolutions-RDS2",
    "AwsSolutions-RDS14",
    "AwsSolutions-SMG4",
    "HIPAA.Security-SecretsManagerRotationEnabled",
    "NIST.800.53.R5-SecretsManagerRotationEnabled",
    "F3002",
    "F3006",
    "F6101",
    "HIPAA.Security-RDSInBackupPlan",
    "NIST.800.53.R4-RDSInBackupPlan",
    "NIST.800.53.R5-RDSInBackupPlan",
    "HIPAA.Security-RDSStorageEncrypted",
    "NIST.800.53.R4-RDSStorageEncrypted",
    "NIST.800.53.R5-RDSStorageEncrypted",
    "PCI.DSS.321-RDSStorageEncrypted",
    "HIPAA.Security-VPCDefaultSecurityGroupClosed",
    "NIST.800.53.R4-VPCDefaultSecurityGroupClosed",
    "NIST.800.53.R5-VPCDefaultSecurityGroupClosed",
    "PCI.DSS.321-VPCDefaultSecurityGroupClosed",
    "Serverless-SNSRedrivePolicy",
    "Serverless-EventBusDLQ",
    "HIPAA.Security-SNSEncryptedKMS",
    "NIST.800.53.R4-SNSEncryptedKMS",
    "NIST.800.53.R5-SNSEncryptedKMS",
    "PCI.DSS.321-SNSEncryptedKMS",
}
"""Rules that constructs may acknowledge, with a reason; `tests/stacks/test_rule_packs.py` says why for each."""
NOTES = {"I4010", "I9001", "I9003"}
"""Notes of the validators, not findings."""
NEWER_ATTRIBUTES = {("E6101", "atlas-aurora-orders-global"), ("F6101", "atlas-aurora-orders-global")}
"""`GlobalEndpoint.Address`: CloudFormation's specification has it, the validators' schemas only what it is part of."""


@dataclass(frozen=True)
class Example:
    name: str
    loaded: Loaded
    out: Path
    stacks: list[AssembledStack]


@pytest.fixture(scope="module", params=ESTATES, ids=lambda path: str(path.stem))
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Synthesized once, with the six packs of cdk-nag as plugins: an unacknowledged finding raises."""
    path: Path = request.param
    loaded = load(path)
    out = tmp_path_factory.mktemp(path.stem)
    app = new_app(out)
    compose(app, loaded.estate)
    cdk.Validations.of(app).add_plugins(*rule_packs.nag_packs(app))
    app.synth()
    return Example(path.stem, loaded, out, read_assembly(out))


@pytest.fixture(scope="module")
def deployed(example: Example) -> Example:
    """Everything of the example in an embedded AWS of its own."""
    aws = Aws()
    if prepare := ORIGINS.get(example.name):
        prepare(aws)
    for stack in example.stacks:
        assert deploy(stack) == "CREATE_COMPLETE"
    return example


def test_it_is_valid_without_a_warning(example: Example) -> None:
    assert example.loaded.warnings == ()


def test_nothing_is_acknowledged_but_the_unavoidable(example: Example) -> None:
    report = json.loads((example.out / "validation-report.json").read_text(encoding="utf-8"))
    assert [plugin["violations"] for plugin in report["pluginReports"] if plugin["violations"]] == []
    said = rule_packs.acknowledgements(example.out)
    assert {finding.rule.partition("[")[0] for finding in said} <= UNAVOIDABLE
    assert all(len(reason) > 40 for reason in said.values())


def test_cfn_lint_and_control_tower_find_nothing(example: Example) -> None:
    linted = set(rule_packs.cfn_lint(example.out)) - NEWER_ATTRIBUTES
    assert {rule for rule, _ in linted} <= {"I4010"}
    for stack in example.stacks:
        found = {rule for rule, _ in rule_packs.cloudformation_validate(stack.name, stack.template)}
        known = {rule for rule, where in NEWER_ATTRIBUTES if where == stack.name}
        assert found <= NOTES | known, stack.name


def test_it_has_the_features_that_the_page_says(example: Example) -> None:
    rows = [row for row in FEATURES if row.estate == f"{example.name}.yaml"]
    assert [row.name for row in rows if not has(example.stacks, row.resource, row.property)] == []


def has(stacks: list[AssembledStack], resource_type: str, path: str) -> bool:
    """Whether some resource of the type has a property, dotted, with a value."""
    resources = [each for stack in stacks for each in stack.template["Resources"].values()]
    found = [each.get("Properties", {}) for each in resources if each["Type"] == resource_type]
    return any(jmespath.search(path, properties) is not None if path else True for properties in found)


def test_every_property_is_read_back(deployed: Example) -> None:
    assert dropped(deployed.stacks) == []


def dropped(stacks: list[AssembledStack]) -> list[str]:
    """Properties of what is deployed that the embedded AWS does not show as the templates gave them."""
    found: list[str] = []
    for each in stacks:
        stack = cloudformation_backends[ACCOUNT_ID][each.region].stack(each.name)
        assert set(stack.resources) == set(each.template["Resources"]), each.name
        for logical_id, resource in stack.resources.items():
            row = find_row(resource.type)
            assert row is not None, resource.type
            missing = not_applied(row, handle_of(stack, row, resource), resource.properties)
            found += [f"{each.name} {logical_id}: {text}" for text in missing]
    return found


def test_it_is_updated_then_destroyed(deployed: Example, tmp_path: Path) -> None:
    """The last test: it leaves nothing of the example."""
    changed = unprotected(deployed.loaded.estate)
    synthesize(tmp_path, lambda app: compose(app, changed))
    stacks = read_assembly(tmp_path)
    before = stored(stacks)
    for stack in stacks:
        assert deploy(stack) == "UPDATE_COMPLETE"
    assert dropped(stacks) == []
    assert stored(stacks) == before  # changed in place: what stores data is what it was
    FAREWELLS.get(deployed.name, lambda: None)()
    for stack in reversed(stacks):
        assert delete(stack) == "DELETE_COMPLETE"


def unprotected(estate: Estate) -> Estate:
    """The estate with protection off and, so that each stack changes, other backups and one more tag."""

    def change(member: Any) -> Any:
        return member.model_copy(update={"protection": False, **_other_backups(member)})

    units = {
        unit: {name: change(member) for name, member in getattr(estate, unit).items()}
        for unit in ("aurora", *CACHE_UNITS)
    }
    return estate.model_copy(update={"protection": False, "tags": {**estate.tags, "changed": "yes"}, **units})


def _other_backups(member: Any) -> dict[str, Any]:
    if isinstance(member, AuroraSpec):
        days = 21 if member.backup.retention_days != 21 else 20
        return {"backup": member.backup.model_copy(update={"retention_days": days})}
    if isinstance(member, MemcachedSpec):
        return {}
    return {"snapshot_retention_days": 20 if member.snapshot_retention_days else 0}


STORES_DATA = (
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::GlobalReplicationGroup",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::KMS::Key",
    "AWS::RDS::DBCluster",
    "AWS::RDS::GlobalCluster",
)


def stored(stacks: list[AssembledStack]) -> Mapping[tuple[str, str], str]:
    """Physical ids of what stores data."""
    return {
        (stack.name, resource["LogicalResourceId"]): _identity(stack, resource)
        for stack in stacks
        for resource in stack.cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
        if resource["ResourceType"] in STORES_DATA
    }


IDENTITIES: Mapping[str, Callable[[Any, str], str]] = {
    "AWS::RDS::DBCluster": lambda rds, name: str(
        rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]["DbClusterResourceId"]
    ),
}


def _identity(stack: AssembledStack, resource: Mapping[str, str]) -> str:
    physical_id = resource["PhysicalResourceId"]
    look = IDENTITIES.get(resource["ResourceType"])
    return look(client("rds", stack.region), physical_id) if look else physical_id
