"""Valkey judged by the rules that only know Redis: each example's groups, renamed after they are composed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_elasticache as elasticache

from estate.load import load
from stacks.compose import compose
from tests.support import rule_packs
from tests.support.synthesis import ROOT, Template, new_app, templates

GROUP = "AWS::ElastiCache::ReplicationGroup"
NOTES = {"I4010", "I9001", "I9003"}
"""Notes of the validators, not findings."""
OWN_VALIDATION = "CloudFormation Validate"
"""CDK's, which knows Valkey; Redis OSS of version 9.0 is no Redis OSS to it."""
ESTATES = ("valkey", "redis")


@pytest.fixture(scope="module", params=ESTATES)
def renamed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An assembly whose groups are all of engine redis, with what cdk-nag says of them."""
    out = tmp_path_factory.mktemp(request.param)
    app = new_app(out)
    compose(app, load(ROOT / "examples" / "estates" / f"{request.param}.yaml").estate)
    for construct in app.node.find_all():
        if isinstance(construct, elasticache.CfnReplicationGroup):
            construct.engine = "redis"
    cdk.Validations.of(app).add_plugins(*rule_packs.nag_packs(app))
    try:
        app.synth()
    except RuntimeError as error:
        if "validation-report.json" not in str(error):
            raise
    return out


def groups_of(template: Template) -> list[Template]:
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == GROUP]


def test_every_group_was_renamed(renamed: Path) -> None:
    engines = [group["Engine"] for template in templates(renamed).values() for group in groups_of(template)]
    assert Counter(engines) == {"redis": 2}


def test_nag_finds_nothing(renamed: Path) -> None:
    report = json.loads((renamed / "validation-report.json").read_text(encoding="utf-8"))
    found = {plugin["pluginName"]: plugin["violations"] for plugin in report["pluginReports"]}
    found.pop(OWN_VALIDATION, None)
    assert [violations for violations in found.values() if violations] == []


def test_control_tower_finds_nothing_and_does_look(renamed: Path) -> None:
    rule = ("elasticache_repl_grp_encrypted_in_transit_check", GROUP)
    for stack, template in templates(renamed).items():
        bare = rule_packs.stripped(template)
        found = {each for each, _ in rule_packs.cloudformation_validate(stack, bare) if "elasticache" in each.lower()}
        assert found <= NOTES, stack
        for group in groups_of(bare):
            group["TransitEncryptionEnabled"] = False
            assert rule_packs.cloudformation_validate(stack, bare)[rule]
