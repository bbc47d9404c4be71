"""What edits of serverless caches would do.

Sources: which properties are create-only, cfn-lint's bundled schema (a test compares); [B] ModifyServerlessCache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate.caches.group_changes import GROUP_GONE, OTHER_KEY
from estate.caches.user_changes import (
    LOGIN_FIX,
    LOGIN_WHAT,
    REDIS,
    VALKEY,
    login_changed,
    users_of_redis,
    users_to_redis,
    users_to_valkey,
)
from estate.changes import ChangeRule, Moved, setting

if TYPE_CHECKING:
    from estate.caches.serverless import ServerlessCacheSpec, UsageSpec
    from estate.spec import Path


def _serverless_engine(old: ServerlessCacheSpec, new: ServerlessCacheSpec) -> Iterator[Moved]:
    if old.engine != new.engine and (old.engine, new.engine) != (REDIS, VALKEY):
        yield Moved(("engine",), old.engine, new.engine)


def _serverless_move(old: ServerlessCacheSpec, new: ServerlessCacheSpec) -> Iterator[Moved]:
    if (old.engine, new.engine) == (REDIS, VALKEY) or (old.engine == new.engine and _is_newer(old, new)):
        yield Moved(("version",), f"{old.engine} {old.version}", f"{new.engine} {new.version}")


def _number(spec: ServerlessCacheSpec) -> tuple[int, ...]:
    return tuple(int(part) for part in spec.version.split("."))


def _is_newer(old: ServerlessCacheSpec, new: ServerlessCacheSpec) -> bool:
    return _number(new) > _number(old)


def _serverless_downgrade(old: ServerlessCacheSpec, new: ServerlessCacheSpec) -> Iterator[Moved]:
    if old.engine == new.engine and _number(new) < _number(old):
        yield Moved(("version",), old.version, new.version)


def _version_and_usage(old: ServerlessCacheSpec, new: ServerlessCacheSpec) -> Iterator[Moved]:
    moved = (old.engine, old.version) != (new.engine, new.version)
    if moved and _bounds(old.usage) != _bounds(new.usage):
        yield Moved(("usage",), _told(old.usage), _told(new.usage))


def _bounds(usage: UsageSpec | None) -> dict[Path, int]:
    """Bounds that the file gives, by their path."""
    found: dict[Path, int] = {}
    for name in ("data_gb", "ecpu_per_s"):
        section = getattr(usage, name, None)
        for bound in ("min", "max"):
            if (value := getattr(section, bound, None)) is not None:
                found["usage", name, bound] = value
    return found


def _told(usage: UsageSpec | None) -> str | None:
    return ", ".join(f"{path[1]}.{path[2]} {value}" for path, value in _bounds(usage).items()) or None


def _unset(old: ServerlessCacheSpec, new: ServerlessCacheSpec) -> Iterator[Moved]:
    """What a request to change a cache does not name stays as it is. [B] ModifyServerlessCache"""
    now = _bounds(new.usage)
    for path, value in _bounds(old.usage).items():
        if path not in now:
            yield Moved(path, value, None)
    if old.daily_snapshot_time is not None and new.daily_snapshot_time is None and new.snapshot_retention_days > 0:
        yield Moved(("daily_snapshot_time",), old.daily_snapshot_time, None, fix="write the time that it shall be")


SERVERLESS_RULES: tuple[ChangeRule[ServerlessCacheSpec], ...] = (
    ChangeRule(
        id="change/serverless-origin",
        found=setting("origin"),
        effect="replaces",
        what=GROUP_GONE,
        fix="leave it as it was: it says what the cache was born from, and changes nothing of what it holds",
        property="SnapshotArnsToRestore",
    ),
    ChangeRule(
        id="change/serverless-engine",
        found=_serverless_engine,
        effect="refused",
        what="of engines ElastiCache changes Redis OSS to Valkey alone",
        fix=OTHER_KEY,
    ),
    ChangeRule(
        id="change/serverless-downgrade",
        found=_serverless_downgrade,
        effect="refused",
        what="ElastiCache lowers no version",
        fix="keep it; a snapshot of before can be restored into another cache of the older version",
    ),
    ChangeRule(
        id="change/serverless-users",
        found=users_of_redis,
        effect="in-steps",
        what="the user group would become Valkey's first, which a Redis OSS cache refuses",
        fix="add `moved_from: redis`: users and group stay of that engine, which Valkey takes too",
    ),
    ChangeRule(
        id="change/serverless-users-engine",
        found=users_to_redis,
        effect="refused",
        what="users of Valkey don't become users of Redis OSS",
        fix="remove it: it is for caches that were made with Redis OSS",
    ),
    ChangeRule(
        id="change/version-and-usage",
        found=_version_and_usage,
        effect="in-steps",
        what="a version and bounds changed at once are reported to fail, and their rollback too",
        fix="change the version alone, deploy, then change the bounds",
    ),
    ChangeRule(
        id="change/serverless-unset",
        found=_unset,
        effect="nothing",
        what="what is left out stays as it is",
        fix="write another value: AWS's own bounds are 1 and 5000 GB, 1000 and 15000000 ECPU a second",
    ),
    ChangeRule(
        id="change/serverless-version",
        found=_serverless_move,
        effect="in-place",
        what="the cache changes in place, without an interruption; data and endpoints stay",
        fix="there is no way back: take a snapshot first",
    ),
    ChangeRule(
        id="change/serverless-user-login",
        found=login_changed,
        effect="in-place",
        what=LOGIN_WHAT,
        fix=LOGIN_FIX,
    ),
    ChangeRule(
        id="change/serverless-users-to-valkey",
        found=users_to_valkey,
        effect="in-place",
        what="users and their group become Valkey's in place, and the `default` user leaves",
        fix="nothing asks for it: a group of Redis OSS does as well",
    ),
)
