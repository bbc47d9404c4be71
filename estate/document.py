"""A YAML text as plain values, with the line and column of everything in it on request.

Positions are looked up only for problems: the C parser's node tree is kept and walked again, so that a correct
file pays nothing for them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from estate.spec import Path

BYTES_MAX = 2_000_000  # ours: six times the largest estate of the budget (1,000 clusters, 300 KB)
VALUES_MAX = 50_000  # ours: twice those of 1,000 clusters; aliases count each time they are used
NODES_MAX = 2 * VALUES_MAX  # names and values as the parser sees them
DEPTH_MAX = 32  # ours: an estate is six deep; overrides may be deeper

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {
    word: value
    for value, words in ((True, "yes true on"), (False, "no false off"))
    for lower in words.split()
    for word in (lower, lower.capitalize(), lower.upper())
}
STARTS_NUMBER = frozenset("+-.0123456789")
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
OTHER_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)")
FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
NOT_FINITE = {
    sign + word: number
    for sign, factor in (("", 1), ("+", 1), ("-", -1))
    for word, number in ((".inf", factor * math.inf), (".Inf", factor * math.inf), (".INF", factor * math.inf))
} | dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)

STRING_TAG = "tag:yaml.org,2002:str"
MAP_TAG = "tag:yaml.org,2002:map"
SEQUENCE_TAG = "tag:yaml.org,2002:seq"
PLAIN_TAG = "plain"
KNOWN_TAGS = frozenset({STRING_TAG, MAP_TAG, SEQUENCE_TAG, PLAIN_TAG})
MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Position:
    """One-based line and column."""

    line: int
    column: int


ODD = object()
"""A number that YAML 1.1 reads differently from how it is written (`0123` is 83, `12:30` is 750)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the YAML itself, whatever it says."""

    rule: str
    path: Path
    position: Position
    given: str
    must: str
    fix: str


class UnreadableError(Exception):
    """The text cannot be read at all; nothing else can be said about it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.must)


class _BoundError(Exception):
    """Deeper than `DEPTH_MAX` or larger than `NODES_MAX`, at a node that the composer has reached."""

    def __init__(self, node: Node | None, *, deep: bool) -> None:
        self.node = node
        self.deep = deep
        super().__init__()


class _Loader(yaml.CSafeLoader):
    """The C composer with the two hooks it calls for each node made cheap, and bounded."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0
        self._nodes = 0

    def descend_resolver(self, current_node: Node | None, current_index: Any) -> None:  # noqa: ARG002 - PyYAML's signature
        self._depth += 1
        self._nodes += 1
        if self._depth > DEPTH_MAX or self._nodes > NODES_MAX:
            raise _BoundError(current_node, deep=self._depth > DEPTH_MAX)

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def resolve(self, kind: type[Node], value: str, implicit: Any) -> str:  # noqa: ARG002 - PyYAML's signature
        """Quoted scalars are strings; plain ones are resolved when the value is built."""
        if kind is ScalarNode:
            return PLAIN_TAG if implicit[0] else STRING_TAG
        return MAP_TAG if kind is MappingNode else SEQUENCE_TAG


@dataclass(slots=True)
class Document:
    """A parsed file: `value` is plain Python (sequences are lists), `faults` what YAML itself gets wrong."""

    root: Node
    value: Any = None
    faults: list[Fault] = field(default_factory=list[Fault])
    _children: dict[int, dict[str | int, tuple[Node, Node]]] = field(
        default_factory=dict[int, dict[str | int, tuple[Node, Node]]]
    )

    def position(self, path: Path, *, key: bool = False) -> Position:
        """Where the value at `path` stands, or its nearest ancestor that is in the file; `key` asks for its name."""
        found: Node = self.root
        for depth, part in enumerate(path):
            pair = self._children_of(found).get(part)
            if pair is None:
                return position_of(self._name_of(path[:depth]) or found)
            found = pair[0] if key and depth == len(path) - 1 else pair[1]
        return position_of(found)

    def text(self, path: Path) -> str | None:
        """The scalar at `path` exactly as it is written, None when it is no scalar or not in the file."""
        node = self._node(path)
        return str(node.value) if isinstance(node, ScalarNode) else None

    def is_in_braces(self, path: Path) -> bool:
        """Whether the mapping at `path` is written `{a: b}`, so that lines can't be added below it."""
        node = self._node(path)
        return isinstance(node, MappingNode) and bool(node.flow_style)

    def _node(self, path: Path) -> Node | None:
        node: Node = self.root
        for part in path:
            pair = self._children_of(node).get(part)
            if pair is None:
                return None
            node = pair[1]
        return node

    def _name_of(self, path: Path) -> Node | None:
        node: Node = self.root
        name: Node | None = None
        for part in path:
            name, node = self._children_of(node)[part]
        return name

    def _children_of(self, node: Node) -> dict[str | int, tuple[Node, Node]]:
        if id(node) not in self._children:
            self._children[id(node)] = _index(node)
        return self._children[id(node)]


