"""Which stacks an estate becomes, known without CDK: runbooks must not start Node."""

from __future__ import annotations

from pathlib import Path

import pytest

from estate.load import load_estate
from estate.protection import STORES_DATA, stack_policy, stacks_of
from stacks.compose import compose
from tests.support.synthesis import ROOT, new_app

ESTATES = sorted((ROOT / "examples" / "estates").glob("*.yaml"))


@pytest.mark.parametrize("path", ESTATES, ids=lambda path: str(path.stem))
def test_knows_every_stack_that_composing_makes(path: Path, tmp_path: Path) -> None:
    estate = load_estate(path)
    made = compose(new_app(tmp_path), estate)
    assert sorted(stacks_of(estate)) == sorted((stack.stack_name, stack.region) for stack in made)


def test_denies_replacing_and_deleting_what_stores_data_and_nothing_else() -> None:
    deny, allow = stack_policy()["Statement"]
    assert (deny["Effect"], allow["Effect"]) == ("Deny", "Allow")
    assert set(deny["Action"]) == {"Update:Replace", "Update:Delete"}
    assert deny["Condition"] == {"StringEquals": {"ResourceType": sorted(STORES_DATA)}}
    assert (allow["Action"], allow["Resource"]) == ("Update:*", "*")
