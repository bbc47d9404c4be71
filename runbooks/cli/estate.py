"""`runbook estate check FILE`: every problem of an estate file at once, what it declares, what an edit would do."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from runbooks.cli.command import Command
from runbooks.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from estate.caches.users import UserSpec
    from estate.compare import PlacedChange
    from estate.explain import Billed, GivenUp
    from estate.load import Loaded
    from estate.problem import Problem

WIDTH = 80
RED, YELLOW, GREEN, BOLD = "31", "33", "32", "1"


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the estate file")
    parser.add_argument(
        "--explain",
        action="store_true",
        help="list each default that is billed, why it is there, and the line that changes it",
    )
    parser.add_argument(
        "--against",
        metavar="OLD",
        help="the file that is deployed: name each edit that would replace something, is refused or needs steps",
    )


def _run(arguments: Namespace) -> int:
    from pathlib import Path

    from estate.load import EstateError, load

    try:
        loaded = load(Path(arguments.file))
        old = load(Path(arguments.against)) if arguments.against else None
    except EstateError as error:
        _emit_problems(error.problems, arguments)
        return ExitCode.BAD_ARGUMENTS
    changes = _changes(old, loaded, arguments.file) if old else ()
    _emit_valid(loaded, arguments, changes)
    return ExitCode.BAD_ARGUMENTS if any(each.level == "error" for each in changes) else ExitCode.DONE


def _changes(old: Loaded, new: Loaded, file: str) -> tuple[PlacedChange, ...]:
    from estate.compare import compare

    return compare(old, new, file)


def _emit_problems(problems: Sequence[Problem], arguments: Namespace) -> None:
    from runbooks.cli.output import emit

    listed = [problem.as_dict() for problem in problems]
    more: dict[str, Any] = {"billed": [], "given_up": []} if arguments.explain else {}
    more |= {"changes": []} if arguments.against else {}
    result: Any = {"problems": listed, **more} if more else listed
    emit(result, arguments.output, lambda _: render_problems(problems))


def _emit_valid(loaded: Loaded, arguments: Namespace, changes: Sequence[PlacedChange]) -> None:
    from runbooks.cli.output import emit

    warnings = [problem.as_dict() for problem in loaded.warnings]
    parts, more = [render_valid(loaded, arguments.file)], dict[str, Any]()
    if arguments.explain:
        from estate.explain import billed, given_up

        costs, lost = billed(loaded), given_up(loaded.estate)
        parts.append(render_explained(costs, lost))
        more |= {"billed": costs, "given_up": lost}
    if arguments.against:
        parts.append(render_changes(changes, arguments.against))
        more |= {"changes": [change.as_dict() for change in changes]}
    result: Any = {"problems": warnings, **more} if more else warnings
    emit(result, arguments.output, lambda _: "\n\n".join(parts))


def render_changes(changes: Sequence[PlacedChange], against: str) -> str:
    """Each edit that is more than an edit, on lines of at most 80 columns, then how many there are."""
    errors = sum(each.level == "error" for each in changes)
    blocks = [_change_block(each) for each in changes]
    counts = [_count(errors, "error"), _count(len(changes) - errors, "note")]
    count = paint(f"compared with {against}: {', '.join(counts)}", RED if errors else GREEN)
    return "\n\n".join([*blocks, count])


def _change_block(placed: PlacedChange) -> str:
    colour = RED if placed.level == "error" else YELLOW
    change = placed.change
    head = f"{placed.file}:{placed.line}:{placed.column}: {paint(placed.level, colour)} [{change.rule}]"
    sentence = change.message.removesuffix(f"; {change.fix}")
    return "\n".join([head, *wrapped(sentence, "  "), *wrapped(change.fix, "  -> ", "     ")])


def render_problems(problems: Sequence[Problem]) -> str:
    """Each problem on a few lines of at most 80 columns, then how many there are."""
    errors = sum(problem.level == "error" for problem in problems)
    warnings = len(problems) - errors
    blocks = [_block(problem) for problem in problems]
    count = _count(errors, "problem") + (f", {_count(warnings, 'warning')}" if warnings else "")
    return "\n\n".join([*blocks, paint(count, RED if errors else YELLOW)])


def _block(problem: Problem) -> str:
    colour = RED if problem.level == "error" else YELLOW
    head = f"{problem.file}:{problem.line}:{problem.column}: {paint(problem.level, colour)} [{problem.rule}]"
    sentence = problem.message.partition("; ")[0]
    return "\n".join([head, *wrapped(sentence, "  "), *wrapped(problem.fix, "  -> ", "     ")])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def render_valid(loaded: Loaded, file: str) -> str:
    """What a valid file declares, what it overrides and accepts, and its warnings."""
    estate = loaded.estate
    regions = ", ".join(estate.regions)
    head = f"{paint('valid', GREEN)}: {file} declares estate {paint(estate.name, BOLD)}"
    lines = [head, f"  {estate.profile} defaults of {estate.defaults}, in {regions}", *_members(loaded)]
    lines += _listed("overrides in use", _overrides(loaded))
    lines += _listed("acknowledged in the file", _acknowledged(loaded.said))
    if loaded.warnings:
        lines += ["", render_problems(loaded.warnings)]
    return "\n".join(lines)


def _members(loaded: Loaded) -> Iterator[str]:
    estate = loaded.estate
    for region, network in estate.network.items():
        made = f"new VPC {network.cidr} over {network.zones} zones"
        known = f"existing {network.vpc}, {_count(len(network.subnets), 'subnet')}"
        yield from wrapped(f"network {region}: {known if network.is_existing else made}", "  ", "    ")
    for name, cluster in estate.aurora.items():
        parts = [f"{cluster.engine} {cluster.version}", _count(len(cluster.instances), "instance")]
        if cluster.endpoints:
            parts.append(_count(len(cluster.endpoints), "custom endpoint"))
        parts += [f"port {cluster.effective_port}", f"protection {'on' if cluster.protection else 'off'}"]
        yield from wrapped(f"aurora {name}: {', '.join(parts)}", "  ", "    ")
    for name, cache in estate.caches.items():
        sizes = sorted({1 + count for count in cache.replica_counts})
        least = f"{sizes[0]} to " if sizes[1:] else ""
        shape = f"{_count(cache.shards, 'shard')} of {least}{_count(sizes[-1], 'node')}"
        parts = [f"{cache.engine} {cache.version}", f"{shape}, {cache.node_class}", f"port {cache.port}"]
        parts.append(_logins(cache.users, has_token=cache.auth_token is not None))
        parts.append(f"protection {'on' if cache.protection else 'off'}")
        yield from wrapped(f"cache {name}: {', '.join(parts)}", "  ", "    ")
    for name, memcached in estate.memcached.items():
        nodes = f"{_count(memcached.nodes, 'node')}, {memcached.node_class}"
        parts = [f"memcached {memcached.version}", nodes, f"port {memcached.port}"]
        yield from wrapped(f"memcached {name}: {', '.join(parts)}", "  ", "    ")
    for name, serverless in estate.serverless_caches.items():
        ports = " and ".join(str(port) for port in serverless.ports)
        parts = [f"{serverless.engine} {serverless.version}", f"ports {ports}"]
        parts += [_logins(serverless.users), f"protection {'on' if serverless.protection else 'off'}"]
        yield from wrapped(f"serverless cache {name}: {', '.join(parts)}", "  ", "    ")


def _logins(users: Mapping[str, UserSpec], *, has_token: bool = False) -> str:
    """How one logs in to a cache."""
    if has_token:
        return "an AUTH token"
    passwords = sum(user.authentication == "password" for user in users.values())
    iam = _count(len(users) - passwords, "IAM user")
    return f"{iam} and {passwords} with a password" if passwords else iam


def _overrides(loaded: Loaded) -> Iterator[str]:
    """Every raw CloudFormation property that the file sets, with its line."""
    for path in overrides_in(loaded.said):
        line = loaded.document.position(path, key=True).line
        yield f"line {line}: {'.'.join(str(part) for part in path)}"


def overrides_in(said: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all overridden properties in what a file says."""
    from estate.values import items_of

    for key, value in items_of(said):
        if key == "overrides":
            yield from ((*path, key, name) for name, _ in items_of(value))
        elif key not in {"tags", "parameters"}:
            yield from overrides_in(value, (*path, key))


