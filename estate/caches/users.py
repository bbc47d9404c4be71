"""Who may log in to a cache, how, and what they may do there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field

from estate import engines, limits
from estate.caches import access_strings
from estate.caches.access_strings import STATES
from estate.spec import OVERRIDES, Hit, Overrides, Rule, Spec

if TYPE_CHECKING:
    from estate.caches.replication_group import ReplicationGroupSpec
    from estate.model import Estate

OWN_PROPERTIES = frozenset({"AuthenticationMode", "NoPasswordRequired", "Passwords"})
"""Of `AWS::ElastiCache::User`: how somebody logs in is `authentication`, and nothing else."""
ACCESS_STRING = "AccessString"


class UserSpec(Spec):
    """One user of a cache; `access` is an ACL string without passwords."""

    access: str = Field(default="on ~* +@read", description="ACL string: `on`, key patterns, commands; no password")
    authentication: Literal["iam", "password"] = Field(
        default="iam",
        description="`iam`: tokens; `password`: a secret of the user's own, for clients that can't do IAM",
    )
    overrides: Overrides = Field(default={}, description=OVERRIDES)


class HasUsers(Protocol):
    """A cache of any kind that knows users."""

    @property
    def users(self) -> Mapping[str, UserSpec]: ...


def _many_users(spec: HasUsers) -> Iterator[Hit]:
    if len(spec.users) >= limits.USERS_PER_GROUP_MAX:
        yield Hit(("users",), len(spec.users))


def _users_default(spec: HasUsers) -> Iterator[Hit]:
    if "default" in spec.users:
        yield Hit(("users", "default"), "default")


def _passwords(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        for word in user.access.split():
            if access_strings.is_about_passwords(word):
                yield Hit(("users", name, "access"), word if word.isalpha() else f"a word that starts with {word[0]}")


def _access_form(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        words = user.access.split()
        if not words or words[0] not in STATES or not user.access.isprintable():
            yield Hit(("users", name, "access"), user.access)
        elif again := next((word for word in words[1:] if word.lower() in STATES), None):
            yield Hit(("users", name, "access"), again, must="say `on` or `off` once", fix="remove one of the two")
        elif (odd := access_strings.odd_word(user.access)) is not None:
            must = "be made of on, off, ~keys, &channels, +command, -command, +@category and -@category"
            yield Hit(("users", name, "access"), odd, must=must)


def _access_restricted(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        for command in access_strings.commands_named(user.access):
            if command in access_strings.RESTRICTED:
                yield Hit(("users", name, "access"), command)


def _access_nothing(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        powers = access_strings.all_powers(user.access)
        if powers and all(each.is_empty for each in powers):
            yield Hit(("users", name, "access"), user.access)


def _access_all(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        if any(each.is_unbounded for each in access_strings.all_powers(user.access)):
            yield Hit(("users", name, "access"), user.access)


def _access_dangerous(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        for each in access_strings.all_powers(user.access):
            for category in sorted({"@admin", "@dangerous"} & each.granted):
                yield Hit(("users", name, "access"), f"+{category}")


def _own_overrides(spec: HasUsers) -> Iterator[Hit]:
    for name, user in spec.users.items():
        for given in user.overrides:
            path = ("users", name, "overrides", given)
            if given.split(".")[0] in OWN_PROPERTIES:
                yield Hit(path, given)
            elif given == ACCESS_STRING:
                yield Hit(path, given, must="be left to `access:`, where its rules are", fix="set `access:`")


def user_rules(unit: str) -> tuple[Rule[Any], ...]:
    """Rules of `users`, whatever the kind of cache; `unit` is what their ids begin with."""
    return (*_form_rules(unit), *_meaning_rules(unit))


def _form_rules(unit: str) -> tuple[Rule[Any], ...]:
    """Names, logins, and how an access string is written."""
    return (
        Rule(
            id=f"{unit}/users-max",
            reads=("users",),
            broken=_many_users,
            must=f"be fewer than {limits.USERS_PER_GROUP_MAX}: the group's `default` user is one of them",
            fix="remove some",
        ),
        Rule(
            id=f"{unit}/user-default",
            reads=(),
            broken=_users_default,
            must="not be called default",
            fix="rename it: the kit makes a `default` user that may do nothing",
        ),
        Rule(
            id=f"{unit}/user-login",
            reads=(),
            broken=_own_overrides,
            must="not be overridden: a password in a template is one that everybody reads",
            fix="set `authentication` to iam or password",
        ),
        Rule(
            id=f"{unit}/access-password",
            reads=(),
            broken=_passwords,
            must="hold no password",
            fix="remove it: users authenticate with IAM, or with a secret of their own (`authentication: password`)",
        ),
        Rule(
            id=f"{unit}/access-form",
            reads=(),
            broken=_access_form,
            must="start with on or off",
            fix='write it as in "on ~app:* +@read"',
        ),
    )


def _meaning_rules(unit: str) -> tuple[Rule[Any], ...]:
    """What an access string adds up to."""
    return (
        Rule(
            id=f"{unit}/access-restricted",
            reads=(),
            broken=_access_restricted,
            must="not name a command that ElastiCache lets nobody run: it refuses the user",
            fix="remove it; what it does is a runbook's or the control plane's",
        ),
        Rule(
            id=f"{unit}/access-nothing",
            reads=(),
            broken=_access_nothing,
            must="allow some command: rules are read in their order, and the last one counts",
            fix=f"add one such as +@read, switch the user `off`, or add `acknowledge: [{unit}/access-nothing]`",
            level="warning",
        ),
        Rule(
            id=f"{unit}/access-all",
            reads=(),
            broken=_access_all,
            must="not allow every command: FLUSHALL empties the cache whatever the key patterns are",
            fix=f"name categories, put -@dangerous behind it, or add `acknowledge: [{unit}/access-all]`",
            level="warning",
        ),
        Rule(
            id=f"{unit}/access-dangerous",
            reads=(),
            broken=_access_dangerous,
            must="not allow @admin or @dangerous: CLIENT KILL, FLUSHALL and KEYS are in them",
            fix=f"name the commands that are needed, or add `acknowledge: [{unit}/access-dangerous]`",
            level="warning",
        ),
    )


def _is_fine(spec: ReplicationGroupSpec) -> bool:
    return engines.is_well_formed(spec.engine, spec.version)


def _iam_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    least = engines.CACHE_IAM_FROM[spec.engine]
    with_iam = [name for name, user in spec.users.items() if user.authentication == "iam"]
    if with_iam and _is_fine(spec) and engines.parsed(spec.engine, spec.version) < least:
        fix = f"choose {spec.engine} {least[0]}.{least[1]} or newer, or `authentication: password` for the users"
        yield Hit(("version",), spec.version, fix=fix)


def _users_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if spec.users and spec.is_before_users:
        yield Hit(("users",), len(spec.users))


def _access_version(spec: ReplicationGroupSpec) -> Iterator[Hit]:
    if not _is_fine(spec) or spec.engine != "redis":
        return
    have = engines.parsed(spec.engine, spec.version)
    for name, user in spec.users.items():
        for word, since in access_strings.newest_words(user.access):
            if have < since:
                must = f"be understood by Redis OSS {spec.version}: it is from {since[0]}.{since[1]} on"
                yield Hit(("users", name, "access"), word, must=must)


RULES: tuple[Rule[ReplicationGroupSpec], ...] = (
    Rule(
        id="cache/iam-version",
        reads=("users", "engine", "version"),
        broken=_iam_version,
        must="know IAM users",
        fix="choose a newer version",
    ),
    Rule(
        id="cache/users-version",
        reads=("users", "engine", "version"),
        broken=_users_version,
        must="be left out before Redis OSS 6.0, which knows no users",
        fix="choose a newer version, or `auth_token`, the one password that it knows",
    ),
    Rule(
        id="cache/access-version",
        reads=("engine", "version"),
        broken=_access_version,
        must="be understood by the version",
        fix="write it without, or choose a newer version",
    ),
    *user_rules("cache"),
)
"""Those of replication groups."""


def _counts(estate: Estate) -> tuple[Counter[str], Counter[str]]:
    """Users and user groups of each Region, the kit's own among them."""
    users: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    for cache in estate.caches.values():
        region = cache.region or estate.regions[0]
        users[region] += len(cache.users) + (cache.user_of_kit is not None)
        groups[region] += cache.has_user_group
    for serverless in estate.serverless_caches.values():
        region = serverless.region or estate.regions[0]
        users[region] += len(serverless.users) + (serverless.user_of_kit is not None)
        groups[region] += serverless.engine != "memcached"
    return users, groups


