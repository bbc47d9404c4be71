"""The effects. Each can be done again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect
from runbooks.restore_cache.plan import TOOK, Kind
from runbooks.restore_cache.portrait import ACTIONS, find_cache
from runbooks.tags import is_ours, taken_by
from runbooks.tools import Tools
from runbooks.waits import until_status

TAKEN: Final = frozenset({"ReplicationGroupAlreadyExists", "ServerlessCacheAlreadyExistsFault"})
TAKEN_TOO: Final = "ReplicationGroupAlreadyExistsFault"  # the shape's name, which some doubles send


def create_cache(step: Step[Kind], context: Context[Tools]) -> Mapping[str, Any]:
    """Make it, unless this run has; a cache of that name that another made is left alone."""
    family = step.arguments["family"]
    try:
        for call in step.calls:
            context.tools.perform(call)
    except ClientError as error:
        if error_code(error) not in TAKEN | {TAKEN_TOO}:
            raise
        found = find_cache(context.tools, family, step.subject)
        if found is None or not is_ours(found.tags, context.run_id):
            raise LookupError(taken_by(found.tags if found is not None else {}, step.subject)) from error
    return {"cache": step.subject}


def await_cache(step: Step[Kind], context: Context[Tools]) -> Mapping[str, Any]:
    """Wait until it is available."""

    def look() -> str | None:
        found = find_cache(context.tools, step.arguments["family"], step.subject)
        return found.status if found is not None else None

    until_status(context, f"cache {step.subject}", look, usual=TOOK)
    return {"status": "available"}


EFFECTS: Final[Mapping[Kind, Effect[Kind, Tools]]] = {
    Kind.CREATE: Effect(
        create_cache,
        actions=(
            "elasticache:CreateReplicationGroup",
            "elasticache:CreateServerlessCache",
            "elasticache:AddTagsToResource",
            "ec2:CreateNetworkInterface",
            "ec2:CreateTags",
            "ec2:CreateVpcEndpoint",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "kms:CreateGrant",
            "kms:DescribeKey",
            "logs:CreateLogDelivery",
            *ACTIONS["find_cache"],
        ),
    ),
    Kind.AWAIT: Effect(await_cache, actions=ACTIONS["find_cache"]),
}
