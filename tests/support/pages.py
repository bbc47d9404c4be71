"""Documentation pages as programs: their fenced blocks, run in order, with what the page says they print."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "__end_of_command__"


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One `$ command` of a console block and the output under it, in which `...` stands for anything."""

    text: str
    expected: str
    line: int


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Line number and text of each fenced block in that language."""
    text = page.read_text(encoding="utf-8")
    return [(text[: m.start()].count("\n") + 2, m[2]) for m in FENCE.finditer(text) if m[1] == language]


def commands(page: Path) -> Iterator[Command]:
    """The commands of all console blocks; a command goes on while its lines end in a backslash."""
    for first, block in blocks(page, "console"):
        yield from _split(first, block.splitlines())


def _split(first: int, lines: list[str]) -> Iterator[Command]:
    index = 0
    while index < len(lines):
        start = index
        text = [lines[index].removeprefix("$ ")]
        while lines[index].endswith("\\"):
            index += 1
            text.append(lines[index].removeprefix("> "))
        index += 1
        output = []
        while index < len(lines) and not lines[index].startswith("$ "):
            output.append(lines[index])
            index += 1
        yield Command(text="\n".join(text), expected="\n".join(output), line=first + start)


def matches(expected: str, actual: str) -> bool:
    """Whether the output is the one shown: a line `...` stands for any lines, `...` within a line for any text."""
    pattern = "".join(_line_pattern(line) for line in _stripped(expected))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _stripped(actual)), re.DOTALL) is not None


def _line_pattern(line: str) -> str:
    if line == "...":
        return r"(?:[^\n]*\n)*?"
    return ".*?".join(re.escape(part) for part in line.split("...")) + r"\n"


def _stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


class Shell:
    """One bash that keeps its variables and folder from command to command."""

    def __init__(self, cwd: Path, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **environment},
        )

    def run(self, command: str) -> tuple[int, str]:
        """Exit code and output (both streams) of one command."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.write(f"{command}\n" + f"printf '\\n{END}%s\\n' $? \n")
        self._bash.stdin.flush()
        seen: list[str] = []
        for line in self._bash.stdout:
            if line.startswith(END):
                return int(line.removeprefix(END)), "".join(seen)
            seen.append(line)
        raise AssertionError(f"the shell ended during: {command}\n{''.join(seen)}")

    def close(self) -> None:
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        self._bash.stdin.close()
        self._bash.wait(10)
        self._bash.stdout.close()
