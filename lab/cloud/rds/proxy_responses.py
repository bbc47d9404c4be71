"""RDS Proxy operations: parameters arrive parsed, results are serialised by the model."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.rds.responses import RDSResponse

from lab.cloud.paging import page


class ProxyResponse(RDSResponse):  # type: ignore[misc]
    """moto's RDS with our proxies: its own know no endpoints, no modification and no IAM on the database's side."""

    def _plain(self) -> dict[str, Any]:
        return dict(self.params)

    def create_db_proxy(self) -> ActionResult:
        return ActionResult({"DBProxy": self.backend.create_proxy(self._plain())})

    def modify_db_proxy(self) -> ActionResult:
        return ActionResult({"DBProxy": self.backend.modify_proxy(self._plain())})

    def delete_db_proxy(self) -> ActionResult:
        return ActionResult({"DBProxy": self.backend.remove_proxy(self.params["DBProxyName"])})

    def describe_db_proxies(self) -> ActionResult:
        given = self._plain()
        return page("DBProxies", self.backend.proxies(given.get("db_proxy_name")), given)

    def register_db_proxy_targets(self) -> ActionResult:
        return ActionResult({"DBProxyTargets": self.backend.register_targets(self._plain())})

    def deregister_db_proxy_targets(self) -> ActionResult:
        self.backend.deregister_targets(self._plain())
        return EmptyResult()

    def describe_db_proxy_targets(self) -> ActionResult:
        given = self._plain()
        return page("Targets", self.backend.shown_targets(given["db_proxy_name"]), given)

    def describe_db_proxy_target_groups(self) -> ActionResult:
        given = self._plain()
        group = self.backend.target_group(given["db_proxy_name"], given.get("target_group_name"))
        return page("TargetGroups", [group], given)

    def modify_db_proxy_target_group(self) -> ActionResult:
        return ActionResult({"DBProxyTargetGroup": self.backend.modify_target_group(self._plain())})

    def create_db_proxy_endpoint(self) -> ActionResult:
        return ActionResult({"DBProxyEndpoint": self.backend.create_proxy_endpoint(self._plain())})

    def modify_db_proxy_endpoint(self) -> ActionResult:
        return ActionResult({"DBProxyEndpoint": self.backend.modify_proxy_endpoint(self._plain())})

    def delete_db_proxy_endpoint(self) -> ActionResult:
        name = self.params["DBProxyEndpointName"]
        return ActionResult({"DBProxyEndpoint": self.backend.remove_proxy_endpoint(name)})

    def describe_db_proxy_endpoints(self) -> ActionResult:
        given = self._plain()
        return page("DBProxyEndpoints", self.backend.found_proxy_endpoints(given), given)
