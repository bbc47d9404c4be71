"""What edits of replication groups would do: the settings that count at birth, and the moves that go in steps.

Sources: which properties are create-only, cfn-lint's bundled schemas (a test compares); [B] ModifyReplicationGroup and
ModifyServerlessCache; ElastiCache user guide, "Modifying cluster mode", "How to upgrade from Redis OSS to Valkey",
"Role-Based Access Control".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate import engines
from estate.caches.families import AT_BIRTH
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
from estate.changes import REPLACED, ChangeRule, Moved, setting, told

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec

NO_FAILOVER_FROM = (5, 0, 6)
"""Older Redis OSS fails over for 30 to 60 seconds while it becomes Valkey. [E4 VersionManagement.HowTo]"""
OTHER_KEY = "keep it, or declare the other cache under another key, move clients and data, then remove this one"
GROUP_GONE = REPLACED.format(what="cache")


def version(engine: str, text: str) -> engines.Version:
    return engines.parsed(engine, text)


# --- engine and version


def _back_to_redis(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.engine, new.engine) == (VALKEY, REDIS):
        yield Moved(("engine",), old.engine, new.engine)


def _to_valkey(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.engine, new.engine) != (REDIS, VALKEY):
        return
    is_old = version(REDIS, old.version) < NO_FAILOVER_FROM
    outage = "a failover of 30 to 60 seconds" if is_old else "writes pause for seconds"
    what = f"the cache becomes Valkey {new.version} in place, in minutes: {outage}, data and endpoints stay"
    yield Moved(("engine",), f"{old.engine} {old.version}", f"{new.engine} {new.version}", what)


def _downgrade(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.engine == new.engine and version(new.engine, new.version) < version(old.engine, old.version):
        yield Moved(("version",), old.version, new.version)


def _upgrade(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.engine != new.engine:
        return
    before, now = version(old.engine, old.version), version(new.engine, new.version)
    if now > before:
        kind = "a major upgrade" if now[:1] > before[:1] else "an upgrade"
        what = f"{kind} in place, in minutes, at once and not in the maintenance window: writes pause for seconds"
        yield Moved(("version",), old.version, new.version, what)


def _engine_and_parameters(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.engine, new.engine) == (REDIS, VALKEY) and old.parameters != new.parameters:
        yield Moved(("parameters",), old.parameters, new.parameters)


# --- layout


def _mode_skipped(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.mode, new.mode) != ("disabled", "enabled"):
        return
    if new.cluster_mode is None:
        yield Moved(("shards",), old.shards, new.shards)
    else:
        yield Moved(("cluster_mode",), old.mode, new.mode)


def _mode_back(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.mode == "enabled" and new.mode != "enabled":
        yield Moved(("cluster_mode",), old.mode, new.mode)


MODE_STEPS = {
    ("disabled", "compatible"): "the cache speaks the cluster's protocol too, in place: clients of both kinds work",
    ("compatible", "enabled"): "clients that don't speak the cluster's protocol stop working, in place",
    ("compatible", "disabled"): "clients of the cluster's protocol stop working, in place",
}


def _mode_step(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (what := MODE_STEPS.get((old.mode, new.mode))) is not None:
        yield Moved(("cluster_mode",), old.mode, new.mode, what)


OF_THE_GROUP = (
    *("engine", "version", "node_class", "shards", "replicas", "transit_encryption", "parameters", "placement"),
    *("snapshot_retention_days", "snapshot_window", "maintenance_window", "minor_upgrades"),
)
"""Settings that become properties of the group itself."""


def _beside_mode(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    """No other parameter can be changed in the request that changes cluster mode."""
    if (old.mode, new.mode) not in MODE_STEPS:
        return
    for name in OF_THE_GROUP:
        before, now = getattr(old, name), getattr(new, name)
        if before != now:
            yield Moved(("class" if name == "node_class" else name,), before, now)


def _while_compatible(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.mode, new.mode) != ("compatible", "compatible"):
        return
    for name, path in (("engine", "engine"), ("version", "version"), ("node_class", "class"), ("replicas", "replicas")):
        if getattr(old, name) != getattr(new, name):
            yield Moved((path,), getattr(old, name), getattr(new, name))


def _tiering(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.has_data_tiering != new.has_data_tiering:
        yield Moved(("class",), old.node_class, new.node_class)


def _placement(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    """Shards come and go; what a shard that stays was born with does not change."""
    before, now = old.placement or {}, new.placement or {}
    for name in before.keys() & now.keys():
        if before[name] != now[name]:
            yield Moved(("placement", name), told(before[name]), told(now[name]))
    if (old.placement is None) != (new.placement is None):
        yield Moved(("placement",), len(before), len(now))


def _replicas_of_placed(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.placement is not None and new.placement is not None and old.replicas != new.replicas:
        yield Moved(("replicas",), old.replicas, new.replicas)


def _durability(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if old.is_durable == new.is_durable:
        return
    left_out = new.durability is None
    fix = (
        "write `durability: disabled` instead of taking it out; see docs/options/replication-group.md"
        if left_out
        else ""
    )
    yield Moved(("durability",), old.durability, new.durability, fix=fix)


def _at_birth(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    """Conditionally modifiable: "the values ... are the same in both parameter groups". [E4 ParameterGroups.Engine]"""
    for name in sorted(AT_BIRTH):
        before, now = old.parameters.get(name), new.parameters.get(name)
        if before != now:
            yield Moved(("parameters", name), before, now)


# --- access


def _tls(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.transit_encryption, new.transit_encryption) == ("preferred", "required"):
        yield Moved(("transit_encryption",), "preferred", "required")


def _tls_back(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    if (old.transit_encryption, new.transit_encryption) == ("required", "preferred"):
        yield Moved(("transit_encryption",), "required", "preferred")


def _token(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    """cfn-roadmap #2356: a token that comes or goes replaces the group."""
    if (old.auth_token is None) != (new.auth_token is None):
        words = {True: "none", False: "a token"}
        yield Moved(("auth_token",), words[old.auth_token is None], words[new.auth_token is None])


