from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lab.data.plane import ProcessPlane
from lab.reaper import start_reaper
from tests.lab.data.support import Rig, make_rig


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPlane]:
    """With a reaper, so that a killed test session leaves no server behind."""
    plane = ProcessPlane(dns_delay_s=0)
    alive = start_reaper(plane.base_dir, tmp_path_factory.mktemp("reaper") / "lab.json")
    yield plane
    plane.close()
    os.close(alive)


@pytest.fixture(scope="session")
def three(plane: ProcessPlane) -> Rig:
    return make_rig(plane, "trio", ("a", "b", "c"))


@pytest.fixture(scope="session")
def one(plane: ProcessPlane) -> Rig:
    return make_rig(plane, "solo", ("a",))


@pytest.fixture
def rig(three: Rig) -> Rig:
    """A cluster with the writer `a` and the healthy readers `b` and `c`, whatever the test before did to it."""
    return three.heal()


@pytest.fixture
def lone(one: Rig) -> Rig:
    """A cluster of a single instance, `a`."""
    return one.heal()
