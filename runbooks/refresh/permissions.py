"""Where the actions of `refresh` may be used: the copy's name begins with the target's, as the old one's does.

Source: Service Authorization Reference (Amazon RDS, Route 53), as of 2026-11; the others are the clone's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from estate.names import TAG_RUN
from runbooks.clone.permissions import SCOPES as CLONE_SCOPES
from runbooks.engine.scope import Scope

_ZONE: Final = ("arn:{partition}:route53:::hostedzone/*",)
_TARGETS: Final = "arn:{partition}:rds:{region}:{account}:cluster:{target}*"


def _begins(scope: Scope) -> Scope:
    """A clone's scope for whatever name begins with the target's."""
    resources = tuple(pattern.replace("{target}", "{target}*") for pattern in scope.resources)
    return replace(scope, resources=resources, why=scope.why or "the copies' names begin with the target's")


SCOPES: Final[Mapping[str, Scope]] = {
    **{action: _begins(scope) for action, scope in CLONE_SCOPES.items()},
    "rds:RemoveTagsFromResource": Scope(
        (_TARGETS,), why="the copy's", conditions={"StringEquals": {f"aws:ResourceTag/{TAG_RUN}": "*"}}
    ),
    "ram:ListResources": Scope(("*",), why="no resource type"),
    "route53:GetHostedZone": Scope(_ZONE, why="the zone's id is the operator's"),
    "route53:ListResourceRecordSets": Scope(_ZONE, why="the zone's id is the operator's"),
    "route53:ChangeResourceRecordSets": Scope(
        _ZONE,
        why="the zone's id is the operator's; only CNAMEs, and none is deleted",
        conditions={
            "ForAllValues:StringEquals": {
                "route53:ChangeResourceRecordSetsRecordTypes": "CNAME",
                "route53:ChangeResourceRecordSetsActions": "UPSERT",
            }
        },
    ),
    "route53:GetChange": Scope(("arn:{partition}:route53:::change/*",), why="Route 53 chooses a change's id"),
}
