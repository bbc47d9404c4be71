"""Synthesis, beside a hand-written CDK app that emits equal templates, and over more and more clusters."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.loading import large_estate
from bench.measure import ROOT, Row, pairs, ratio_row, run_s

RUNS = 5
BUDGET = 1.10
SIZES = (1, 10, 50, 100)
LINEAR_RUNS = 3
LINEAR_BUDGET = 1.25
OURS = (sys.executable, str(ROOT / "app.py"))
RAW = (sys.executable, str(ROOT / "bench" / "raw_app.py"))

Template = dict[str, Any]


class UnequalError(AssertionError):
    """The two apps emit different resources, so that their times say nothing."""


def rows() -> list[Row]:
    """One row beside the raw app, one for the growth with the number of clusters."""
    with tempfile.TemporaryDirectory() as folder:
        if problems := differences(*(synthesize(app, Path(folder) / name) for name, app in (("o", OURS), ("r", RAW)))):
            raise UnequalError("\n".join(problems))
    pair = pairs(OURS, RAW, runs=RUNS)
    return [ratio_row("synthesis of shop.yaml", pair, "raw CDK app", BUDGET), linear_row()]


def linear_row() -> Row:
    """Time of an added cluster between the two larger sizes, beside that between the two before."""
    with tempfile.TemporaryDirectory() as folder:
        environments = {size: _app_of(size, Path(folder)) for size in SIZES}
        run_s(OURS, environments[SIZES[0]])
        timed = [[run_s(OURS, environments[size]) for size in SIZES] for _ in range(LINEAR_RUNS)]
    # The least of the runs: what other programs of the machine add would drown a cluster's few hundredths.
    least = dict(zip(SIZES, (min(times) for times in zip(*timed, strict=True)), strict=True))
    few, more, most = SIZES[-3:]
    early_s, late_s = (least[more] - least[few]) / (more - few), (least[most] - least[more]) / (most - more)
    ratio = late_s / early_s if early_s > 0 else math.inf
    print("synthesis: " + ", ".join(f"{size} clusters {taken:.1f} s" for size, taken in least.items()), file=sys.stderr)
    return Row(
        what=f"synthesis of {', '.join(map(str, SIZES))} clusters, per added one",
        ours=f"{late_s * 1000:.0f} ms ({more} to {most})",
        peer=f"{early_s * 1000:.0f} ms ({few} to {more})",
        ratio=f"{ratio:.2f} x",
        budget=f"{LINEAR_BUDGET:g} x",
        holds=ratio <= LINEAR_BUDGET,
    )


def _app_of(clusters: int, folder: Path) -> dict[str, str]:
    """Environment that has `app.py` synthesize an estate of that many clusters."""
    path = folder / f"{clusters}.yaml"
    path.write_text(large_estate(clusters), encoding="utf-8")
    return {"CDK_CONTEXT_JSON": json.dumps({"estate": str(path)})}


def synthesize(app: tuple[str, ...], out: Path) -> dict[str, Template]:
    """Run an app as the CDK CLI does and read its stacks: template and what the manifest says beside it."""
    run_s(app, {"CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": os.environ.get("CDK_CONTEXT_JSON", "{}")})
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return {
        name: {
            **json.loads((out / artifact["properties"]["templateFile"]).read_text(encoding="utf-8")),
            "Stack": _stack(artifact),
        }
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def _stack(artifact: Template) -> Template:
    properties = artifact["properties"]
    return {
        "environment": artifact["environment"],
        "dependencies": sorted(name for name in artifact.get("dependencies", []) if not name.endswith(".assets")),
        "tags": properties.get("tags"),
        "termination protection": properties.get("terminationProtection"),
    }


def differences(ours: dict[str, Template], raw: dict[str, Template]) -> list[str]:
    """What one app's stacks have and the other's do not, whatever their logical ids; empty when they are equal."""
    found = [f"stack {name} is in one app only" for name in sorted(set(ours) ^ set(raw))]
    for name in sorted(set(ours) & set(raw)):
        left, right = canonical(ours[name]), canonical(raw[name])
        found += [f"{name}: only the kit has {key}: {_show(left[key])}" for key in sorted(set(left) - set(right))]
        found += [f"{name}: only the raw app has {key}: {_show(right[key])}" for key in sorted(set(right) - set(left))]
    return found


def canonical(template: Template) -> dict[str, Any]:
    """Every part of a template under a name made of what it says: logical ids are gone, references are kept."""
    names = Naming(template["Resources"])
    parts = [("Resource", names.body(logical_id)) for logical_id in template["Resources"]]
    for section in sorted(set(template) - {"Resources"}):
        parts += [(f"{section} {key}", names.resolve(value)) for key, value in template[section].items()]
    counted: dict[str, Any] = {}
    for kind, body in parts:
        label = f"{kind} {body['Type']}" if kind == "Resource" else kind
        key = f"{label} {_digest(body)}"
        while key in counted:  # equal twins are counted, not merged
            key += "'"
        counted[key] = body
    return counted


class Naming:
    """Replaces a logical id by its resource's type and the digest of what it says, references included."""

    def __init__(self, resources: Template) -> None:
        self._resources = resources
        self._names: dict[str, str] = {}

    def name(self, logical_id: str) -> str:
        if logical_id not in self._names:
            body = self.body(logical_id)
            self._names[logical_id] = f"{body['Type']} {_digest(body)}"
        return self._names[logical_id]

    def body(self, logical_id: str) -> Template:
        body: Template = self.resolve(self._resources[logical_id])
        if "DependsOn" in body:
            wanted = body["DependsOn"]
            body["DependsOn"] = sorted(self.name(other) for other in ([wanted] if isinstance(wanted, str) else wanted))
        if isinstance(body.get("Properties", {}).get("Tags"), list):
            body["Properties"]["Tags"].sort(key=_show)
        return body

    def resolve(self, value: Any) -> Any:
        match value:
            case {"Ref": str(target)} if target in self._resources:
                return {"Ref": self.name(target)}
            case {"Fn::GetAtt": [str(target), attribute]}:
                return {"Fn::GetAtt": [self.name(target), attribute]}
            case dict():
                return {key: self.resolve(item) for key, item in value.items()}
            case list():
                return [self.resolve(item) for item in value]
            case _:
                return value


def _digest(value: Any) -> str:
    return sha256(_show(value).encode()).hexdigest()[:12]


def _show(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
