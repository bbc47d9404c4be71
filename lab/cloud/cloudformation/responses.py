"""CloudFormation's operations: parameters in, results out; moto parses and serialises them by botocore's model."""

from __future__ import annotations

from typing import Any

from moto.cloudformation.models import cloudformation_backends
from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from lab.cloud.cloudformation import shapes
from lab.cloud.cloudformation.errors import ValidationError
from lab.cloud.cloudformation.models import LabCloudFormationBackend, StackRequest
from lab.cloud.cloudformation.stack_policy import parse_policy
from lab.cloud.cloudformation.template import parse_template

# ImportExistingResources is taken: where a resource does exist, its creation fails and says so. Nested stacks need no
# flag here: their type is refused by name.
NOT_MODELLED = ("ResourcesToImport", "StackPolicyURL", "StackPolicyDuringUpdateURL", "DeploymentMode")


class LabCloudFormationResponse(BaseResponse):  # type: ignore[misc]
    """One method per operation. What is not here is refused by name."""

    def __init__(self) -> None:
        super().__init__(service_name="cloudformation")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> LabCloudFormationBackend:
        backend: LabCloudFormationBackend = cloudformation_backends[self.current_account][self.region]
        return backend

    def _request(self) -> StackRequest:
        given: dict[str, Any] = self.params
        for name in NOT_MODELLED:
            if given.get(name):
                raise ValidationError(f"{name} is not modelled by the embedded AWS")
        tags = {tag["Key"]: tag["Value"] for tag in given["Tags"]} if "Tags" in given else None
        return StackRequest(
            name=given["StackName"],
            body=given.get("TemplateBody"),
            url=given.get("TemplateURL"),
            use_previous=bool(given.get("UsePreviousTemplate")),
            parameters=given.get("Parameters", []),
            tags=tags,
            capabilities=given.get("Capabilities", []),
            role_arn=given.get("RoleARN"),
            notification_arns=given.get("NotificationARNs", []),
            token=given.get("ClientRequestToken", "") or given.get("ClientToken", ""),
            on_failure=self._on_failure(given),
            policy=self._policy("StackPolicyBody"),
            policy_during_update=self._policy("StackPolicyDuringUpdateBody"),
        )

    def _policy(self, name: str) -> str | None:
        body: str | None = self.params.get(name)
        if body is not None:
            parse_policy(body)
        return body

    @staticmethod
    def _on_failure(given: dict[str, Any]) -> str:
        if given.get("DisableRollback"):
            return "DO_NOTHING"
        return str(given.get("OnFailure") or given.get("OnStackFailure") or "ROLLBACK")

    # --- stacks

    def create_stack(self) -> ActionResult:
        protected = bool(self.params.get("EnableTerminationProtection"))
        return ActionResult({"StackId": self.backend.run_create(self._request(), protected=protected).stack_id})

    def update_stack(self) -> ActionResult:
        return ActionResult({"StackId": self.backend.run_update(self._request()).stack_id})

    def delete_stack(self) -> ActionResult:
        retain = frozenset(self.params.get("RetainResources", []))
        self.backend.run_delete(self.params["StackName"], retain, self.params.get("ClientRequestToken", ""))
        return EmptyResult()

    def describe_stacks(self) -> ActionResult:
        name = self.params.get("StackName")
        living = [stack for stack in self.backend.lab_stacks.values() if not stack.deleted]
        found = [self.backend.stack(name)] if name else living
        return ActionResult({"Stacks": [shapes.stack(stack) for stack in found]})

    def list_stacks(self) -> ActionResult:
        wanted = self.params.get("StackStatusFilter", [])
        found = [stack for stack in self.backend.lab_stacks.values() if not wanted or stack.status in wanted]
        return ActionResult({"StackSummaries": [shapes.stack_summary(stack) for stack in found]})

    def describe_stack_events(self) -> ActionResult:
        stack = self.backend.stack(self.params["StackName"])
        return ActionResult({"StackEvents": [shapes.event(stack, event) for event in reversed(stack.events)]})

    def describe_events(self) -> ActionResult:
        name = self.params.get("StackName") or self.params.get("ChangeSetName")
        stack = self.backend.find_stack(name) or self.backend.change_set(name, None).stack
        return ActionResult({"OperationEvents": [shapes.operation_event(stack, e) for e in reversed(stack.events)]})

    def update_termination_protection(self) -> ActionResult:
        stack = self.backend.stack(self.params["StackName"])
        stack.termination_protection = bool(self.params["EnableTerminationProtection"])
        return ActionResult({"StackId": stack.stack_id})

    def set_stack_policy(self) -> ActionResult:
        """It can be changed and never taken away again (User Guide, "Modifying a stack policy")."""
        if self.params.get("StackPolicyURL"):
            raise ValidationError("StackPolicyURL is not modelled by the embedded AWS")
        stack, body = self.backend.stack(self.params["StackName"]), self._policy("StackPolicyBody")
        if body is None:
            raise ValidationError("Either StackPolicyBody or StackPolicyURL must be specified.")
        stack.policy = body
        return EmptyResult()

    def get_stack_policy(self) -> ActionResult:
        return ActionResult({"StackPolicyBody": self.backend.stack(self.params["StackName"]).policy})

    # --- resources

    def describe_stack_resources(self) -> ActionResult:
        stack = self.backend.stack(self.params["StackName"])
        wanted = self.params.get("LogicalResourceId")
        found = [r for r in stack.resources.values() if wanted in {None, r.logical_id}]
        return ActionResult({"StackResources": [shapes.resource(stack, resource) for resource in found]})

    def describe_stack_resource(self) -> ActionResult:
        stack, wanted = self.backend.stack(self.params["StackName"]), self.params["LogicalResourceId"]
        if wanted not in stack.resources:
            raise ValidationError(f"Resource {wanted} does not exist for stack {stack.name}")
        return ActionResult({"StackResourceDetail": shapes.resource_detail(stack, stack.resources[wanted])})

    def list_stack_resources(self) -> ActionResult:
        stack = self.backend.stack(self.params["StackName"])
        return ActionResult({"StackResourceSummaries": [shapes.resource_summary(r) for r in stack.resources.values()]})

    # --- templates

    def get_template(self) -> ActionResult:
        if name := self.params.get("ChangeSetName"):
            desired: Any = self.backend.change_set(name, self.params.get("StackName")).desired
        else:
            desired = self.backend.stack(self.params["StackName"]).desired
        body = "{}" if desired is None else desired.body  # a stack in review has an empty one
        return ActionResult({"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]})

    def get_template_summary(self) -> ActionResult:
        return ActionResult(shapes.template_summary(self._template()))

    def validate_template(self) -> ActionResult:
        template = self._template()
        summary = shapes.template_summary(template)
        kept = {"Parameters", "Description", "Capabilities"}
        return ActionResult({key: value for key, value in summary.items() if key in kept})

    def _template(self) -> dict[str, Any]:
        if url := self.params.get("TemplateURL"):
            return parse_template(self.backend.fetch(url))
        if body := self.params.get("TemplateBody"):
            return parse_template(body)
        desired = self.backend.stack(self.params["StackName"]).desired
        return desired.template if desired is not None else {}

    # --- change sets

    def create_change_set(self) -> ActionResult:
        kind = self.params.get("ChangeSetType", "UPDATE")
        if kind not in {"CREATE", "UPDATE"}:
            raise ValidationError(f"ChangeSetType {kind} is not modelled by the embedded AWS")
        description = self.params.get("Description", "")
        made = self.backend.make_change_set(self.params["ChangeSetName"], kind, self._request(), description)
        return ActionResult({"Id": made.change_set_id, "StackId": made.stack.stack_id})

    def describe_change_set(self) -> ActionResult:
        found = self.backend.change_set(self.params["ChangeSetName"], self.params.get("StackName"))
        return ActionResult(shapes.change_set(found))

    def list_change_sets(self) -> ActionResult:
        stack = self.backend.stack(self.params["StackName"])
        found = [item for item in self.backend.lab_change_sets.values() if item.stack is stack]
        return ActionResult({"Summaries": [shapes.change_set_summary(item) for item in found]})

    def execute_change_set(self) -> ActionResult:
        self.backend.run_change_set(
            self.params["ChangeSetName"],
            self.params.get("StackName"),
            self.params.get("ClientRequestToken", ""),
            rollback=not self.params.get("DisableRollback"),
        )
        return EmptyResult()

    def delete_change_set(self) -> ActionResult:
        self.backend.drop_change_set(self.params["ChangeSetName"], self.params.get("StackName"))
        return EmptyResult()

    def describe_change_set_hooks(self) -> ActionResult:
        found = self.backend.change_set(self.params["ChangeSetName"], self.params.get("StackName"))
        return ActionResult({"ChangeSetId": found.change_set_id, "StackId": found.stack.stack_id, "Hooks": []})

    # --- exports

    def list_exports(self) -> ActionResult:
        return ActionResult({"Exports": self.backend.exported()})
