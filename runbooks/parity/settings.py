"""Every setting of an Aurora cluster: how it is read, and how it comes to a copy. Pure.

What a call accepts is read from botocore's model (`accepted`), never from a list by hand. By hand are only the facts
that no model has: what comes with the data, what AWS makes of a parameter that is left out, what is refused although
the model lists it. Sources: API reference of RestoreDBClusterToPointInTime, RestoreDBClusterFromSnapshot,
RestoreDBClusterFromS3, ModifyDBCluster and CreateDBInstance, parameter by parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from runbooks.parity.portrait import Raw

POINT_IN_TIME: Final = "RestoreDBClusterToPointInTime"
SNAPSHOT: Final = "RestoreDBClusterFromSnapshot"
S3: Final = "RestoreDBClusterFromS3"
OPERATIONS: Final = (POINT_IN_TIME, SNAPSHOT, S3)
MODIFY: Final = "ModifyDBCluster"
ENABLE_DATA_API: Final = "EnableHttpEndpoint"
DATA_API: Final = "EnableHttpEndpoint"


class Way(StrEnum):
    """How a setting comes to a copy."""

    CARRIED = "carried"  # with the data
    PASSED = "passed"  # in the call that makes it
    MODIFIED = "modified"  # by a call afterwards
    RECREATED = "re-created"  # a thing of its own, made again under a new name
    DIFFERENT = "different"  # on purpose


class _Mark:
    """A value that is none."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


SAID_ALWAYS: Any = _Mark("always said")
"""The default of a setting that must be given: AWS would choose, or take one that this account may have changed."""
UNKNOWN: Any = _Mark("not known")
"""What a snapshot or a retained backup does not know of its cluster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting, by its parameter's name in CreateDBCluster or CreateDBInstance.

    `read` takes it from DescribeDBClusters' (or DescribeDBInstances') answer, of which `key` is the member it needs.
    `default` is what a new cluster has when the parameter is left out. `together` are parameters that ModifyDBCluster
    wants in one call with it.
    """

    name: str
    key: str
    read: Callable[[Raw], Any]
    default: Any = SAID_ALWAYS
    together: str = ""

    def value(self, raw: Raw, *, partial: bool = False) -> Any:
        """The value; `UNKNOWN` where a partial answer does not have it."""
        if partial and self.key not in raw:
            return UNKNOWN
        return self.read(raw)


def _plain(name: str, key: str, default: Any = SAID_ALWAYS, *, absent: Any = None, together: str = "") -> Setting:
    """A setting that is one member of the answer; `absent` is what its absence means (default: `default`)."""
    missing = absent if absent is not None else None if default is SAID_ALWAYS else default

    def read(raw: Raw) -> Any:
        found = raw.get(key)
        return missing if found is None or found == "" else found

    return Setting(name=name, key=key, read=read, default=default, together=together)


def _of(name: str, key: str, read: Callable[[Any], Any], default: Any = SAID_ALWAYS, together: str = "") -> Setting:
    """A setting that is made of one member of the answer."""
    return Setting(name=name, key=key, read=lambda raw: read(raw.get(key)), default=default, together=together)


def _list(found: Any) -> list[Any]:
    return list(found or ())


def _key_of_secret(found: Any) -> str:
    return str(found.get("KmsKeyId", "")) if found else ""


def _groups(found: Any) -> list[str]:
    return sorted(str(each["VpcSecurityGroupId"]) for each in _list(found))


def _roles(found: Any) -> list[dict[str, str]]:
    kept = [{name: str(role[name]) for name in ("RoleArn", "FeatureName") if role.get(name)} for role in _list(found)]
    return sorted(kept, key=lambda role: (role["RoleArn"], role.get("FeatureName", "")))


def _capacity(found: Any) -> dict[str, Any] | None:
    """Without the pause when there is none: AWS shows it for clusters that may pause only."""
    if not found:
        return None
    names = ("MinCapacity", "MaxCapacity", "SecondsUntilAutoPause")
    return {name: found[name] for name in names if found.get(name) is not None}


def _domain(member: str) -> Callable[[Any], str]:
    return lambda found: str(found[0].get(member) or "") if found else ""


def _forwards(found: Any) -> bool:
    """Statuses: enabled, disabled, enabling, disabling, requested."""
    return found in {"enabled", "enabling", "requested"}


def _names(found: Any) -> list[str]:
    return sorted(str(each) for each in _list(found))


def _parameter_group(found: Any) -> str | None:
    return str(found[0]["DBParameterGroupName"]) if found else None


INSIGHTS: Final = "insights"
EXTENDED_SUPPORT: Final = "open-source-rds-extended-support"

