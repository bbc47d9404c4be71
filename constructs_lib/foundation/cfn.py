"""Small effects that every construct needs on its L1s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from estate.spec import Spec, findings

NEWER_PROPERTY = {
    "CloudFormation-Validate::F3002": (
        "the spec overrides raw properties, whose names are checked when the estate is; the schema inside aws-cdk-lib "
        "may be older than a property"
    ),
}
NEWER_VALUE = {
    "aurora/version-unknown": "CloudFormation-Validate::E9006",
    "aurora/version-gone": "CloudFormation-Validate::E9006",
    "aurora/class-unknown": "CloudFormation-Validate::E3025",
    "aurora/class-region": "CloudFormation-Validate::E3025",
    "memcached/version-unknown": "CloudFormation-Validate::E9006",
    "memcached/class-unknown": "CloudFormation-Validate::E3647",
    "memcached/class-region": "CloudFormation-Validate::E3647",
}
"""Rules of specs about values that the data does not know, and what CDK's validation, with data of its own, says."""


def apply_overrides(resource: cdk.CfnResource, overrides: Mapping[str, Any]) -> None:
    """Set raw CloudFormation properties, last of all, so that they win over the construct's own."""
    for name, value in overrides.items():
        resource.add_property_override(name, value)
    if overrides:
        acknowledge(resource, NEWER_PROPERTY)


def acknowledge(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge findings by their full id, each with its reason, on this construct and what it holds."""
    entries = [cdk.Acknowledgment(id=finding, reason=reason) for finding, reason in reasons.items()]
    cdk.Validations.of(construct).acknowledge(*entries)


def warn_of_weak_choices(construct: IConstruct, spec: Spec) -> None:
    """Say at synthesis what is legal but weak in a spec, as `aurora-estate:<rule>`, unless the spec acknowledges it.

    A version or class newer than the data is such a choice, and no dead end: CDK's validation, which has data of its
    own and makes an error of it, is told so.
    """
    for finding in findings(spec):
        if finding.level == "warning":
            cdk.Annotations.of(construct).add_warning_v2(f"aurora-estate:{finding.rule}", finding.message)
    if newer := _newer_values(spec):
        acknowledge(construct, newer)


def set_policies(resource: cdk.CfnResource, policy: cdk.CfnDeletionPolicy) -> None:
    """State both deletion policies, so that neither is a matter of the resource type's default."""
    resource.cfn_options.deletion_policy = policy
    resource.cfn_options.update_replace_policy = policy


def pascal(name: str) -> str:
    """Construct id of a name in the file: `reporting-eu` gives `ReportingEu`.

    A hyphen before a digit stays, so that `a-1` and `a1`, two names, are two ids.
    """
    return "".join(part.capitalize() if part[0].isalpha() else f"-{part}" for part in name.split("-"))


def _newer_values(spec: Spec) -> dict[str, str]:
    """Findings of CDK's validation that follow from what the spec's rules say of its own values."""
    rules = [rule for rule in type(spec).RULES if rule.id in NEWER_VALUE]
    said = {rule.id: finding.message for rule in rules for finding in rule.findings(spec)}
    return {NEWER_VALUE[rule]: message for rule, message in said.items()}
