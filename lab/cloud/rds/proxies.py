"""RDS Proxy as the API shows it: proxies, their one target group, their endpoints. Nothing listens there."""

from __future__ import annotations

import datetime as dt
import secrets
import string
from typing import Any

from moto.ec2.models import ec2_backends

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds.checks import check_identifier, check_security_groups
from lab.cloud.rds.state import RdsState, frozen
from lab.cloud.runtime import RUNTIME, later

QUOTA = 20  # proxies per account and Region (Aurora quotas)
ENDPOINT_QUOTA = 20  # endpoints per proxy (Aurora guide, rds-proxy-endpoints)
FAMILIES = {"aurora-mysql": "MYSQL", "aurora-postgresql": "POSTGRESQL"}
IDLE_S = range(1, 28_801)
BORROW_S = range(301)
PERCENTAGES = {"MaxConnectionsPercent": range(1, 101), "MaxIdleConnectionsPercent": range(101)}
POOL = (*PERCENTAGES, "ConnectionBorrowTimeout", "InitQuery", "SessionPinningFilters")
DEFAULT_POOL = {"MaxConnectionsPercent": 100, "MaxIdleConnectionsPercent": 50, "ConnectionBorrowTimeout": 120}


class _Tagged:
    """A resource with tags, named in its ARN by an id that the service makes up."""

    tags: list[dict[str, str]]

    def get_tags(self) -> list[dict[str, str]]:
        return self.tags

    def add_tags(self, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        new = {tag["Key"] for tag in tags}
        kept = [tag for tag in self.tags if tag["Key"] not in new]
        self.tags = kept + [{"Key": tag["Key"], "Value": tag["Value"]} for tag in tags]
        return self.tags

    def remove_tags(self, tag_keys: list[str]) -> None:
        self.tags = [tag for tag in self.tags if tag["Key"] not in tag_keys]


class Proxy(_Tagged):
    """Attributes are what DescribeDBProxies shows, in snake case."""

    def __init__(self, backend: Any, given: dict[str, Any], vpc_id: str) -> None:
        self.db_proxy_name = given["db_proxy_name"]
        self.db_proxy_arn = backend.new_arn("db-proxy", "prx")
        self.status = "creating"
        self.engine_family = given["engine_family"]
        self.vpc_id = vpc_id
        self.vpc_subnet_ids = list(given["vpc_subnet_ids"])
        self.vpc_security_group_ids = list(given.get("vpc_security_group_ids") or [])
        self.default_auth_scheme = given.get("default_auth_scheme") or "NONE"
        self.auth = list(given.get("auth") or [])
        self.role_arn = given["role_arn"]
        self.endpoint = f"{self.db_proxy_name}.proxy-{backend.region_name}.rds.test"
        self.require_tls = bool(given.get("require_tls"))
        self.idle_client_timeout = given.get("idle_client_timeout") or 1800
        self.debug_logging = bool(given.get("debug_logging"))
        self.endpoint_network_type = given.get("endpoint_network_type") or "IPV4"
        self.target_connection_network_type = given.get("target_connection_network_type") or "IPV4"
        self.created_date = self.updated_date = dt.datetime.now(dt.UTC)
        self.tags = []
        self.targets = TargetGroup(backend, self.db_proxy_name)


class TargetGroup(_Tagged):
    """The one target group that a proxy has, `default`."""

    def __init__(self, backend: Any, proxy_name: str) -> None:
        self.db_proxy_name = proxy_name
        self.target_group_name = "default"
        self.target_group_arn = backend.new_arn("target-group", "prx-tg")
        self.is_default = True
        self.status = "available"
        self.connection_pool_config: dict[str, Any] = dict(DEFAULT_POOL)
        self.created_date = self.updated_date = dt.datetime.now(dt.UTC)
        self.clusters: list[str] = []
        self.tags = []


class ProxyEndpoint(_Tagged):
    """An endpoint beside the proxy's own."""

    def __init__(self, backend: Any, proxy: Proxy, given: dict[str, Any]) -> None:
        self.db_proxy_endpoint_name = given["db_proxy_endpoint_name"]
        self.db_proxy_endpoint_arn = backend.new_arn("db-proxy-endpoint", "prx-endpoint")
        self.db_proxy_name = proxy.db_proxy_name
        self.status = "creating"
        self.vpc_id = proxy.vpc_id
        self.vpc_subnet_ids = list(given["vpc_subnet_ids"])
        self.vpc_security_group_ids = list(given.get("vpc_security_group_ids") or [])
        self.endpoint = f"{self.db_proxy_endpoint_name}.endpoint.proxy-{backend.region_name}.rds.test"
        self.target_role = given.get("target_role") or "READ_WRITE"
        self.is_default = False
        self.endpoint_network_type = given.get("endpoint_network_type") or "IPV4"
        self.created_date = dt.datetime.now(dt.UTC)
        self.tags = []


class ProxyState(RdsState):
    """Create, modify, delete and describe proxies, targets and proxy endpoints."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.lab_proxies: dict[str, Proxy] = {}
        self.proxy_endpoints: dict[str, ProxyEndpoint] = {}

    def new_arn(self, kind: str, prefix: str) -> str:
        suffix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(17))
        return f"arn:aws:rds:{self.region_name}:{self.account_id}:{kind}:{prefix}-{suffix}"

    # --- proxies

    def create_proxy(self, given: dict[str, Any]) -> Any:
        with RUNTIME.lock:
            name = given["db_proxy_name"]
            check_identifier(name, "DBProxyName")
            if name in self.lab_proxies:
                raise rds_error("DBProxyAlreadyExistsFault", f"DB Proxy already exists: {name}")
            if len(self.lab_proxies) >= QUOTA:
                raise rds_error("DBProxyQuotaExceededFault", "DB Proxy quota exceeded.")
            _check_settings(given)
            _check_auth(given.get("default_auth_scheme"), given.get("auth"))
            check_security_groups(self, given.get("vpc_security_group_ids") or [])
            proxy = Proxy(self, given, self._vpc_of(given["vpc_subnet_ids"]))
            proxy.add_tags(list(given.get("tags") or []))
            self.lab_proxies[name] = proxy
            answer = frozen(proxy)
        later(RUNTIME.delays.creating_s, None, lambda: setattr(proxy, "status", "available"), f"proxy {name}")
        return answer

    def _vpc_of(self, subnet_ids: list[str]) -> str:
        """VPC of the subnets: two at least, in different zones of one VPC (CreateDBProxy, InvalidSubnet)."""
        known = {subnet.id: subnet for subnet in ec2_backends[self.account_id][self.region_name].describe_subnets()}
        if unknown := [each for each in subnet_ids if each not in known]:
            raise rds_error("InvalidSubnet", f"The requested subnet {unknown[0]} is not valid.")
        if len({known[each].vpc_id for each in subnet_ids}) != 1:
            raise rds_error("InvalidSubnet", "The subnets of a proxy must belong to one VPC.")
        if len({known[each].availability_zone for each in subnet_ids}) == 1:
            raise rds_error("InvalidSubnet", "A proxy needs subnets in two Availability Zones at least.")
        return str(known[subnet_ids[0]].vpc_id)

    def proxy(self, name: str) -> Proxy:
        found = self.lab_proxies.get(name)
        if found is None:
            raise rds_error("DBProxyNotFoundFault", f"DB proxy {name} not found.")
        return found

    def proxies(self, name: str | None) -> list[Proxy]:
        return [self.proxy(name)] if name else list(self.lab_proxies.values())

    def modify_proxy(self, given: dict[str, Any]) -> Any:
        with RUNTIME.lock:
            proxy = self.proxy(given["db_proxy_name"])
            _require_available(proxy)
            if given.get("new_db_proxy_name"):
                raise invalid_combination("ModifyDBProxy: NewDBProxyName is not modelled by the embedded AWS")
            _check_settings(given)
            auth = given["auth"] if given.get("auth") is not None else proxy.auth
            _check_auth(given.get("default_auth_scheme") or proxy.default_auth_scheme, auth)
            check_security_groups(self, given.get("security_groups") or [])
            for name in ("default_auth_scheme", "require_tls", "idle_client_timeout", "debug_logging", "role_arn"):
                if given.get(name) is not None:
                    setattr(proxy, name, given[name])
            proxy.auth = list(auth)
            proxy.vpc_security_group_ids = list(given.get("security_groups") or proxy.vpc_security_group_ids)
            return frozen(proxy)

    def remove_proxy(self, name: str) -> Any:
        """The target group and the endpoints go with it (DeleteDBProxy, "Deletes an existing DB proxy")."""
        with RUNTIME.lock:
            proxy = self.proxy(name)
            del self.lab_proxies[name]
            for endpoint in [each for each in self.proxy_endpoints.values() if each.db_proxy_name == name]:
                del self.proxy_endpoints[endpoint.db_proxy_endpoint_name]
            answer = frozen(proxy)
            answer.status = "deleting"
            return answer

    # --- targets

    def target_group(self, proxy_name: str, name: str | None = None) -> TargetGroup:
        group = self.proxy(proxy_name).targets
        if name not in {None, "", group.target_group_name}:
            raise rds_error("DBProxyTargetGroupNotFoundFault", f"DB proxy target group {name} not found.")
        return group

    def modify_target_group(self, given: dict[str, Any]) -> Any:
        with RUNTIME.lock:
            group = self.target_group(given["db_proxy_name"], given.get("target_group_name"))
            asked = given.get("connection_pool_config") or {}
            pool = {name: asked[name] for name in POOL if asked.get(name) is not None}
            _check_pool(pool)
            group.connection_pool_config = {**group.connection_pool_config, **pool}
            if "MaxIdleConnectionsPercent" not in pool and "MaxConnectionsPercent" in pool:
                group.connection_pool_config["MaxIdleConnectionsPercent"] = pool["MaxConnectionsPercent"] // 2
            return frozen(group)

    def register_targets(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """One cluster of the proxy's engine family; RDS Proxy has a single target."""
        with RUNTIME.lock:
            proxy = self.proxy(given["db_proxy_name"])
            group = self.target_group(proxy.db_proxy_name, given.get("target_group_name"))
            if given.get("db_instance_identifiers"):
                raise invalid_combination("RegisterDBProxyTargets: instances are not modelled by the embedded AWS")
            for identifier in given.get("db_cluster_identifiers") or []:
                cluster = self.cluster(identifier)
                if FAMILIES.get(cluster.engine) != proxy.engine_family:
                    raise invalid_combination(f"{identifier} is not of engine family {proxy.engine_family}.")
                if group.clusters:
                    raise rds_error(
                        "DBProxyTargetAlreadyRegisteredFault",
                        f"The proxy is already associated with {group.clusters[0]}.",
                    )
                group.clusters.append(cluster.db_cluster_identifier)
            return self.shown_targets(proxy.db_proxy_name)

    def deregister_targets(self, given: dict[str, Any]) -> None:
        with RUNTIME.lock:
            group = self.target_group(given["db_proxy_name"], given.get("target_group_name"))
            for identifier in given.get("db_cluster_identifiers") or []:
                if identifier not in group.clusters:
                    raise rds_error("DBProxyTargetNotFoundFault", f"{identifier} is not a target of the proxy.")
                group.clusters.remove(identifier)

    def shown_targets(self, proxy_name: str) -> list[dict[str, Any]]:
        """The cluster, and each of its instances with the role that it has now."""
        shown: list[dict[str, Any]] = []
        for name in self.target_group(proxy_name).clusters:
            cluster = self.clusters.get(name)
            if cluster is None:
                continue
            shown.append({"RdsResourceId": name, "Type": "TRACKED_CLUSTER", "Port": cluster.port})
            shown += [_shown_instance(name, cluster.port, each) for each in cluster.clustered]
        return shown

    # --- endpoints

    def create_proxy_endpoint(self, given: dict[str, Any]) -> Any:
        with RUNTIME.lock:
            proxy = self.proxy(given["db_proxy_name"])
            _require_available(proxy)
            name = given["db_proxy_endpoint_name"]
            check_identifier(name, "DBProxyEndpointName")
            if name in self.proxy_endpoints:
                raise rds_error("DBProxyEndpointAlreadyExistsFault", f"DB proxy endpoint already exists: {name}")
            if len([each for each in self.proxy_endpoints.values() if each.db_proxy_name == proxy.db_proxy_name]) >= (
                ENDPOINT_QUOTA - 1
            ):
                raise rds_error("DBProxyEndpointQuotaExceededFault", "DB proxy endpoint quota exceeded.")
            check_security_groups(self, given.get("vpc_security_group_ids") or [])
            self._vpc_of(given["vpc_subnet_ids"])
            endpoint = ProxyEndpoint(self, proxy, given)
            endpoint.add_tags(list(given.get("tags") or []))
            self.proxy_endpoints[name] = endpoint
            answer = frozen(endpoint)
        later(RUNTIME.delays.creating_s, None, lambda: setattr(endpoint, "status", "available"), f"endpoint {name}")
        return answer

    def proxy_endpoint(self, name: str) -> ProxyEndpoint:
        found = self.proxy_endpoints.get(name)
        if found is None:
            raise rds_error("DBProxyEndpointNotFoundFault", f"DB proxy endpoint {name} not found.")
        return found

    def found_proxy_endpoints(self, given: dict[str, Any]) -> list[ProxyEndpoint]:
        if given.get("db_proxy_endpoint_name"):
            return [self.proxy_endpoint(given["db_proxy_endpoint_name"])]
        proxy = given.get("db_proxy_name")
        if proxy:
            self.proxy(proxy)
        return [each for each in self.proxy_endpoints.values() if proxy in {None, "", each.db_proxy_name}]

    def modify_proxy_endpoint(self, given: dict[str, Any]) -> Any:
        with RUNTIME.lock:
            endpoint = self.proxy_endpoint(given["db_proxy_endpoint_name"])
            if given.get("new_db_proxy_endpoint_name"):
                raise invalid_combination("ModifyDBProxyEndpoint: a new name is not modelled by the embedded AWS")
            check_security_groups(self, given.get("vpc_security_group_ids") or [])
            endpoint.vpc_security_group_ids = list(
                given.get("vpc_security_group_ids") or endpoint.vpc_security_group_ids
            )
            return frozen(endpoint)

    def remove_proxy_endpoint(self, name: str) -> Any:
        with RUNTIME.lock:
            endpoint = frozen(self.proxy_endpoint(name))
            del self.proxy_endpoints[name]
            endpoint.status = "deleting"
            return endpoint

    # --- tags

    def _get_resource_for_tagging(self, arn: str) -> Any:
        proxies = list(self.lab_proxies.values())
        found = {
            **{each.db_proxy_arn: each for each in proxies},
            **{each.targets.target_group_arn: each.targets for each in proxies},
            **{each.db_proxy_endpoint_arn: each for each in self.proxy_endpoints.values()},
        }
        return found[arn] if arn in found else super()._get_resource_for_tagging(arn)


def _check_settings(given: dict[str, Any]) -> None:
    if given.get("engine_family") not in {None, "SQLSERVER", *FAMILIES.values()}:
        raise invalid_value(f"Invalid engine family: {given['engine_family']}")
    idle = given.get("idle_client_timeout")
    if idle is not None and idle not in IDLE_S:
        raise invalid_value(f"IdleClientTimeout must be between 1 and 28800, got {idle}.")


def _check_auth(scheme: str | None, auth: list[Any] | None) -> None:
    """CreateDBProxy: with DefaultAuthScheme left out or NONE, "you must specify the Auth option"."""
    if scheme in {None, "", "NONE"} and not auth:
        raise invalid_combination("You must specify Auth when DefaultAuthScheme is NONE.")


def _check_pool(pool: dict[str, Any]) -> None:
    for name, allowed in {**PERCENTAGES, "ConnectionBorrowTimeout": BORROW_S}.items():
        if name in pool and pool[name] not in allowed:
            raise invalid_value(f"{name} must be between {allowed[0]} and {allowed[-1]}, got {pool[name]}.")


def _require_available(proxy: Proxy) -> None:
    if proxy.status != "available":
        raise rds_error("InvalidDBProxyStateFault", f"DB proxy {proxy.db_proxy_name} is in {proxy.status} state.")


def _shown_instance(cluster: str, port: int, instance: Any) -> dict[str, Any]:
    return {
        "Endpoint": instance.address,
        "TrackedClusterId": cluster,
        "RdsResourceId": instance.db_instance_identifier,
        "Port": port,
        "Type": "RDS_INSTANCE",
        "Role": "READ_WRITE" if instance.is_cluster_writer else "READ_ONLY",
        "TargetHealth": {"State": "AVAILABLE"},
    }
