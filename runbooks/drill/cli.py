"""`runbook drill failover CLUSTER`."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import add_runbook_options, runbook_command

if TYPE_CHECKING:
    from runbooks.cli.declared import Declared
    from runbooks.drill.request import DrillRequest


def _seconds(low: float, high: float) -> Any:
    """An argument type: seconds within bounds."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not low <= value <= high:
            raise ArgumentTypeError(f"must be {low:g} to {high:g}, got {text!r}")
        return value

    return parse


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("cluster", metavar="CLUSTER", help="cluster identifier, or with --estate its name in the file")
    parser.add_argument("--estate", metavar="FILE", help="estate file that gives Region and SLO, and what names mean")
    parser.add_argument(
        "--region", metavar="REGION", help="Region of the cluster (default: the estate's, then AWS's settings)"
    )
    parser.add_argument("--target", metavar="INSTANCE", help="reader to promote (default: Aurora's choice)")
    parser.add_argument("--fail-back", action="store_true", help="give the original writer its role back, measured too")
    parser.add_argument(
        "--slo-s",
        type=_seconds(0.001, 86400),
        metavar="S",
        help="seconds without writes that are allowed (default: 60)",
    )
    group = parser.add_argument_group("pace", "defaults: quick for names in .test (the lab), gentle for all others")
    group.add_argument("--rate", type=_seconds(1, 1000), metavar="N", help="writes started a second (lab 100, else 10)")
    group.add_argument("--baseline-s", type=_seconds(1, 600), metavar="S", help="steady state before (lab 3, else 30)")
    group.add_argument("--steady-s", type=_seconds(0.5, 600), metavar="S", help="steady state after (lab 2, else 15)")
    group.add_argument(
        "--timeout-s", type=_seconds(1, 7200), metavar="S", help="give up watching after (lab 60, else 600)"
    )
    group.add_argument(
        "--quiet-s", type=_seconds(1, 600), metavar="S", help="ask again when nothing happens (lab 5, else 45)"
    )
    group.add_argument(
        "--cool-down-s", type=_seconds(0, 86400), metavar="S", help="least time since the last failover (default: 600)"
    )
    add_runbook_options(parser)


def request_of(arguments: Namespace) -> DrillRequest:
    """The request that the arguments, and the estate file, make."""
    from runbooks.drill.request import DEFAULT_COOL_DOWN_S, DEFAULT_SLO_S, DrillRequest

    declared = _declared(arguments) if arguments.estate else None
    slo = (declared.spec.slo.failover_s, arguments.estate) if declared else (DEFAULT_SLO_S, "default")
    if arguments.slo_s is not None:
        slo = (arguments.slo_s, "--slo-s")
    return DrillRequest(
        cluster_id=declared.cluster_id if declared else arguments.cluster,
        region=arguments.region or (declared.region if declared else None),
        target_id=declared.instance_id(arguments.target) if declared else arguments.target,
        fail_back=arguments.fail_back,
        slo_s=slo[0],
        slo_source=slo[1],
        cool_down_s=DEFAULT_COOL_DOWN_S if arguments.cool_down_s is None else arguments.cool_down_s,
        rate_per_s=arguments.rate,
        baseline_s=arguments.baseline_s,
        steady_s=arguments.steady_s,
        timeout_s=arguments.timeout_s,
        quiet_s=arguments.quiet_s,
    )


def _declared(arguments: Namespace) -> Declared:
    from runbooks.cli.declared import find_declared

    return find_declared(arguments.estate, arguments.cluster)


FAILOVER = runbook_command(
    name="failover",
    help="fail a cluster over and measure what clients lose",
    configure=_configure,
    request_of=request_of,
    factory="runbooks.drill.runbook:failover_runbook",
    examples=(
        "runbook drill failover shop-orders",
        "runbook drill failover orders --estate examples/estates/shop.yaml --execute",
        "runbook drill failover shop-orders --target shop-orders-b --fail-back --execute",
    ),
)
