"""Tags of what runbooks make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from estate.names import TAG_EXPIRES, TAG_RUN
from runbooks.tags import expiry_of, expiry_text, from_aws, is_ours, made_tags, run_suffix, taken_by, to_aws

EIGHT = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)


def test_the_list_is_whole_and_the_kits_own_tags_win() -> None:
    tags = made_tags(
        run_id="r1",
        source="arn:s",
        owner="me",
        purpose="clone",
        expires=expiry_text(EIGHT),
        more={"team": "a", TAG_RUN: "x"},
    )
    assert tags == {
        "team": "a",
        "aurora-estate:run": "r1",
        "aurora-estate:source": "arn:s",
        "aurora-estate:owner": "me",
        "aurora-estate:purpose": "clone",
        "aurora-estate:expires": "2026-11-28T20:00:00Z",
    }
    assert TAG_EXPIRES not in made_tags(run_id="r1", source="s", owner="me", purpose="clone")
    assert from_aws(to_aws(tags)) == tags


def test_an_expiry_is_in_utc_and_read_back() -> None:
    assert expiry_text(EIGHT.astimezone(timezone(timedelta(hours=5)))) == "2026-11-28T20:00:00Z"
    assert expiry_of({TAG_EXPIRES: "2026-11-28T20:00:00Z"}) == EIGHT


@pytest.mark.parametrize("value", ["", "soon", "2026-11-28", "2026-11-28T20:00:00", "2026-11-28T20:00:00+00:00"])
def test_an_expiry_that_cannot_be_read_never_comes(value: str) -> None:
    assert expiry_of({TAG_EXPIRES: value}) is None
    assert expiry_of({}) is None


def test_only_the_runs_own_is_adopted() -> None:
    assert is_ours({TAG_RUN: "r1"}, "r1")
    assert not is_ours({TAG_RUN: "r2"}, "r1")
    assert not is_ours({}, "r1")


def test_a_name_that_is_taken_says_by_whom() -> None:
    assert "--run-id r2 with the same arguments" in taken_by({TAG_RUN: "r2"}, "shop-dev")
    assert "got one that no run of a runbook made" in taken_by({}, "shop-dev")


def test_a_suffix_is_the_runs_own() -> None:
    assert run_suffix("r1") == run_suffix("r1") != run_suffix("r2")
    assert len(run_suffix("r1")) == 8
