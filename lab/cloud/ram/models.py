"""AWS RAM: shares of DB clusters between accounts, with invitations, over moto's for everything else.

Sources: RAM API reference; Aurora User Guide, "Cross-account cloning with AWS RAM and Amazon Aurora". A principal
outside the owner's organization is ASSOCIATING until it accepts ("AWS Account ID Principals need to be accepted to
become ASSOCIATED", terraform-provider-aws, ram_principal_association); inside one that shares, no invitation comes.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.organizations.models import organizations_backends
from moto.ram.models import ResourceAccessManagerBackend, ram_backends
from moto.rds.models import rds_backends

from lab.cloud.ram import urls
from lab.cloud.ram.share import Association, Invitation, Share
from lab.cloud.runtime import RUNTIME, later

_ACCOUNT = re.compile(r"\d{12}\Z")
_CLUSTER = re.compile(r"arn:[a-z-]+:rds:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):cluster:(?P<name>[a-z0-9-]+)\Z")


class RamError(JsonRESTError):  # type: ignore[misc]
    """An error of RAM; its codes are the names of their shapes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


class LabRamBackend(ResourceAccessManagerBackend):  # type: ignore[misc]
    """One account's shares in one Region. Only DB clusters are shared here, and only with accounts."""

    _url_module = urls

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.shares: list[Share] = []
        self.in_organization = False

    def enable_sharing_with_aws_organization(self) -> dict[str, Any]:
        answer: dict[str, Any] = super().enable_sharing_with_aws_organization()
        self.in_organization = True
        return answer

    # --- the owner's side

    def create_resource_share(self, **given: Any) -> dict[str, Any]:
        """A share, its resources and principals; the same client token again gives the same share."""
        with RUNTIME.lock:
            token = given.get("clientToken") or ""
            known = next((each for each in self.shares if token and each.token == token), None)
            asked = {key: value for key, value in given.items() if key != "clientToken"}
            if known is not None and known.asked != asked:
                raise RamError("IdempotentParameterMismatchException", "The client token was used with other values.")
            share = known or self._new_share(given, token, asked)
            shown = share.shown()
            shown.pop("featureSet")
            return {"resourceShare": shown, "clientToken": token}

    def _new_share(self, given: dict[str, Any], token: str, asked: dict[str, Any]) -> Share:
        external = given.get("allowExternalPrincipals", True) is not False
        resources, principals = given.get("resourceArns") or [], given.get("principals") or []
        for arn in resources:
            self._check_resource(arn)
        for principal in principals:
            self._check_principal(principal, external=external)
        share = Share(
            arn=f"arn:{self.partition}:ram:{self.region_name}:{self.account_id}:resource-share/{uuid.uuid4()}",
            name=given["name"],
            owner=self.account_id,
            allows_external=external,
            token=token,
            asked=asked,
            tags={tag["key"]: tag["value"] for tag in given.get("tags") or []},
        )
        for arn in resources:
            self._associate(share, Association(arn, "RESOURCE", external=False))
        for principal in principals:
            self._associate(share, Association(principal, "PRINCIPAL", external=not self._is_colleague(principal)))
        self.shares.append(share)
        return share

    def _check_resource(self, arn: str) -> None:
        match = _CLUSTER.match(arn)
        if match is None:
            raise RamError("MalformedArnException", f"The resource {arn} is not modelled by the embedded AWS.")
        if match["account"] != self.account_id or match["region"] != self.region_name:
            raise RamError("OperationNotPermittedException", f"You don't own the resource {arn} in this Region.")
        if match["name"] not in rds_backends[self.account_id][self.region_name].clusters:
            raise RamError("UnknownResourceException", f"The resource {arn} could not be found.")

    def _check_principal(self, principal: str, *, external: bool) -> None:
        if not _ACCOUNT.match(principal):
            raise RamError("InvalidParameterException", f"Principal ID {principal} is not modelled; give an account.")
        if not external and not self._is_colleague(principal):
            raise RamError(
                "OperationNotPermittedException",
                "The resource you are attempting to share can only be shared within your AWS Organization. This error "
                "may also occur if you have not enabled sharing with your AWS organization, or that onboarding process "
                "is still in progress.",
            )

    def _is_colleague(self, account: str) -> bool:
        """Whether an account is in this one's organization, and that shares without invitations."""
        for regions in list(organizations_backends.values()):
            for backend in list(regions.values()):
                members = {each.id for each in backend.accounts} if backend.org else set()
                if {account, self.account_id} <= members:
                    head = ram_backends[backend.org.master_account_id]
                    return any(getattr(each, "in_organization", False) for each in head.values())
        return False

    def _associate(self, share: Share, association: Association) -> None:
        share.associations.append(association)
        if association.external:
            share.invite(association.entity)
            return

        def settled() -> None:
            failed = association.kind == "RESOURCE" and not self._is_active(association.entity)
            association.status = "FAILED" if failed else "ASSOCIATED"
            association.message = "The DB cluster is not in the available state." if failed else ""

        later(RUNTIME.delays.modifying_s, None, settled, f"share {association.entity}")

    def _is_active(self, arn: str) -> bool:
        found = rds_backends[self.account_id][self.region_name].clusters.get(arn.rsplit(":", 1)[-1])
        return found is not None and found.status == "available"

    def _share(self, arn: str | None) -> Share:
        found = next((each for each in self.shares if each.arn == arn), None)
        if found is None:
            raise RamError("UnknownResourceException", f"ResourceShare {arn} could not be found.")
        return found

    def delete_resource_share(self, resource_share_arn: str | None) -> dict[str, Any]:
        """Deleted shares are shown for some time, as DELETED (RAM API reference, ResourceShare)."""
        with RUNTIME.lock:
            share = self._share(resource_share_arn)
            share.status = "DELETED"
            for each in share.associations:
                each.status = "DISASSOCIATED"
        return {"returnValue": True}

    def disassociate_resource_share(self, **given: Any) -> dict[str, Any]:
        """Take resources or principals out of a share."""
        with RUNTIME.lock:
            share = self._share(given.get("resourceShareArn"))
            wanted = {*(given.get("resourceArns") or []), *(given.get("principals") or [])}
            found = [each for each in share.associations if each.entity in wanted]
            for each in found:
                each.status = "DISASSOCIATED"
        return {"resourceShareAssociations": [each.shown(share) for each in found]}

    def get_resource_share_associations(self, **given: Any) -> list[dict[str, Any]]:
        kind = given.get("associationType")
        if kind not in {"PRINCIPAL", "RESOURCE"}:
            raise RamError("InvalidParameterException", f"{kind} is not a valid association type.")
        arns, entity = given.get("resourceShareArns"), given.get("resourceArn") or given.get("principal")
        wanted = given.get("associationStatus")
        return [
            each.shown(share)
            for share in self.shares
            if not arns or share.arn in arns
            for each in share.of_kind(kind)
            if entity in {None, each.entity} and wanted in {None, each.status}
        ]

    # --- both sides

    def get_resource_shares(self, **given: Any) -> list[dict[str, Any]]:
        arns, status = given.get("resourceShareArns"), given.get("resourceShareStatus")
        filters = [(each["tagKey"], each.get("tagValues") or []) for each in given.get("tagFilters") or []]
        return [
            share.shown()
            for share in self._seen_by(given.get("resourceOwner"))
            if (not arns or share.arn in arns)
            and status in {None, share.status}
            and given.get("name") in {None, share.name}
            and all(key in share.tags and (not values or share.tags[key] in values) for key, values in filters)
        ]

    def _seen_by(self, owner: str | None) -> list[Share]:
        if owner == "SELF":
            return self.shares
        if owner != "OTHER-ACCOUNTS":
            raise RamError("InvalidParameterException", f"{owner} is not a valid resource owner.")
        return [share for share in self._all_shares() if self._is_member(share)]

    def _is_member(self, share: Share) -> bool:
        held = {each.entity for each in share.of_kind("PRINCIPAL") if each.status == "ASSOCIATED"}
        return share.owner != self.account_id and share.status == "ACTIVE" and self.account_id in held

    def _all_shares(self) -> Iterator[Share]:
        for regions in list(ram_backends.values()):
            if self.region_name in regions:
                yield from getattr(regions[self.region_name], "shares", ())

    def list_resources(self, **given: Any) -> list[dict[str, Any]]:
        """Of a share that one owns or was given: what is in it. Filtered by type, resource and share."""
        if given.get("resourceType") not in {None, "rds:Cluster"}:
            raise RamError("InvalidResourceTypeException", f"{given['resourceType']} is not modelled.")
        arns, shares = given.get("resourceArns"), given.get("resourceShareArns")
        principal = given.get("principal")
        return [
            _resource(share, each)
            for share in self._seen_by(given.get("resourceOwner"))
            if not shares or share.arn in shares
            if principal is None or principal in {other.entity for other in share.of_kind("PRINCIPAL")}
            for each in share.of_kind("RESOURCE")
            if each.status == "ASSOCIATED" and (not arns or each.entity in arns)
        ]

    # --- the other account's side

    def get_resource_share_invitations(self, **given: Any) -> list[dict[str, Any]]:
        """Every invitation to this account, accepted ones too."""
        arns, shares = given.get("resourceShareInvitationArns"), given.get("resourceShareArns")
        return [
            each.shown()
            for each in self._invitations()
            if (not arns or each.arn in arns) and (not shares or each.share.arn in shares)
        ]

    def _invitations(self) -> list[Invitation]:
        return [each for share in self._all_shares() for each in share.invitations if each.receiver == self.account_id]

    def _invitation(self, arn: str) -> Invitation:
        found = next((each for each in self._invitations() if each.arn == arn), None)
        if found is None:
            raise RamError("ResourceShareInvitationArnNotFoundException", f"Invitation {arn} could not be found.")
        return found

    def list_pending_invitation_resources(self, **given: Any) -> list[dict[str, Any]]:
        found = self._invitation(given["resourceShareInvitationArn"])
        return [_resource(found.share, each) for each in found.share.of_kind("RESOURCE")]

    def accept_resource_share_invitation(self, **given: Any) -> dict[str, Any]:
        with RUNTIME.lock:
            found = self._invitation(given["resourceShareInvitationArn"])
            refused = {
                "ACCEPTED": "ResourceShareInvitationAlreadyAcceptedException",
                "REJECTED": "ResourceShareInvitationAlreadyRejectedException",
                "EXPIRED": "ResourceShareInvitationExpiredException",
            }
            if found.status in refused:
                raise RamError(refused[found.status], f"The invitation {found.arn} is {found.status.lower()}.")
            found.answer = "ACCEPTED"
            mine = [each for each in found.share.of_kind("PRINCIPAL") if each.entity == self.account_id]

        def settled() -> None:
            for each in mine:
                each.status = "ASSOCIATED"

        later(RUNTIME.delays.modifying_s, None, settled, f"accept {found.arn}")
        return {"resourceShareInvitation": found.shown()}


def _resource(share: Share, association: Association) -> dict[str, Any]:
    return {
        "arn": association.entity,
        "type": "rds:Cluster",
        "resourceShareArn": share.arn,
        "status": "AVAILABLE",
        "creationTime": association.at.timestamp(),
        "lastUpdatedTime": association.at.timestamp(),
    }


def shared_with(account: str, region: str) -> list[str]:
    """ARNs of the clusters of other accounts that an account may clone."""
    backend = ram_backends[account][region]
    if not isinstance(backend, LabRamBackend):
        return []
    return sorted({each["arn"] for each in backend.list_resources(resourceOwner="OTHER-ACCOUNTS")})


def is_shared(arn: str) -> bool:
    """Whether a cluster is in a share: then it cannot be renamed (facts C4)."""
    _, _, _, region, account, _, _ = arn.split(":", 6)
    backend = ram_backends[account][region]
    shares = backend.shares if isinstance(backend, LabRamBackend) else []
    return any(
        share.status == "ACTIVE" and each.entity == arn and each.status in {"ASSOCIATING", "ASSOCIATED"}
        for share in shares
        for each in share.of_kind("RESOURCE")
    )
