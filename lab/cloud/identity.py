"""IAM: AWS's own managed policies appear when they are attached, so that an empty account costs no second to make."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam import urls
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

_OWNER = ":iam::aws:policy/"


class LabIAMBackend(IAMBackend):  # type: ignore[misc]
    """moto's IAM, which knows either none of AWS's policies or parses all 1,500 for every new account."""

    _url_module = urls

    def attach_role_policy(self, policy_arn: str, role_name: str) -> None:
        self._know(policy_arn)
        super().attach_role_policy(policy_arn, role_name)

    def get_policy(self, policy_arn: str) -> Any:
        self._know(policy_arn)
        return super().get_policy(policy_arn)

    def _know(self, policy_arn: str) -> None:
        name = policy_arn.rsplit("/", maxsplit=1)[-1]
        if _OWNER not in policy_arn or policy_arn in self.managed_policies or name not in _aws_policies():
            return
        policy = AWSManagedPolicy.from_data(name, self.account_id, self.region_name, _aws_policies()[name])
        if policy.arn == policy_arn:
            self.managed_policies[policy_arn] = policy


@cache
def _aws_policies() -> dict[str, Any]:
    policies: dict[str, Any] = json.loads(aws_managed_policies_data)
    return policies
