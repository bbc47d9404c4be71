"""What is wrong with an estate file, as people and programs read it."""

from __future__ import annotations

from dataclasses import dataclass

from estate.spec import Level


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong (or, as a warning, weak) in a file.

    Attributes:
        file: The file as it was named.
        line: One-based line.
        column: One-based column.
        path: Where in the document, dotted: `aurora.orders.instances.a.class`; empty for the document itself.
        rule: `<unit>/<slug>`.
        given: What the file says.
        allowed: What the setting must do.
        fix: What to do about it.
        message: All of it in one sentence.
        level: `error`, or `warning`, which fails nothing.
    """

    file: str
    line: int
    column: int
    path: str
    rule: str
    given: str
    allowed: str
    fix: str
    message: str
    level: Level = "error"

    def as_dict(self) -> dict[str, str | int]:
        """The JSON object: nine keys, and `level` for a warning."""
        names = ("file", "line", "column", "path", "rule", "given", "allowed", "fix", "message")
        found: dict[str, str | int] = {name: getattr(self, name) for name in names}
        return found if self.level == "error" else found | {"level": self.level}

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.level}: {self.message} [{self.rule}]"
