"""Parameters of AWS's calls that are no rows of the table of settings, each with why. Pure.

A test holds the table and these lists against botocore's model: a parameter that AWS adds is in neither until somebody
decides what it means for a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_HOW = "how a call is made, not what a cluster is"
_NAME = "a name: the copy's own"
_NOT_AURORA = "for Multi-AZ DB clusters or RDS engines, not for Aurora"
_ORACLE = "of Oracle, SQL Server, Db2 or RDS Custom"
_OF_CLUSTER = "an Aurora instance has its cluster's"
_SECRET = "a password comes with the data and is shown by nothing"  # noqa: S105 - a sentence
_RETIRED = "of Aurora Serverless v1, which AWS has retired"

OF_CLUSTER: Final[Mapping[str, str]] = {
    "AllocatedStorage": _NOT_AURORA,
    "AllowEngineModeChange": _HOW,
    "AllowMajorVersionUpgrade": _HOW,
    "ApplyImmediately": _HOW,
    "AvailabilityZones": "a volume keeps its zones; the subnet group must have them",
    "AwsBackupRecoveryPointArn": "whom AWS Backup lets manage a cluster: its plans choose by tag",
    "CACertificateIdentifier": "for Multi-AZ DB clusters; Aurora has one for each instance",
    "CharacterSetName": "comes with the data",
    "CloudwatchLogsExportConfiguration": "how EnableCloudwatchLogsExports is changed",
    "ClusterScalabilityType": "Aurora Limitless is made at birth only, and is not copied",
    "DBClusterIdentifier": _NAME,
    "DBClusterInstanceClass": _NOT_AURORA,
    "DBInstanceParameterGroupName": "a group for all instances at once: each instance is given its own",
    "DBSystemId": _ORACLE,
    "EnableGlobalWriteForwarding": "of a secondary of a global database; a copy is a member of none",
    "EnableLimitlessDatabase": "Aurora Limitless is made at birth only, and is not copied",
    "GlobalClusterIdentifier": "a copy is a member of no global database",
    "Iops": _NOT_AURORA,
    "MasterUserAuthenticationType": "AWS does not show it; who logs in and how comes with the data",
    "MasterUserPassword": _SECRET,
    "NewDBClusterIdentifier": _NAME,
    "OptionGroupName": "Aurora clusters have the default one, which cannot be changed",
    "PreSignedUrl": _HOW,
    "PubliclyAccessible": _NOT_AURORA,
    "RdsCustomClusterConfiguration": _ORACLE,
    "ReplicationSourceIdentifier": "a copy replicates from nothing",
    "RotateMasterUserPassword": _HOW,
    "ScalingConfiguration": _RETIRED,
    "SourceRegion": _HOW,
    "TagSpecifications": "tags of automated backups: they get the cluster's",
    "Tags": "never the model's: a row of its own",
    "WithExpressConfiguration": "a way to be born; what it chooses shows in the other settings",
}
"""Of CreateDBCluster and ModifyDBCluster."""

OF_INSTANCE: Final[Mapping[str, str]] = {
    "AdditionalStorageVolumes": _ORACLE,
    "AllocatedStorage": _OF_CLUSTER,
    "AllowMajorVersionUpgrade": _HOW,
    "ApplyImmediately": _HOW,
    "AutomationMode": _ORACLE,
    "AvailabilityZone": "Aurora spreads a cluster's instances over its zones",
    "AwsBackupRecoveryPointArn": _OF_CLUSTER,
    "BackupRetentionPeriod": _OF_CLUSTER,
    "BackupTarget": "Aurora has no instances in Outposts",
    "CertificateRotationRestart": _HOW,
    "CharacterSetName": _ORACLE,
    "CloudwatchLogsExportConfiguration": _OF_CLUSTER,
    "CopyTagsToSnapshot": _OF_CLUSTER,
    "CustomIamInstanceProfile": _ORACLE,
    "DBCapacityReservationIdentifier": "a reservation is used by one instance",
    "DBClusterIdentifier": _NAME,
    "DBInstanceIdentifier": _NAME,
    "DBName": _OF_CLUSTER,
    "DBPortNumber": _OF_CLUSTER,
    "DBSecurityGroups": "of EC2-Classic, which is gone",
    "DBSubnetGroupName": _OF_CLUSTER,
    "DBSystemId": _ORACLE,
    "DatabaseInsightsMode": _OF_CLUSTER,
    "DedicatedLogVolume": "of RDS engines",
    "DeletionProtection": _OF_CLUSTER,
    "DisableDomain": _HOW,
    "Domain": _OF_CLUSTER,
    "DomainAuthSecretArn": "of RDS engines",
    "DomainDnsIps": "of RDS engines",
    "DomainFqdn": "of RDS engines",
    "DomainIAMRoleName": _OF_CLUSTER,
    "DomainOu": "of RDS engines",
    "EnableCloudwatchLogsExports": _OF_CLUSTER,
    "EnableCustomerOwnedIp": "Aurora has no instances in Outposts",
    "EnableIAMDatabaseAuthentication": _OF_CLUSTER,
    "Engine": _OF_CLUSTER,
    "EngineLifecycleSupport": _OF_CLUSTER,
    "EngineVersion": _OF_CLUSTER,
    "Iops": _OF_CLUSTER,
    "KmsKeyId": _OF_CLUSTER,
    "LicenseModel": _ORACLE,
    "ManageMasterUserPassword": _OF_CLUSTER,
    "MasterUserAuthenticationType": _OF_CLUSTER,
    "MasterUserPassword": _OF_CLUSTER,
    "MasterUserSecretKmsKeyId": _OF_CLUSTER,
    "MasterUsername": _OF_CLUSTER,
    "MaxAllocatedStorage": _OF_CLUSTER,
    "MultiAZ": "an Aurora cluster has readers instead",
    "MultiTenant": _ORACLE,
    "NcharCharacterSetName": _ORACLE,
    "NetworkType": _OF_CLUSTER,
    "NewDBInstanceIdentifier": _NAME,
    "OptionGroupName": _OF_CLUSTER,
    "Port": _OF_CLUSTER,
    "PreferredBackupWindow": _OF_CLUSTER,
    "ProcessorFeatures": "of RDS engines",
    "ReplicaMode": _ORACLE,
    "ResumeFullAutomationModeMinutes": _ORACLE,
    "RotateMasterUserPassword": _OF_CLUSTER,
    "StorageEncrypted": _OF_CLUSTER,
    "StorageThroughput": _OF_CLUSTER,
    "StorageType": _OF_CLUSTER,
    "TagSpecifications": _OF_CLUSTER,
    "Tags": "never the model's: those of the new cluster",
    "TdeCredentialArn": _ORACLE,
    "TdeCredentialPassword": _ORACLE,
    "Timezone": _ORACLE,
    "UseDefaultProcessorFeatures": "of RDS engines",
    "VpcSecurityGroupIds": _OF_CLUSTER,
}
"""Of CreateDBInstance and ModifyDBInstance."""

OF_RESTORES: Final[Mapping[str, str]] = {
    "EnableInternetAccessGateway": "a way to be born; a copy stands in a VPC",
    "EnableVPCNetworking": "a way to be born; a copy stands in a VPC",
    "RestoreToTime": "which data: the verb's",
    "RestoreType": "which data: the verb's",
    "S3BucketName": "which data: the verb's",
    "S3IngestionRoleArn": "which data: the verb's",
    "S3Prefix": "which data: the verb's",
    "SnapshotIdentifier": "which data: the verb's",
    "SourceDBClusterIdentifier": "which data: the verb's",
    "SourceDbClusterResourceId": "which data: the verb's",
    "SourceEngine": "which data: the verb's",
    "SourceEngineVersion": "which data: the verb's",
    "UseLatestRestorableTime": "which data: the verb's",
}
"""Of the calls that bring data, besides those of CreateDBCluster."""
