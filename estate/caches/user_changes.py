"""What edits of users would do, of replication groups and serverless caches alike.

Sources: ElastiCache user guide, "Role-Based Access Control"; [B] ModifyUser.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from estate.caches.users import UserSpec
from estate.changes import Moved

REDIS, VALKEY = "redis", "valkey"


class HasUsers(Protocol):
    """A cache of either kind."""

    @property
    def engine(self) -> str: ...
    @property
    def moved_from(self) -> str | None: ...
    @property
    def user_engine(self) -> str: ...
    @property
    def user_of_kit(self) -> str | None: ...
    @property
    def users(self) -> Mapping[str, UserSpec]: ...


def users_of_redis(old: HasUsers, new: HasUsers) -> Iterator[Moved]:
    """The user group is changed before the cache that names it, and a Redis OSS cache takes none of Valkey's."""
    had = old.user_of_kit is not None or bool(old.users)
    if had and old.engine == REDIS and new.engine == VALKEY and new.user_engine == VALKEY:
        yield Moved(("engine",), old.engine, new.engine)


def users_to_valkey(old: HasUsers, new: HasUsers) -> Iterator[Moved]:
    if old.engine == new.engine == VALKEY and (old.user_engine, new.user_engine) == (REDIS, VALKEY):
        yield Moved(("moved_from",), old.moved_from, new.moved_from)


def users_to_redis(old: HasUsers, new: HasUsers) -> Iterator[Moved]:
    if (old.user_engine, new.user_engine) == (VALKEY, REDIS) and old.moved_from != new.moved_from:
        yield Moved(("moved_from",), old.moved_from, new.moved_from)


def login_changed(old: HasUsers, new: HasUsers) -> Iterator[Moved]:
    """Users that stay and log in another way: there is no time in which both ways work."""
    for name, user in new.users.items():
        before = old.users.get(name)
        if before is not None and before.authentication != user.authentication:
            yield Moved(("users", name, "authentication"), before.authentication, user.authentication)


LOGIN_WHAT = "clients that log in the old way are refused as soon as it is deployed"
LOGIN_FIX = "declare a second user that logs in the new way, move the clients, then remove this one"
