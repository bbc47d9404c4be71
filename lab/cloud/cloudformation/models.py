"""The CloudFormation backend: stacks and change sets by name, and what may be asked of them when."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation.models import CloudFormationBackend

from lab.cloud.client import client
from lab.cloud.cloudformation import engine
from lab.cloud.cloudformation.errors import (
    AlreadyExistsError,
    ChangeSetNotFoundError,
    InvalidChangeSetStatusError,
    ValidationError,
    no_such_stack,
)
from lab.cloud.cloudformation.parameters import resolve_parameters
from lab.cloud.cloudformation.preview import preview
from lab.cloud.cloudformation.scope import ssm_value
from lab.cloud.cloudformation.stack import ChangeSet, Desired, Stack
from lab.cloud.cloudformation.stack_policy import parse_policy
from lab.cloud.cloudformation.template import parse_template
from lab.cloud.cloudformation.transforms import check_capabilities

log = logging.getLogger(__name__)

# An execution answers when it is done or after this long, so that clients who poll every five seconds need not.
ANSWER_WITHIN_S = 20.0
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRequest:
    """What CreateStack, UpdateStack and CreateChangeSet have in common."""

    name: str
    body: str | None
    url: str | None
    use_previous: bool
    parameters: list[dict[str, Any]]
    tags: Mapping[str, str] | None
    capabilities: list[str] = field(default_factory=list)
    role_arn: str | None = None
    notification_arns: list[str] = field(default_factory=list)
    token: str = ""
    on_failure: str = "ROLLBACK"
    policy: str | None = None  # replaces the stack's own
    policy_during_update: str | None = None  # overrides the stack's own, once


class LabCloudFormationBackend(CloudFormationBackend):  # type: ignore[misc]
    """One account's stacks in one Region. It shares moto's place in the list of backends, none of its code."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lab_stacks: dict[str, Stack] = {}  # by stack id, in order of creation
        self.lab_change_sets: dict[str, ChangeSet] = {}  # by id
        self._lab_lock = threading.RLock()

    # --- finding

    def find_stack(self, name: str) -> Stack | None:
        """A living stack by name, or any by id."""
        if name in self.lab_stacks:
            return self.lab_stacks[name]
        living = [stack for stack in self.lab_stacks.values() if stack.name == name and not stack.deleted]
        return living[0] if living else None

    def stack(self, name: str) -> Stack:
        found = self.find_stack(name)
        if found is None:
            raise no_such_stack(name)
        return found

    def change_set(self, name: str, stack_name: str | None) -> ChangeSet:
        """A change set by id, or by name within its stack; the CDK CLI calls all of its change sets the same."""
        if name in self.lab_change_sets:
            return self.lab_change_sets[name]
        stack = self.find_stack(stack_name or "")
        for found in self.lab_change_sets.values():
            if found.name == name and found.stack is stack:
                return found
        if stack is None and stack_name:
            raise no_such_stack(stack_name)
        raise ChangeSetNotFoundError(f"ChangeSet [{name}] does not exist")

    def exported(self) -> list[dict[str, str]]:
        return [
            {"ExportingStackId": stack.stack_id, "Name": output["ExportName"], "Value": output["OutputValue"]}
            for stack in self.lab_stacks.values()
            if not stack.deleted
            for output in stack.outputs
            if "ExportName" in output
        ]

    def imported(self, name: str) -> str:
        for export in self.exported():
            if export["Name"] == name:
                return export["Value"]
        raise ValidationError(f"No export named {name} found.")

    # --- what is wanted

    def _desired(self, request: StackRequest, stack: Stack | None) -> Desired:
        before = stack.desired if stack is not None else None
        body = self._body(request, before)
        template = parse_template(body)
        previous = before.parameters if before is not None else {}
        tags = request.tags if request.tags is not None else (before.tags if before is not None else {})
        desired = Desired(
            body=body,
            template=template,
            parameters=resolve_parameters(
                template.get("Parameters", {}),
                request.parameters,
                previous,
                lambda name: ssm_value(self.region_name, self.account_id, name),
            ),
            tags=tags,
        )
        engine.validate(desired)
        return desired

    def _body(self, request: StackRequest, before: Desired | None) -> str:
        if request.use_previous and before is not None:
            return before.body
        if request.url:
            return self.fetch(request.url)
        if not request.body:
            raise ValidationError("Either Template URL or Template Body must be specified.")
        return request.body

    def fetch(self, url: str) -> str:
        """A template from the embedded S3, whatever style its URL has."""
        path = url.split("://", 1)[1].split("?", 1)[0]
        host, _, rest = path.partition("/")
        virtual = ".s3." in host and not host.startswith("s3.")
        bucket, key = (host.split(".s3.")[0], rest) if virtual else tuple(rest.split("/", 1))
        answer = client("s3", self.region_name, self.account_id).get_object(Bucket=bucket, Key=key)
        return str(answer["Body"].read().decode())

    def _new_stack(self, request: StackRequest) -> Stack:
        arn = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:stack/{request.name}/{uuid.uuid4()}"
        stack = Stack(name=request.name, stack_id=arn, region=self.region_name, account=self.account_id)
        self.lab_stacks[arn] = stack
        return stack

    # --- doing

    def run_create(self, request: StackRequest, *, protected: bool) -> Stack:
        with self._lab_lock:
            if (found := self.find_stack(request.name)) is not None:
                raise AlreadyExistsError(f"Stack [{found.name}] already exists")
            desired = self._desired(request, None)
            check_capabilities(desired.template, request.capabilities)
            stack = self._new_stack(request)
            stack.termination_protection = protected
        self._start(stack, request, lambda run: run.create(request.on_failure), desired)
        return stack

    def run_update(self, request: StackRequest) -> Stack:
        stack = self.stack(request.name)
        _refuse_busy(stack, "updated")
        desired = self._desired(request, stack)
        check_capabilities(desired.template, request.capabilities)
        if _same(stack.desired, desired):
            raise ValidationError("No updates are to be performed.")
        self._start(stack, request, lambda run: run.update(), desired)
        return stack

    def run_delete(self, name: str, retain: frozenset[str], token: str) -> None:
        stack = self.find_stack(name)
        if stack is None or stack.deleted:
            return
        if stack.termination_protection:
            raise ValidationError(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        _refuse_busy(stack, "deleted")
        self._refuse_imported(stack)
        stack.begin(token)
        _run_in_thread(stack, lambda: engine.delete_stack(stack, retain))

    def _refuse_imported(self, stack: Stack) -> None:
        names = [output["ExportName"] for output in stack.outputs if "ExportName" in output]
        for other in self.lab_stacks.values():
            for name in names:
                if (
                    other is not stack
                    and not other.deleted
                    and other.desired
                    and _imports(other.desired.template, name)
                ):
                    raise ValidationError(f"Export {name} cannot be deleted as it is in use by {other.name}")

    def _start(
        self, stack: Stack, request: StackRequest, run: Callable[[engine.Deployment], None], desired: Desired
    ) -> None:
        stack.capabilities = request.capabilities
        stack.role_arn = request.role_arn
        stack.notification_arns = request.notification_arns
        stack.begin(request.token)
        if request.policy is not None:
            stack.policy = request.policy
        body = request.policy_during_update or stack.policy
        policy = parse_policy(body) if body else None
        deployment = engine.Deployment(stack=stack, desired=desired, imported=self.imported, policy=policy)
        _run_in_thread(stack, lambda: run(deployment))

    # --- change sets

    def make_change_set(self, name: str, kind: str, request: StackRequest, description: str) -> ChangeSet:
        with self._lab_lock:
            stack = self.find_stack(request.name)
            if kind == "CREATE" and stack is None:
                desired = self._desired(request, None)
                stack = self._new_stack(request)
                stack.set_status("REVIEW_IN_PROGRESS", "User Initiated")
            elif stack is None:
                raise no_such_stack(request.name)
            else:
                _refuse_kind(stack, kind)
                desired = self._desired(request, stack)
            made = self._change_set(name, kind, request, stack, desired)
            made.description = description
            self.lab_change_sets[made.change_set_id] = made
            return made

    def _change_set(self, name: str, kind: str, request: StackRequest, stack: Stack, desired: Desired) -> ChangeSet:
        base = f"arn:aws:cloudformation:{self.region_name}:{self.account_id}:changeSet/{name}"
        made = ChangeSet(
            name=name,
            change_set_id=f"{base}/{uuid.uuid4()}",
            kind=kind,
            stack=stack,
            desired=desired,
            changes=preview(stack, desired, self.imported),
            capabilities=request.capabilities,
            role_arn=request.role_arn,
            notification_arns=request.notification_arns,
            on_stack_failure=request.on_failure,
        )
        if kind == "UPDATE" and _same(stack.desired, desired):
            made.status, made.reason, made.execution_status = "FAILED", NO_CHANGES, "UNAVAILABLE"
        return made

    def run_change_set(self, name: str, stack_name: str | None, token: str, *, rollback: bool) -> None:
        found = self.change_set(name, stack_name)
        if found.execution_status != "AVAILABLE":
            raise InvalidChangeSetStatusError(
                f"ChangeSet [{found.change_set_id}] cannot be executed in its current status of [{found.status}]"
            )
        _refuse_busy(found.stack, "updated")
        found.execution_status = "EXECUTE_COMPLETE"
        stack = found.stack
        stack.change_set_id = found.change_set_id
        request = StackRequest(
            name=stack.name,
            body=None,
            url=None,
            use_previous=False,
            parameters=[],
            tags=None,
            capabilities=found.capabilities,
            role_arn=found.role_arn,
            notification_arns=found.notification_arns,
            token=token,
        )
        on_failure = found.on_stack_failure if rollback else "DO_NOTHING"
        run = (lambda d: d.create(on_failure)) if found.kind == "CREATE" else (lambda d: d.update())
        self._start(stack, request, run, found.desired)
        self._forget_others(found)

    def _forget_others(self, executed: ChangeSet) -> None:
        """Executing a change set deletes the others of its stack (API reference, ExecuteChangeSet)."""
        self.lab_change_sets = {
            key: found
            for key, found in self.lab_change_sets.items()
            if found.stack is not executed.stack or found is executed
        }

    def drop_change_set(self, name: str, stack_name: str | None) -> None:
        """Deleting what is not there is no error, as on AWS."""
        try:
            found = self.change_set(name, stack_name)
        except ChangeSetNotFoundError:
            return
        del self.lab_change_sets[found.change_set_id]


def _run_in_thread(stack: Stack, run: Callable[[], None]) -> None:
    def guarded() -> None:
        try:
            run()
        except Exception as error:  # a stack must not stay in progress for ever, and must say what broke
            log.exception("stack.broken %s", stack.name)
            stack.set_status(_broken(stack.status), f"internal error of the embedded AWS: {error!r}")

    worker = threading.Thread(target=guarded, name=f"cloudformation {stack.name}", daemon=True)
    worker.start()
    worker.join(ANSWER_WITHIN_S)


def _broken(status: str) -> str:
    verb = status.split("_", maxsplit=1)[0]
    return {"CREATE": "CREATE_FAILED", "DELETE": "DELETE_FAILED"}.get(verb, "UPDATE_ROLLBACK_FAILED")


def _same(before: Desired | None, after: Desired) -> bool:
    if before is None:
        return False
    return (before.template, dict(before.parameters), dict(before.tags)) == (
        after.template,
        dict(after.parameters),
        dict(after.tags),
    )


def _refuse_busy(stack: Stack, verb: str) -> None:
    if stack.in_progress or (stack.status == "ROLLBACK_COMPLETE" and verb == "updated"):
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be {verb}.")


def _refuse_kind(stack: Stack, kind: str) -> None:
    if kind == "CREATE" and stack.status != "REVIEW_IN_PROGRESS":
        raise AlreadyExistsError(f"Stack [{stack.name}] already exists and cannot be created again with the changeSet")
    if kind == "UPDATE":
        _refuse_busy(stack, "updated")


def _imports(node: Any, name: str) -> bool:
    if isinstance(node, dict):
        return node.get("Fn::ImportValue") == name or any(_imports(item, name) for item in node.values())
    return isinstance(node, list) and any(_imports(item, name) for item in node)
