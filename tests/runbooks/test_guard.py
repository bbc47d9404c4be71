"""The lock, against Parameter Store of the double: two operators, crashes, expiry, races."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from moto import mock_aws

from estate.names import lock_parameter
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Parameter, Ssm
from runbooks.guard import (
    ACTIONS,
    CLOCK_SKEW_S,
    LEASE_S,
    ClusterLock,
    Holder,
    LockedError,
    LockLostError,
    find_lease,
    hold,
    lock_blockers,
    parse_lease,
)
from tests.support.clock import FakeClock

CLUSTER = "shop-orders"
ANNA = Holder(owner="arn:aws:sts::123456789012:assumed-role/dba/anna", run="one", host="laptop")
BEN = Holder(owner="arn:aws:sts::123456789012:assumed-role/dba/ben", run="two", host="bastion")


@pytest.fixture
def ssm() -> Iterator[Ssm]:
    with mock_aws():
        yield Ssm(AwsSession().ssm)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def lock(ssm: Ssm, holder: Holder, clock: FakeClock) -> ClusterLock:
    return ClusterLock(ssm, CLUSTER, holder, clock)


def test_the_lock_says_who_where_which_run_and_until_when(ssm: Ssm, clock: FakeClock) -> None:
    lock(ssm, ANNA, clock).acquire()
    found = ssm.find_parameter(lock_parameter(CLUSTER))
    assert found is not None
    assert json.loads(found.value) == {
        "owner": ANNA.owner, "host": "laptop", "run": "one",
        "acquired": "2026-11-21T12:00:00+00:00", "expires": "2026-11-21T12:03:00+00:00",
    }  # fmt: skip


def test_a_colleague_is_refused_and_told_who_and_what_to_do(ssm: Ssm, clock: FakeClock) -> None:
    lock(ssm, ANNA, clock).acquire()
    clock.advance(60)
    with pytest.raises(LockedError) as caught:
        lock(ssm, BEN, clock).acquire()
    assert str(caught.value) == (
        f"shop-orders is locked by run one of {ANNA.owner} on laptop since 2026-11-21T12:00:00+00:00; "
        "`runbook resume one` goes on with it if it was killed; its lock ends in 150 s unless renewed"
    )
    assert "talk to its owner" in caught.value.next_step


def test_a_plan_sees_the_lock_as_a_reason(ssm: Ssm, clock: FakeClock) -> None:
    assert lock_blockers(find_lease(ssm, CLUSTER), "two", clock.now()) == ()
    lock(ssm, ANNA, clock).acquire()
    lease = find_lease(ssm, CLUSTER)
    assert len(lock_blockers(lease, "two", clock.now())) == 1
    assert lock_blockers(lease, "one", clock.now()) == (), "its own lock is no reason"
    clock.advance(LEASE_S + CLOCK_SKEW_S + 1)
    assert lock_blockers(lease, "two", clock.now()) == (), "an expired one neither"


def test_a_killed_run_enters_its_own_lock_again(ssm: Ssm, clock: FakeClock) -> None:
    lock(ssm, ANNA, clock).acquire()
    clock.advance(60)
    again = lock(ssm, ANNA, clock)
    again.acquire()
    lease = find_lease(ssm, CLUSTER)
    assert lease is not None
    assert (lease.acquired, lease.expires) == ("2026-11-21T12:00:00+00:00", "2026-11-21T12:04:00+00:00")


@pytest.mark.parametrize(
    ("after_s", "taken"),
    [
        pytest.param(LEASE_S + CLOCK_SKEW_S - 1, False, id="just expired, but clocks differ"),
        pytest.param(LEASE_S + CLOCK_SKEW_S + 1, True, id="expired for everybody"),
    ],
)
def test_an_expired_lock_is_taken_over(ssm: Ssm, clock: FakeClock, after_s: float, taken: bool) -> None:
    anna = lock(ssm, ANNA, clock)
    anna.acquire()
    clock.advance(after_s)
    ben = lock(ssm, BEN, clock)
    if not taken:
        with pytest.raises(LockedError):
            ben.acquire()
        return
    ben.acquire()
    ben.check()
    with pytest.raises(LockLostError, match="taken over by run two"):
        anna.check()
    with pytest.raises(LockLostError):
        anna.renew()


class Interleaved(Ssm):
    """Parameter Store with somebody else acting between our look and our write."""

    between: Callable[[], None] | None = None

    def overwrite_parameter(self, name: str, value: str) -> int:
        if self.between is not None:
            between, self.between = self.between, None
            between()
        return super().overwrite_parameter(name, value)


def test_of_two_who_take_over_at_once_one_holds_it(ssm: Ssm, clock: FakeClock) -> None:
    lock(ssm, replace(ANNA, run="dead"), clock).acquire()
    clock.advance(LEASE_S + CLOCK_SKEW_S + 1)
    anna = lock(ssm, ANNA, clock)
    slow = Interleaved(AwsSession().ssm)
    slow.between = anna.acquire
    with pytest.raises(LockedError, match="locked by run one"):
        lock(slow, BEN, clock).acquire()
    anna.check()


def test_a_lock_released_between_two_calls_is_taken(ssm: Ssm, clock: FakeClock) -> None:
    class Vanishing(Ssm):
        def find_parameter(self, name: str, version: int | None = None) -> Parameter | None:
            ssm.delete_parameter(name)
            return super().find_parameter(name, version)

    lock(ssm, ANNA, clock).acquire()
    ben = ClusterLock(Vanishing(AwsSession().ssm), CLUSTER, BEN, clock)
    ben.acquire()
    lease = find_lease(ssm, CLUSTER)
    assert lease is not None
    assert lease.run == "two"


def test_it_is_deleted_at_the_end_only_when_it_is_ours(ssm: Ssm, clock: FakeClock) -> None:
    anna = lock(ssm, ANNA, clock)
    anna.acquire()
    lock(ssm, BEN, clock).release()
    assert find_lease(ssm, CLUSTER) is not None
    anna.release()
    assert find_lease(ssm, CLUSTER) is None
    anna.release()
    with pytest.raises(LockLostError, match="was deleted"):
        anna.check()


def test_what_nobody_can_read_stays_locked(ssm: Ssm, clock: FakeClock) -> None:
    ssm.create_parameter(lock_parameter(CLUSTER), "nonsense", "x")
    clock.advance(10**6)
    with pytest.raises(LockedError, match="cannot be read"):
        lock(ssm, ANNA, clock).acquire()


@pytest.mark.parametrize(
    "value", ["", "[]", "{}", '{"owner": 1}', '{"owner":"","host":"","run":"","acquired":"","expires":"soon"}']
)
def test_any_nonsense_is_a_lease_of_nobody(value: str) -> None:
    assert parse_lease(value).owner.startswith("unknown")


def test_it_is_renewed_while_the_run_goes_on_and_gone_afterwards(ssm: Ssm, clock: FakeClock) -> None:
    renewed = threading.Event()

    class Watched(Ssm):
        def overwrite_parameter(self, name: str, value: str) -> int:
            version = super().overwrite_parameter(name, value)
            renewed.set()
            return version

    with hold(Watched(AwsSession().ssm), CLUSTER, ANNA, clock, renew_every_s=0.01) as check:
        clock.advance(100)
        assert renewed.wait(30)
        renewed.clear()
        assert renewed.wait(30)
        check()
        lease = find_lease(ssm, CLUSTER)
        assert lease is not None
        assert lease.expires == "2026-11-21T12:04:40+00:00"
    assert find_lease(ssm, CLUSTER) is None


def test_a_failed_run_lets_go_too(ssm: Ssm, clock: FakeClock) -> None:
    with pytest.raises(ZeroDivisionError), hold(ssm, CLUSTER, ANNA, clock):
        raise ZeroDivisionError
    assert find_lease(ssm, CLUSTER) is None


def test_its_permissions_are_those_of_one_parameter() -> None:
    assert ACTIONS == ("ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter", "sts:GetCallerIdentity")
