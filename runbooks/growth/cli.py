"""`runbook cluster growth`: what a clone's own pages come to."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from runbooks.cli.command import Command, UsageError


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("cluster", metavar="CLONE", help="identifier of the clone")
    parser.add_argument(
        "--price-per-gib-month",
        metavar="PRICE",
        type=float,
        help="what a GiB costs a month in your Region, of the clone's storage type (default: none, and no cost)",
    )
    parser.add_argument("--region", metavar="REGION", help="Region of the clone (default: AWS's settings)")


def _run(arguments: Namespace) -> int:
    from runbooks.cli.output import emit
    from runbooks.growth.report import read_growth, render

    price = arguments.price_per_gib_month
    if price is not None and not 0 <= price < float("inf"):
        raise UsageError(f"--price-per-gib-month must be 0 or more, got {price}", "take it from AWS's price list")
    report = read_growth(arguments.cluster, arguments.region, price)
    emit(report, arguments.output, render)
    return 0


GROWTH = Command(
    name="growth",
    help="what a clone has grown by, and what that costs",
    configure=_configure,
    run=_run,
    examples=(
        "runbook cluster growth dev",
        "runbook cluster growth dev --price-per-gib-month 0.1 --output json",
    ),
)
