"""What an access string says: its words, whether they are well-formed, and what they add up to. Pure.

The grammar is that of ACL rules [valkey.io/topics/acl]; what ElastiCache takes of it is less [E4 Clusters.RBAC].
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_CATEGORIES = (
    "admin all bitmap blocking bloom connection dangerous fast geo hash hyperloglog json keyspace list pubsub read "
    "scripting search set slow sortedset stream string transaction write"
)
ACL_CATEGORIES = frozenset(_CATEGORIES.split())
"""Categories of commands in an ACL string, those of the modules included. [valkey.io/topics/acl]"""
_WORDS = "allkeys resetkeys allchannels resetchannels allcommands nocommands"
BLOCK_WORDS = frozenset(_WORDS.split())
"""Whole words that a selector may hold, too. [valkey.io/topics/acl]"""
STATES = frozenset({"on", "off"})
ACL_WORDS = BLOCK_WORDS | {"clearselectors", "sanitize-payload", "skip-sanitize-payload"}
"""Whole words of an ACL string beside `on` and `off`. [valkey.io/topics/acl]"""
PASSWORD_WORDS = frozenset({"nopass", "resetpass", "reset"})
"""Words about passwords, which are the service's own: it refuses them in an access string. [E4 Clusters.RBAC]"""
_RESTRICTED = "bgrewriteaof bgsave config debug migrate replicaof save shutdown slaveof sync"
RESTRICTED = frozenset(_RESTRICTED.split())
"""Commands that ElastiCache lets nobody run; naming one in an access string is an error. [E4
ClientConfig.RestrictedCommands, Clusters.RBAC]"""
KEY_PREFIXES = ("~", "%R~", "%W~", "%RW~", "%WR~")
CHANNEL_WORDS = frozenset({"allchannels", "resetchannels"})
COMMAND = re.compile(r"[a-z0-9._-]+(\|[a-z0-9._-]+)?")


def is_about_passwords(word: str) -> bool:
    """Whether a word sets, removes or waives a password."""
    return word[:1] in {">", "<", "#", "!"} or word.lower() in PASSWORD_WORDS


def split(text: str) -> tuple[list[str], list[list[str]]] | None:
    """Words of the string itself and of each selector (`(...)`); None when the parentheses do not match."""
    root: list[str] = []
    selectors: list[list[str]] = []
    inside: list[str] | None = None
    for word in text.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            if inside is not None:
                return None
            inside = []
        elif word == ")":
            if inside is None:
                return None
            selectors.append(inside)
            inside = None
        else:
            (root if inside is None else inside).append(word)
    return None if inside is not None else (root, selectors)


def odd_word(text: str) -> str | None:
    """The first thing that is no rule of an ACL string; words about passwords pass, another rule speaks of them."""
    parts = split(text)
    if parts is None:
        return "a parenthesis without its other half"
    root, selectors = parts
    for word in root[1:]:
        if not _is_rule(word, ACL_WORDS) and not is_about_passwords(word):
            return word
    for words in selectors:
        if not words:
            return "()"
        for word in words:
            if not _is_rule(word, BLOCK_WORDS):
                return word
    return None


def _is_rule(word: str, known: frozenset[str]) -> bool:
    low = word.lower()
    if low[:2] in {"+@", "-@"}:
        return low[2:] in ACL_CATEGORIES
    if low[:1] in {"+", "-"}:
        return _is_command(low[1:])
    if word[:1] == "&":
        return len(word) > 1
    prefix = _key_prefix(word)
    return low in known or (prefix is not None and len(word) > len(prefix))


def _key_prefix(word: str) -> str | None:
    return next((prefix for prefix in KEY_PREFIXES if word.upper().startswith(prefix)), None)


def _is_command(text: str) -> bool:
    """A command, or a command and its subcommand: `get`, `client|list`, `json.set`."""
    return COMMAND.fullmatch(text) is not None


def newest_words(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Words that came after Redis OSS 6.0, each with the version that it came in. [valkey.io/topics/acl, redis.io]"""
    if "(" in text:
        yield "a selector, (...)", (7, 0)
    for word in text.replace("(", " ").replace(")", " ").split():
        if word.startswith("%") or word.lower() == "clearselectors":
            yield word, (7, 0)
        elif word.startswith("&") or word.lower() in CHANNEL_WORDS:
            yield word, (6, 2)


@dataclass(slots=True)
class Powers:
    """What the rules of one block add up to, read in their order as the engine reads them."""

    all_commands: bool = False
    granted: set[str] = field(default_factory=set[str])
    taken: set[str] = field(default_factory=set[str])

    @property
    def is_empty(self) -> bool:
        """No command is allowed."""
        return not self.all_commands and not self.granted

    @property
    def is_unbounded(self) -> bool:
        """Every command, and those that stop or empty the cache were not taken back."""
        return self.all_commands and "@dangerous" not in self.taken


def powers(words: Sequence[str]) -> Powers:
    """Commands that a block allows."""
    found = Powers()
    for word in words:
        low = word.lower()
        if low in {"+@all", "allcommands", "-@all", "nocommands"}:
            found = Powers(all_commands=low in {"+@all", "allcommands"})
        elif low[:1] == "+":
            found.granted.add(low[1:])
            found.taken.discard(low[1:])
        elif low[:1] == "-":
            found.granted.discard(low[1:])
            found.taken.add(low[1:])
    return found


def all_powers(text: str) -> tuple[Powers, ...]:
    """Those of the string itself and of each selector; none when it is malformed, or the user switched off."""
    parts = split(text)
    if parts is None or parts[0][:1] != ["on"] or odd_word(text) is not None or any(map(is_about_passwords, parts[0])):
        return ()
    root, selectors = parts
    return (powers(root[1:]), *(powers(words) for words in selectors))


def commands_named(text: str) -> Iterator[str]:
    """Each command that a word allows or forbids by name, without its subcommand."""
    for word in text.replace("(", " ").replace(")", " ").split():
        if word[:1] in {"+", "-"} and word[1:2] != "@":
            yield word[1:].lower().split("|")[0]