def position_of(node: Node) -> Position:
    return Position(line=node.start_mark.line + 1, column=node.start_mark.column + 1)


def read_document(text: str) -> Document:
    """Parse one YAML document.

    Raises:
        UnreadableError: it does not parse, is empty, holds several documents, or is too large or too deep.
    """
    document = Document(root=_compose(text))
    builder = _Builder(document)
    document.value = builder.build(document.root, (), 0)
    return document


def _compose(text: str) -> Node:
    try:
        loader = _Loader(text)
    except UnicodeEncodeError as error:  # half of a surrogate pair, which no file can hold
        raise UnreadableError(_character_fault(text, error.start, "half a character")) from None
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_syntax_fault(error)) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        at = getattr(error, "position", 0) or 0
        told = str(getattr(error, "reason", "") or error).splitlines()[0][:100]
        raise UnreadableError(_character_fault(text, at, told)) from None
    except _BoundError as error:
        raise UnreadableError(_bound_fault(error.node, deep=error.deep)) from None
    finally:
        loader.dispose()
    if node is None:
        raise UnreadableError(
            _fault(
                "yaml/empty", None, "nothing", "declare an estate", "start with `estate: <name>` and `regions: [...]`"
            )
        )
    return node


def _fault(rule: str, node: Node | None, given: str, must: str, fix: str) -> Fault:
    where = position_of(node) if node is not None else Position(1, 1)
    return Fault(rule=rule, path=(), position=where, given=given, must=must, fix=fix)


