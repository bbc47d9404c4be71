"""What verbs that make things have in common on the command line: whose it is, until when, with which tags."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from runbooks.cli.command import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser

UNITS: Final = {"h": "hours", "d": "days"}


def add_making_options(parser: ArgumentParser) -> None:
    """Add `--owner` and `--tag`."""
    parser.add_argument("--owner", metavar="WHO", help="whose it is, as a tag (default: the caller's ARN)")
    parser.add_argument(
        "--tag", metavar="KEY=VALUE", action="append", default=[], help="tag of all that is made; may be repeated"
    )


def caller_arn(region: str | None) -> str:
    """Who makes it, when nobody says."""
    from runbooks.aws.session import AwsSession
    from runbooks.aws.sts import find_caller

    return find_caller(AwsSession(region).sts).arn


def expiry_in(given: str, option: str = "--expires-in") -> str:
    """A moment from now on, as its tag has it: `12h`, `30d`.

    Raises:
        UsageError: it is neither hours nor days.
    """
    from runbooks.engine.clock import SystemClock
    from runbooks.tags import expiry_text

    number, unit = given[:-1], given[-1:]
    if not number.isascii() or not number.isdigit() or int(number) == 0 or unit not in UNITS:
        raise UsageError(f"{option} must be hours or days, got {given!r}", "such as 12h or 30d")
    return expiry_text(SystemClock().now() + timedelta(**{UNITS[unit]: int(number)}))


def tags_of(given: list[str]) -> dict[str, str]:
    """Tags by key.

    Raises:
        UsageError: one is not KEY=VALUE.
    """
    for each in given:
        if not each.partition("=")[0] or "=" not in each:
            raise UsageError(f"--tag must be KEY=VALUE, got {each!r}", "such as --tag team=orders")
    return {key: value for key, _, value in (each.partition("=") for each in given)}
