"""Creates, changes, deletes and reads one resource as its row says: the part of CloudFormation's resource handlers."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath
from botocore.exceptions import BotoCoreError, ClientError

from lab.cloud.cloudformation.arguments import arguments, takes
from lab.cloud.cloudformation.births import restore
from lab.cloud.cloudformation.errors import ResourceError
from lab.cloud.cloudformation.readback import find, not_applied
from lab.cloud.cloudformation.row import Edit, Handle, Properties, Row
from lab.cloud.cloudformation.rows import find_row
from lab.cloud.cloudformation.schema import find_schema

STABLE_TIMEOUT_S = 600.0
STABLE_POLL_S = 0.05
NULL_TYPES = frozenset({"AWS::CDK::Metadata", "AWS::CloudFormation::WaitConditionHandle"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Whose resource it is and where: what names and tags derive from."""

    stack_name: str
    stack_id: str
    logical_id: str
    region: str
    account: str
    stack_tags: Mapping[str, str]
    operation: str = ""  # the stack operation that makes it: a replacement gets another name


def refusals(logical_id: str, resource_type: str, properties: Mapping[str, Any]) -> list[str]:
    """Why the embedded AWS cannot make this resource: unknown type or properties, each by its name."""
    if resource_type in NULL_TYPES:
        return []
    row, schema = find_row(resource_type), find_schema(resource_type)
    if row is None:
        known = "is not modelled by the embedded AWS" if schema else "is not a CloudFormation resource type"
        return [f"Unrecognized resource types: [{resource_type}] ({logical_id}): it {known}"]
    unknown = [name for name in properties if not _taken(row, name)]
    return [f"{resource_type} {logical_id}: property {name} is not modelled by the embedded AWS" for name in unknown]


def _taken(row: Row, name: str) -> bool:
    schema = find_schema(row.type)
    if schema is not None and (name not in schema.properties or name in schema.read_only):
        return False
    if name in row.steps or name in row.accepted or name == row.name:
        return True
    if name == "Tags":
        return row.tags is not None
    others = [method for method in (row.create, *row.create_others) if method]
    return any(takes(row.service, method, row.rename.get(name, name)) for method in others)


def create(row: Row, place: Place, properties: Properties, made: Callable[[str], None]) -> None:
    """Make the resource, say its physical id to `made`, and wait until it is stable.

    A name that is taken already is never said: rolling back must not delete what somebody else made.

    Raises:
        ResourceError: the service refused, or it did not become stable.
    """
    handle = Handle(row.service, place.region, place.account, properties={**row.defaults, **properties})
    if row.name:
        handle.physical_id = str(properties.get(row.name) or _generated_name(row, place))
    try:
        if row.create_hook is not None:
            handle.physical_id = row.create_hook(handle)
        else:
            answer = _create_call(row, handle)
            handle.physical_id = jmespath.search(row.ref, answer) if row.ref else handle.physical_id
        made(handle.physical_id)
        _after_create(row, place, handle)
    except (ClientError, BotoCoreError) as error:
        raise ResourceError(_reason(row, error)) from error


def _create_call(row: Row, handle: Handle) -> Any:
    plain = {
        row.rename.get(name, name): value
        for name, value in handle.properties.items()
        if name not in row.steps and name not in row.accepted and name not in {"Tags", row.name}
    }
    if row.name:
        plain[row.rename.get(row.name, row.name)] = handle.physical_id
    if row.create_by is not None and (restoring := row.create_by(handle)):
        return _restore_call(row, handle, restoring, plain)
    made = {**arguments(row.service, row.create, plain), **row.create_extra(handle)}
    return handle.call(row.create, **made)


def _restore_call(row: Row, handle: Handle, operation: str, plain: Properties) -> Any:
    answer, rest = restore(row, handle, operation, plain)
    if rest:
        wait_stable(row, handle)
        handle.call(row.update, **rest)
    return answer


def _after_create(row: Row, place: Place, handle: Handle) -> None:
    wait_stable(row, handle)
    for name, step in row.steps.items():
        if name in handle.properties:
            step.apply(handle, None, handle.properties[name])
    if row.tags is not None:
        find(row, handle)
        row.tags.add(handle, wanted_tags(place, handle.properties))
    wait_stable(row, handle)
    _verify(row, handle, handle.properties)


def _verify(row: Row, handle: Handle, names: Iterable[str]) -> None:
    """Never green with something missing: moto takes some parameters and forgets them."""
    if missing := not_applied(row, handle, names):
        raise ResourceError("; ".join(missing))


def wanted_tags(place: Place, properties: Mapping[str, Any]) -> dict[str, str]:
    """A resource's own tags over the stack's, and CloudFormation's three."""
    return {
        **place.stack_tags,
        **_tag_dict(properties.get("Tags", {})),
        "aws:cloudformation:stack-name": place.stack_name,
        "aws:cloudformation:stack-id": place.stack_id,
        "aws:cloudformation:logical-id": place.logical_id,
    }


def _tag_dict(tags: Any) -> dict[str, str]:
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


def _generated_name(row: Row, place: Place) -> str:
    """`stack-logical-hash`, as CloudFormation names what the template does not name."""
    digest = hashlib.sha256(f"{place.stack_id}{place.logical_id}{place.operation}".encode()).hexdigest()[:12]
    room = row.name_max - len(digest) - 1
    name = f"{place.stack_name}-{place.logical_id}"[:room].rstrip("-") + f"-{digest}"
    return name.lower() if row.lower else name


