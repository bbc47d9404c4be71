"""Commands of other distributions: entry points of the group `runbook.commands`, found without loading anything.

`importlib.metadata.entry_points` parses the metadata of every installed distribution (30 ms where a hundred are
installed), so the `entry_points.txt` files are looked at directly, and only those that name the group are read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from runbooks.cli.command import Row

GROUP = "runbook.commands"


def plugin_rows() -> tuple[Row, ...]:
    """Rows of all plug-ins, in the order they are found; a plug-in that cannot be loaded is left out with a warning."""
    rows: list[Row] = []
    for name, target in find_entry_points(sys.path):
        rows.extend(_load_rows(name, target))
    return tuple(rows)


def find_entry_points(folders: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (name, "module:ATTRIBUTE") of every entry point of the group in these folders, each name once."""
    seen: set[str] = set()
    for folder in folders:
        for text in _entry_point_files(folder):
            for name, target in _parse(text):
                if name not in seen:
                    seen.add(name)
                    yield name, target


def _entry_point_files(folder: str) -> Iterator[str]:
    try:
        names = sorted(name for name in os.listdir(folder or ".") if name.endswith((".dist-info", ".egg-info")))  # noqa: PTH208 - Path doubles the time
    except OSError:
        return
    for name in names:
        try:
            with open(f"{folder or '.'}/{name}/entry_points.txt", encoding="utf-8") as file:  # noqa: PTH123 - Path doubles the time
                text = file.read()
        except OSError:
            continue
        if f"[{GROUP}]" in text:
            yield text


def _parse(text: str) -> Iterator[tuple[str, str]]:
    section = ""
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == GROUP and "=" in line and not line.startswith("#"):
            name, _, target = line.partition("=")
            yield name.strip(), target.strip()


def _load_rows(name: str, target: str) -> tuple[Row, ...]:
    from importlib import import_module

    module, _, attribute = target.partition(":")
    try:
        return tuple(Row(*row) for row in getattr(import_module(module), attribute))
    except Exception as error:  # noqa: BLE001 - somebody else's code must not take the other commands down
        from runbooks.cli.output import say

        say(f"warning: the plug-in `{name}` ({target}) cannot be loaded: {type(error).__name__}: {error}")
        return ()