def _token_replaced(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    before, now = old.auth_token, new.auth_token
    if before and now and now.replaced_by_users and not before.replaced_by_users:
        yield Moved(("auth_token", "replaced_by_users"), "off", "on")


def _token_back(old: ReplicationGroupSpec, new: ReplicationGroupSpec) -> Iterator[Moved]:
    before, now = old.auth_token, new.auth_token
    if before and now and before.replaced_by_users and not now.replaced_by_users:
        yield Moved(("auth_token", "replaced_by_users"), "on", "off")


GROUP_RULES: tuple[ChangeRule[ReplicationGroupSpec], ...] = (
    ChangeRule(
        id="change/port",
        found=setting("port"),
        effect="replaces",
        what=GROUP_GONE,
        fix=OTHER_KEY,
        property="Port",
    ),
    ChangeRule(
        id="change/origin",
        found=setting("origin"),
        effect="replaces",
        what=GROUP_GONE,
        fix="leave it as it was: it says what the cache was born from, and changes nothing of what it holds",
        property="SnapshotName",
    ),
    ChangeRule(
        id="change/data-tiering",
        found=_tiering,
        effect="replaces",
        what=GROUP_GONE,
        fix="stay with classes that have SSDs, or with those that have none; " + OTHER_KEY,
        property="DataTieringEnabled",
    ),
    ChangeRule(
        id="change/auth-token",
        found=_token,
        effect="replaces",
        what="CloudFormation would make an empty cache in its place (its roadmap #2356), and stops: the name is taken",
        fix="set `auth_token: {replaced_by_users: true}` beside `users`, deploy, and make the one call that "
        "docs/options/engine-moves.md shows",
    ),
    ChangeRule(
        id="change/placement",
        found=_placement,
        effect="refused",
        what="where a shard stands and which slots it holds count at birth only",
        fix="leave it; add or remove whole shards, one edit at a time",
    ),
    ChangeRule(
        id="change/placed-replicas",
        found=_replicas_of_placed,
        effect="refused",
        what="replicas of shards that are placed can't be changed by a template (CloudFormation's roadmap #918)",
        fix="leave it, or declare another cache without `placement`",
    ),
    ChangeRule(
        id="change/parameter-at-birth",
        found=_at_birth,
        effect="refused",
        what="ElastiCache changes the number of databases in no group that is in use",
        fix="leave it; " + OTHER_KEY,
    ),
    ChangeRule(
        id="change/durability",
        found=_durability,
        effect="in-steps",
        what="CloudFormation's schema says that it fails; ElastiCache itself changes it, since 27 October 2026",
        fix="run `aws elasticache modify-replication-group` with `--durability` and `--apply-immediately` first, then "
        "deploy this edit",
    ),
    ChangeRule(
        id="change/engine-back",
        found=_back_to_redis,
        effect="refused",
        what="ElastiCache turns no Valkey cache into Redis OSS",
        fix="restore a snapshot that was taken before into another cache",
    ),
    ChangeRule(
        id="change/downgrade",
        found=_downgrade,
        effect="refused",
        what="ElastiCache lowers no version",
        fix="keep it; a snapshot of before can be restored into another cache of the older version",
    ),
    ChangeRule(
        id="change/cluster-mode-step",
        found=_mode_skipped,
        effect="in-steps",
        what="cluster mode is turned on by way of `compatible`, and shards are added after that",
        fix="set `cluster_mode: compatible` with one shard first, and deploy; see docs/options/engine-moves.md",
    ),
    ChangeRule(
        id="change/cluster-mode-back",
        found=_mode_back,
        effect="refused",
        what="cluster mode that is on can't be turned off",
        fix="say `cluster_mode: enabled` where one shard is left; " + OTHER_KEY,
    ),
    ChangeRule(
        id="change/cluster-mode-alone",
        found=_beside_mode,
        effect="in-steps",
        what="ElastiCache changes nothing else in the request that changes cluster mode",
        fix="change cluster mode alone, deploy, then make this edit",
    ),
    ChangeRule(
        id="change/while-compatible",
        found=_while_compatible,
        effect="refused",
        what="ElastiCache neither scales nor upgrades a cache while its cluster mode is compatible",
        fix="set `cluster_mode` to enabled or disabled first, and deploy",
    ),
    ChangeRule(
        id="change/users-of-redis",
        found=users_of_redis,
        effect="in-steps",
        what="the user group would become Valkey's first, which a Redis OSS cache refuses",
        fix="add `moved_from: redis`: users and group stay of that engine, which Valkey takes too",
    ),
    ChangeRule(
        id="change/users-engine",
        found=users_to_redis,
        effect="refused",
        what="users of Valkey don't become users of Redis OSS",
        fix="remove it: it is for caches that were made with Redis OSS",
    ),
    ChangeRule(
        id="change/engine-and-parameters",
        found=_engine_and_parameters,
        effect="in-steps",
        what="the static parameters of Valkey must be those that Redis OSS had",
        fix="change the engine alone, deploy, then change parameters",
    ),
    ChangeRule(
        id="change/auth-token-back",
        found=_token_back,
        effect="nothing",
        what="users stay: no template brings the token back",
        fix="leave it",
    ),
    ChangeRule(
        id="change/engine",
        found=_to_valkey,
        effect="in-place",
        what="the cache becomes Valkey in place",
        fix="there is no way back: take a snapshot first",
    ),
    ChangeRule(
        id="change/version",
        found=_upgrade,
        effect="in-place",
        what="an upgrade in place",
        fix="there is no way back: take a snapshot first",
    ),
    ChangeRule(
        id="change/cluster-mode",
        found=_mode_step,
        effect="in-place",
        what="cluster mode changes in place",
        fix="see docs/options/engine-moves.md for what clients have to do before the next step",
    ),
    ChangeRule(
        id="change/tls",
        found=_tls,
        effect="in-place",
        what="clients without TLS are refused from then on, and only `users` log in",
        fix="run `aws elasticache modify-replication-group` with `--transit-encryption-mode required` before the "
        "deploy: one request with users, too, has been reported to fail",
    ),
    ChangeRule(
        id="change/tls-back",
        found=_tls_back,
        effect="in-place",
        what="clients without TLS are let in again, and nobody has to log in",
        fix="only while clients are moved: `allow_from:` is then all that closes the cache",
    ),
    ChangeRule(
        id="change/auth-token-replaced",
        found=_token_replaced,
        effect="in-place",
        what="the deploy makes the users and their group; the token stays valid until one call replaces it",
        fix="make the call that docs/options/engine-moves.md shows after the deploy",
    ),
    ChangeRule(
        id="change/user-login",
        found=login_changed,
        effect="in-place",
        what=LOGIN_WHAT,
        fix=LOGIN_FIX,
    ),
    ChangeRule(
        id="change/users",
        found=users_to_valkey,
        effect="in-place",
        what="users and their group become Valkey's in place, and the `default` user leaves",
        fix="nothing asks for it: a group of Redis OSS does as well",
    ),
)