def wait_stable(row: Row, handle: Handle) -> None:
    """Wait until the status is one of `row.stable`.

    Raises:
        ResourceError: it failed, or took longer than STABLE_TIMEOUT_S.
    """
    deadline = time.monotonic() + STABLE_TIMEOUT_S
    while row.status:
        find(row, handle)
        status = handle.look(row.status)
        if status in row.stable:
            return
        if "failed" in str(status) or time.monotonic() > deadline:
            raise ResourceError(f"{row.type} {handle.physical_id} did not stabilize: its status is {status}")
        time.sleep(STABLE_POLL_S)


def replaces(row: Row, name: str, edit: Edit) -> bool:
    """Whether changing a property makes a new resource."""
    schema = find_schema(row.type)
    if schema is None or name == "Tags":
        return False
    if name in row.replace_when:
        return row.replace_when[name](edit)
    if name in schema.create_only:
        return True
    return name in schema.conditional_create_only and not _updates(row, name)


def _updates(row: Row, name: str) -> bool:
    in_update = bool(row.update) and takes(row.service, row.update, _update_name(row, name))
    own = (row.steps, row.update_as, row.update_steps, row.update_first)
    return in_update or any(name in table for table in own)


def _update_name(row: Row, name: str) -> str:
    return row.update_rename.get(name, row.rename.get(name, name))


def update(
    row: Row,
    place: Place,
    handle: Handle,
    old: Properties,
    new: Properties,
    *,
    old_tags: Mapping[str, str],
    rolling_back: bool = False,
) -> None:
    """Change a resource in place, one operation after the other, each when the resource is stable.

    Raises:
        ResourceError: the service refused, or a changed property has no way to be changed here.
    """
    handle.properties = {**row.defaults, **new}
    changed = [name for name in changed_names(old, new) if not (rolling_back and name in row.kept_on_rollback)]
    own = {*row.steps, *row.update_steps, *row.update_first, "Tags"}
    plain = [name for name in changed if name not in own]
    if stuck := [name for name in plain if not row.update_all and not _updates(row, name)]:
        raise ResourceError(f"{row.type}: the embedded AWS does not model changing {', '.join(stuck)} in place")
    try:
        for name in [name for name in changed if name in row.update_first]:
            row.update_first[name](handle, new.get(name))
        if plain:
            _update_call(row, handle, old, new, plain)
        for name in [name for name in changed if name in {*row.steps, *row.update_steps}]:
            wait_stable(row, handle)
            if name in row.steps:
                row.steps[name].apply(handle, old.get(name), new.get(name))
            if name in row.update_steps:
                row.update_steps[name](handle, new.get(name))
        _retag(row, handle, old_tags, wanted_tags(place, new))
        wait_stable(row, handle)
        _verify(row, handle, changed)
    except (ClientError, BotoCoreError) as error:
        raise ResourceError(_reason(row, error)) from error


def _update_call(row: Row, handle: Handle, old: Properties, new: Properties, changed: list[str]) -> None:
    if not row.update:
        return
    names = [name for name in new if name not in row.steps and name != "Tags"] if row.update_all else changed
    names += [name for name in row.update_with if name in new and name not in names]
    made: dict[str, Any] = {}
    for name in names:
        if name in row.update_as:
            made.update(row.update_as[name](old.get(name), new.get(name)))
        elif name in new:
            made[_update_name(row, name)] = new[name]
    if dropped := [name for name in changed if name not in new and name not in row.update_as and not row.update_all]:
        raise ResourceError(f"{row.type}: the embedded AWS does not model removing {', '.join(dropped)}; set a value")
    sent = {**arguments(row.service, row.update, made), **row.key(handle), **row.update_extra}
    handle.call(row.update, **sent)


def _retag(row: Row, handle: Handle, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    if row.tags is None or old == new:
        return
    find(row, handle)
    if gone := sorted(set(old) - set(new)):
        row.tags.remove(handle, gone)
    row.tags.add(handle, dict(new))


def changed_names(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [name for name in {**old, **new} if old.get(name) != new.get(name)]


def delete(row: Row, handle: Handle, final_snapshot: str | None = None) -> None:
    """Delete the resource, with a final snapshot where one is asked for; what is gone already is fine.

    Raises:
        ResourceError: the service refused.
    """
    try:
        if row.before_delete is not None:
            row.before_delete(handle)
        if row.delete_hook is not None:
            row.delete_hook(handle)
        elif row.delete:
            extra = {row.snapshot_key: final_snapshot} if final_snapshot and row.snapshot_key else dict(row.no_snapshot)
            handle.call(row.delete, **row.key(handle), **row.delete_extra(handle), **extra)
            _wait_gone(row, handle)
    except ClientError as error:
        if not _is_gone(error):
            raise ResourceError(_reason(row, error)) from error
    except BotoCoreError as error:
        raise ResourceError(_reason(row, error)) from error


def _wait_gone(row: Row, handle: Handle) -> None:
    deadline = time.monotonic() + STABLE_TIMEOUT_S
    while row.status:
        if not find(row, handle):  # a describe that knows it no more raises; `delete` takes that as success
            return
        if time.monotonic() > deadline:
            raise ResourceError(f"{row.type} {handle.physical_id} was not deleted within {STABLE_TIMEOUT_S:.0f} s")
        time.sleep(STABLE_POLL_S)


def _is_gone(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    return any(word in code for word in ("NotFound", "NoSuch", "DoesNotExist"))


def _reason(row: Row, error: Exception) -> str:
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return f"{said.get('Message')} (Service: {row.service}, Error Code: {said.get('Code')})"
    return f"{row.type}: {error}"
