"""What effects work with: AWS by its adapters, of the run's Region and of others, made when first used.

A verb that needs no more takes `tools=open_tools`; effects that verbs share take `Context[Tools]`. What an effect needs
to know is in its step's `calls` and `arguments`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from botocore import xform_name

from estate.names import lock_parameter
from runbooks import guard
from runbooks.aws.rds import Rds
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Ssm
from runbooks.aws.sts import find_caller
from runbooks.guard import Holder, this_holder

if TYPE_CHECKING:
    from runbooks.engine.plan import Call
    from runbooks.engine.run import Context, HeldCheck

Q = TypeVar("Q")


class Tools:
    """AWS of one run. `region` None: from AWS's own settings."""

    def __init__(self, region: str | None = None) -> None:
        self.session = AwsSession(region)
        self._others: dict[str, AwsSession] = {}

    @cached_property
    def rds(self) -> Rds:
        return Rds(self.session.rds)

    @cached_property
    def ssm(self) -> Ssm:
        return Ssm(self.session.ssm)

    def session_in(self, region: str) -> AwsSession:
        """The session of a Region; the run's own for an empty name."""
        if region in {"", self.session.region}:
            return self.session
        return self._others.setdefault(region, AwsSession(region))

    def perform(self, call: Call, secrets: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make a call of a plan just as it was shown; `secrets` are the parameters that stood as `MADE_LATER`.

        Raises:
            ClientError: AWS refused it.
        """
        client = self.session_in(call.region).client(call.service)
        answer: dict[str, Any] = getattr(client, xform_name(call.operation))(**{**call.parameters, **(secrets or {})})
        return answer

    def holder(self, run_id: str) -> Holder:
        """Who holds the locks of this run."""
        return this_holder(find_caller(self.session.sts).arn, run_id)


class HasRegion(Protocol):
    """A request that says where; None: as AWS's own settings have it."""

    @property
    def region(self) -> str | None: ...


def open_tools(request: HasRegion) -> Tools:
    """Connect nothing yet: clients are made when they are first used."""
    return Tools(request.region)


def locking(name_of: Callable[[Q], str]) -> Callable[[Q, Context[Tools]], AbstractContextManager[HeldCheck]]:
    """A runbook's `guard` that holds one lock, whose name the request gives: of what is changed or made."""
    return lambda request, context: hold_locks(context, name_of(request))


@contextmanager
def hold_locks(context: Context[Tools], *identifiers: str) -> Generator[HeldCheck]:
    """Hold the locks of these clusters or caches, in the order of their names so that two runs cannot block each other.

    Raises:
        LockedError: another run holds one of them.
    """
    tools = context.tools
    holder = tools.holder(context.run_id)
    with ExitStack() as stack:
        checks = [
            stack.enter_context(guard.hold(tools.ssm, identifier, holder, context.clock))
            for identifier in sorted(set(identifiers))
        ]

        def check() -> None:
            for each in checks:
                each()

        yield check


def locked_of_many(context: Context[Tools], identifiers: Sequence[str]) -> dict[str, str]:
    """As `locked_by_others`, for a fleet: what is locked, with the reason; one call for ten of them."""
    now = context.clock.now()
    found = context.tools.ssm.find_parameters([lock_parameter(each) for each in identifiers])
    locked: dict[str, str] = {}
    for identifier in identifiers:
        parameter = found.get(lock_parameter(identifier))
        lease = None if parameter is None else guard.parse_lease(parameter.value)
        for reason in guard.lock_blockers(lease, context.run_id, now):
            locked[identifier] = f"{identifier} is {reason}"
    return locked


def locked_by_others(context: Context[Tools], *identifiers: str) -> tuple[str, ...]:
    """Reasons, for a plan, why this run could not take these locks now; none when it could."""
    now, ssm = context.clock.now(), context.tools.ssm
    return tuple(
        f"{identifier} is {reason}"
        for identifier in sorted(set(identifiers))
        for reason in guard.lock_blockers(guard.find_lease(ssm, identifier), context.run_id, now)
    )
