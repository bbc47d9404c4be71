"""The effects. Each can be done again; no password leaves them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from runbooks import guard
from runbooks.aws import elasticache as cache_adapter
from runbooks.aws import secrets as secrets_adapter
from runbooks.aws.elasticache import ElastiCache, Group, User
from runbooks.aws.secrets import CURRENT, PENDING, PREVIOUS, Version
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Ssm
from runbooks.aws.sts import find_caller
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect, HeldCheck
from runbooks.engine.wait import PENDING as NOT_YET
from runbooks.engine.wait import READY, Judgement, wait_for
from runbooks.guard import Holder, this_holder
from runbooks.rotate.plan import Kind, added_since
from runbooks.rotate.request import RotateRequest

LENGTH: Final = 64  # ElastiCache takes 16 to 128
ALPHABET: Final = string.ascii_letters + string.digits  # what every engine and every client takes
WAIT_S: Final = 1800.0
EVERY_S: Final = 1.0
NAP_S: Final = 15.0


@dataclass(slots=True)
class RotateTools:
    """AWS by its adapters."""

    request: RotateRequest
    session: AwsSession
    cache: ElastiCache
    ssm: Ssm

    def holder(self, run_id: str) -> Holder:
        return this_holder(find_caller(self.session.sts).arn, run_id)


def open_tools(request: RotateRequest) -> RotateTools:
    """Connect nothing yet: clients are made when they are first used."""
    session = AwsSession(request.region)
    return RotateTools(
        request=request,
        session=session,
        cache=ElastiCache(session.elasticache, session.once("elasticache")),
        ssm=Ssm(session.ssm),
    )


Ctx = Context[RotateTools]


@contextmanager
def lock_cache(request: RotateRequest, context: Ctx) -> Generator[HeldCheck]:
    """Hold the cache's lock while anything is done."""
    tools = context.tools
    with guard.hold(tools.ssm, request.cache_id, tools.holder(context.run_id), context.clock) as check:
        yield check


def make_password(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Keep a new password in the secret; one that is there already is kept."""
    tools, version = context.tools, str(step.arguments["version"])
    name = tools.request.secret
    if not any(each.version_id == version for each in _versions(context)):
        password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        secrets_adapter.add_version(tools.session.secrets, name, version_id=version, password=password)
    return {"version": version}


def add(step: Step[Kind], context: Ctx) -> Mapping[str, Any] | None:
    """Make the new password valid beside the old one."""
    tools, request = context.tools, context.tools.request
    new, old = (_password(context, str(step.arguments[name])) for name in ("version", "old"))
    if request.user:
        _at_rest(context)
        tools.cache.set_passwords(request.user_id, [old, new])
    else:
        made = next(each for each in _versions(context) if each.version_id == step.arguments["version"])
        if added_since(made.created_at, _group(context)):
            return {"unneeded": "the token was changed since the new one was made"}
        _at_rest(context)
        tools.cache.rotate_token(request.cache_id, new)
    _at_rest(context)
    return None


def switch_secret(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Make the new version the current one, unless it is."""
    tools, version, old = context.tools, str(step.arguments["version"]), str(step.arguments["old"])
    _at_rest(context)
    if not any(each.version_id == version and CURRENT in each.labels for each in _versions(context)):
        secrets_adapter.move_label(tools.session.secrets, tools.request.secret, CURRENT, away_from=old, to=version)
    return {"current": version, "previous": old}


def wait_for_clients(_step: Step[Kind], context: Ctx) -> None:
    """Give clients the time to read the secret again."""
    until = context.clock.monotonic() + context.tools.request.grace_s
    while (left := until - context.clock.monotonic()) > 0:
        context.clock.sleep(min(left, NAP_S))


def drop_old(step: Step[Kind], context: Ctx) -> None:
    """Leave the new password alone valid."""
    tools, request = context.tools, context.tools.request
    new = _password(context, str(step.arguments["version"]))
    _at_rest(context)
    if request.user:
        tools.cache.set_passwords(request.user_id, [new])
    else:
        tools.cache.set_token(request.cache_id, new)
    _at_rest(context)


def retire_old(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Take the labels of the rotation away: AWSPENDING from the new version, AWSPREVIOUS from the old one."""
    tools, version = context.tools, str(step.arguments["version"])
    for each in _versions(context):
        label = PENDING if each.version_id == version else PREVIOUS
        if label in each.labels:
            secrets_adapter.move_label(tools.session.secrets, tools.request.secret, label, away_from=each.version_id)
    return {"current": version}


def _versions(context: Ctx) -> tuple[Version, ...]:
    return secrets_adapter.list_versions(context.tools.session.secrets, context.tools.request.secret) or ()


def _password(context: Ctx, version: str) -> str:
    return secrets_adapter.read_login(context.tools.session.secrets, context.tools.request.secret, version).password


def _group(context: Ctx) -> Group | None:
    return context.tools.cache.find_group(context.tools.request.cache_id)


def _at_rest(context: Ctx) -> None:
    """Wait until ElastiCache is done with the user or the group."""
    request, cache = context.tools.request, context.tools.cache

    def look() -> User | Group | None:
        return cache.find_user(request.user_id) if request.user else cache.find_group(request.cache_id)

    def judge(seen: User | Group | None) -> Judgement:
        if seen is None:
            raise LookupError(f"{request.user_id if request.user else request.cache_id} does not exist any more")
        return READY if seen.is_at_rest else NOT_YET

    what = f"{request.user_id if request.user else request.cache_id} at rest"
    wait_for(what, poll=look, judge=judge, timeout_s=WAIT_S, every_s=EVERY_S, clock=context.clock)


_LOOK: Final = (*cache_adapter.ACTIONS["find_group"], *cache_adapter.ACTIONS["find_user"])
_LABELS: Final = (*secrets_adapter.ACTIONS["list_versions"], *secrets_adapter.ACTIONS["move_label"])
_CHANGE: Final = (
    *_LOOK,
    *secrets_adapter.ACTIONS["read_login"],
    *cache_adapter.ACTIONS["set_passwords"],
    *cache_adapter.ACTIONS["set_token"],
)
EFFECTS: Final[Mapping[Kind, Effect[Kind, RotateTools]]] = {
    Kind.MAKE: Effect(make_password, actions=secrets_adapter.ACTIONS["add_version"]),
    Kind.ADD: Effect(add, actions=(*_CHANGE, *cache_adapter.ACTIONS["rotate_token"])),
    Kind.SWITCH: Effect(switch_secret, actions=(*_LOOK, *_LABELS)),
    Kind.WAIT: Effect(wait_for_clients),
    Kind.DROP: Effect(drop_old, actions=_CHANGE),
    Kind.RETIRE: Effect(retire_old, actions=_LABELS),
}
READS: Final = (*_LOOK, *secrets_adapter.ACTIONS["list_versions"], *guard.READ_ACTIONS)
