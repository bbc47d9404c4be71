from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

import pytest

from runbooks.cli.command import UsageError
from runbooks.drill.cli import FAILOVER, request_of
from runbooks.drill.request import DrillRequest

SHOP = str(Path(__file__).resolve().parents[3] / "examples/estates/shop.yaml")


def request_from(*words: str) -> DrillRequest:
    parser = ArgumentParser(exit_on_error=False)
    FAILOVER.configure(parser)
    return request_of(parser.parse_args(words))


def test_works_on_an_identifier_alone() -> None:
    request = request_from("shop-orders", "--region", "eu-west-1")
    assert (request.cluster_id, request.region, request.slo_s, request.slo_source) == (
        "shop-orders",
        "eu-west-1",
        60,
        "default",
    )


@pytest.mark.parametrize("name", ["orders", "shop-orders"])
def test_an_estate_file_gives_identifier_region_slo_and_instance_names(name: str) -> None:
    request = request_from(name, "--estate", SHOP, "--target", "b")
    assert request.cluster_id == "shop-orders"
    assert request.region == "eu-west-1"
    assert (request.slo_s, request.slo_source) == (60, SHOP)
    assert request.target_id == "shop-orders-b"


def test_what_is_typed_wins() -> None:
    request = request_from(
        "orders", "--estate", SHOP, "--slo-s", "5", "--region", "eu-west-2", "--target", "shop-orders-b"
    )
    assert (request.slo_s, request.slo_source) == (5, "--slo-s")
    assert request.region == "eu-west-2"
    assert request.target_id == "shop-orders-b"


def test_a_cluster_that_the_file_does_not_declare_is_refused_with_those_it_does() -> None:
    with pytest.raises(UsageError, match="got 'payments'") as caught:
        request_from("payments", "--estate", SHOP)
    assert caught.value.next_step == "declared: catalog, orders"


@pytest.mark.parametrize("value", ["0", "-1", "1e9", "soon", "nan"])
def test_durations_have_bounds(value: str) -> None:
    with pytest.raises(Exception, match=r"must be 1 to 600"):
        request_from("shop-orders", "--baseline-s", value)
