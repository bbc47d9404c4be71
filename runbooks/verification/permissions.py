"""Where the actions of `restore verify` may be used: the source is only read, and only what a run made is deleted.

Source: Service Authorization Reference (Amazon RDS, EC2, Secrets Manager, Systems Manager), as of 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from estate.names import TAG_RUN, lock_parameter, verified_parameter
from runbooks.aws.permissions import MASTER_SECRET, OWN_SECRET
from runbooks.birth.permissions import INSTANCES, TARGET
from runbooks.clone import permissions as clone
from runbooks.engine.scope import Scope

_PARAMETER: Final = "arn:{partition}:ssm:{region}:{account}:parameter"
_VERIFIED: Final = _PARAMETER + verified_parameter("{cluster}")
_LOCK: Final = _PARAMETER + lock_parameter("{cluster}-verify")
_SOURCE_LOCK: Final = _PARAMETER + lock_parameter("{cluster}")
_MADE: Final = {"StringEquals": {f"aws:ResourceTag/{TAG_RUN}": "*"}}

SCOPES: Final[Mapping[str, Scope]] = {
    **clone.SCOPES,
    "rds:DescribeDBClusterSnapshots": Scope(
        (
            "arn:{partition}:rds:{region}:{account}:cluster:{cluster}",
            "arn:{partition}:rds:{region}:{account}:cluster-snapshot:*",
        ),
        why="snapshots are listed by cluster",
    ),
    "rds:DeleteDBInstance": Scope((INSTANCES, TARGET), why="only one with a run's tag", conditions=_MADE),
    "rds:DeleteDBCluster": Scope((TARGET,), why="only one with a run's tag", conditions=_MADE),
    "secretsmanager:DeleteSecret": Scope((clone.OWN_SECRET,), why="only one with a run's tag", conditions=_MADE),
    "secretsmanager:GetSecretValue": Scope(
        (clone.OWN_SECRET, OWN_SECRET, MASTER_SECRET), why="the copy's, and the source's for checks that compare"
    ),
    "ssm:GetParameter": Scope((_LOCK, _SOURCE_LOCK, _VERIFIED)),
    "ssm:PutParameter": Scope((_LOCK, _VERIFIED)),
    "ssm:DeleteParameter": Scope((_LOCK,)),
}
