"""Estates and small apps, synthesized for tests as `app.py` does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "estates" / "shop.yaml"
MINIMAL = ROOT / "examples" / "estates" / "minimal.yaml"

Template = dict[str, Any]


def feature_flags() -> dict[str, Any]:
    """The flags that `cdk.json` spells out."""
    settings: dict[str, dict[str, Any]] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    return settings["context"]


def new_app(out: Path) -> cdk.App:
    return cdk.App(
        analytics_reporting=False, context=feature_flags(), outdir=str(out), stack_traces=False, tree_metadata=False
    )


def synthesize(out: Path, define: Callable[[cdk.App], object]) -> dict[str, Template]:
    """Templates by stack name; a finding of CDK's own validation raises."""
    app = new_app(out)
    define(app)
    app.synth()
    return templates(out)


def synthesize_one(out: Path, define: Callable[[cdk.Stack], object]) -> Template:
    """The template of one stack in the place most tests are in."""

    def in_stack(app: cdk.App) -> None:
        define(cdk.Stack(app, "Alone", env=cdk.Environment(region="eu-west-1")))

    return synthesize(out, in_stack)["Alone"]


def templates(out: Path) -> dict[str, Template]:
    return {path.name.removesuffix(".template.json"): json.loads(path.read_text()) for path in template_files(out)}


def template_files(out: Path) -> list[Path]:
    return sorted(out.rglob("*.template.json"))


def resources(template: Template, resource_type: str) -> dict[str, dict[str, Any]]:
    """Logical id to resource, of one type."""
    return {key: value for key, value in template["Resources"].items() if value["Type"] == resource_type}


def only(template: Template, resource_type: str) -> dict[str, Any]:
    """The properties of the only resource of a type."""
    (found,) = resources(template, resource_type).values()
    properties: dict[str, Any] = found["Properties"]
    return properties
