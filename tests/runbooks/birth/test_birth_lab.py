"""A new cluster against the embedded AWS: like its model in every setting, made once however often it is begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from runbooks.engine.run import State
from runbooks.parity.compare import compare
from runbooks.parity.observe import look
from runbooks.tools import Tools
from tests.runbooks.birth.small import MODEL, REGION, TARGET, do, wish
from tests.runbooks.parity.rich import make_rich
from tests.support.scenario import Cloud
from tests.support.transport import no_wire


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    install(delays=NONE)
    reset_backends()
    with no_wire():
        make_rich(made)
        yield made


def test_a_clone_is_like_its_model(cloud: Cloud) -> None:
    wanted = wish("a", "b", "reporting")
    outcome = do(wanted)
    assert outcome.verdict is not None
    assert [check for check in outcome.verdict.checks if not check.passed] == []
    assert outcome.state is State.DONE
    tools = Tools(REGION)
    model, copy = look(tools, MODEL), look(tools, TARGET)
    assert model is not None
    assert copy is not None
    for row in compare(model, copy, wanted):
        print(row.name, row.way, row.model, row.copy, row.ok, row.why)
