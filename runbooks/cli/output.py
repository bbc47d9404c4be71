"""stdout is the result, stderr is progress: one place that writes either, quiet when the reader has gone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import IO, Any, Literal, TypeVar

from runbooks.engine.plain import is_array, is_mapping, is_set

T = TypeVar("T")
WIDTH = 80
OutputFormat = Literal["text", "json"]


def to_plain(value: Any) -> Any:
    """Turn frozen results into what JSON knows: dataclasses and named tuples by field, times as ISO 8601."""
    if is_mapping(value):
        return {str(key): to_plain(item) for key, item in value.items()}
    if is_set(value):
        return sorted(to_plain(item) for item in value)
    if hasattr(value, "_asdict"):  # a named tuple
        return to_plain(value._asdict())
    if is_array(value):
        return [to_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def to_json(value: Any) -> str:
    """Render a result as JSON; what has no JSON form (times, paths) is its ISO or string form."""
    return json.dumps(to_plain(value), indent=2, ensure_ascii=False, default=_last_resort)


def emit(result: T, output: OutputFormat, text: Callable[[T], str]) -> None:
    """Print a result on stdout: `text(result)`, or the result itself as JSON."""
    _write(sys.stdout, to_json(result) if output == "json" else text(result))


def say(line: str) -> None:
    """Print one line of progress on stderr; a terminal gets it in 80 columns, a file or a pipe whole."""
    is_long = len(line) > WIDTH and "\n" not in line and sys.stderr.isatty()
    _write(sys.stderr, wrapped(line, WIDTH, "      ") if is_long else line)


def wrapped(line: str, width: int, indent: str) -> str:
    """A paragraph in so many columns, continued under `indent`; names are never broken, so that they can be copied."""
    from textwrap import fill

    return fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(rows: list[dict[str, str]], columns: tuple[str, ...]) -> str:
    """Lay rows out in aligned columns under their names."""
    lines = [{name: name for name in columns}, *rows]
    widths = {name: max(len(line[name]) for line in lines) for name in columns}
    return "\n".join("  ".join(line[name].ljust(widths[name]) for name in columns).rstrip() for line in lines)


def _last_resort(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write(stream: IO[str], text: str) -> None:
    """Write a line; a reader that left (`| head`) changes neither the run nor its exit code."""
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
