"""Clusters born from others of the same estate: deployed after them."""

from __future__ import annotations

from pathlib import Path

from estate.load import load_text
from stacks.compose import compose
from tests.estate.test_origin import ORIGIN, SMALL
from tests.support.assembly import read_assembly
from tests.support.estate_files import changed
from tests.support.synthesis import new_app


def test_a_clone_is_deployed_after_its_source(tmp_path: Path) -> None:
    changes = {ORIGIN: {"clone_of": "shop-zebra"}, "aurora.zebra": SMALL, "caches": {}}
    app = new_app(tmp_path)
    compose(app, load_text(changed(changes)).estate)
    app.synth()
    order = [stack.name for stack in read_assembly(tmp_path)]
    assert order.index("shop-aurora-zebra") < order.index("shop-aurora-orders")
