"""What runbooks may touch."""

from __future__ import annotations

import pytest

from estate.names import TAG_RUN, TAG_RUNBOOKS
from runbooks.boundary import allowed_patterns, boundary_reasons, is_production, production_reason

TAGGED = {TAG_RUNBOOKS: "clone snapshot:*"}


@pytest.mark.parametrize(
    ("verb", "identifier", "tags", "allowed", "said"),
    [
        pytest.param("clone", "shop-orders", {}, (), (), id="no fence"),
        pytest.param("clone", "shop-orders", {}, ("shop-*",), (), id="inside the list"),
        pytest.param("clone", "shop-orders", {}, ("dev-*", "test"), ("must match RUNBOOK_ALLOW",), id="outside it"),
        pytest.param("clone", "shop-orders", TAGGED, (), (), id="a verb of the tag"),
        pytest.param("snapshot create", "shop-orders", TAGGED, (), (), id="a group of the tag"),
        pytest.param("backtrack", "shop-orders", TAGGED, (), ("must let `backtrack` touch it",), id="another verb"),
        pytest.param("clone", "shop-orders", {TAG_RUNBOOKS: "none"}, (), ("touch it",), id="nobody"),
        pytest.param("reap", "x", {TAG_RUNBOOKS: "none"}, ("y",), ("RUNBOOK_ALLOW", "touch it"), id="both"),
    ],
)
def test_both_fences_must_be_open(
    verb: str, identifier: str, tags: dict[str, str], allowed: tuple[str, ...], said: tuple[str, ...]
) -> None:
    reasons = boundary_reasons(verb, identifier, tags, allowed)
    assert len(reasons) == len(said)
    for reason, words in zip(reasons, said, strict=True):
        assert words in reason


def test_the_allow_list_is_a_setting_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNBOOK_ALLOW", raising=False)
    assert allowed_patterns() == ()
    monkeypatch.setenv("RUNBOOK_ALLOW", "dev-*, test-*,")
    assert allowed_patterns() == ("dev-*", "test-*")
    assert boundary_reasons("clone", "shop-orders", {})


def test_what_no_run_made_counts_as_production() -> None:
    assert is_production({"env": "dev"})
    assert production_reason("shop-orders", {}) == "shop-orders counts as production: no run of a runbook made it"
    assert not is_production({TAG_RUN: "r1"})
    assert production_reason("shop-dev", {TAG_RUN: "r1"}) == ""
