"""Ask checkov, in a venv of its own, about the synthesized example estates; exit 1 when it finds anything.

Suppressions cannot hide a finding: metadata is taken out first, and a check that was skipped counts as a finding.
What AWS itself does not allow is known, each with its reason, and counted apart.
Caches are asked about twice, the second time called Redis OSS, for the checks that know only that name.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from estate.load import load_estate

ROOT = Path(__file__).resolve().parent.parent
CHECKOV = ROOT / ".venv-scan" / "bin" / "checkov"
ESTATES = ROOT / "examples" / "estates"
FINDINGS, NOT_RUN = 1, 2

Template = dict[str, Any]


def _is_secondary(_: Template, resource: Template, __: str) -> bool:
    return "GlobalReplicationGroupId" in resource["Properties"]


def _hears_of_nodes(template: Template, _: Template, name: str) -> bool:
    given = [each["Properties"].get("NotificationTopicArn") for each in template["Resources"].values()]
    return {"Ref": name} in given


FROM_THE_PRIMARY = (_is_secondary, "a secondary of a global datastore takes it from the primary; AWS refuses it there")
KNOWN = {
    "CKV_AWS_26": (_hears_of_nodes, "ElastiCache publishes the events of nodes to no encrypted topic"),
    "CKV_AWS_29": FROM_THE_PRIMARY,
    "CKV_AWS_30": FROM_THE_PRIMARY,
    "CKV_AWS_31": FROM_THE_PRIMARY,
}
"""Checks that some resources cannot pass: which ones, by template, resource and name, and why."""


def main() -> int:
    """Exit 0 when checkov finds nothing, 1 when it does, 2 when it could not be asked."""
    if not CHECKOV.exists():
        sys.stderr.write("checkov must be installed in .venv-scan; run `make scan`\n")
        return NOT_RUN
    with tempfile.TemporaryDirectory() as folder:
        judged = Path(folder) / "templates"
        judged.mkdir()
        for estate in _production_estates():
            if not _synthesize(estate, Path(folder) / estate.stem, judged):
                return NOT_RUN
        return _report(_ask(judged), judged)


def _production_estates() -> list[Path]:
    """The examples with the defaults of production; a `dev` estate gives things up and says so."""
    return [path for path in sorted(ESTATES.glob("*.yaml")) if load_estate(path).profile == "production"]


def _synthesize(estate: Path, out: Path, judged: Path) -> bool:
    """Templates of one estate, without metadata, into the folder that is judged."""
    command = [sys.executable, "-m", "tools.synth", str(estate), str(out)]
    if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
        return False
    for path in sorted(out.rglob("*.template.json")):
        template = _without_metadata(json.loads(path.read_text(encoding="utf-8")))
        name = f"{estate.stem}-{path.name}"
        (judged / name).write_text(json.dumps(template), encoding="utf-8")
        if (renamed := _as_redis(template)) != template:
            (judged / f"redis-{name}").write_text(json.dumps(renamed), encoding="utf-8")
    return True


def _without_metadata(template: Template) -> Template:
    resources = {
        key: {part: value for part, value in resource.items() if part != "Metadata"}
        for key, resource in template["Resources"].items()
    }
    return {key: value for key, value in template.items() if key != "Metadata"} | {"Resources": resources}


def _as_redis(template: Template) -> Template:
    renamed: Template = json.loads(json.dumps(template).replace('"Engine": "valkey"', '"Engine": "redis"'))
    return renamed


def _ask(folder: Path) -> dict[str, Any]:
    """Report of checkov itself; it reads local files and calls nobody."""
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation", "--output", "json"]
    answer = subprocess.run([*command, "--skip-download", "--compact"], capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def _report(report: dict[str, Any], folder: Path) -> int:
    summary, results = report["summary"], report.get("results", {})
    said = [*results.get("failed_checks", []), *results.get("skipped_checks", [])]
    found = [check for check in said if not _is_known(check, folder)]
    for check in found:
        print(f"{check['check_id']} {check['file_path'].lstrip('/')} {check['resource']}: {check['check_name']}")
    for reason in sorted({KNOWN[check["check_id"]][1] for check in said if check not in found}):
        print(f"known: {reason}")
    print(
        f"checkov {summary['checkov_version']}: {summary['passed']} checks passed, {len(found)} findings, "
        f"{len(said) - len(found)} known, {summary['parsing_errors']} templates not understood, "
        f"over {summary['resource_count']} resources"
    )
    if not summary["passed"] or summary["parsing_errors"]:
        return NOT_RUN
    return FINDINGS if found else 0


def _is_known(check: dict[str, Any], folder: Path) -> bool:
    """Whether a check failed on a resource that cannot pass it."""
    if check["check_id"] not in KNOWN:
        return False
    template = json.loads((folder / check["file_path"].lstrip("/")).read_text(encoding="utf-8"))
    name = check["resource"].rpartition(".")[2]
    return KNOWN[check["check_id"]][0](template, template["Resources"][name], name)


if __name__ == "__main__":
    sys.exit(main())
