"""Property: what passes `estate check` synthesizes clean, and some of it deploys; what does not is refused in words.

`make soak` asks the same of thousands (`--estates N`).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis.strategies import SearchStrategy

from estate.load import EstateError, Loaded, load_text
from stacks.compose import compose
from tests.lab.cloud.conftest import Aws
from tests.support.assembly import deploy, read_assembly
from tests.support.made_caches import CACHE_ESTATES
from tests.support.made_estates import ESTATES, Node, as_text
from tests.support.synthesis import synthesize

SHARE = 4
"""Of so many estates one is deployed."""


def tried(estates: int, *, always_the_same: bool) -> settings:
    """So many estates; the same ones on every run of `make test`, others each time `make soak` runs.

    A failing estate is shown as it is: making it smaller takes minutes, and it is small.
    """
    return settings(
        max_examples=estates,
        deadline=None,
        database=None,
        derandomize=always_the_same,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def loaded(estate: Node) -> Loaded | None:
    """The estate when it is valid; else every problem must say where, what and what to do."""
    try:
        return load_text(as_text(estate))
    except EstateError as refused:
        problems = refused.problems
    event(f"refused by {problems[0].rule}")
    assert all(problem.line and problem.rule and problem.allowed and problem.fix for problem in problems)
    return None


MADE = pytest.mark.parametrize("made", [ESTATES, CACHE_ESTATES], ids=["clusters", "caches"])


@MADE
def test_what_is_valid_synthesizes_and_is_clean(
    made: SearchStrategy[Node], estates: int, always_the_same: bool
) -> None:
    """CDK's own validation raises while it synthesizes; cfn-lint reads what came out."""

    @tried(estates, always_the_same=always_the_same)
    @given(made)
    def check(estate: Node) -> None:
        if valid := loaded(estate):
            with tempfile.TemporaryDirectory() as folder:
                synthesize(Path(folder), lambda app: compose(app, valid.estate))
                assert complaints(Path(folder)) == []

    check()


def complaints(out: Path) -> list[str]:
    """What cfn-lint finds, warnings included, each template in the Region of its stack."""
    from cfnlint.api import ManualArgs, lint

    return [
        f"{stack.name} {match.rule.id} {match.message}"
        for stack in read_assembly(out)
        for match in lint(json.dumps(stack.template), config=ManualArgs(regions=[stack.region]))
    ]


@MADE
def test_some_of_it_deploys(made: SearchStrategy[Node], estates: int, always_the_same: bool) -> None:
    """A quarter as many: each deploy reads every property back, or rolls back."""

    @tried(max(estates // SHARE, 2), always_the_same=always_the_same)
    @given(made)
    def check(estate: Node) -> None:
        for member in [*estate.get("aurora", {}).values(), *estate.get("caches", {}).values()]:
            member.pop("origin", None)  # the account is empty: there is nothing to be born from
        if valid := loaded(estate):
            with tempfile.TemporaryDirectory() as folder:
                synthesize(Path(folder), lambda app: compose(app, valid.estate))
                Aws()
                for stack in read_assembly(Path(folder)):
                    assert deploy(stack) == "CREATE_COMPLETE", as_text(estate)

    check()
