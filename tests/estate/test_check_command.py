"""`runbook estate check`: exit codes, what stands on stdout, and `--explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estate.explain import Billed, billed, given_up, is_said
from estate.load import load_text
from runbooks.cli.main import main
from tests.support.estate_files import GONE, MYSQL, changed

ESTATES = Path(__file__).parents[2] / "examples" / "estates"


def check(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["estate", "check", *words])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, captured.out


def written(tmp_path: Path, changes: dict[str, Any]) -> str:
    file = tmp_path / "estate.yaml"
    file.write_text(changed(changes), encoding="utf-8")
    return str(file)


def test_a_valid_file_says_what_it_declares(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = check(capsys, str(ESTATES / "shop.yaml"))
    assert code == 0
    assert "declares estate shop" in out
    for words in ("new VPC 10.20.0.0/16 over 3 zones", "aurora orders", "aurora catalog", "cache sessions"):
        assert words in out


def test_a_wrong_file_is_exit_code_2_with_its_problems_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = check(capsys, written(tmp_path, {"aurora.orders.port": 80, "caches.sessions.replicas": 9}))
    assert code == 2
    assert out.count("error [value/range]") == 2
    assert out.endswith("2 problems\n")


def test_a_missing_file_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = check(capsys, str(tmp_path / "none.yaml"))
    assert code == 2
    assert "file/unreadable" in out


def test_json_is_a_list_of_problems_with_exactly_nine_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, {"aurora.orders.port": 80, "aurora.orders.version": "17.99"})
    code, out = check(capsys, file, "--output", "json")
    assert code == 2
    warning, error = json.loads(out)
    keys = {"file", "line", "column", "path", "rule", "given", "allowed", "fix", "message"}
    assert set(error) == keys
    assert set(warning) == keys | {"level"}
    assert (error["file"], error["path"], error["given"]) == (file, "aurora.orders.port", "80")


def test_json_of_a_valid_file_is_its_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, str(ESTATES / "minimal.yaml"), "--output", "json") == (0, "[]\n")


def test_a_warning_fails_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = check(capsys, written(tmp_path, {"aurora.orders.version": "17.99"}))
    assert code == 0
    assert "warning [aurora/version-unknown]" in out
    assert out.endswith("0 problems, 1 warning\n")


def test_overrides_and_acknowledgements_are_listed_with_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {
        "aurora.orders.overrides": {"StorageType": "aurora-iopt1"},
        "aurora.orders.instances.a.overrides": {"CACertificateIdentifier": "rds-ca-ecc384-g1"},
        "aurora.orders.instances.b": GONE,
        "aurora.orders.acknowledge": ["aurora/single-instance"],
    }
    code, out = check(capsys, written(tmp_path, changes))
    assert code == 0
    assert "aurora.orders.overrides.StorageType" in out
    assert "aurora.orders.instances.a.overrides.CACertificateIdentifier" in out
    assert "aurora/single-instance (aurora.orders)" in out


@pytest.mark.parametrize("name", ["shop", "minimal", "dev"])
def test_explained_text_fits_a_terminal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = check(capsys, str(ESTATES / f"{name}.yaml"), "--explain")
    assert code == 0
    assert [line for line in out.splitlines() if len(line) > 80] == []
    assert "\x1b" not in out


def test_explained_json_holds_problems_costs_and_losses(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = check(capsys, str(ESTATES / "dev.yaml"), "--explain", "--output", "json")
    told = json.loads(out)
    assert set(told) == {"problems", "billed", "given_up"}
    assert set(told["billed"][0]) == {"path", "what", "why", "change", "below", "line", "in_braces"}
    assert len(told["given_up"]) == 9


def test_production_gives_nothing_up() -> None:
    assert given_up(load_text(changed({})).estate) == ()


def test_what_a_dev_file_gives_back_is_not_given_up() -> None:
    """Of everything but the second instance and the pause, which this file never gave up, nothing is left."""
    back = {
        "profile": "dev",
        "shared_key": False,
        "protection": True,
        "network.eu-west-1": {"zones": 3, "flow_log_retention_days": 365},
        "aurora.orders.backup.retention_days": 35,
        "aurora.orders.enhanced_monitoring_s": 60,
        "aurora.orders.log_retention_days": 365,
        "caches.sessions": {"replicas": 1, "snapshot_retention_days": 15, "log_retention_days": 365},
    }
    assert given_up(load_text(changed(back)).estate) == ()
    without = {key: value for key, value in back.items() if key not in {"shared_key", "protection"}}
    assert [loss.change for loss in given_up(load_text(changed(without)).estate)] == [
        "shared_key: off",
        "protection: on",
    ]


def test_the_one_key_of_a_dev_estate_is_billed_too() -> None:
    keys = [cost for cost in billed(load_text(changed({"profile": "dev"}))) if "KMS" in cost.what]
    assert [(cost.what[:2], cost.change) for cost in keys] == [("a ", "")]


@pytest.mark.parametrize(
    ("unit", "changes", "words", "change"),
    [
        ("aurora.orders", {}, "automated backups of 35 days", {"backup": {"retention_days": 1}}),
        ("aurora.orders", {}, "enhanced monitoring of 2 instances", {"enhanced_monitoring_s": 0}),
        ("aurora.orders", {}, "logs in CloudWatch: postgresql", {"log_exports": []}),
        ("aurora.orders", {}, "these logs are kept 365 days", {"log_retention_days": 30}),
        ("aurora.orders", MYSQL, "24 hours of backtrack", {"backtrack_hours": 0}),
        (
            "aurora.orders",
            {"aurora.orders.instances.a.class": "serverless"},
            "at least 0.5 ACU",
            {"serverless": {"min_acu": 0, "pause_after_s": 300}},
        ),
        ("caches.sessions", {}, "1 replica for each of 1 shard", {"replicas": 0, "acknowledge": ["cache/no-replica"]}),
        ("caches.sessions", {}, "daily snapshots of 15 days", {"snapshot_retention_days": 1}),
        ("caches.sessions", {}, "engine and slow logs", {"log_retention_days": 30}),
        ("caches.sessions", {"caches.sessions.class": GONE}, "cache.r7g.large, 2 of it", {"class": "cache.t4g.small"}),
        ("network.eu-west-1", {}, "flow logs", {"flow_log_retention_days": 30}),
    ],
)
def test_each_billed_default_goes_away_with_its_line(
    unit: str, changes: dict[str, Any], words: str, change: dict[str, Any]
) -> None:
    listed = [cost for cost in billed(load_text(changed(changes))) if words in cost.what]
    assert [cost.path for cost in listed] == [unit]
    key = next(iter(change))
    assert key in listed[0].change
    after = load_text(changed(changes | {f"{unit}.{name}": value for name, value in change.items()}))
    assert [cost for cost in billed(after) if words in cost.what] == []


def test_one_key_for_all_is_offered_once() -> None:
    [keys] = [cost for cost in billed(load_text(changed({}))) if "KMS" in cost.what]
    assert keys.what.startswith("3 customer managed KMS keys")
    assert [cost for cost in billed(load_text(changed({"shared_key": True}))) if "KMS" in cost.what] == []


def test_changes_name_the_line_they_belong_below() -> None:
    loaded = load_text(changed({"aurora.orders.backup": {"window": "03:00-04:00"}}))
    [backups] = [cost for cost in billed(loaded) if "backups" in cost.what]
    lines = changed({"aurora.orders.backup": {"window": "03:00-04:00"}}).splitlines()
    assert backups.below == "aurora.orders.backup"
    assert lines[backups.line - 1].strip() == "backup:"
    assert backups.change == "retention_days: 1"


def test_what_is_said() -> None:
    assert is_said({"a": {"b": None}}, ("a", "b"))
    assert not is_said({"a": {"b": None}}, ("a", "b", "c"))
    assert not is_said([], ("a",))


@pytest.mark.parametrize("example", ["dev", "minimal", "shop"])
def test_each_change_leaves_the_file_valid(example: str) -> None:
    """Written where it is said to go: below its line, or in the braces of it."""
    text = (ESTATES / f"{example}.yaml").read_text(encoding="utf-8")
    costs = [cost for cost in billed(load_text(text)) if cost.change]
    assert costs
    for cost in costs:
        after = load_text(applied(text.splitlines(), cost))
        assert cost.what not in {other.what for other in billed(after) if other.path == cost.path}, cost.change


def applied(lines: list[str], cost: Billed) -> str:
    change = cost.change.partition("  #")[0]
    if cost.in_braces:
        lines[cost.line - 1] = lines[cost.line - 1].replace("{", f"{{{change}, ", 1)
    elif cost.below:
        above = lines[cost.line - 1]
        lines.insert(cost.line, " " * (len(above) - len(above.lstrip()) + 2) + change)
    else:
        lines.append(change)
    return "\n".join(lines)
