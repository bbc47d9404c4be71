"""All resource types that the embedded CloudFormation knows, by name."""

from __future__ import annotations

from functools import cache

from lab.cloud.cloudformation import (
    types_backup,
    types_bootstrap,
    types_cache,
    types_database,
    types_events,
    types_global,
    types_global_datastore,
    types_identity,
    types_memcached,
    types_network,
    types_platform,
    types_proxy,
    types_scaling,
    types_secrets,
    types_serverless,
    types_watching,
)
from lab.cloud.cloudformation.row import Row

_TABLES = (
    types_network,
    types_identity,
    types_platform,
    types_bootstrap,
    types_database,
    types_cache,
    types_scaling,
    types_watching,
    types_events,
    types_global,
    types_global_datastore,
    types_proxy,
    types_secrets,
    types_backup,
    types_serverless,
    types_memcached,
)


@cache
def rows() -> dict[str, Row]:
    return {row.type: row for table in _TABLES for row in table.ROWS}


def find_row(resource_type: str) -> Row | None:
    return rows().get(resource_type)