def _syntax_fault(error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    where = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
    told = " ".join(part for part in (error.context, error.problem) if part)
    return Fault("yaml/syntax", (), where, told[:200], "be one YAML document", _syntax_hint(told))


def _syntax_hint(told: str) -> str:
    if "another document" in told:
        return "keep one estate in a file: remove the `---` that starts the second document"
    if "start any token" in told:
        return "indent with spaces, not tabs, and quote a value that starts with @, `, % or !"
    if "undefined alias" in told:
        return "define the anchor (&name) above its alias (*name)"
    return "look at this line and the one above: indentation, quotes and brackets"


def _character_fault(text: str, at: int, told: str) -> Fault:
    where = Position(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return Fault("yaml/character", (), where, told, "hold printable text", "remove that character")


class _Builder:
    """Plain values from nodes: duplicate keys and odd tags are noted, aliases expanded within a bound."""

    def __init__(self, document: Document) -> None:
        self._faults = document.faults
        self._count = 0

    def build(self, node: Node, path: Path, depth: int) -> Any:
        if node.tag not in KNOWN_TAGS:
            return self._tagged(node, path)
        if isinstance(node, ScalarNode):
            self._spend(node, depth)
            return self._scalar(node, path)
        if isinstance(node, SequenceNode):
            self._spend(node, depth)
            return [self.build(child, (*path, index), depth + 1) for index, child in enumerate(node.value)]
        return self._mapping(node, path, depth)

    def _mapping(self, node: Node, path: Path, depth: int) -> dict[str, Any]:
        self._spend(node, depth)
        built: dict[str, Any] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            name = key_node.value
            if key_node.tag is PLAIN_TAG and name == MERGE:
                merged.append(value_node)
            elif not isinstance(key_node, ScalarNode) or key_node.tag not in KNOWN_TAGS:
                self._note(
                    "yaml/key",
                    path,
                    key_node,
                    "a list, mapping or tag",
                    "be a plain name",
                    "write a name before the colon",
                )
            elif name in built:
                self._note(
                    "yaml/duplicate-key", (*path, name), key_node, name, "be given once", "remove one of the two"
                )
            else:
                built[name] = self.build(value_node, (*path, name), depth + 1)
        for value_node in merged:
            self._merge(built, value_node, path, depth)
        return built

    def _merge(self, built: dict[str, Any], node: Node, path: Path, depth: int) -> None:
        """YAML's merge key: what the mapping says itself wins, then earlier mappings."""
        for source in node.value if isinstance(node, SequenceNode) else [node]:
            if isinstance(source, MappingNode):
                for name, value in self._mapping(source, path, depth + 1).items():
                    built.setdefault(name, value)
            else:
                self._note(
                    "yaml/merge", path, source, "no mapping", "merge mappings only", "point << at an anchored mapping"
                )

    def _spend(self, node: Node, depth: int) -> None:
        """Count one value, aliases and merges included: what expands without bound is refused before it is built."""
        self._count += 1
        if self._count > VALUES_MAX or depth > DEPTH_MAX:
            raise UnreadableError(_bound_fault(node, deep=depth > DEPTH_MAX))

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        value = plain(node.value) if node.tag is PLAIN_TAG else node.value
        if value is not ODD:
            return value
        must = "not be a number that YAML reads as octal, binary or base 60"
        self._note("yaml/number", path, node, node.value, must, f'quote it: "{node.value}", or write it plainly')
        return None

    def _tagged(self, node: Node, path: Path) -> None:
        self._note("yaml/tag", path, node, node.tag, "carry no YAML tag", "remove the !tag")

    def _note(self, rule: str, path: Path, node: Node, *words: str) -> None:
        given, must, fix = words
        self._faults.append(Fault(rule, path, position_of(node), given[:80], must, fix))


def _bound_fault(node: Node | None, *, deep: bool) -> Fault:
    if deep:
        given, must = f"more than {DEPTH_MAX} levels", f"nest at most {DEPTH_MAX} levels"
        return _fault("yaml/depth", node, given, must, "remove the nesting")
    given, must = f"more than {VALUES_MAX:,} values", f"hold at most {VALUES_MAX:,} values, aliases expanded"
    return _fault("yaml/size", node, given, must, "split the estate, or use fewer aliases")


def plain(text: str) -> Any:
    """What YAML 1.1 makes of an unquoted scalar, dates apart: they stay text."""
    if text[:1] in STARTS_NUMBER:
        return _number(text)
    if text in BOOLEANS:
        return BOOLEANS[text]
    return None if text in NULLS else text


def _number(text: str) -> Any:
    if INTEGER.fullmatch(text):
        return _integer(text.replace("_", ""))
    if FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if OTHER_INTEGER.fullmatch(text):
        return ODD
    return NOT_FINITE.get(text, text)


def _integer(digits: str) -> int | float:
    """Python refuses to convert integers of thousands of digits; as a float they are out of every range anyway."""
    return int(digits) if len(digits) < 100 else math.inf  # noqa: PLR2004 - no setting has that many digits


def _index(node: Node) -> dict[str | int, tuple[Node, Node]]:
    """The children of a node by name or number, each with the node of its name; merged ones included."""
    if isinstance(node, SequenceNode):
        return {index: (child, child) for index, child in enumerate(node.value)}
    if not isinstance(node, MappingNode):
        return {}
    found: dict[str | int, tuple[Node, Node]] = {}
    merged: list[Node] = []
    for key, value in node.value:
        if key.tag == PLAIN_TAG and key.value == MERGE:
            merged.extend(value.value if isinstance(value, SequenceNode) else [value])
        elif isinstance(key, ScalarNode):
            found.setdefault(str(key.value), (key, value))
    for source in merged:
        for name, pair in _index(source).items():
            found.setdefault(name, pair)
    return found