def _users_of_a_region(estate: Estate) -> Iterator[Hit]:
    for region, count in _counts(estate)[0].items():
        if count > limits.CACHE_USERS_PER_REGION:
            yield Hit(("caches",), f"{count} users in {region}")


def _groups_of_a_region(estate: Estate) -> Iterator[Hit]:
    for region, count in _counts(estate)[1].items():
        if count > limits.CACHE_USER_GROUPS_PER_REGION:
            yield Hit(("caches",), f"{count} user groups in {region}")


ESTATE_RULES: tuple[Rule[Estate], ...] = (
    Rule(
        id="estate/cache-users-quota",
        reads=("caches.*.users",),
        broken=_users_of_a_region,
        must=f"have {limits.CACHE_USERS_PER_REGION} users at most in a Region, without a quota increase",
        fix="raise the quota, then add `acknowledge: [estate/cache-users-quota]`",
        level="warning",
    ),
    Rule(
        id="estate/cache-groups-quota",
        reads=(),
        broken=_groups_of_a_region,
        must=f"have {limits.CACHE_USER_GROUPS_PER_REGION} user groups at most in a Region, without a quota increase",
        fix="raise the quota, then add `acknowledge: [estate/cache-groups-quota]`",
        level="warning",
    ),
)
"""What only a whole file shows of its caches' users."""
