"""One operator per cluster: a lock that colleagues see too, in an SSM parameter of the cluster's own account.

Taking it is a put without overwrite, which one caller wins. It carries who, where, which run and until when; it is
renewed while the run goes on, and deleted at the end when it is still ours. A run that was killed leaves it behind:
the same run re-enters it at once, others may take it over when it has expired.

Parameter Store has no compare-and-swap. Taking over is therefore a put with overwrite whose new version must be the
one after the version that was read: of two takers the first has it, the second sees the gap, puts the first one's
value back and is refused. A holder that finds another's name in its lock stops before its next step.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from estate.names import lock_parameter
from runbooks.aws import ssm as ssm_adapter
from runbooks.aws import sts as sts_adapter
from runbooks.aws.ssm import Parameter
from runbooks.engine.clock import Clock

LEASE_S: Final = 180.0
RENEW_EVERY_S: Final = 45.0  # three renewals may fail before the lease ends
CLOCK_SKEW_S: Final = 30.0  # others wait this much longer than the lease: two machines' clocks differ

_CALLS: Final = ("find_parameter", "create_parameter", "overwrite_parameter", "delete_parameter")
# IAM actions of holding a lock and of looking at one.
ACTIONS: Final[tuple[str, ...]] = tuple(
    sorted(
        {
            *(action for row in _CALLS for action in ssm_adapter.ACTIONS[row]),
            *(action for row in sts_adapter.ACTIONS.values() for action in row),
        }
    )
)
READ_ACTIONS: Final[tuple[str, ...]] = ssm_adapter.ACTIONS["find_parameter"]


class Parameters(Protocol):
    """What the lock needs of Parameter Store; `runbooks.aws.ssm.Ssm` is one."""

    def find_parameter(self, name: str, version: int | None = None) -> Parameter | None: ...
    def create_parameter(self, name: str, value: str, description: str) -> int | None: ...
    def overwrite_parameter(self, name: str, value: str) -> int: ...
    def delete_parameter(self, name: str) -> None: ...


class LockedError(Exception):
    """Somebody else's run holds the cluster. Nothing was changed. Exit code 3."""

    def __init__(self, reason: str, next_step: str) -> None:
        self.reasons = (reason,)
        self.next_step = next_step
        super().__init__(reason)


