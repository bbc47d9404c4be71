"""The ground all specs stand on: frozen, typed, closed to unknown keys, every broken rule at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

S = TypeVar("S")

Level = Literal["error", "warning"]
Path = tuple[str | int, ...]
NOTHING = "nothing"
GIVEN_LENGTH = 80  # characters of a given value that a message repeats

Identifier = Annotated[str, Field(pattern=r"^[a-z](?:-?[a-z0-9])*$", max_length=32)]
Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Switch = Annotated[bool, Strict()]


def no_switch(value: object) -> object:
    """Refuse true and false where a number is chosen from a list: Python takes them for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "must be an integer")
    return value


Overrides = dict[str, Any]
Acknowledge = tuple[str, ...]
OVERRIDES = "Raw CloudFormation properties of the resource, set last; names are checked against its schema"
ACKNOWLEDGE = "Ids of rules whose finding here is known and accepted"


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule is broken: the path below the spec, what was given there, what would be allowed."""

    path: Path
    given: object
    must: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule(Generic[S]):
    """One rule of a spec: where it is broken, what must hold, and what to do then.

    Attributes:
        id: `<unit>/<slug>`, public: files acknowledge it, tests and scripts match it.
        reads: Settings of the spec the rule looks at, dotted, `*` for each member of a mapping; it is silent while
            one of them is itself wrong.
        broken: Yields a `Hit` for each place where the rule is broken.
        must: What the setting must do, to be read after its name.
        fix: What to do.
        level: A warning never fails a file.
        acknowledge: Whether `acknowledge:` in the file accepts it. Every warning can be acknowledged.
    """

    id: str
    reads: tuple[str, ...]
    broken: Callable[[S], Iterable[Hit]]
    must: str
    fix: str
    level: Level = "error"
    acknowledge: bool = False

    @property
    def can_be_acknowledged(self) -> bool:
        return self.acknowledge or self.level == "warning"

    def findings(self, spec: S) -> Iterator[Finding]:
        """Each place of `spec` that breaks this rule, worded."""
        for hit in self.broken(spec):
            yield Finding(
                rule=self.id,
                path=hit.path,
                given=shown(hit.given),
                allowed=hit.must or self.must,
                fix=hit.fix or self.fix,
                level=self.level,
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A broken rule in words; `path` is below the spec it was found in, `about_key` says that its name is at fault."""

    rule: str
    path: Path
    given: str
    allowed: str
    fix: str
    level: Level = "error"
    about_key: bool = False

    @property
    def message(self) -> str:
        """`<setting> must <rule>, got <value>; <what to do>`."""
        setting = ".".join(str(part) for part in self.path) or (
            "the file" if self.rule.startswith("file/") else "the document"
        )
        return f"{setting} must {self.allowed}, got {self.given}; {self.fix}"


class SpecError(Exception):
    """Every broken rule of one spec made by hand, keyed by rule id.

    Not a `ValueError`: pydantic would swallow it into a `ValidationError` and lose the ids.
    """

    def __init__(self, subject: str, violations: dict[str, str]) -> None:
        self.subject = subject
        self.violations = violations
        super().__init__("\n".join(f"{subject}: {text} [{rule}]" for rule, text in violations.items()))


class Spec(BaseModel):
    """Values only; references to constructs are arguments of the constructs.

    Raises:
        SpecError: a rule of `RULES` is broken; all of them are named.
        pydantic.ValidationError: a value has the wrong type or lies outside its own range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, validate_default=False)

    RULES: ClassVar[tuple[Rule[Any], ...]] = ()

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Spec:
        """Apply the rules, unless the loader does it later with positions (context `{"rules": False}`)."""
        if self.RULES and not (info.context and info.context.get("rules") is False):
            check(self)
        return self


def check(spec: Spec) -> None:
    """Raise one `SpecError` with all broken rules of `spec` that are errors and not acknowledged."""
    found = [finding for finding in findings(spec) if finding.level == "error"]
    if found:
        by_rule: dict[str, list[str]] = {}
        for finding in found:
            by_rule.setdefault(finding.rule, []).append(finding.message)
        raise SpecError(type(spec).__name__, {rule: "\n".join(texts) for rule, texts in by_rule.items()})


def findings(spec: Spec) -> Iterator[Finding]:
    """Everything the rules of `spec` find and the spec does not acknowledge."""
    known: tuple[str, ...] = getattr(spec, "acknowledge", ())
    for rule in type(spec).RULES:
        if not (rule.id in known and rule.can_be_acknowledged):
            yield from rule.findings(spec)


def shown(value: object) -> str:
    """A value as a message repeats it: as YAML would spell it, cut to `GIVEN_LENGTH` characters."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = value if value and value.isprintable() else repr(value)
    elif isinstance(value, (dict, list, tuple)):
        text = shown_collection(value)  # pyright: ignore[reportUnknownArgumentType]
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= GIVEN_LENGTH else text[: GIVEN_LENGTH - 3] + "..."


def shown_collection(value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> str:
    """A mapping or list by its kind and size, or its plain items when there are few."""
    if isinstance(value, dict):
        return f"a mapping of {len(value)}"
    if value and len(value) <= 6 and all(isinstance(item, str | int | float) for item in value):  # noqa: PLR2004 - what fits a line
        return "[" + ", ".join(str(item)[:GIVEN_LENGTH] for item in value) + "]"
    return f"a list of {len(value)}"