def _acknowledged(said: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    from estate.values import items_of, list_of

    for key, value in items_of(said):
        if key == "acknowledge":
            where = ".".join(path) or "everywhere"
            yield from (f"{rule} ({where})" for rule in list_of(value))
        else:
            yield from _acknowledged(value, (*path, key))


def _listed(title: str, items: Iterator[str]) -> list[str]:
    lines = [line for item in items for line in wrapped(item, "  - ", "    ")]
    return ["", f"{title}:", *lines] if lines else []


def render_explained(costs: Sequence[Billed], lost: Sequence[GivenUp]) -> str:
    """Billed defaults with their reasons and lines, then what the profile gives up."""
    lines = ["Defaults that are billed, why they are there, and the line that changes them"]
    path = ""
    for cost in costs:
        if cost.path != path:
            path = cost.path
            lines += ["", paint(path, BOLD)]
        lines += wrapped(cost.what, "  - ", "    ")
        lines += wrapped(f"why: {cost.why}", "    ", "         ")
        lines += _change(cost)
    if not costs:
        lines.append("  none")
    if lost:
        lines += ["", "What `profile: dev` gives up, and what brings it back"]
    for loss in lost:
        lines += ["", *wrapped(f"{loss.what}: {loss.instead}", "  - ", "    "), f"    {loss.change}"]
    return "\n".join(lines)


def _change(cost: Billed) -> list[str]:
    if not cost.change:
        return ["    no line changes it"]
    side = "in the braces of" if cost.in_braces else "below"
    where = f"{side} line {cost.line} (`{cost.below}`)" if cost.below else "at the top level of the file"
    return [f"    {where}:", f"      {cost.change}"]


def wrapped(text: str, first: str, rest: str | None = None) -> list[str]:
    """Lines of at most 80 columns; names and snippets are never broken."""
    import textwrap

    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def paint(text: str, code: str) -> str:
    """Colour for a terminal, the bare text for anything else or where NO_COLOR is set."""
    import os
    import sys

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


CHECK = Command(
    name="check",
    help="check an estate file and list every problem at once",
    configure=_configure,
    run=_run,
    examples=(
        "runbook estate check estate.yaml",
        "runbook estate check estate.yaml --explain",
        "runbook estate check estate.yaml --against deployed.yaml",
        "runbook estate check estate.yaml --output json",
    ),
)