class LockLostError(Exception):
    """The lock is no longer ours; the run stops before its next step. Exit code 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """What a lock says. `owner` is the caller's ARN; the times are ISO 8601, UTC."""

    owner: str
    host: str
    run: str
    acquired: str
    expires: str

    def is_over(self, now: datetime) -> bool:
        """Expired for everybody, whatever their clocks say."""
        return now > datetime.fromisoformat(self.expires) + timedelta(seconds=CLOCK_SKEW_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who wants the lock, and for which run."""

    owner: str
    run: str
    host: str


def this_holder(owner: str, run_id: str) -> Holder:
    """The holder that this process would be."""
    return Holder(owner=owner, run=run_id, host=socket.gethostname())


def find_lease(parameters: Parameters, cluster_id: str) -> Lease | None:
    """Look at a cluster's lock without taking it; None when it is free."""
    found = parameters.find_parameter(lock_parameter(cluster_id))
    return None if found is None else parse_lease(found.value)


def lock_blockers(lease: Lease | None, run_id: str, now: datetime) -> tuple[str, ...]:
    """Reasons, for a plan, why this run could not take the lock now; none when it could. Pure."""
    if lease is None or lease.run == run_id or lease.is_over(now):
        return ()
    return (describe_lease(lease, now),)


def describe_lease(lease: Lease, now: datetime) -> str:
    """Who holds the lock, and until when."""
    left_s = max(0.0, (datetime.fromisoformat(lease.expires) - now).total_seconds() + CLOCK_SKEW_S)
    return (
        f"locked by run {lease.run} of {lease.owner} on {lease.host} since {lease.acquired}; "
        f"`runbook resume {lease.run}` goes on with it if it was killed; its lock ends in {left_s:.0f} s unless renewed"
    )


def parse_lease(value: str) -> Lease:
    """Read a lock's value. One that nobody can read is held by nobody known, and never expires by itself."""
    try:
        lease = Lease(**json.loads(value))
        datetime.fromisoformat(lease.expires)
    except (TypeError, ValueError):
        far = "9999-01-01T00:00:00+00:00"
        return Lease(owner="unknown (the lock's value cannot be read)", host="?", run="?", acquired="?", expires=far)
    return lease


class ClusterLock:
    """One run's lock on one cluster."""

    def __init__(self, parameters: Parameters, cluster_id: str, holder: Holder, clock: Clock) -> None:
        self._parameters = parameters
        self._name = lock_parameter(cluster_id)
        self._cluster_id = cluster_id
        self._holder = holder
        self._clock = clock
        self._acquired = ""
        self._mutex = threading.Lock()

    def acquire(self) -> None:
        """Take the lock: a free one, our own from before a crash, or one that has expired.

        Raises:
            LockedError: another run holds it.
        """
        self._acquired = self._clock.now().isoformat(timespec="seconds")
        description = f"Lock of a runbook on {self._cluster_id}; holds who, and until when"
        if self._parameters.create_parameter(self._name, self._value(), description) is not None:
            return
        found = self._parameters.find_parameter(self._name)
        if found is None:  # released between the two calls
            if self._parameters.create_parameter(self._name, self._value(), description) is not None:
                return
            raise self._refused(None)
        self._take_over(found)

    def check(self) -> None:
        """Look whether the lock is still ours.

        Raises:
            LockLostError: it is not.
        """
        found = self._parameters.find_parameter(self._name)
        if found is None:
            raise LockLostError(f"the lock on {self._cluster_id} was deleted while run {self._holder.run} held it")
        lease = parse_lease(found.value)
        if not self._is_ours(lease):
            raise LockLostError(
                f"the lock on {self._cluster_id} was taken over by run {lease.run} of {lease.owner} on {lease.host}"
            )

    def renew(self) -> None:
        """Push the expiry out.

        Raises:
            LockLostError: the lock is not ours any more.
        """
        with self._mutex:
            self.check()
            self._parameters.overwrite_parameter(self._name, self._value())

    def release(self) -> None:
        """Delete the lock, if it is ours."""
        with self._mutex:
            found = self._parameters.find_parameter(self._name)
            if found is not None and self._is_ours(parse_lease(found.value)):
                self._parameters.delete_parameter(self._name)

    def _take_over(self, found: Parameter) -> None:
        lease = parse_lease(found.value)
        if lease.run != self._holder.run and not lease.is_over(self._clock.now()):
            raise self._refused(lease)
        if lease.run == self._holder.run:
            self._acquired = lease.acquired
        version = self._parameters.overwrite_parameter(self._name, self._value())
        if version == found.version + 1:
            return
        earlier = self._parameters.find_parameter(self._name, version - 1)
        if earlier is not None:
            self._parameters.overwrite_parameter(self._name, earlier.value)
        raise self._refused(None if earlier is None else parse_lease(earlier.value))

    def _is_ours(self, lease: Lease) -> bool:
        return (lease.run, lease.owner, lease.host) == (self._holder.run, self._holder.owner, self._holder.host)

    def _value(self) -> str:
        expires = self._clock.now() + timedelta(seconds=LEASE_S)
        lease = Lease(
            owner=self._holder.owner,
            host=self._holder.host,
            run=self._holder.run,
            acquired=self._acquired,
            expires=expires.isoformat(timespec="seconds"),
        )
        return json.dumps(asdict(lease))

    def _refused(self, lease: Lease | None) -> LockedError:
        if lease is None:
            return LockedError(f"{self._cluster_id} was locked by another run at the same moment", "run again")
        return LockedError(
            f"{self._cluster_id} is {describe_lease(lease, self._clock.now())}",
            "wait for it, or talk to its owner",
        )


@contextmanager
def hold(
    parameters: Parameters, cluster_id: str, holder: Holder, clock: Clock, *, renew_every_s: float = RENEW_EVERY_S
) -> Generator[Callable[[], None], None, None]:
    """Hold a cluster's lock for the length of a block; the value is a check that it is still ours.

    Raises:
        LockedError: another run holds it.
    """
    lock = ClusterLock(parameters, cluster_id, holder, clock)
    lock.acquire()
    ended = threading.Event()
    renewal = threading.Thread(target=_keep, args=(lock, ended, renew_every_s), name="lock-renewal", daemon=True)
    renewal.start()
    try:
        yield lock.check
    finally:
        ended.set()
        renewal.join()
        with suppress(BotoCoreError, ClientError):  # it expires by itself; the run's own end is what matters now
            lock.release()


def _keep(lock: ClusterLock, ended: threading.Event, every_s: float) -> None:
    """Renew until the end. A call that failed is tried again next time; a lost lock is found by the next check."""
    while not ended.wait(every_s):
        try:
            lock.renew()
        except LockLostError:
            return
        except (BotoCoreError, ClientError):
            continue
