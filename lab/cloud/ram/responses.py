"""RAM's operations on shares of clusters: documents in, documents out."""

from __future__ import annotations

import json
from typing import Any

from moto.ram.responses import ResourceAccessManagerResponse

from lab.cloud.ram.share import next_page


class LabRamResponse(ResourceAccessManagerResponse):  # type: ignore[misc]
    """moto's RAM with the overlay's backend behind it."""

    def _given(self) -> dict[str, Any]:
        document: dict[str, Any] = self.request_params
        return document

    def get_resource_shares(self) -> str:
        return next_page(self.ram_backend.get_resource_shares(**self._given()), self._given(), "resourceShares")

    def get_resource_share_associations(self) -> str:
        found = self.ram_backend.get_resource_share_associations(**self._given())
        return next_page(found, self._given(), "resourceShareAssociations")

    def get_resource_share_invitations(self) -> str:
        found = self.ram_backend.get_resource_share_invitations(**self._given())
        return next_page(found, self._given(), "resourceShareInvitations")

    def list_resources(self) -> str:
        return next_page(self.ram_backend.list_resources(**self._given()), self._given(), "resources")

    def list_pending_invitation_resources(self) -> str:
        found = self.ram_backend.list_pending_invitation_resources(**self._given())
        return next_page(found, self._given(), "resources")

    def accept_resource_share_invitation(self) -> str:
        return json.dumps(self.ram_backend.accept_resource_share_invitation(**self._given()))

    def disassociate_resource_share(self) -> str:
        return json.dumps(self.ram_backend.disassociate_resource_share(**self._given()))
