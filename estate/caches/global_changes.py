"""What edits of a cache with a global datastore would do to its members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate.caches.global_datastore import as_born
from estate.changes import ChangeRule, Moved

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

OF_ALL_MEMBERS = {"version": "version", "node_class": "class", "shards": "shards"}
"""Settings of a spec that change through the global datastore alone, with their names in the file."""


def _of_a_member(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    """The primary's own template would change; with `born` it stays as it was."""
    if old.global_datastore is None or new.global_datastore is None:
        return
    before, after = as_born(old), as_born(new)
    for name, in_file in OF_ALL_MEMBERS.items():
        was, now = getattr(before, name), getattr(after, name)
        if was != now:
            given = f'"{was}"' if name == "version" else was
            fix = f"add `global: {{born: {{{in_file}: {given}}}}}`: the global datastore then changes all members"
            yield Moved((in_file,), was, now, fix=fix)


def _engine(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.global_datastore and new.global_datastore and old.engine != new.engine:
        yield Moved(("engine",), old.engine, new.engine)


GLOBAL_RULES: tuple[ChangeRule[ReplicationGroupSpec], ...] = (
    ChangeRule(
        id="change/global-member",
        found=_of_a_member,
        effect="refused",
        what="AWS changes it on no member of a global datastore alone",
        fix="say with `global: {born: ...}` what the primary was created with",
    ),
    ChangeRule(
        id="change/global-engine",
        found=_engine,
        effect="refused",
        what="the members of a global datastore don't change their engine one by one",
        fix="take `global` away first, or keep it; see docs/options/global-datastore.md",
    ),
)
