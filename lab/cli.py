"""`runbook lab ...`: start, look at and end the lab. Joins the command line by the entry point `runbook.commands`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command, UsageError
from runbooks.cli.exit_codes import ExitCode
from runbooks.cli.output import emit, say

if TYPE_CHECKING:
    from lab.state import LabState

COMMANDS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("lab", "up"), "start the lab and deploy an estate to it", "lab.cli:UP"),
    (("lab", "status"), "show clusters, instances and their processes", "lab.cli:STATUS"),
    (("lab", "env"), "print the settings that point any AWS client at the lab", "lab.cli:ENV"),
    (("lab", "log"), "show every AWS call the lab received", "lab.cli:LOG"),
    (("lab", "resolve"), "ask the lab's DNS for the address of an endpoint", "lab.cli:RESOLVE"),
    (("lab", "down"), "end the lab: no process or file stays", "lab.cli:DOWN"),
    (("lab", "load"), "put a load on readers or a cache; auto scaling answers", "lab.cli:LOAD"),
)
DNS_DELAY_S_MAX = 3600  # ours: no promotion is watched for longer
HINT = 'point a client at it: eval "$(runbook lab env)"'


def _configure_nothing(_parser: ArgumentParser) -> None:
    """No options of its own."""


# up


def _configure_up(parser: ArgumentParser) -> None:
    parser.add_argument("--estate", type=Path, metavar="FILE", help="estate to deploy (default: the example shop.yaml)")
    parser.add_argument("--port", type=int, metavar="PORT", help="port of the embedded AWS (default: 4570, or any)")
    parser.add_argument(
        "--dns-delay",
        type=float,
        metavar="SECONDS",
        help="from promotion to DNS change (default: 0.3; Aurora: 15 to 20)",
    )
    parser.add_argument("--no-deploy", action="store_true", help="start it empty")


def _up(arguments: Namespace) -> int:
    from lab.lifecycle import UpRequest, bring_up

    if arguments.port is not None and not 0 < arguments.port < 65_536:  # noqa: PLR2004 - TCP's range
        raise UsageError(f"--port must be from 1 to 65535, got {arguments.port}")
    if arguments.dns_delay is not None and not 0 <= arguments.dns_delay <= DNS_DELAY_S_MAX:
        raise UsageError(f"--dns-delay must be from 0 to {DNS_DELAY_S_MAX}, got {arguments.dns_delay:g}")
    request = UpRequest(
        estate=arguments.estate, port=arguments.port, dns_delay_s=arguments.dns_delay, deploy=not arguments.no_deploy
    )
    emit(bring_up(request, say), arguments.output, _up_text)
    return ExitCode.DONE


def _up_text(result: dict[str, Any]) -> str:
    first = f"the lab runs at {result['endpoint']}"
    if result["ran_before"]:
        first = f"the lab already runs at {result['endpoint']}, with {result['estate'] or 'no estate'}"
    return f"{first}\n{HINT}"


# status


def _status(arguments: Namespace) -> int:
    from lab.control import ask_lab
    from lab.render import status_text

    state = _find_lab()
    if state is None:
        emit({"running": False}, arguments.output, lambda _: "no lab runs; start one: runbook lab up")
        return ExitCode.REFUSED
    emit(ask_lab(state.control, "status"), arguments.output, status_text)
    return ExitCode.DONE


# env


def _env(arguments: Namespace) -> int:
    from lab.deploy import client_environment
    from lab.render import exports

    emit(client_environment(_running_lab()), arguments.output, exports)
    return ExitCode.DONE


# log


def _configure_log(parser: ArgumentParser) -> None:
    parser.add_argument("--errors", action="store_true", help="only calls that were answered with an error")
    parser.add_argument("--last", type=int, metavar="N", help="only the last N")
    parser.add_argument("--follow", action="store_true", help="go on until interrupted (text only)")


def _log(arguments: Namespace) -> int:
    from lab.render import call_text, follow, read_calls

    if arguments.last is not None and arguments.last < 1:
        raise UsageError(f"--last must be at least 1, got {arguments.last}")
    if arguments.follow and arguments.output == "json":
        raise UsageError("--follow has no JSON form", "leave --follow or --output json out")
    path = Path(_running_lab().log)
    calls, offset = read_calls(path, errors_only=arguments.errors)
    shown = calls[-arguments.last :] if arguments.last else calls
    if shown or not arguments.follow:
        empty = "no AWS call was received" if not arguments.errors else "no AWS call was answered with an error"
        emit(shown, arguments.output, lambda rows: "\n".join(map(call_text, rows)) or empty)
    if arguments.follow:
        for call in follow(path, offset, errors_only=arguments.errors):
            emit(call, "text", call_text)
    return ExitCode.DONE


# resolve


def _configure_resolve(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="an endpoint, such as `runbook lab status` shows")


def _resolve(arguments: Namespace) -> int:
    from lab.data.dns import ask
    from lab.lifecycle import LabRefusedError

    address = ask(arguments.name, _running_lab().dns)
    if address is None:
        raise LabRefusedError(
            f"the lab's DNS must know {arguments.name}, got no address; `runbook lab status` shows the endpoints"
        )
    emit({"name": arguments.name, "address": address}, arguments.output, lambda found: found["address"])
    return ExitCode.DONE


# load


def _configure_load(parser: ArgumentParser) -> None:
    parser.add_argument("cluster", metavar="CLUSTER", help="identifier of an Aurora cluster or a cache in the lab")
    parser.add_argument(
        "--cpu",
        type=float,
        metavar="PERCENT",
        help="average CPU of the readers, or of a cache's primaries, from now on",
    )
    parser.add_argument("--connections", type=int, metavar="N", help="average connections of the readers from now on")
    parser.add_argument("--replica-cpu", type=float, metavar="PERCENT", help="average CPU of a cache's replicas")
    parser.add_argument("--memory", type=float, metavar="PERCENT", help="memory in use of a cache's nodes")


def _load(arguments: Namespace) -> int:
    from lab.control import ask_lab
    from lab.lifecycle import LabRefusedError
    from lab.render import load_text

    asked = _asked_load(arguments)
    answer = ask_lab(_running_lab().control, "load", cluster=arguments.cluster, **asked)
    if answer is None:
        raise LabRefusedError(
            f"CLUSTER must be a cluster or a cache of the lab that reports this, got {arguments.cluster}; "
            "`runbook lab status` shows them"
        )
    emit(answer, arguments.output, load_text)
    return ExitCode.DONE


def _asked_load(arguments: Namespace) -> dict[str, float | None]:
    """What was given, checked: a number of connections, percentages of the rest."""
    given = {name: getattr(arguments, name) for name in ("cpu", "connections", "replica_cpu", "memory")}
    if all(value is None for value in given.values()):
        raise UsageError("--cpu, --connections, --replica-cpu or --memory must be given, got none of them")
    for name, value in given.items():
        if value is not None and name != "connections" and not 0 <= value <= 100:  # noqa: PLR2004 - percent
            raise UsageError(f"--{name.replace('_', '-')} must be from 0 to 100, got {value:g}")
    if given["connections"] is not None and given["connections"] < 0:
        raise UsageError(f"--connections must be 0 at least, got {given['connections']}")
    if given["connections"] is not None and (given["replica_cpu"] is not None or given["memory"] is not None):
        raise UsageError(
            "--connections must be given alone or with --cpu: it is reported by clusters, the others by caches"
        )
    return given


# down


def _down(arguments: Namespace) -> int:
    from lab.lifecycle import take_down

    emit(take_down(), arguments.output, _down_text)
    return ExitCode.DONE


def _down_text(result: dict[str, Any]) -> str:
    if result["ended"]:
        return f"the lab is down: {result['processes']} processes ended, {result['data']} removed"
    return "nothing runs: there is no lab to end"


# Finding the lab


def _find_lab() -> LabState | None:
    from lab.lifecycle import find_lab

    return find_lab(say)


def _running_lab() -> LabState:
    from lab.lifecycle import LabRefusedError

    state = _find_lab()
    if state is None:
        raise LabRefusedError("a lab must run, got none; start one: runbook lab up")
    return state


UP = Command(
    "up", COMMANDS[0][1], _configure_up, _up, examples=("runbook lab up", "runbook lab up --estate estate.yaml")
)
STATUS = Command("status", COMMANDS[1][1], _configure_nothing, _status)
ENV = Command("env", COMMANDS[2][1], _configure_nothing, _env, examples=('eval "$(runbook lab env)"',))
LOG = Command("log", COMMANDS[3][1], _configure_log, _log, examples=("runbook lab log --errors",))
RESOLVE = Command(
    "resolve",
    COMMANDS[4][1],
    _configure_resolve,
    _resolve,
    examples=('psql "host=NAME hostaddr=$(runbook lab resolve NAME) ..."',),
)
DOWN = Command("down", COMMANDS[5][1], _configure_nothing, _down)
LOAD = Command(
    "load",
    COMMANDS[6][1],
    _configure_load,
    _load,
    examples=(
        "runbook lab load shop-orders --cpu 90",
        "runbook lab load shop-orders --cpu 0 --connections 0",
        "runbook lab load surge-feed --memory 80 --replica-cpu 20",
    ),
)
