"""A made-up verb, `errand boxes`: puts boxes into a folder. The folder is its AWS: what it shows is what is so.

Each box made is also a line in `made.log`, so that a test sees what was done twice. Settings of the environment:
`ERRAND_SLOW_S` makes each box take that long.
"""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from runbooks.cli.command import Command, Row, add_runbook_options
from runbooks.cli.runner import run_runbook
from runbooks.engine.plan import PlanRefusedError, Step
from runbooks.engine.run import Check, Context, Effect, Runbook, Verdict


class Kind(StrEnum):
    MAKE_BOX = "make-box"
    LABEL = "label"


@dataclass(frozen=True, kw_only=True)
class Request:
    folder: Path
    boxes: tuple[str, ...] = ("a", "b", "c")


@dataclass(frozen=True, kw_only=True)
class Seen:
    boxes: frozenset[str]
    labelled: bool
    padlock: bool


def observe(request: Request, _context: Context[Path]) -> Seen:
    names = {path.name for path in request.folder.iterdir()}
    boxes = frozenset(name.removesuffix(".box") for name in names if name.endswith(".box"))
    return Seen(boxes=boxes, labelled="label" in names, padlock="padlock" in names)


def plan(request: Request, seen: Seen) -> tuple[Step[Kind], ...]:
    reasons = []
    if seen.padlock:
        reasons.append("the folder has a padlock; remove it")
    if not request.boxes:
        reasons.append("boxes must be named, got none; name one")
    if reasons:
        raise PlanRefusedError(tuple(reasons))
    steps = [
        Step(kind=Kind.MAKE_BOX, why=f"there is no box {name}", subject=name)
        for name in request.boxes
        if name not in seen.boxes
    ]
    if not seen.labelled:
        steps.append(Step(kind=Kind.LABEL, why="a shelf needs a label"))
    return tuple(steps)


def make_box(step: Step[Kind], context: Context[Path]) -> dict[str, Any]:
    time.sleep(float(os.environ.get("ERRAND_SLOW_S", "0")))
    _make(context.tools, f"{step.subject}.box")
    return {"box": step.subject}


def label(_step: Step[Kind], context: Context[Path]) -> None:
    _make(context.tools, "label")


def verify(request: Request, seen: Seen, _context: Context[Path]) -> Verdict:
    missing = sorted(set(request.boxes) - seen.boxes)
    check = Check(name="all boxes there", passed=not missing, detail=f"missing: {missing}")
    return Verdict(summary=f"{len(seen.boxes)} boxes", checks=(check,), result=seen)


def decode(plain: Mapping[str, Any]) -> Request:
    return Request(folder=Path(plain["folder"]), boxes=tuple(plain["boxes"]))


RUNBOOK: Runbook[Request, Seen, Kind, Path] = Runbook(
    verb="errand boxes",
    decode=decode,
    encode=lambda request: {"folder": str(request.folder), "boxes": list(request.boxes)},
    target=lambda request: request.folder.name,
    tools=lambda request: request.folder,
    observe=observe,
    plan=plan,
    effects={
        Kind.MAKE_BOX: Effect(make_box, actions=("rds:FailoverDBCluster",)),
        Kind.LABEL: Effect(label, actions=("rds:DescribeEvents",)),
    },
    verify=verify,
    reads=("rds:DescribeDBClusters",),
)


def made(folder: Path) -> list[str]:
    """What was made, in order, with repetitions."""
    log = folder / "made.log"
    return log.read_text().split() if log.exists() else []


def _make(folder: Path, name: str) -> None:
    (folder / name).touch()
    with (folder / "made.log").open("a") as log:
        log.write(f"{name}\n")


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    add_runbook_options(parser)


def _run(arguments: Namespace) -> int:
    return run_runbook(RUNBOOK, Request(folder=arguments.folder), arguments)


BOXES = Command("boxes", "put boxes into a folder", _configure, _run, runbook=lambda: RUNBOOK)
COMMANDS = ((("errand", "boxes"), "put boxes into a folder", "tests.support.made_up:BOXES"),)
ROWS = tuple(Row(*row) for row in COMMANDS)
