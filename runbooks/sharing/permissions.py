"""Where the actions of sharing may be used. Source: Service Authorization Reference, as of 2026-11 (`list_ram`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN
from runbooks.engine.scope import Scope

_CLUSTERS: Final = "arn:{partition}:rds:{region}:{account}:cluster:*"
_SHARES: Final = ("arn:{partition}:ram:{region}:{account}:resource-share/*",)
_KEYS: Final = ("arn:{partition}:kms:{region}:{account}:key/*",)
_AN_ID: Final = "RAM chooses the ids of shares"
_OURS: Final = {"StringEquals": {f"aws:ResourceTag/{TAG_RUN}": "*"}}
_READ: Final = "no resource type"

SHARE_SCOPES: Final[Mapping[str, Scope]] = {
    "rds:DescribeDBClusters": Scope((_CLUSTERS,), why="the cluster's clones are looked for: one share for all of them"),
    "ram:GetResourceShares": Scope(("*",), why=_READ),
    "ram:GetResourceShareAssociations": Scope(("*",), why=_READ),
    "ram:CreateResourceShare": Scope(
        _SHARES,
        why=f"{_AN_ID}; clusters only",
        conditions={"StringEquals": {"ram:RequestedResourceType": "rds:Cluster"}},
    ),
    "ram:TagResource": Scope(_SHARES, why=_AN_ID),
    "ram:DeleteResourceShare": Scope(_SHARES, why=_AN_ID, conditions=_OURS),
    "ram:DisassociateResourceShare": Scope(_SHARES, why=_AN_ID, conditions=_OURS),
    "kms:DescribeKey": Scope(_KEYS, why="the cluster's own key, by its id"),
    "kms:GetKeyPolicy": Scope(_KEYS, why="the cluster's own key, by its id"),
    "kms:ListGrants": Scope(_KEYS, why="the cluster's own key, by its id"),
}
ACCEPT_SCOPES: Final[Mapping[str, Scope]] = {
    "rds:DescribeDBClusters": Scope(
        (_CLUSTERS, "arn:{partition}:rds:{region}:*:cluster:*"),
        why="those of other accounts that are shared with this one",
    ),
    "ram:GetResourceShareInvitations": Scope(("*",), why=_READ),
    "ram:ListPendingInvitationResources": Scope(
        ("arn:{partition}:ram:{region}:*:resource-share-invitation/*",), why="RAM chooses the ids of invitations"
    ),
    "ram:AcceptResourceShareInvitation": Scope(
        ("arn:{partition}:ram:{region}:*:resource-share-invitation/*",), why="RAM chooses the ids of invitations"
    ),
}
