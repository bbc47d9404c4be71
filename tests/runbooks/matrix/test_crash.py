"""Every verb, killed before and after every API call that changes something, and run again: with its journal or not.

Killed before a call that only reads is the same as killed after the change before it; killed after a change with the
journal kept is much the same as killed before the next one. That leaves two ways per call.
"""

from __future__ import annotations

import pytest

from tests.runbooks.matrix.conftest import RUN, Stage
from tests.support.call_crash import CrashError, counted_calls
from tests.support.inventory import inventory
from tests.support.scenario import Scenario
from tests.support.scenarios import all_scenarios

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("scenario", all_scenarios(), ids=str)
def test_killed_at_any_call_the_second_run_finishes(
    stage: Stage, scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.set(scenario)
    with counted_calls() as clean:
        assert stage.run(scenario) == 0, capsys.readouterr()
    scenario.done(stage.cloud)
    whole = inventory(stage.cloud, RUN)
    for number in range(1, clean.changing + 1):
        for moment, lost in (("before", False), ("after", True)):
            stage.set(scenario)
            with pytest.raises(CrashError), counted_calls(number, moment) as first:  # type: ignore[arg-type]
                stage.run(scenario)
            if lost:
                stage.lose_journal()
            where = f"{moment} changing call {number}, {first.made[-1][:2]}{', journal lost' if lost else ''}"
            assert stage.run(scenario) == 0, (where, capsys.readouterr().out[-3000:])
            scenario.done(stage.cloud)
            assert inventory(stage.cloud, RUN) == whole, where
            capsys.readouterr()
