"""The shape of one row of the resource tables: how a CloudFormation type is made of API operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath

from lab.cloud.client import client

Properties = dict[str, Any]


@dataclass(slots=True)
class Handle:
    """One resource as its row's functions see it."""

    service: str
    region: str
    account: str
    physical_id: str = ""
    properties: Properties = field(default_factory=dict)
    found: Any = None  # what the describe operation answered, narrowed to this resource

    def call(self, operation: str, /, **arguments: Any) -> Any:
        return getattr(client(self.service, self.region, self.account), operation)(**arguments)

    def look(self, path: str) -> Any:
        return jmespath.search(path, self.found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A property that operations of its own set, after creation and whenever it changes (`new` None: removed)."""

    apply: Callable[[Handle, Any, Any], object]  # (handle, old, new)
    read: Callable[[Handle], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tags:
    """How resources of a service are tagged; lists are of CloudFormation's {Key, Value}."""

    add: Callable[[Handle, dict[str, str]], object]
    remove: Callable[[Handle, list[str]], object]
    read: Callable[[Handle], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Edit:
    """A resource's properties before and after, and its UpdatePolicy: what decides whether it is replaced."""

    old: Properties
    new: Properties
    policy: Mapping[str, Any] = field(default_factory=dict)


def by_name(property_name: str, parameter: str = "") -> Callable[[Handle], dict[str, Any]]:
    """Arguments that name the resource to an operation."""
    key = parameter or property_name
    return lambda handle: {key: handle.physical_id}


def _nothing(_: Handle) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One CloudFormation type.

    Properties reach `create` under their own name (any case) or the one in `rename`; those of `steps` by operations of
    their own; those of `accepted` are read by a hook of the row. A property that none of them takes fails the deploy.
    """

    type: str
    service: str
    create: str = ""
    describe: str = ""
    path: str = ""  # jmespath from describe's answer to the resource
    update: str = ""
    delete: str = ""
    name: str = ""  # the property that names the resource; CloudFormation makes one up when it is missing
    name_max: int = 63
    lower: bool = False
    ref: str = ""  # jmespath into create's answer, where the service chooses the id
    ref_attr: str = ""  # what Ref gives, when it is not the physical id: jmespath into the described resource
    key: Callable[[Handle], dict[str, Any]] = _nothing  # arguments of update and delete
    describe_key: Callable[[Handle], dict[str, Any]] | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    update_rename: Mapping[str, str] = field(default_factory=dict)
    update_all: bool = False  # the operation replaces the whole resource (put_*)
    update_with: tuple[str, ...] = ()  # properties that the update operation always wants beside the changed ones
    update_as: Mapping[str, Callable[[Any, Any], dict[str, Any]]] = field(default_factory=dict)
    create_extra: Callable[[Handle], dict[str, Any]] = _nothing
    update_extra: Mapping[str, Any] = field(default_factory=dict)
    delete_extra: Callable[[Handle], dict[str, Any]] = _nothing
    create_by: Callable[[Handle], str] | None = None  # another operation that makes it, empty for `create`
    create_others: tuple[str, ...] = ()  # all of those
    create_hook: Callable[[Handle], str] | None = None  # instead of `create`: makes it and gives its physical id
    update_steps: Mapping[str, Callable[[Handle, Any], object]] = field(
        default_factory=dict
    )  # changed by own operation
    update_first: Mapping[str, Callable[[Handle, Any], object]] = field(
        default_factory=dict
    )  # changed by own operation before the update operation
    replace_when: Mapping[str, Callable[[Edit], bool]] = field(
        default_factory=dict
    )  # properties whose change makes a new resource under conditions of their own, whatever the schema says
    kept_on_rollback: frozenset[str] = frozenset()  # changed, and not changed back when the update fails
    before_delete: Callable[[Handle], object] | None = None
    delete_hook: Callable[[Handle], object] | None = None  # instead of `delete`
    snapshot_key: str = ""  # argument of delete that asks for a final snapshot
    no_snapshot: Mapping[str, Any] = field(default_factory=dict)  # arguments of delete when there is none
    default_deletion_policy: str = "Delete"
    defaults: Mapping[str, Any] = field(default_factory=dict)  # CloudFormation's own defaults
    steps: Mapping[str, Step] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()
    tags: Tags | None = None
    attrs: Mapping[str, str | Callable[[Handle], Any]] = field(default_factory=dict)  # GetAtt name to where it is read
    read: Mapping[str, str | Callable[[Handle], Any]] = field(default_factory=dict)
    unshown: Mapping[str, str] = field(default_factory=dict)  # properties that no operation shows, and why
    status: str = ""  # jmespath to a status, where creation takes time
    stable: tuple[str, ...] = ("available", "active")
