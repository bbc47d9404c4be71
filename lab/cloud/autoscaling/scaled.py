"""What Application Auto Scaling scales in the lab: the words of each kind, and what it can be asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Dimensions = dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One predefined metric: what it is called in CloudWatch, over what, and for which scalable dimension.

    `load` names it among what the lab was told: two metrics of CloudWatch may share a name.
    """

    load: str
    name: str
    dimensions: Callable[[str], Dimensions]  # of a resource by its own name
    dimension: str = ""  # the scalable dimension that it is for


@dataclass(frozen=True, slots=True)
class Where:
    """One cluster or cache, by its own name."""

    account: str
    region: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaled:
    """One kind of resource that is scaled.

    Attributes:
        check: Refuse what AWS would not register: (where, dimension, minimum, maximum).
        check_policy: Refuse what AWS would not take: (where, predefined metric, target value).
        count: How many there are now; None while nothing can be changed.
        change: Make them this many, and say how many they are then: (where, dimension, now, wanted).
        report: Where a load is reported: pairs of CloudWatch's name and dimensions with the load's value.
        shape: How large it is, for people: `{"readers": 2}`.
        unit: What is counted, for people: `replica count`.
        slack: Part of the target below which it is low: AWS's own low alarm goes off there.
        step: Part of what there is that is added at least.
    """

    namespace: str
    prefix: str
    role: str
    cloudwatch: str
    metrics: Mapping[str, Metric]
    exists: Callable[[Where], bool]
    check: Callable[[Where, str, int | None, int | None], None]
    check_policy: Callable[[Where, str, float], None]
    count: Callable[[Where, str], int | None]
    change: Callable[[Where, str, int, int], int]
    report: Callable[[Where, Mapping[str, float]], Sequence[tuple[str, Dimensions, float]]]
    shape: Callable[[Where], dict[str, int]]
    unit: Callable[[str], str]
    slack: float = 0.9
    step: Callable[[str], float] = lambda _: 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """One scalable target: what its policies, actions and activities belong to."""

    resource_id: str
    dimension: str


def place_of(thing: Any) -> Place:
    """Of a target, a policy or a scheduled action of moto's."""
    return Place(thing.resource_id, thing.scalable_dimension)


LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
