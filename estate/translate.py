"""pydantic's errors in the words of the house: `<setting> must <rule>, got <value>; <what to do>`."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from estate import retired
from estate.caches.every import UNITS as CACHE_UNITS
from estate.document import Document
from estate.model import Estate
from estate.secrets import NAMES
from estate.spec import Finding, Path, shown

SUGGESTIONS_MAX = 200  # nearest names are looked for this often in one file; nonsense is refused quickly

PREFIX_MIN = 3  # letters that are enough to recognize the start of a name

Error = Mapping[str, Any]

KINDS = {
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "true or false (on or off)",
    "string_type": "a text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "is_instance_of": "a mapping",
}
NOT_STRINGS = (int, float, bool)


class Translator:
    """Findings from the errors of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._suggested = 0

    def finding(self, error: Error) -> Finding:
        loc: Path = tuple(error["loc"])
        words = WORDS.get(error["type"], _other)
        return words(self, loc, error)

    def unknown(self, loc: Path, error: Error) -> Finding:
        name, known = str(loc[-1]), keys_at(loc[:-1])
        if gone := retired.key_at(loc, error["input"]):
            given = f"{name}: {error['input']}" if name == "engine_mode" else name
            return Finding(
                rule=gone.rule, path=loc, given=shown(given), allowed=gone.must, fix=gone.fix, about_key=True
            )
        near = self._nearest(name, known)
        return Finding(
            rule="key/unknown",
            about_key=True,
            path=loc,
            given=shown(name),
            allowed="be a known key",
            fix=f"did you mean `{near}`?" if near else f"known here: {', '.join(known) or 'none'}",
        )

    def missing(self, loc: Path, _error: Error) -> Finding:
        field = field_at(loc)
        hint = (field.description if field else None) or "see docs/estate.md"
        return Finding(
            rule="key/missing",
            path=loc,
            given="nothing",
            allowed="be given",
            fix=f"add `{loc[-1]}:` ({hint.splitlines()[0].rstrip('.')})",
        )

    def kind(self, loc: Path, error: Error) -> Finding:
        kind = KINDS[error["type"]]
        text = self._document.text(loc)
        value = error["input"]
        if error["type"] == "string_type" and isinstance(value, NOT_STRINGS) and text is not None:
            return Finding(
                rule="value/quote",
                path=loc,
                given=f"the {'truth value' if isinstance(value, bool) else 'number'} {text}",
                allowed="be a text",
                fix=f'quote it: "{text}"' if isinstance(loc[-1], int) else f'quote it: {loc[-1]}: "{text}"',
            )
        return Finding(
            rule="value/type",
            path=loc,
            given=self._given(loc, value),
            allowed=f"be {kind}",
            fix=_misplaced(loc) or _type_fix(error["type"], value),
        )

    def span(self, loc: Path, error: Error) -> Finding:
        return Finding(
            rule="value/range",
            path=loc,
            given=self._given(loc, error["input"]),
            allowed=f"be {bounds_of(field_at(loc)) or _bound(error)}",
            fix=_reason(loc, error["input"]) or "choose a value in that range",
        )

    def size(self, loc: Path, error: Error) -> Finding:
        low, high = error["ctx"].get("min_length"), error["ctx"].get("max_length")
        return Finding(
            rule="value/length",
            path=_without_key_mark(loc),
            given=f"{len(error['input'])}",
            allowed=f"have at least {low}" if low is not None else f"have at most {high}",
            fix="add what is missing" if low is not None else "shorten it",
        )

    def choice(self, loc: Path, error: Error) -> Finding:
        value = str(error["input"])
        if gone := retired.value_at(loc, value):
            return Finding(rule=gone.rule, path=loc, given=shown(value), allowed=gone.must, fix=gone.fix)
        expected = choices_of(field_at(loc)) or (str(error["ctx"]["expected"]).replace("'", ""),)
        near = self._nearest(value, expected)
        return Finding(
            rule="value/choice",
            path=loc,
            given=self._given(loc, error["input"]),
            allowed=f"be {' or '.join(expected)}",
            fix=f"did you mean `{near}`?" if near else "choose one of them",
        )

    def pattern(self, loc: Path, error: Error) -> Finding:
        path = _without_key_mark(loc)
        return Finding(
            rule="value/pattern",
            about_key=path != loc,
            path=path,
            given=self._given(path, error["input"]),
            allowed=PATTERNS.get(error["ctx"].get("pattern", ""), f"match {error['ctx'].get('pattern', '')}"),
            fix="rename it" if path != loc else "write it that way",
        )

    def _given(self, path: Path, value: object) -> str:
        text = self._document.text(path)
        if path and isinstance(value, str) and NAMES.search(str(path[-1]).replace("_", "-")):
            return "a secret"
        return shown(text) if isinstance(value, float) and text is not None else shown(value)

    def _nearest(self, name: str, known: tuple[str, ...]) -> str | None:
        self._suggested += 1
        if self._suggested > SUGGESTIONS_MAX:
            return None
        begun = [each for each in known if len(name) >= PREFIX_MIN and each.startswith(name)]
        return next(iter(begun or difflib.get_close_matches(name[:60], known, n=1, cutoff=0.6)), None)


