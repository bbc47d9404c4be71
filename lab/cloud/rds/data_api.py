"""EnableHttpEndpoint and DisableHttpEndpoint: the Data API of a cluster, on or off. It runs no SQL here."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

from lab.cloud.awserrors import rds_error
from lab.cloud.runtime import RUNTIME


class DataApiResponse(RDSResponse):  # type: ignore[misc]
    """Both operations name the cluster by its ARN (API reference, EnableHttpEndpoint)."""

    def enable_http_endpoint(self) -> ActionResult:
        return self._set_http_endpoint(enabled=True)

    def disable_http_endpoint(self) -> ActionResult:
        return self._set_http_endpoint(enabled=False)

    def _set_http_endpoint(self, *, enabled: bool) -> ActionResult:
        arn = self.params["ResourceArn"]
        with RUNTIME.lock:
            cluster = self._addressed(arn)
            if cluster.status != "available":
                raise rds_error("InvalidResourceStateFault", f"{arn} is in {cluster.status} state.")
            cluster.http_endpoint = enabled
        return ActionResult({"ResourceArn": arn, "HttpEndpointEnabled": enabled})

    def _addressed(self, arn: str) -> Any:
        clusters: dict[str, Any] = self.backend.clusters
        for cluster in clusters.values():
            if cluster.arn == arn:
                return cluster
        raise rds_error("ResourceNotFoundFault", f"The specified resource {arn} was not found.")
