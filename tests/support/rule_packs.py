"""Every public rule pack, asked about an estate with all suppressions stripped.

`acknowledge` is switched off while an estate is composed and metadata is taken out of its templates, so that what a
pack finds is what it would find without a word from us; a new suppression can therefore hide nothing here.
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources as files
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from cloudformation_validate import CompositeEngine, CompositeEngineConfig, ExternalRuleSource

from estate.model import Estate
from stacks.compose import compose
from tests.support.synthesis import Template, new_app, template_files

CONTROL_TOWER_RULES = 237
CONTROL_TOWER_PREFIX = "package/rules/control-tower/"


@dataclass(frozen=True, order=True)
class Finding:
    """What one pack says about one resource; `stack` and `resource_type` are empty where it names none."""

    rule: str
    stack: str
    logical_id: str
    resource_type: str


def synthesize_without_acknowledgements(
    out: Path, estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> tuple[Finding, ...]:
    """Findings of cdk-nag's six packs and of CDK's own validation; the templates lie in `out` afterwards."""
    with monkeypatch.context() as patch:
        patch.setattr(cdk.Validations, "acknowledge", lambda *_: None)
        app = new_app(out)
        compose(app, estate)
        cdk.Validations.of(app).add_plugins(*nag_packs(app))
        try:
            app.synth()
        except RuntimeError as error:
            if "validation-report.json" not in str(error):
                raise
    return tuple(sorted(_findings(out)))


def nag_packs(app: cdk.App) -> list[cdk_nag.NagPack]:
    """The six packs of cdk-nag, as plugins of an app."""
    return [
        cdk_nag.AwsSolutionsChecks(app),
        cdk_nag.HIPAASecurityChecks(app),
        cdk_nag.NIST80053R4Checks(app),
        cdk_nag.NIST80053R5Checks(app),
        cdk_nag.PCIDSS321Checks(app),
        cdk_nag.ServerlessChecks(app),
    ]


def _findings(out: Path) -> Iterator[Finding]:
    by_path = _resources_by_path(out)
    report = json.loads((out / "validation-report.json").read_text(encoding="utf-8"))
    for plugin in report["pluginReports"]:
        assert not plugin.get("suppressedViolations"), "acknowledgements must be off here"
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                stack, logical_id, resource_type = by_path[construct["constructPath"]]
                yield Finding(violation["ruleName"], stack, logical_id, resource_type)


def _resources_by_path(out: Path) -> dict[str, tuple[str, str, str]]:
    """Construct path to stack, logical id and type."""
    found: dict[str, tuple[str, str, str]] = {}
    for path in out.rglob("*.metadata.json"):
        stack = path.name.removesuffix(".metadata.json")
        types = json.loads(path.with_name(f"{stack}.template.json").read_text(encoding="utf-8"))["Resources"]
        for construct, entries in json.loads(path.read_text(encoding="utf-8")).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:logicalId" and entry["data"] in types:
                    found[construct.removeprefix("/")] = (stack, entry["data"], types[entry["data"]]["Type"])
    return found


def acknowledgements(out: Path) -> dict[Finding, str]:
    """What the constructs of an assembly acknowledge, with their reasons."""
    by_path = _resources_by_path(out)
    found: dict[Finding, str] = {}
    for path in out.rglob("*.metadata.json"):
        for construct, entries in json.loads(path.read_text(encoding="utf-8")).items():
            for entry in entries:
                if entry["type"] == "aws:cdk:acknowledged-rules":
                    for rule, reason in entry["data"].items():
                        where = by_path.get(construct.removeprefix("/"), (construct.removeprefix("/"), "", ""))
                        found[Finding(rule.partition("::")[2], *where)] = reason
    return found


def plugin_names(out: Path) -> Counter[str]:
    report = json.loads((out / "validation-report.json").read_text(encoding="utf-8"))
    return Counter(plugin["pluginName"] for plugin in report["pluginReports"])


def stripped(template: Template) -> Template:
    """The template without any metadata, in which scanners look for their suppressions."""
    bare = copy.deepcopy(template)
    bare.pop("Metadata", None)
    for resource in bare["Resources"].values():
        resource.pop("Metadata", None)
    return bare


def as_redis(template: Template) -> Template:
    """The template with Valkey called Redis OSS, for rules that know only the older name."""
    renamed = copy.deepcopy(template)
    for resource in renamed["Resources"].values():
        properties: dict[str, Any] = resource.get("Properties", {})
        if properties.get("Engine") == "valkey":
            properties["Engine"] = "redis"
            if "EngineVersion" in properties:
                properties["EngineVersion"] = "7.1"
        if str(properties.get("CacheParameterGroupFamily", "")).startswith("valkey"):
            properties["CacheParameterGroupFamily"] = "redis7"
    return renamed


@cache
def control_tower_rules() -> tuple[ExternalRuleSource, ...]:
    """The AWS Control Tower proactive controls that `cdklabs.cdk-validator-cfnguard` carries."""
    bundle = next(
        iter(p for p in (files.files("cdklabs.cdk_validator_cfnguard") / "_jsii").iterdir() if p.name.endswith(".tgz"))
    )
    rules: list[ExternalRuleSource] = []
    with bundle.open("rb") as stream, tarfile.open(fileobj=stream) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.endswith(".guard") else None
            if content and member.name.startswith(CONTROL_TOWER_PREFIX):
                rules.append(ExternalRuleSource(name=Path(member.name).name, content=content.read().decode()))
    return tuple(sorted(rules, key=lambda rule: rule.name))


@cache
def _engine() -> CompositeEngine:
    return CompositeEngine(CompositeEngineConfig(guard_rules=list(control_tower_rules())))


def cloudformation_validate(stack: str, template: Template) -> Counter[tuple[str, str]]:
    """Rule and resource type to how often: Control Tower's rules and the validator's own, informational ones too."""
    report = _engine().validate_template(json.dumps(stripped(template)).encode())
    assert report is not None, stack
    return Counter(
        (diagnostic.rule_id, diagnostic.entity.resource_type or "" if diagnostic.entity else "")
        for diagnostic in report.diagnostics
    )


def cfn_lint(out: Path, region: str = "eu-west-1") -> Counter[tuple[str, str]]:
    """Rule and template to how often, with cfn-lint's informational and experimental rules."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--include-checks", "I", "--include-experimental"]
    paths = [str(path) for path in template_files(out)]
    answer = subprocess.run(
        [*command, "--regions", region, "--format", "json", "--", *paths], capture_output=True, text=True, check=False
    )
    found = json.loads(answer.stdout)
    return Counter((match["Rule"]["Id"], Path(match["Filename"]).name.split(".")[0]) for match in found)
