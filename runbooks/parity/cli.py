"""`runbook parity A B`: two clusters, setting by setting. Reads only: no run, no lock."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from runbooks.cli.command import Command, UsageError

if TYPE_CHECKING:
    from runbooks.parity.portrait import Portrait
    from runbooks.parity.report import Parity


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("model", metavar="A", help="identifier or ARN of a cluster, or its name in the estate file")
    parser.add_argument("copy", metavar="B", help="the cluster that is held against it")
    parser.add_argument(
        "--except",
        metavar="SETTING",
        dest="excepted",
        action="append",
        default=[],
        help="setting that differs on purpose, by its name in the table; repeatable",
    )
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives the Region, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the clusters (default: the estate's, then AWS's settings)"
    )


def _run(arguments: Namespace) -> int:
    from runbooks.cli.exit_codes import ExitCode
    from runbooks.cli.output import emit
    from runbooks.parity.report import render

    parity = compare_two(arguments)
    emit(parity, arguments.output, render)
    return ExitCode.NOT_VERIFIED if parity.unexplained else ExitCode.DONE


def compare_two(arguments: Namespace) -> Parity:
    """Read both clusters and compare them.

    Raises:
        UsageError: a setting that is excepted is none.
        PlanRefusedError: a cluster does not exist.
    """
    from runbooks.engine.plan import PlanRefusedError
    from runbooks.parity.compare import compare, excuse
    from runbooks.parity.observe import look
    from runbooks.parity.report import result_of
    from runbooks.tools import Tools

    _check_excepted(arguments.excepted)
    region, names = _names(arguments)
    tools = Tools(region)
    seen: dict[str, Portrait | None] = {name: look(tools, name, _region_of(name)) for name in names}
    reasons = tuple(
        f"cluster {name} must exist, got none in {_region_of(name) or tools.session.region}; check the name and the "
        "Region (`aws rds describe-db-clusters`)"
        for name, found in seen.items()
        if found is None
    )
    model, copy = (seen[name] for name in names)
    if model is None or copy is None:
        raise PlanRefusedError(reasons)
    rows = excuse(compare(model, copy), arguments.excepted)
    return result_of(model.cluster_id, copy.cluster_id, rows)


def _check_excepted(names: list[str]) -> None:
    from difflib import get_close_matches

    from runbooks.parity.settings import CLUSTER, INSTANCE

    known = sorted({each.name for each in (*CLUSTER, *INSTANCE)} | {"instance", "custom endpoint"})
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=3) or known
            raise UsageError(f"--except must name a setting, got {name!r}", f"such as {', '.join(near)}")


def _names(arguments: Namespace) -> tuple[str | None, tuple[str, str]]:
    """The Region, and what AWS calls both clusters; a name that the file does not declare is taken as it is."""
    if not arguments.estate:
        return arguments.region, (arguments.model, arguments.copy)
    from runbooks.cli.declared import find_declared

    model = find_declared(arguments.estate, arguments.model)
    try:
        copy = find_declared(arguments.estate, arguments.copy).cluster_id
    except UsageError:
        copy = arguments.copy
    return arguments.region or model.region, (model.cluster_id, copy)


def _region_of(name: str) -> str:
    """An ARN names its Region."""
    return name.split(":")[3] if name.startswith("arn:") else ""


PARITY = Command(
    name="parity",
    help="compare two clusters, setting by setting",
    configure=_configure,
    run=_run,
    examples=(
        "runbook parity shop-orders shop-orders-dev",
        "runbook parity shop-orders shop-orders-dev --except DeletionProtection",
        "runbook parity orders shop-orders-dev --estate estate.yaml --output json",
    ),
)
