"""An estate file as an `Estate`: read, filled with its edition's defaults, checked, every problem with its position."""

from __future__ import annotations

import gc
import io
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from estate import spec as specs
from estate.caches.every import UNITS as CACHE_UNITS
from estate.defaults import NEWEST, fill
from estate.document import BYTES_MAX, Document, Fault, UnreadableError, read_document
from estate.model import UNPINNED, Estate, members_of
from estate.problem import Problem
from estate.salvage import salvage
from estate.spec import Finding, Spec
from estate.translate import Translator
from estate.values import items_of, list_of, mapping_of

__all__ = ["EstateError", "Loaded", "Problem", "load", "load_estate", "load_text"]

UNITS = ("aurora", *CACHE_UNITS)
PROBLEMS_MAX = 1000  # ours: problems of values that one answer lists; nonsense is refused quickly
WITHOUT_RULES = {"rules": False}


class EstateError(Exception):
    """An estate file that is not valid; `problems` holds everything wrong with it, warnings included, by position."""

    def __init__(self, file: Path | str, problems: tuple[Problem, ...]) -> None:
        self.file = str(file)
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems if problem.level == "error"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A valid estate with its warnings and the document it was read from."""

    estate: Estate
    warnings: tuple[Problem, ...]
    document: Document
    said: dict[str, Any]


def load_estate(path: Path) -> Estate:
    """The estate that a file declares, complete.

    Raises:
        EstateError: the file cannot be read or is not valid.
    """
    return load(path).estate


def load(path: Path) -> Loaded:
    """As `load_estate`, with the warnings and the positions."""
    return load_text(_text_of(path), str(path))


def load_text(text: str, file: str = "estate.yaml") -> Loaded:
    """As `load`, of a text; `file` is how problems name it."""
    with _without_collecting():
        try:
            document = read_document(text)
        except UnreadableError as unreadable:
            raise EstateError(file, (_of_fault(file, unreadable.fault),)) from None
        return _check(file, document)


@contextmanager
def _without_collecting() -> Generator[None]:
    """A large file becomes very many small objects, none of them garbage yet: looking for some costs two fifths."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(BYTES_MAX + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _refusal(path, "file/unreadable", (reason, "be a readable file", "check the path")) from None
    if len(raw) > BYTES_MAX:
        must = f"have at most {BYTES_MAX:,} bytes"
        raise _refusal(path, "file/size", (f"more than {BYTES_MAX:,}", must, "split the estate into several files"))
    return _decoded(path, raw)


def _decoded(path: Path, raw: bytes) -> str:
    try:
        return io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", newline="").read()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        given = f"byte 0x{raw[error.start]:02x}"
        raise _refusal(path, "file/encoding", (given, "be UTF-8", "save it as UTF-8"), line, column) from None


def _refusal(path: Path, rule: str, words: tuple[str, str, str], line: int = 1, column: int = 1) -> EstateError:
    given, must, fix = words
    finding = Finding(rule=rule, path=(), given=given, allowed=must, fix=fix)
    return EstateError(path, (_problem(str(path), finding, line, column),))


def _check(file: str, document: Document) -> Loaded:
    found = [_of_fault(file, fault) for fault in document.faults]
    said = mapping_of(document.value)
    if said is None:
        given = specs.shown(document.value)
        fix = "start with `estate: <name>` and `regions: [...]`"
        finding = Finding(rule="value/type", path=(), given=given, allowed="be a mapping", fix=fix)
        raise EstateError(file, (*found, _of_finding(file, document, finding)))
    estate, findings = _validate(document, fill(said))
    findings += _about_the_file(said)
    noted = {fault.path for fault in document.faults}
    findings = [finding for finding in findings if finding.path not in noted or not finding.path]
    found += [_of_finding(file, document, finding) for finding in findings]
    found.sort(key=lambda problem: (problem.line, problem.column, problem.path, problem.rule))
    if estate is None or any(problem.level == "error" for problem in found):
        raise EstateError(file, tuple(found))
    return Loaded(estate=estate, warnings=tuple(found), document=document, said=said)


def _validate(document: Document, raw: dict[str, Any]) -> tuple[Estate | None, list[Finding]]:
    """The estate, when pydantic finds nothing, and all findings; wrong values are set aside to let the rules speak."""
    try:
        estate = Estate.model_validate(raw, context=WITHOUT_RULES, by_alias=True, by_name=False)
    except ValidationError as error:
        errors: list[Any] = [each for each in error.errors(include_url=False) if not _is_echo(each)]
    else:
        return estate, list(_rule_findings(estate))
    translator = Translator(document)
    found = [translator.finding(each) for each in errors[:PROBLEMS_MAX]]
    if len(errors) > PROBLEMS_MAX:
        return None, [*found, _many(len(errors))]
    wrong = {finding.path for finding in found if finding.rule != "key/unknown"}
    rest = salvage(raw, errors)
    broken = _rule_findings(rest.estate, wrong, rest.path_in_file) if rest.estate else ()
    return None, [*found, *broken]


