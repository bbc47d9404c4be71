"""What is there of a new cluster already, and what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from runbooks.aws.rds import error_code
from runbooks.birth.parts import endpoint_id
from runbooks.birth.settle import AVAILABLE, broken, busy_with
from runbooks.birth.wish import Wish
from runbooks.engine.run import Context
from runbooks.parity import observe as parity
from runbooks.parity.observe import Place, find_raw_instance, find_subnet_group, look
from runbooks.parity.portrait import Portrait
from runbooks.tags import is_ours
from runbooks.tools import Tools
from runbooks.waits import until_status

BIRTH_READS: Final = parity.READS
USUAL: Final = "5 to 15 minutes"


def see_copy(context: Context[Tools], cluster_id: str, region: str = "") -> Portrait | None:
    """The new cluster as far as it is there; None when nothing is.

    While a run is done (not in a dry run), what an earlier sitting of the same run asked for is waited for: a plan is
    made of what is at rest.
    """
    tools = context.tools
    found = look(tools, cluster_id, region)
    if found is None or not context.execute or not is_ours(found.tags, context.run_id) or not busy_with(found):
        return found
    seen = [found]

    def state() -> str:
        now = look(tools, cluster_id, region)
        if now is None:
            raise LookupError(f"cluster {cluster_id} does not exist any more")
        seen[0] = now
        return broken(now) or busy_with(now) or AVAILABLE

    until_status(context, f"cluster {cluster_id} of this run", state, usual=USUAL)
    return seen[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """What a wish meets. `place` is its subnet group; `taken` are names that other clusters have already."""

    place: Place | None = None
    taken: tuple[str, ...] = ()


def look_around(tools: Tools, wish: Wish, model: Portrait | None) -> Around:
    """Look at the wish's subnet group, and who has the names of its instances and custom endpoints."""
    rds: Any = tools.session_in(wish.region).rds
    taken = [each.instance_id for each in wish.instances if _has_other(rds, each.instance_id, wish.target_id)]
    endpoints = model.endpoints if model is not None and wish.endpoints else ()
    names = [endpoint_id(each, wish, model) for each in endpoints if model is not None]
    taken += [name for name in names if _has_other_endpoint(rds, name, wish.target_id)]
    return Around(place=find_subnet_group(rds, wish.subnet_group), taken=tuple(taken))


def _has_other(rds: Any, instance_id: str, target_id: str) -> bool:
    try:
        found = find_raw_instance(rds, instance_id)
    except ClientError as error:
        if error_code(error) == "InvalidParameterValue":  # no name that RDS takes: a reason of its own
            return False
        raise
    return found is not None and found.get("DBClusterIdentifier") != target_id


def _has_other_endpoint(rds: Any, name: str, target_id: str) -> bool:
    try:
        found = rds.describe_db_cluster_endpoints(DBClusterEndpointIdentifier=name)["DBClusterEndpoints"]
    except ClientError as error:
        if error_code(error) in {"DBClusterEndpointNotFoundFault", "InvalidParameterValue"}:
            return False
        raise
    return any(each.get("DBClusterIdentifier") != target_id for each in found)
