"""Route 53's changes: each has an id of its own, is PENDING at first, and INSYNC when every server answers with it.

ChangeResourceRecordSets: "When you submit a ChangeResourceRecordSets request, Route 53 propagates your changes to all
of the Route 53 authoritative DNS servers managing the hosted zone. While your changes are propagating, GetChange
returns a status of PENDING. When propagation is complete, GetChange returns a status of INSYNC." moto answers INSYNC at
once, with the same id for all.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random
from moto.route53 import urls
from moto.route53.responses import Route53

from lab.cloud.awserrors import aws_error
from lab.cloud.runtime import RUNTIME, later

PENDING, INSYNC = "PENDING", "INSYNC"
ID_LENGTH = 14


class Changes:
    """The changes of one account. A backend has it besides its zones."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}

    def submit(self, comment: str) -> dict[str, Any]:
        """A new change, which is INSYNC when the time that a modification takes is over."""
        change_id = "C" + mock_random.get_random_string(length=ID_LENGTH - 1, lower_case=False).upper()
        change = {"Id": f"/change/{change_id}", "Status": PENDING, "SubmittedAt": utcnow()}
        if comment:
            change["Comment"] = comment
        self._known[change_id] = change
        answer = dict(change)
        later(RUNTIME.delays.modifying_s, None, lambda: change.update(Status=INSYNC), f"route53 change {change_id}")
        return answer

    def find(self, change_id: str) -> dict[str, Any]:
        """A change by its id.

        Raises:
            AwsError: `NoSuchChange`.
        """
        try:
            return dict(self._known[change_id.rpartition("/")[2]])
        except KeyError:
            raise aws_error("route53", "NoSuchChange", f"Could not find resource with ID: {change_id}") from None


class LabRoute53Response(Route53):  # type: ignore[misc]
    """moto's answers, with changes that take their time."""

    def change_resource_record_sets(self) -> Any:
        super().change_resource_record_sets()
        comment = self._get_param("ChangeBatch.Comment") or ""
        return ActionResult({"ChangeInfo": self.backend.changes.submit(comment)})

    def get_change(self) -> Any:
        return ActionResult({"ChangeInfo": self.backend.changes.find(self._get_param("Id"))})


URLS = SimpleNamespace(url_bases=urls.url_bases, url_paths=dict.fromkeys(urls.url_paths, LabRoute53Response.dispatch))
