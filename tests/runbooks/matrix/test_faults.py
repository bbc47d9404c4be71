"""Every verb with calls that go wrong: it survives, or it ends cleanly and the next run finishes.

By call: each changing call in turn loses its answer after the effect, or is denied. By chance: throttling, 503s, lost
requests, lost answers and stale reads, one call in ten or so, for some seeds.
"""

from __future__ import annotations

import pytest

from lab.cloud.call_faults import CallFault, Trouble
from lab.cloud.runtime import RUNTIME
from tests.runbooks.matrix.conftest import RUN, Stage
from tests.support.call_crash import counted_calls, is_reading
from tests.support.inventory import inventory
from tests.support.scenario import Scenario
from tests.support.scenarios import all_scenarios

pytestmark = pytest.mark.lab
SEEDS = (1, 2, 3)
ATTEMPTS = 12  # runs of the same id until one finishes: chance hits again and again
CLEAN_ENDS = {1, 3, 4, 5}
RELEASE = "ssm:DeleteParameter"  # of the lock: a run is done all the same, and the lock ends by itself


def finish(stage: Stage, scenario: Scenario) -> int:
    """Run until it is done, as a scheduler would; how often that took."""
    for attempt in range(1, ATTEMPTS + 1):
        code = stage.run(scenario)
        if code == 0:
            return attempt
        assert code in CLEAN_ENDS, code
    raise AssertionError("it never finished")


@pytest.mark.parametrize("scenario", all_scenarios(), ids=str)
def test_a_call_that_is_denied_or_unanswered(
    stage: Stage, scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.set(scenario)
    with counted_calls() as clean:
        assert stage.run(scenario) == 0, capsys.readouterr()
    whole = inventory(stage.cloud, RUN)
    called = {f"{service}:{operation}" for service, operation, _ in clean.made if not is_reading(operation)}
    changing = sorted(called - {RELEASE})
    for name in changing:
        for trouble in (Trouble.DROPPED, Trouble.DENIED):
            stage.set(scenario)
            RUNTIME.call_faults.set([CallFault(trouble=trouble, calls=name)])
            code = stage.run(scenario)
            said = capsys.readouterr().out
            if trouble is Trouble.DENIED:
                assert code in CLEAN_ENDS, (name, code)
                assert name.partition(":")[2] in said, (name, said)
            RUNTIME.call_faults.set([])
            finish(stage, scenario)
            scenario.done(stage.cloud)
            assert inventory(stage.cloud, RUN) == whole, (name, trouble)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", all_scenarios(), ids=str)
def test_trouble_by_chance(stage: Stage, scenario: Scenario, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    stage.set(scenario)
    assert stage.run(scenario) == 0, capsys.readouterr()
    whole = inventory(stage.cloud, RUN)
    stage.set(scenario)
    RUNTIME.call_faults.set(
        CallFault(trouble=trouble, times=None, chance=chance, seed=seed * 100 + number)
        for number, (trouble, chance) in enumerate(
            (
                (Trouble.THROTTLED, 0.1),
                (Trouble.UNAVAILABLE, 0.05),
                (Trouble.TIMED_OUT, 0.05),
                (Trouble.DROPPED, 0.05),
                (Trouble.STALE, 0.1),
            )
        )
    )
    finish(stage, scenario)
    RUNTIME.call_faults.set([])
    scenario.done(stage.cloud)
    assert inventory(stage.cloud, RUN) == whole
    capsys.readouterr()
