"""S3: bucket policies are kept and shown, and not enforced."""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3 import urls
from moto.s3.models import S3Backend


class LabS3Backend(S3Backend):  # type: ignore[misc]
    """moto enforces bucket policies without reading their conditions, so the bootstrap bucket's "deny what is not TLS"
    would deny everything.
    """

    _url_module = urls

    def put_bucket_policy(self, bucket_name: str, policy: bytes) -> None:
        super().put_bucket_policy(bucket_name, policy)
        self.get_bucket(bucket_name).get_permission = _neutral


def _neutral(*_: Any) -> Any:
    return PermissionResult.NEUTRAL
