"""`runbook policy VERB`: the least an IAM role needs to run a runbook, made from what its effects declare."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command
from runbooks.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from runbooks.engine.run import Runbook


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("verb", nargs="+", metavar="VERB", help="the runbook's words, such as `drill failover`")
    parser.add_argument("--cluster", default="*", metavar="ID", help="cluster identifier to narrow to (default: any)")
    parser.add_argument(
        "--target", default="*", metavar="ID", help="what the runbook makes, to narrow to (default: any name)"
    )
    parser.add_argument("--estate", default="*", metavar="NAME", help="name of the estate to narrow to (default: any)")
    parser.add_argument("--region", default="*", metavar="REGION", help="Region to narrow to (default: any)")
    parser.add_argument("--account", default="*", metavar="ID", help="account to narrow to (default: any)")
    parser.add_argument("--partition", default="aws", metavar="NAME", help="aws, aws-cn or aws-us-gov (default: aws)")


def _run(arguments: Namespace) -> int:
    from runbooks.aws.permissions import Place, build_policy
    from runbooks.cli.output import emit
    from runbooks.cli.resume import find_runbook

    runbook = find_runbook(tuple(word for given in arguments.verb for word in given.split()))
    place = Place(
        partition=arguments.partition,
        region=arguments.region,
        account=arguments.account,
        cluster=arguments.cluster,
        target=arguments.target,
        estate=arguments.estate,
    )
    policy = build_policy(runbook.actions, place, runbook.scopes)
    emit(policy, arguments.output, lambda shown: render(runbook, shown))
    return ExitCode.DONE


def render(runbook: Runbook[Any, Any, Any, Any], policy: dict[str, Any]) -> str:
    """Render a policy for a person: each action with where it may be used, and why that is not narrower."""
    from runbooks.aws.permissions import SCOPES

    scopes = {**SCOPES, **runbook.scopes}
    lines = [f"`runbook {runbook.verb}` needs:"]
    for statement in policy["Statement"]:
        lines.append("")
        lines += [f"  {action}{_why(scopes[action].why)}" for action in statement["Action"]]
        lines += [f"    on {resource}" for resource in statement["Resource"]]
        for operator, pairs in statement.get("Condition", {}).items():
            lines += [f"    if {key} {operator} {value}" for key, value in pairs.items()]
    return "\n".join([*lines, "", "--output json prints the policy document."])


def _why(why: str) -> str:
    return f"  ({why})" if why else ""


POLICY = Command(
    name="policy",
    help="print the IAM policy that a runbook needs",
    configure=_configure,
    run=_run,
    examples=(
        "runbook policy drill failover",
        "runbook policy drill failover --cluster shop-orders --region eu-west-1",
    ),
)