CLUSTER: Final[tuple[Setting, ...]] = (
    _plain("Engine", "Engine"),
    _plain("EngineVersion", "EngineVersion"),
    _plain("EngineMode", "EngineMode", "provisioned"),
    _plain("DatabaseName", "DatabaseName", ""),
    _plain("MasterUsername", "MasterUsername"),
    _plain("StorageEncrypted", "StorageEncrypted", default=False),
    _plain("KmsKeyId", "KmsKeyId", ""),
    _plain("DBClusterParameterGroupName", "DBClusterParameterGroup"),
    _plain("DBSubnetGroupName", "DBSubnetGroup"),
    _of("VpcSecurityGroupIds", "VpcSecurityGroups", _groups),
    _plain("Port", "Port"),
    _plain("NetworkType", "NetworkType", "IPV4"),
    _plain("EnableIAMDatabaseAuthentication", "IAMDatabaseAuthenticationEnabled", default=False),
    _plain("DeletionProtection", "DeletionProtection", default=False),
    _plain("CopyTagsToSnapshot", "CopyTagsToSnapshot", default=False),
    _plain("StorageType", "StorageType", "aurora"),
    _plain("BackupRetentionPeriod", "BackupRetentionPeriod"),
    _plain("PreferredBackupWindow", "PreferredBackupWindow"),
    _plain("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
    _plain("BacktrackWindow", "BacktrackWindow", 0),
    _of("EnableCloudwatchLogsExports", "EnabledCloudwatchLogsExports", _names, []),
    _of("ServerlessV2ScalingConfiguration", "ServerlessV2ScalingConfiguration", _capacity, None),
    _plain("EngineLifecycleSupport", "EngineLifecycleSupport", EXTENDED_SUPPORT),
    _of("Domain", "DomainMemberships", _domain("Domain"), "", "domain"),
    _of("DomainIAMRoleName", "DomainMemberships", _domain("IAMRoleName"), "", "domain"),
    _of("AssociatedRoles", "AssociatedRoles", _roles, []),
    _plain("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade", default=True),
    _plain("DatabaseInsightsMode", "DatabaseInsightsMode", "standard", together=INSIGHTS),
    _plain("EnablePerformanceInsights", "PerformanceInsightsEnabled", default=False, together=INSIGHTS),
    _plain("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod", 0, together=INSIGHTS),
    _plain("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId", "", together=INSIGHTS),
    _plain("MonitoringInterval", "MonitoringInterval", 0, together="monitoring"),
    _plain("MonitoringRoleArn", "MonitoringRoleArn", "", together="monitoring"),
    _plain(DATA_API, "HttpEndpointEnabled", default=False),
    _of("EnableLocalWriteForwarding", "LocalWriteForwardingStatus", _forwards, default=False),
    _of("ManageMasterUserPassword", "MasterUserSecret", bool, default=False, together="secret"),
    _of("MasterUserSecretKmsKeyId", "MasterUserSecret", _key_of_secret, "", "secret"),
)
"""Settings of the cluster, in the order they are shown."""

INSTANCE: Final[tuple[Setting, ...]] = (
    _plain("DBInstanceClass", "DBInstanceClass"),
    _plain("PromotionTier", "PromotionTier", 1),
    _of("DBParameterGroupName", "DBParameterGroups", _parameter_group),
    _plain("EnablePerformanceInsights", "PerformanceInsightsEnabled", default=False),
    _plain("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod", 0),
    _plain("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId", ""),
    _plain("MonitoringInterval", "MonitoringInterval", 0),
    _plain("MonitoringRoleArn", "MonitoringRoleArn", ""),
    _plain("CACertificateIdentifier", "CACertificateIdentifier"),
    _plain("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade", default=True),
    _plain("PubliclyAccessible", "PubliclyAccessible", absent=False),  # AWS decides by the subnet group when not told
    _plain("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
)
"""Settings of an instance; CreateDBInstance takes all of them."""

WITH_THE_DATA: Final = frozenset({"DatabaseName", "MasterUsername", "StorageEncrypted", "KmsKeyId"})
_CARRIED: Final = {
    POINT_IN_TIME: WITH_THE_DATA | {"Engine", "EngineVersion"},
    SNAPSHOT: WITH_THE_DATA,  # the version is the Region's default unless it is said (facts C16)
    S3: frozenset({"EngineMode"}),  # provisioned, always
}
# "You can enable Performance Insights or set the Enhanced Monitoring interval only when restoring from a source Aurora
# Limitless DB cluster" (boto3 issue 4634): listed in the model, refused by the service.
REFUSED_AT_BIRTH: Final = frozenset(
    {
        "EnablePerformanceInsights",
        "PerformanceInsightsRetentionPeriod",
        "PerformanceInsightsKMSKeyId",
        "MonitoringInterval",
        "MonitoringRoleArn",
    }
)


@cache
def accepted(operation: str) -> frozenset[str]:
    """Names of the parameters that an RDS operation has in botocore's model."""
    return frozenset(_model()["shapes"][_model()["operations"][operation]["input"]["shape"]]["members"])


@cache
def _model() -> Any:
    from botocore.loaders import Loader

    return Loader().load_service_model("rds", "service-2")


def way_of(name: str, operation: str) -> Way:
    """How a setting of the cluster comes to a copy that `operation` makes."""
    if name in _CARRIED[operation]:
        return Way.CARRIED
    if name in accepted(operation) and name not in REFUSED_AT_BIRTH:
        return Way.PASSED
    return Way.MODIFIED


def find_setting(name: str) -> Setting | None:
    """The cluster's setting of this name."""
    return next((each for each in CLUSTER if each.name == name), None)


NOT_COPIED: Final = (
    ("event subscriptions", "name their sources one by one, or take all: they belong to the team, not to the data"),
    ("CloudWatch alarms", "watch a cluster by its name"),
    ("RDS Proxy", "has targets, secrets and a role of its own"),
    ("AWS RAM shares", "let other accounts clone the model; a copy is shared with nobody"),
    ("activity streams", "have a Kinesis stream and a key for one cluster"),
    ("blue/green deployments", "are of the model's own versions"),
    ("global database", "a copy is a member of none"),
    ("zero-ETL integrations", "have one source"),
    ("backtrack records", "a copy cannot go back to before its birth"),
)
"""What a copy never has, and why."""
