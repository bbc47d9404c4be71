from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runbooks.cli.main import main
from runbooks.cli.plugins import find_entry_points, plugin_rows
from tests.support.made_up import ROWS


def test_rows_of_a_plug_in_are_found(plugin: Path) -> None:
    assert ("errand", "tests.support.made_up:COMMANDS") in list(find_entry_points(sys.path))
    assert set(ROWS) <= set(plugin_rows())


def test_other_groups_are_left_alone(plugin: Path) -> None:
    assert list(find_entry_points([str(plugin)])) == [("errand", "tests.support.made_up:COMMANDS")]


def test_a_name_counts_once_and_the_first_on_the_path_wins(plugin: Path, tmp_path: Path) -> None:
    second = tmp_path / "second" / "errand-2.0.dist-info"
    second.mkdir(parents=True)
    (second / "entry_points.txt").write_text("[runbook.commands]\nerrand = other:COMMANDS\n")
    found = list(find_entry_points([str(plugin), str(second.parent), str(tmp_path / "missing")]))
    assert found == [("errand", "tests.support.made_up:COMMANDS")]


def test_a_broken_plug_in_takes_nothing_down(plugin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (plugin / "errand-1.0.dist-info" / "entry_points.txt").write_text("[runbook.commands]\nbad = no_such_module:X\n")
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert "runbook runs" in out
    assert "the plug-in `bad` (no_such_module:X) cannot be loaded" in err


def test_built_in_commands_do_not_look_for_plug_ins(plugin: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError

    monkeypatch.setattr("runbooks.cli.plugins.plugin_rows", refuse)
    assert main(["runs"]) == 0
