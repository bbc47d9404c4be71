"""What AWS RAM says of shares and invitations, as typed values. Decides nothing; every list is read page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

CLUSTER: Final = "rds:Cluster"
OVER: Final = frozenset({"DELETING", "DELETED", "FAILED"})
# IAM actions of each call: an effect that uses a function declares its row.
ACTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "list_shared_clusters": ("ram:ListResources",),
    "list_shares": ("ram:GetResourceShares",),
    "list_associations": ("ram:GetResourceShareAssociations",),
    "list_links": ("ram:GetResourceShares", "ram:GetResourceShareAssociations"),
    "list_invitations": ("ram:GetResourceShareInvitations",),
    "list_offered": ("ram:ListPendingInvitationResources",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A resource share. `status` is ACTIVE, or PENDING, FAILED, DELETING, DELETED."""

    arn: str
    name: str
    status: str
    external: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_over(self) -> bool:
        return self.status in OVER


@dataclass(frozen=True, kw_only=True, slots=True)
class Association:
    """A resource (by ARN) or a principal (an account id) of a share, and how far that has come."""

    share: str
    entity: str
    status: str
    message: str = ""
    external: bool = False

    @property
    def holds(self) -> bool:
        """It is there, or will be."""
        return self.status in {"ASSOCIATED", "ASSOCIATING", "RESTORING"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A share with what is in it and with whom."""

    share: Share
    resources: tuple[Association, ...] = ()
    principals: tuple[Association, ...] = ()

    def gives(self, arn: str, account: str) -> bool:
        """Whether it lets an account have a resource, now or soon."""
        return arn in self.arns and account in self.accounts

    @property
    def arns(self) -> frozenset[str]:
        return frozenset(each.entity for each in self.resources if each.holds)

    @property
    def accounts(self) -> frozenset[str]:
        return frozenset(each.entity for each in self.principals if each.holds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """An invitation to this account. `status` is PENDING, ACCEPTED, REJECTED or EXPIRED."""

    arn: str
    share: str
    sender: str
    status: str
    at: datetime | None = None


def _pages(client: Any, operation: str, key: str, **given: Any) -> list[Any]:
    """Every entry of a list."""
    return [raw for page in client.get_paginator(operation).paginate(**given) for raw in page[key]]


def list_shared_clusters(client: Any, owner: str = "SELF") -> frozenset[str]:
    """ARNs of the DB clusters that this account shares (or, with OTHER-ACCOUNTS, that are shared with it)."""
    found = _pages(client, "list_resources", "resources", resourceOwner=owner, resourceType=CLUSTER)
    return frozenset(str(raw.get("arn", "")) for raw in found)


def list_shares(client: Any) -> tuple[Share, ...]:
    """The account's own shares in the Region, deleted ones too for as long as RAM shows them."""
    return tuple(
        Share(
            arn=raw.get("resourceShareArn", ""),
            name=raw.get("name", ""),
            status=raw.get("status", ""),
            external=raw.get("allowExternalPrincipals", False),
            tags={tag.get("key", ""): tag.get("value", "") for tag in raw.get("tags", [])},
        )
        for raw in _pages(client, "get_resource_shares", "resourceShares", resourceOwner="SELF")
    )


def list_associations(client: Any, kind: str) -> tuple[Association, ...]:
    """The resources (`RESOURCE`) or the principals (`PRINCIPAL`) of all the account's own shares."""
    found = _pages(
        client, "get_resource_share_associations", "resourceShareAssociations", associationType=kind
    )  # fmt: skip
    return tuple(
        Association(
            share=raw.get("resourceShareArn", ""),
            entity=raw.get("associatedEntity", ""),
            status=raw.get("status", ""),
            message=raw.get("statusMessage", ""),
            external=raw.get("external", False),
        )
        for raw in found
    )


def list_links(client: Any) -> tuple[Link, ...]:
    """The account's own shares that are not over, each with what is in it."""
    resources, principals = list_associations(client, "RESOURCE"), list_associations(client, "PRINCIPAL")
    return tuple(
        Link(
            share=share,
            resources=tuple(each for each in resources if each.share == share.arn),
            principals=tuple(each for each in principals if each.share == share.arn),
        )
        for share in list_shares(client)
        if not share.is_over
    )


def list_invitations(client: Any) -> tuple[Invitation, ...]:
    """Every invitation to this account, those it accepted too."""
    return tuple(
        Invitation(
            arn=raw.get("resourceShareInvitationArn", ""),
            share=raw.get("resourceShareArn", ""),
            sender=raw.get("senderAccountId", ""),
            status=raw.get("status", ""),
            at=raw.get("invitationTimestamp"),
        )
        for raw in _pages(client, "get_resource_share_invitations", "resourceShareInvitations")
    )


def list_offered(client: Any, invitation: str) -> tuple[str, ...]:
    """ARNs of what a pending invitation offers; botocore has no paginator for it."""
    found: list[str] = []
    token = ""
    while True:
        more = {"nextToken": token} if token else {}
        answer = client.list_pending_invitation_resources(resourceShareInvitationArn=invitation, **more)
        found += [str(raw.get("arn", "")) for raw in answer["resources"]]
        token = answer.get("nextToken", "")
        if not token:
            return tuple(found)
