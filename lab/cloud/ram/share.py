"""A resource share as RAM keeps it: what is shared, with whom, and the invitations that went out."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

INVITATION_DAYS = 7
"""RAM User Guide, "Accepting and rejecting resource share invitations": a pending invitation expires after 7 days."""


PAGE = 100


def next_page(found: list[dict[str, Any]], given: dict[str, Any], key: str) -> str:
    """One page; the token is where the next one begins."""
    size, start = int(given.get("maxResults") or PAGE), int(given.get("nextToken") or 0)
    answer: dict[str, Any] = {key: found[start : start + size]}
    if start + size < len(found):
        answer["nextToken"] = str(start + size)
    return json.dumps(answer)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass
class Association:
    """A resource or a principal of a share."""

    entity: str
    kind: str  # RESOURCE or PRINCIPAL
    external: bool
    status: str = "ASSOCIATING"
    message: str = ""
    at: dt.datetime = field(default_factory=_now)

    def shown(self, share: Share) -> dict[str, Any]:
        message = {"statusMessage": self.message} if self.message else {}
        return {
            "resourceShareArn": share.arn,
            "resourceShareName": share.name,
            "associatedEntity": self.entity,
            "associationType": self.kind,
            "status": self.status,
            **message,
            "creationTime": self.at.timestamp(),
            "lastUpdatedTime": self.at.timestamp(),
            "external": self.external,
        }


@dataclass
class Invitation:
    """What an account outside the organization is sent; it sees nothing of the share until it accepts."""

    arn: str
    share: Share
    receiver: str
    answer: str = ""
    at: dt.datetime = field(default_factory=_now)

    @property
    def status(self) -> str:
        if self.answer:
            return self.answer
        return "EXPIRED" if _now() - self.at > dt.timedelta(days=INVITATION_DAYS) else "PENDING"

    def shown(self) -> dict[str, Any]:
        return {
            "resourceShareInvitationArn": self.arn,
            "resourceShareName": self.share.name,
            "resourceShareArn": self.share.arn,
            "senderAccountId": self.share.owner,
            "receiverAccountId": self.receiver,
            "invitationTimestamp": self.at.timestamp(),
            "status": self.status,
        }


@dataclass
class Share:
    """One share."""

    arn: str
    name: str
    owner: str
    allows_external: bool
    token: str = ""
    asked: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    associations: list[Association] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)
    at: dt.datetime = field(default_factory=_now)

    def of_kind(self, kind: str) -> list[Association]:
        return [each for each in self.associations if each.kind == kind]

    def gives(self, arn: str, account: str) -> bool:
        """Whether an account may use a resource by it: both associated, and the share not deleted."""
        held = {(each.kind, each.entity) for each in self.associations if each.status == "ASSOCIATED"}
        return self.status == "ACTIVE" and {("RESOURCE", arn), ("PRINCIPAL", account)} <= held

    def invite(self, account: str) -> None:
        arn = f"{self.arn.rsplit(':', 1)[0]}:resource-share-invitation/{uuid.uuid4()}"
        self.invitations.append(Invitation(arn, self, account))

    def shown(self) -> dict[str, Any]:
        return {
            "resourceShareArn": self.arn,
            "name": self.name,
            "owningAccountId": self.owner,
            "allowExternalPrincipals": self.allows_external,
            "status": self.status,
            "tags": [{"key": key, "value": value} for key, value in sorted(self.tags.items())],
            "creationTime": self.at.timestamp(),
            "lastUpdatedTime": self.at.timestamp(),
            "featureSet": "STANDARD",
        }
