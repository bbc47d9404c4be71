"""What an edit would do to what is deployed: two valid estates compared, setting by setting.

Only edits that replace, are refused, need steps or are worth knowing are found; all others just happen in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from estate.spec import Path, Spec, shown

S = TypeVar("S", bound=Spec)

Effect = Literal["replaces", "refused", "in-steps", "nothing", "in-place", "stays"]
ERRORS: frozenset[Effect] = frozenset({"replaces", "refused", "in-steps", "nothing"})
"""Effects that fail a check: the edit does not do what the file says, or not without losing what is stored."""

REPLACED = (
    "it counts at birth only: CloudFormation would make an empty {what} in its place, and stops, for the name is taken"
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A setting that differs: its path below the spec, what it was, what it is."""

    path: Path
    before: object
    now: object
    what: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRule(Generic[S]):
    """One kind of edit: where it is made, what it would do, what to do instead.

    Attributes:
        id: `change/<slug>`, public.
        found: Yields a `Moved` for each place.
        effect: What becomes of what is deployed.
        what: The effect in words, to be read after what the setting was and is.
        fix: What to do instead, or what to know.
        property: CloudFormation's create-only property that the setting becomes, where that is why.
    """

    id: str
    found: Callable[[S, S], Iterable[Moved]]
    effect: Effect
    what: str
    fix: str
    property: str = ""

    def changes(self, old: S, new: S, above: Path = ()) -> Iterator[Change]:
        """Each place where the edit from `old` to `new` is of this kind."""
        for moved in self.found(old, new):
            yield Change(
                rule=self.id,
                path=above + moved.path,
                before=shown(moved.before),
                now=shown(moved.now),
                effect=self.effect,
                what=moved.what or self.what,
                fix=moved.fix or self.fix,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """An edit in words; `path` is in the new file, or of what the old file had."""

    rule: str
    path: Path
    before: str
    now: str
    effect: Effect
    what: str
    fix: str

    @property
    def level(self) -> Literal["error", "note"]:
        return "error" if self.effect in ERRORS else "note"

    @property
    def message(self) -> str:
        """`<setting> was <value>, is <value>: <what that does>; <what to do>`."""
        setting = ".".join(str(part) for part in self.path)
        return f"{setting} was {self.before}, is {self.now}: {self.what}; {self.fix}"


def setting(name: str, *, path: str = "") -> Callable[[Any, Any], Iterator[Moved]]:
    """That one setting differs; `path` is its name in the file where it is another."""

    def found(old: Any, new: Any) -> Iterator[Moved]:
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            yield Moved((path or name,), told(before), told(now))

    return found


def told(value: Any) -> object:
    """A section by its settings, anything else as it is."""
    if not isinstance(value, Spec):
        return value
    given = value.model_dump(exclude_none=True)
    return ", ".join(f"{name} {shown(each)}" for name, each in given.items() if each not in ((), {}, "")) or None
