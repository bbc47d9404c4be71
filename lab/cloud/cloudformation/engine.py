"""Makes a stack what its template says, in order, and takes everything back when something fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException

from lab.cloud.cloudformation import provider, transforms
from lab.cloud.cloudformation.errors import ResourceError, ValidationError
from lab.cloud.cloudformation.provider import Place, wanted_tags
from lab.cloud.cloudformation.row import Edit, Handle, Row
from lab.cloud.cloudformation.rows import find_row
from lab.cloud.cloudformation.scope import handle_of, is_null, scope_of
from lab.cloud.cloudformation.stack import Desired, Resource, Stack, now
from lab.cloud.cloudformation.stack_policy import DELETE, MODIFY, REPLACE, denial
from lab.cloud.cloudformation.template import Scope, creation_order, dependencies

log = logging.getLogger(__name__)
FINAL_SNAPSHOT_LENGTH = 63

Imported = Callable[[str], Any]


def validate(desired: Desired) -> None:
    """Refuse, before anything is made, what the embedded AWS would have to leave out.

    Raises:
        ValidationError: every unknown type and property, by name.
    """
    found = transforms.refusals(desired.template)
    for logical_id, resource in desired.template["Resources"].items():
        found += provider.refusals(logical_id, resource["Type"], resource.get("Properties", {}))
    if found:
        raise ValidationError("; ".join(found))
    creation_order(desired.template)


@dataclass(slots=True)
class Deployment:
    """One run of CloudFormation over one stack."""

    stack: Stack
    desired: Desired
    imported: Imported
    policy: Mapping[str, Any] | None = None  # the stack policy that holds during this update
    made: list[Resource] = field(default_factory=list)
    changed: list[tuple[Resource, Resource]] = field(default_factory=list)  # (before, after), after in the stack
    replaced: list[Resource] = field(default_factory=list)  # old ones, to be deleted at the end

    def create(self, on_failure: str = "ROLLBACK") -> None:
        """Run a creation to CREATE_COMPLETE, or back to ROLLBACK_COMPLETE."""
        self.stack.set_status("CREATE_IN_PROGRESS", "User Initiated")
        try:
            self._converge()
        except Exception as error:  # whatever broke, nothing half-made may look finished
            log.info("stack.failed %s", self.stack.name, exc_info=True)
            self._roll_back_creation(on_failure, str(error))
            return
        self._finish("CREATE_COMPLETE")

    def update(self) -> None:
        """Run an update to UPDATE_COMPLETE, or back to UPDATE_ROLLBACK_COMPLETE."""
        before = (self.stack.desired, list(self.stack.outputs))
        self.stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")
        try:
            self._converge()
        except Exception as error:  # as above
            log.info("stack.failed %s", self.stack.name, exc_info=True)
            self._roll_back_update(str(error))
            self.stack.desired, self.stack.outputs = before
            return
        self.stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up()
        self._finish("UPDATE_COMPLETE")

    # --- forward

    def _converge(self) -> None:
        scope = scope_of(self.stack, self.desired, self.imported)
        wanted = self._wanted(scope)
        self._permit_removals(frozenset(wanted))
        for logical_id in wanted:
            self._converge_one(scope, logical_id)
        self.stack.outputs = self._outputs(scope)

    def _wanted(self, scope: Scope) -> list[str]:
        resources = self.desired.template["Resources"]
        return [
            logical_id
            for logical_id in creation_order(self.desired.template)
            if "Condition" not in resources[logical_id] or scope.condition(resources[logical_id]["Condition"])
        ]

    def _converge_one(self, scope: Scope, logical_id: str) -> None:
        body = self.desired.template["Resources"][logical_id]
        fresh = Resource(logical_id=logical_id, type=body["Type"], deletion_policy=body.get("DeletionPolicy", ""))
        fresh.needs = dependencies(self.desired.template, logical_id)
        present = self.stack.resources.get(logical_id)
        try:
            fresh.properties = scope.value(body.get("Properties", {}))
            if present is None:
                self._make(fresh)
            else:
                self._change(present, fresh)
        except Exception as error:
            failed = self.stack.resources.setdefault(logical_id, fresh)
            verb = "CREATE" if present is None else "UPDATE"
            reason = str(error) if isinstance(error, ResourceError | ServiceException) else f"internal error: {error!r}"
            self.stack.set_resource(failed, f"{verb}_FAILED", reason)
            raise ResourceError(f"The following resource(s) failed to {verb.lower()}: [{logical_id}].") from error

    def _make(self, resource: Resource) -> None:
        self.stack.resources[resource.logical_id] = resource
        self.stack.set_resource(resource, "CREATE_IN_PROGRESS")
        self.made.append(resource)
        row = find_row(resource.type)
        if row is None:
            resource.physical_id = f"{self.stack.name}-{resource.logical_id}"
        else:
            place = self._place(resource.logical_id)
            resource.tags = wanted_tags(place, resource.properties)
            provider.create(row, place, resource.properties, resource.known_as)
        self.stack.set_resource(resource, "CREATE_COMPLETE", transforms.remark(resource.type, resource.properties))

    def _place(self, logical_id: str) -> Place:
        stack = self.stack
        return Place(
            stack_name=stack.name,
            stack_id=stack.stack_id,
            logical_id=logical_id,
            region=stack.region,
            account=stack.account,
            stack_tags=self.desired.tags,
            operation=stack.operation_id,
        )

    def _change(self, present: Resource, fresh: Resource) -> None:
        row = find_row(fresh.type)
        changed = provider.changed_names(present.properties, fresh.properties)
        fresh.tags = wanted_tags(self._place(fresh.logical_id), fresh.properties)
        retagged = row is not None and row.tags is not None and present.tags != fresh.tags
        present.deletion_policy, present.needs = fresh.deletion_policy, fresh.needs
        if row is None or (present.type == fresh.type and not changed and not retagged):
            return
        edit = Edit(present.properties, fresh.properties, self._update_policy(fresh.logical_id))
        if present.type != fresh.type or any(provider.replaces(row, name, edit) for name in changed):
            self._permit(REPLACE, present)
            self._replace(row, present, fresh)
            return
        self._permit(MODIFY, present)
        self._modify(row, present, fresh)

    def _update_policy(self, logical_id: str) -> dict[str, Any]:
        return dict(self.desired.template["Resources"][logical_id].get("UpdatePolicy", {}))

    def _permit_removals(self, wanted: frozenset[str]) -> None:
        """Ask the stack policy about what the template no longer has, before anything is changed."""
        for logical_id in [name for name in self.stack.resources if name not in wanted]:
            resource = self.stack.resources[logical_id]
            try:
                self._permit(DELETE, resource)
            except ResourceError as error:
                before = resource.status
                self.stack.set_resource(resource, "UPDATE_FAILED", str(error))
                resource.status = before
                raise ResourceError(f"The following resource(s) failed to update: [{logical_id}].") from error

    def _permit(self, action: str, resource: Resource) -> None:
        if said := denial(self.policy, action, resource.logical_id, resource.type):
            raise ResourceError(said)

    def _modify(self, row: Row, present: Resource, fresh: Resource) -> None:
        fresh.physical_id = present.physical_id
        self.stack.resources[fresh.logical_id] = fresh
        self.stack.set_resource(fresh, "UPDATE_IN_PROGRESS")
        self.changed.append((present, fresh))
        handle = handle_of(self.stack, row, fresh)
        place = self._place(fresh.logical_id)
        provider.update(row, place, handle, present.properties, fresh.properties, old_tags=present.tags)
        self.stack.set_resource(fresh, "UPDATE_COMPLETE")

    def _replace(self, row: Row, present: Resource, fresh: Resource) -> None:
        named = row.name and fresh.properties.get(row.name)
        if named and named == present.physical_id:
            raise ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {named} and update the stack again."
            )
        self.stack.resources[fresh.logical_id] = fresh
        self.stack.set_resource(
            fresh, "UPDATE_IN_PROGRESS", "Requested update requires the creation of a new physical resource"
        )
        self.changed.append((present, fresh))
        self.replaced.append(present)
        provider.create(row, self._place(fresh.logical_id), fresh.properties, fresh.known_as)
        self.stack.set_resource(fresh, "UPDATE_COMPLETE")

    def _outputs(self, scope: Scope) -> list[dict[str, Any]]:
        found = []
        for key, body in self.desired.template.get("Outputs", {}).items():
            if "Condition" in body and not scope.condition(body["Condition"]):
                continue
            output = {"OutputKey": key, "OutputValue": str(scope.value(body["Value"]))}
            if "Description" in body:
                output["Description"] = body["Description"]
            if "Export" in body:
                output["ExportName"] = str(scope.value(body["Export"]["Name"]))
            found.append(output)
        return found

    def _clean_up(self) -> None:
        kept = set(self.desired.template["Resources"])
        gone = [resource for name, resource in self.stack.resources.items() if name not in kept]
        for resource in [*self.replaced, *reversed(gone)]:
            remove(self.stack, resource, raising=False)
            if self.stack.resources.get(resource.logical_id) is resource:
                del self.stack.resources[resource.logical_id]

    def _finish(self, status: str) -> None:
        self.stack.desired = self.desired
        if status == "UPDATE_COMPLETE":
            self.stack.updated_at = now()
        self.stack.set_status(status)

    # --- back

    def _roll_back_creation(self, on_failure: str, why: str) -> None:
        self.stack.desired = self.desired
        if on_failure == "DO_NOTHING":
            self.stack.set_status("CREATE_FAILED", why)
            return
        self.stack.set_status("ROLLBACK_IN_PROGRESS", f"{why} Rollback requested by user.")
        for resource in reversed(self.made):
            remove(self.stack, resource, raising=False, rollback=True)
        self.stack.outputs = []
        self.stack.set_status("ROLLBACK_COMPLETE")
        if on_failure == "DELETE":
            delete_stack(self.stack)

    def _roll_back_update(self, why: str) -> None:
        self.stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", why)
        for before, after in reversed(self.changed):
            self._undo(before, after)
        for resource in reversed(self.made):
            remove(self.stack, resource, raising=False, rollback=True)
            self.stack.resources.pop(resource.logical_id, None)
        self.stack.set_status("UPDATE_ROLLBACK_COMPLETE")

    def _undo(self, before: Resource, after: Resource) -> None:
        row = find_row(before.type)
        self.stack.resources[before.logical_id] = before
        try:
            if after.physical_id and after.physical_id != before.physical_id:
                remove(self.stack, after, raising=False)
            elif row is not None and after.physical_id:
                place = self._place(before.logical_id)
                handle: Handle = handle_of(self.stack, row, before)
                old, new = after.properties, before.properties
                provider.update(row, place, handle, old, new, old_tags=after.tags, rolling_back=True)
            self.stack.set_resource(before, "UPDATE_COMPLETE")
        except ResourceError as error:
            self.stack.set_resource(before, "UPDATE_FAILED", str(error))


def delete_stack(stack: Stack, retain: frozenset[str] = frozenset()) -> None:
    """Delete everything in reverse order; DELETE_FAILED names what could not be deleted."""
    stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
    failed: list[str] = []
    for resource in _deletion_order(stack):
        if resource.logical_id in retain:
            stack.set_resource(resource, "DELETE_SKIPPED")
        elif not remove(stack, resource, raising=False):
            failed.append(resource.logical_id)
    if failed:
        names = ", ".join(failed)
        stack.set_status("DELETE_FAILED", f"The following resource(s) failed to delete: [{names}]. ")
        return
    stack.deleted_at = now()
    stack.outputs = []
    stack.set_status("DELETE_COMPLETE")


def _deletion_order(stack: Stack) -> list[Resource]:
    """Each resource before what it needs."""
    order: list[Resource] = []
    left = {name: res for name, res in stack.resources.items() if not res.status.startswith("DELETE_COMPLETE")}
    while left:
        needed = {name for resource in left.values() for name in resource.needs}
        free = [name for name in reversed(left) if name not in needed] or list(left)
        order += [left.pop(name) for name in free]
    return order


def remove(stack: Stack, resource: Resource, *, raising: bool, rollback: bool = False) -> bool:
    """Delete one resource as its deletion policy says; False when that failed.

    Raises:
        ResourceError: the same, when `raising`.
    """
    row = find_row(resource.type)
    policy = resource.deletion_policy or (row.default_deletion_policy if row else "Delete")
    if policy == "Retain" or (policy == "RetainExceptOnCreate" and not rollback):
        stack.set_resource(resource, "DELETE_SKIPPED")
        return True
    stack.set_resource(resource, "DELETE_IN_PROGRESS")
    try:
        if row is not None and resource.physical_id and not is_null(resource.type):
            snapshot = _snapshot_name(stack, resource) if policy == "Snapshot" and not rollback else None
            provider.delete(row, handle_of(stack, row, resource), snapshot)
    except ResourceError as error:
        stack.set_resource(resource, "DELETE_FAILED", str(error))
        if raising:
            raise
        return False
    stack.set_resource(resource, "DELETE_COMPLETE")
    return True


def _snapshot_name(stack: Stack, resource: Resource) -> str:
    """`stack-snapshot-logical-hash`, as CloudFormation names final snapshots; cut to the 63 letters that RDS takes."""
    digest = stack.stack_id.rsplit("/", maxsplit=1)[-1].replace("-", "")[:12]
    end = f"-snapshot-{resource.logical_id[:20]}-{digest}"
    return f"{stack.name[: FINAL_SNAPSHOT_LENGTH - len(end)].rstrip('-')}{end}".lower()
