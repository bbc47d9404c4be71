"""Backtracks of Aurora MySQL clusters: requested, applied, described. Control plane only: no data is wound back.

Sources: API reference, BacktrackDBCluster and DescribeDBClusterBacktracks; Aurora User Guide, "Performing a backtrack
for an Aurora MySQL DB cluster" ("If the backtrack time stamp isn't earlier than the earliest possible backtrack time,
and isn't in the future, the DB cluster is backtracked to that time stamp. Otherwise, an error typically occurs."). The
model has two errors of the operation; for wrong times and binary logging the codes are RDS's for wrong values.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lab.cloud.awserrors import invalid_combination, invalid_value, rds_error
from lab.cloud.rds.state import RdsState, frozen
from lab.cloud.runtime import RUNTIME, later

BINLOG = "binlog_format"


@dataclass(slots=True)
class Backtrack:
    """One backtrack, in the names that moto serialises."""

    db_cluster_identifier: str
    backtrack_to: dt.datetime
    backtracked_from: dt.datetime
    backtrack_request_creation_time: dt.datetime
    status: str = "applying"
    backtrack_identifier: str = field(default_factory=lambda: str(uuid.uuid4()))


class BacktrackState(RdsState):
    """BacktrackDBCluster and DescribeDBClusterBacktracks."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.backtracks: dict[str, list[Backtrack]] = {}  # by the cluster's resource id, which no rename changes

    def backtrack_db_cluster(self, given: Mapping[str, Any]) -> Any:
        """Wind a cluster back; it is `backtracking` until that is done, and its connections are closed."""
        with RUNTIME.lock:
            cluster = self.cluster(given["db_cluster_identifier"])
            self._check_backtrack(cluster, given)
            now, to = dt.datetime.now(dt.UTC), self._backtrack_to(cluster, given)
            made = Backtrack(cluster.db_cluster_identifier, to, now, now)
            self.backtracks.setdefault(cluster.db_cluster_resource_id, []).append(made)
            cluster.status = "backtracking"
            answer = frozen(made)
        name = f"backtrack {cluster.db_cluster_identifier}"
        later(RUNTIME.delays.modifying_s, None, lambda: self._backtracked(cluster, made), name)
        return answer

    def _backtracked(self, cluster: Any, made: Backtrack) -> None:
        made.status = "completed"
        cluster.status = "available"

    def _check_backtrack(self, cluster: Any, given: Mapping[str, Any]) -> None:
        name = cluster.db_cluster_identifier
        if cluster.engine != "aurora-mysql" or not cluster.backtrack_window:
            raise invalid_combination(f"Backtrack is not enabled for the DB cluster {name}.")
        if self.serves(cluster):
            raise invalid_combination("BacktrackDBCluster is not modelled by the embedded AWS where processes run.")
        self.require_available(cluster)
        if self.has_binlog(cluster) and not given.get("force"):
            raise invalid_combination(
                f"Binary logging is enabled for the DB cluster {name}. Specify Force to backtrack it nevertheless."
            )

    def has_binlog(self, cluster: Any) -> bool:
        """Whether the cluster's parameter group turns binary logging on; Aurora's own default is OFF."""
        group = self.db_cluster_parameter_groups.get(cluster.db_cluster_parameter_group_name)
        value = group.parameters.get(BINLOG, {}).get("ParameterValue", "OFF") if group is not None else "OFF"
        return str(value).upper() != "OFF"

    @staticmethod
    def _backtrack_to(cluster: Any, given: Mapping[str, Any]) -> dt.datetime:
        asked: dt.datetime = given["backtrack_to"]
        asked = asked if asked.tzinfo else asked.replace(tzinfo=dt.UTC)
        earliest: dt.datetime = cluster.earliest_backtrack_time
        if asked > dt.datetime.now(dt.UTC):
            raise invalid_value(f"The specified backtrack time {asked:%Y-%m-%dT%H:%M:%SZ} is in the future.")
        if asked >= earliest:
            return asked
        if given.get("use_earliest_time_on_point_in_time_unavailable"):
            return earliest
        raise invalid_value(
            f"The specified backtrack time {asked:%Y-%m-%dT%H:%M:%SZ} is earlier than the earliest backtrack time, "
            f"{earliest:%Y-%m-%dT%H:%M:%SZ}."
        )

    def describe_db_cluster_backtracks(self, given: Mapping[str, Any]) -> list[Backtrack]:
        """Backtracks of one cluster, oldest first: the first of the list is not the latest."""
        cluster = self.cluster(given["db_cluster_identifier"])
        found = self.backtracks.get(cluster.db_cluster_resource_id, [])
        if wanted := given.get("backtrack_identifier"):
            found = [each for each in found if each.backtrack_identifier == wanted]
            if not found:
                raise rds_error("DBClusterBacktrackNotFoundFault", f"Backtrack identifier {wanted} not found.")
        for one in given.get("filters") or []:
            found = [each for each in found if getattr(each, _FILTERS[one["Name"]]) in one["Values"]]
        return found


_FILTERS = {"db-cluster-backtrack-id": "backtrack_identifier", "db-cluster-backtrack-status": "status"}