def _other(_translator: Translator, loc: Path, error: Error) -> Finding:
    return Finding(
        rule="value/invalid",
        path=_without_key_mark(loc),
        given=shown(error["input"]),
        allowed=str(error["msg"])[:1].lower() + str(error["msg"])[1:],
        fix="see docs/estate.md",
    )


WORDS: dict[str, Callable[[Translator, Path, Error], Finding]] = {
    "extra_forbidden": Translator.unknown,
    "missing": Translator.missing,
    "literal_error": Translator.choice,
    "string_pattern_mismatch": Translator.pattern,
    "string_too_long": Translator.size,
    "string_too_short": Translator.size,
    "too_long": Translator.size,
    "too_short": Translator.size,
    "finite_number": Translator.span,
    "int_parsing_size": Translator.span,
    **dict.fromkeys(KINDS, Translator.kind),
    **dict.fromkeys(("greater_than", "greater_than_equal", "less_than", "less_than_equal"), Translator.span),
}

PATTERNS = {
    r"^[a-z](?:-?[a-z0-9])*$": "start with a letter and hold lower-case letters, digits and single hyphens",
    r"^\d{12}$": "be the 12 digits of an AWS account id",
}


def _reason(loc: Path, value: object) -> str:
    """What to do about a value outside its range where the range alone doesn't say why."""
    no_backups = loc[-2:] == ("backup", "retention_days") and value == 0
    return "Aurora can't turn its backups off: keep a day at least" if no_backups else ""


def _misplaced(loc: Path) -> str:
    """What to do about a setting that stands where a name belongs: `network: {cidr: ...}`."""
    unit = MEMBERS.get(str(loc[0])) if len(loc) == 2 else None  # noqa: PLR2004 - unit.name
    if unit is None or str(loc[-1]) not in keys_at((loc[0], "any")):
        return ""
    return f"write it below {unit}, one level deeper"


MEMBERS = {
    "network": "the Region of the network",
    "aurora": "the name of the cluster",
    **dict.fromkeys(CACHE_UNITS, "the name of the cache"),
}


def _type_fix(kind: str, value: object) -> str:
    if kind in {"int_type", "float_type"} and isinstance(value, str):
        return "write a plain number, without quotes or unit"
    if kind == "bool_type":
        return "write on or off, without quotes"
    if kind in {"dict_type", "model_type"}:
        return "write `name: value` pairs below it, indented"
    if kind == "tuple_type":
        return "write it in brackets: [a, b]"
    return "write a value of that kind"


def _bound(error: Error) -> str:
    context = error.get("ctx", {})
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return next((f"{word} {context[name]}" for name, word in words.items() if name in context), "a finite number")


def _without_key_mark(loc: Path) -> Path:
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def bounds_of(field: FieldInfo | None) -> str | None:
    """`between 1 and 35` from the metadata of a field, looking through `| None`."""
    found = {
        name: getattr(item, name)
        for item in (metadata_of(field) if field else ())
        for name in ("ge", "gt", "le", "lt")
        if getattr(item, name, None) is not None
    }
    if "ge" in found and "le" in found:
        return f"between {found['ge']} and {found['le']}"
    return " and ".join(_bound({"ctx": {name: value}}) for name, value in found.items()) or None


def metadata_of(field: FieldInfo) -> list[Any]:
    found = list(field.metadata)
    for part in (field.annotation, *get_args(field.annotation)):
        if get_origin(part) is Annotated:
            for item in get_args(part)[1:]:
                found.extend(item.metadata if isinstance(item, FieldInfo) else [item])
    return found


def choices_of(field: FieldInfo | None) -> tuple[str, ...]:
    for part in (field.annotation, *get_args(field.annotation)) if field else ():
        if get_origin(part) is Literal:
            return tuple(str(item) for item in get_args(part))
    return ()


@cache
def keys_of(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """Fields by the name that a file uses; `name` is a key of the mapping above."""
    return {field.alias or name: field for name, field in model.model_fields.items() if (field.alias or name) != "name"}


def keys_at(path: Path) -> tuple[str, ...]:
    model = model_at(path)
    return tuple(keys_of(model)) if model else ()


def field_at(path: Path) -> FieldInfo | None:
    model = model_at(path[:-1]) if path else None
    return keys_of(model).get(str(path[-1])) if model else None


def model_at(path: Path) -> type[BaseModel] | None:
    """The model of the mapping at `path`, None where there is none."""
    current: Any = Estate
    for part in path:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = keys_of(current).get(str(part))
            current = _bare(field.annotation) if field else None
        elif get_origin(current) is dict:
            current = _bare(get_args(current)[1])
        else:
            return None
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _bare(annotation: Any) -> Any:
    """The annotation without `Annotated` and `| None`."""
    while get_origin(annotation) in {Annotated, typing.Union, types.UnionType}:
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    return annotation