def _is_echo(error: Any) -> bool:
    """What another error says better: a resource's `name` is its key, a list is only short of its wrong items."""
    loc: specs.Path = error["loc"]
    if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
        return True
    return len(loc) == 3 and loc[0] in UNITS and loc[2] == "name"  # noqa: PLR2004 - unit.key.name


def _about_the_file(said: dict[str, Any]) -> Iterator[Finding]:
    """What no spec can see: an edition that is not pinned, a `name` beside the key that is the name."""
    if "defaults" not in said and UNPINNED not in list_of(said.get("acknowledge")):
        must, fix = "pin the edition of the defaults", f'add `defaults: "{NEWEST}"`, the newest'
        yield Finding(rule=UNPINNED, path=(), given=specs.NOTHING, allowed=must, fix=fix, level="warning")
    for unit in UNITS:
        for key, value in items_of(said.get(unit)):
            if "name" in (member := mapping_of(value) or {}):
                path = (unit, key, "name")
                given = specs.shown(member["name"])
                yield Finding(
                    rule="key/unknown",
                    path=path,
                    given=given,
                    allowed="be left out",
                    fix=f"its key, `{key}`, is the name",
                    about_key=True,
                )


def _many(count: int) -> Finding:
    must = f"have at most {PROBLEMS_MAX:,} problems to be listed whole"
    fix = "is it an estate at all? mend the first ones and check again"
    return Finding(rule="file/problems", path=(), given=f"{count:,}", allowed=must, fix=fix)


def _rule_findings(
    estate: Estate, wrong: Collection[specs.Path] = (), path_in_file: Callable[[specs.Path], specs.Path] = tuple
) -> Iterator[Finding]:
    """What the rules of every spec find, but for rules that read a value which is wrong in itself."""
    of_member: dict[specs.Path, set[specs.Path]] = {}
    for loc in wrong:
        of_member.setdefault(loc[:2], set()).add(loc[2:])
    for part, spec in parts_of(estate):
        path = path_in_file(part)
        below = of_member.get(path, set()) - {()} if path else set(wrong) - {()}
        known: tuple[str, ...] = getattr(spec, "acknowledge", ())
        for rule in type(spec).RULES:
            if (rule.can_be_acknowledged and rule.id in known) or (below and _is_muted(rule.reads, below)):
                continue
            for finding in rule.findings(spec):
                place = path_in_file(finding.path)
                if not any(place[: len(loc)] == loc for loc in below):
                    yield replace(finding, path=path + place)


def _is_muted(reads: tuple[str, ...], below: set[specs.Path]) -> bool:
    """Whether a rule reads what is wrong: the setting itself, what it lies in, or a whole member of it."""
    wanted = [tuple(read.split(".")) for read in reads]
    return any(_reads(read, loc) for read in wanted for loc in below)


def _reads(read: tuple[str, ...], loc: specs.Path) -> bool:
    if len(loc) > len(read) + 1:
        return False
    return all(part in {"*", str(given)} for part, given in zip(read, loc, strict=False))


def parts_of(estate: Estate) -> Iterator[tuple[specs.Path, Spec]]:
    """The estate and every spec in it that has rules, each with its path."""
    yield (), estate
    for region, network in estate.network.items():
        yield ("network", region), network
    for unit, member in members_of(estate):
        yield (unit, member.name), member


def _of_fault(file: str, fault: Fault) -> Problem:
    finding = Finding(rule=fault.rule, path=fault.path, given=fault.given, allowed=fault.must, fix=fault.fix)
    return _problem(file, finding, fault.position.line, fault.position.column)


def _of_finding(file: str, document: Document, finding: Finding) -> Problem:
    where = document.position(finding.path, key=finding.about_key)
    return _problem(file, finding, where.line, where.column)


def _problem(file: str, finding: Finding, line: int, column: int) -> Problem:
    return Problem(
        file=file,
        line=line,
        column=column,
        path=".".join(str(part) for part in finding.path),
        rule=finding.rule,
        given=finding.given,
        allowed=finding.allowed,
        fix=finding.fix,
        message=finding.message,
        level=finding.level,
    )
