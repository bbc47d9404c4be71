"""Limits of the services, each with its source and date.

Sources: `[B]` botocore 1.44.5's service models (installed; `rds/2014-10-31`, `elasticache/2015-02-02`), read
November 2026; `[A4]` `[E4]` the Aurora and ElastiCache user guides of April 2026; `[A10]` `[E10]` the same guides of
September 2026; `[EC2]`, `[CloudWatch]`, `[CloudFormation]` their user guides of 2026. Nothing here was measured on AWS.
"""

from __future__ import annotations

# Aurora
INSTANCES_MAX = 16
"""Instances of a cluster: a writer and 15 replicas, not adjustable. [A10 CHAP_Limits]"""
READERS_MAX = 15
"""Readers of a cluster, also those that auto scaling adds; one less for each secondary Region of a Global Database.
[A10 CHAP_Limits, A4 aurora-integrating-autoscaling, aurora-global-database-configuration-requirements]"""
DNS_TTL_S_MAX = 2_147_483_647
"""Longest time to live of a record, seconds. [RFC 2181, section 8]"""
DNS_NAME_LENGTH_MAX, DNS_LABEL_LENGTH_MAX = 253, 63
"""Characters of a domain name and of each of its labels. [RFC 1035, section 2.3.4]"""
SNAPSHOT_IDENTIFIER_LENGTH = 255
"""Characters of a cluster snapshot's identifier, the longest that RDS gives any snapshot. [B] CreateDBSnapshot"""
CUSTOM_ENDPOINTS_MAX = 5
"""Custom endpoints of a cluster; adjustable, L-9372BAB3. [A10 aurora-endpoints-custom]"""
TIER_MIN, TIER_MAX = 0, 15
"""Promotion tiers, 0 first. [B] CreateDBInstance.PromotionTier"""
AURORA_IDENTIFIER_LENGTH = 63
"""Characters of a cluster, instance or custom endpoint identifier. [B] CreateDBCluster.DBClusterIdentifier"""
AURORA_PORT_MIN, PORT_MAX = 1150, 65535
"""Ports of an Aurora cluster. [B] CreateDBCluster.Port"""
BACKUP_DAYS_MIN, BACKUP_DAYS_MAX = 1, 35
"""Days of automated backups; they can't be turned off. [B] CreateDBCluster.BackupRetentionPeriod"""
RECOVERY_POINT_DAYS_MAX = 36_500
"""Longest life of a recovery point, and bound of Vault Lock. [B] backup PutBackupVaultLockConfiguration"""
LOCK_DAYS_MIN = 3
"""Cooling-off period before a Vault Lock can become immutable. [B] backup PutBackupVaultLockConfiguration"""
BACKUP_NAME_LENGTH = 50
"""Characters of the name of a vault, a plan, a selection, a restore test. [B] backup BackupPlanInput"""
BLUE_GREEN_NAME_LENGTH = 60
"""Characters of the name of a blue/green deployment. [B] rds BlueGreenDeploymentName"""
BACKTRACK_HOURS_MAX = 72
"""Hours that Aurora MySQL can be wound back (259,200 s). [B] CreateDBCluster.BacktrackWindow"""
AURORA_WINDOW_MINUTES_MIN = 30
"""Shortest backup or maintenance window. [B] CreateDBCluster.PreferredBackupWindow"""
ACU_STEP = 0.5
"""Aurora capacity units come in halves. [B] ServerlessV2ScalingConfiguration"""
ACU_MAX = 256
"""Largest capacity of a serverless instance: 256 on recent versions. [B] ServerlessV2ScalingConfiguration"""
ACU_MAX_OLDER = 128
"""The same before AMS 3.06, APG 16.1, 15.5, 14.10, 13.13. [A4 aurora-serverless-v2-how-it-works]"""
ACU_MAX_LEAST = 1
"""Least value of the upper bound. [A4 aurora-serverless-v2.setting-capacity]"""
PAUSE_S_MIN, PAUSE_S_MAX = 300, 86400
"""Seconds without connections until a serverless instance pauses. [B] SecondsUntilAutoPause"""
MASTER_USERNAME_LENGTH_MAX = 16
"""Characters of the master user's name on Aurora MySQL, taken for both engines. [B] CreateDBCluster.MasterUsername"""
DATABASE_NAME_LENGTH_MAX = 63
"""Characters of a database name: PostgreSQL's own limit; Aurora takes 64. [B] CreateDBCluster.DatabaseName"""
MONITORING_INTERVALS_S = (0, 1, 5, 10, 15, 30, 60)
"""Seconds between points of enhanced monitoring, 0 for off. [B] CreateDBInstance.MonitoringInterval"""
ACU_GIB = 2
"""Memory of a capacity unit, GiB, about. [A4 aurora-serverless-v2-how-it-works]"""
VOLUME_TIB, VOLUME_TIB_OLDER = 256, 128
"""Largest volume of a cluster, TiB, with recent versions and with older ones. [A10 CHAP_Limits]"""
TRANSACTION_IDS = 1 << 31
"""Age at which PostgreSQL runs out of transaction ids and stops. [PostgreSQL 17, 24.1.5]"""
GLOBAL_SECONDARIES_MAX = 10
"""Secondary Regions of a Global Database. [A4 aurora-global-database.configuration.requirements]"""
GLOBAL_RPO_S_MIN, GLOBAL_RPO_S_MAX = 20, 2147483647
"""Seconds of a managed RPO. [A4 aurora-global-database-disaster-recovery]"""
GLOBAL_MIN_ACU = 8
"""Least capacity recommended for a serverless primary. [A4 aurora-global-database.configuration.requirements]"""
CROSS_REGION_REPLICAS_MAX = 5
"""Cross-Region replicas of an Aurora MySQL cluster. [A4 AuroraMySQL.Replication.CrossRegion]"""
ROLES_MAX = 5
"""IAM roles associated with a cluster. CloudFormation's schema says 15. [A10 CHAP_Limits]"""
POLICY_LENGTH = 6144
"""Characters of a managed policy. [IAM user guide, "IAM and STS quotas"]"""
CLUSTERS_PER_REGION = 40
"""Clusters of an account in a Region; adjustable, so only a warning. [A10 CHAP_Limits]"""
DATABASES_PER_REGION = 40
"""Instances of an account in a Region, those of RDS, Neptune and DocumentDB too; adjustable. [A10 CHAP_Limits]"""

# ElastiCache
REPLICATION_GROUP_ID_LENGTH = 40
"""Characters of a replication group's identifier. [B] CreateReplicationGroup.ReplicationGroupId"""
CACHE_CLUSTER_ID_LENGTH = 50
"""Characters of a Memcached cluster's identifier. [B] CreateCacheCluster.CacheClusterId"""
CACHE_NODES_PER_REGION = 300
"""Nodes of an account in a Region, of every engine; adjustable, so only a warning. [E10 quota-limits]"""
MEMCACHED_NODES_SURE = 40
"""Nodes of a Memcached cluster on which all sources agree. [B] CreateCacheCluster.NumCacheNodes"""
MEMCACHED_NODES_MAX = 60
"""The same by the quota page, `Nodes per cluster (Memcached)`, L-8C334AD1, adjustable. [E10 quota-limits]"""
SERVERLESS_CACHE_NAME_LENGTH = 40
"""Characters of a serverless cache's name. [E10 serverless create; unconfirmed]"""
SERVERLESS_DATA_GB_MIN, SERVERLESS_DATA_GB_MAX = 1, 5000
"""Least and most data of a serverless cache, GB. [E10 quota-limits; the floor: aws-elasticache-alpha]"""
SERVERLESS_ECPU_MIN, SERVERLESS_ECPU_MAX = 1000, 15_000_000
"""Least and most load of a serverless cache, ECPU a second. [E10 quota-limits; the floor: aws-elasticache-alpha]"""
SERVERLESS_SUBNETS_MAX = 3
"""Subnets of a serverless cache, each in another zone; two at least, as of any network here. [B] ServerlessCache"""
SERVERLESS_CACHES_PER_REGION = 40
"""Serverless caches of an account in a Region; adjustable, so only a warning. [E10 quota-limits]"""
CACHE_USER_ID_LENGTH = 40
"""Characters of a user's id, which is also its name for IAM. [E4 Clusters.RBAC: 1-40]"""
NODES_DEFAULT = 90
"""Nodes of a replication group before a quota increase. [E10 quota-limits]"""
NODES_MAX = 500
"""Nodes of a replication group, with engine 5.0.6 or later. [B] CreateReplicationGroup"""
REPLICAS_MAX = 5
"""Replicas of a shard. [B] CreateReplicationGroup.ReplicasPerNodeGroup"""
SLOTS = 16_384
"""Slots of cluster mode, 0 to 16383. [B] NodeGroupConfiguration.Slots"""
NODES_MAX_OLDER = 250
"""Nodes of a replication group before engine 5.0.6. [B] CreateReplicationGroup"""
GLOBAL_DATASTORE_SECONDARIES_MAX = 2
"""Secondary Regions of a global datastore. [E10 Redis-Global-Datastores-Getting-Started]"""
CACHE_USERS_PER_REGION = 2000
"""Users of every cache of a Region. [E10 quota-limits]"""
CACHE_USER_GROUPS_PER_REGION = 200
"""User groups of every cache of a Region. [E10 quota-limits]"""
USERS_PER_GROUP_MAX = 100
"""Users of a user group; the `default` user that ElastiCache wants is one of them. [E10 quota-limits]"""
CACHE_SNAPSHOT_DAYS_MAX = 35
"""Days that an automatic snapshot is kept; 0 turns them off. [E4 backups-automatic]"""
BUCKET_NAME_MIN, BUCKET_NAME_MAX = 3, 63
"""Characters of a bucket's name that ElastiCache reads RDB files from. [E4 backups-seeding-redis]"""
SCALED_SHARDS_MAX = 250
"""Shards that auto scaling may reach. [E4 AutoScaling-Policies]"""
SCALED_PERCENT_MIN, SCALED_PERCENT_MAX = 35, 70
"""Targets of auto scaling, percent. [E4 AutoScaling-Scaling-Policies-Replicas-Replicas, -Adding-Policy-Shards]"""
CACHE_WINDOW_MINUTES_MIN = 60
"""Shortest snapshot or maintenance window. [B] CreateReplicationGroup.PreferredMaintenanceWindow"""
CACHE_CONNECTIONS = 65_000
"""Connections that a node allows: `maxclients` and `max_simultaneous_connections`. [E4 ParameterGroups.Engine]"""
DURABILITY_LAG_MS_MAX = 10_000
"""Age of the oldest write not yet kept from which a primary refuses writes, ms. [E10 Durability.Monitoring]"""
ALARM_METRICS_MAX = 10
"""Metrics of an alarm on an expression; it can't be raised. [CloudWatch alarm-limits]"""
TEMPLATE_BYTES_MAX = 1_000_000
"""Bytes of a template. [CloudFormation cloudformation-limits]"""
CACHE_PORT_MIN = 1024
"""Lowest port the kit gives a cache: below it are the system's. Ours; ElastiCache states no range."""

# Network
ZONES_MIN, ZONES_MAX = 2, 3
"""Zones of a new network: a subnet group wants two, three is what each Region has. [B] CreateDBSubnetGroup"""
SUBNETS_MIN = 2
"""Subnets of a DB subnet group, in two zones at least. [B] CreateDBSubnetGroup"""
CIDR_PREFIX_MIN, CIDR_PREFIX_MAX = 16, 28
"""Prefix lengths of a VPC and of a subnet. [EC2 vpc-cidr-blocks]"""
GROUP_RULES = 60
"""Inbound rules of a security group; adjustable, L-0EA8095F. [EC2 amazon-vpc-limits]"""
PROXIES_PER_REGION = 20
"""RDS proxies of an account in a Region; adjustable, so only a warning. [A10 CHAP_Limits]"""

# Common
TAGS_MAX = 50
"""Tags of a resource. [A10 USER_Tagging, E10 Tagging-Resources]"""
KIT_TAGS = 3
"""Of these the kit sets: estate, resource, run. Ours, `estate/names.py`"""
TAG_KEY_LENGTH_MAX, TAG_VALUE_LENGTH_MAX = 128, 256
"""Characters of a tag's key and value. [A10 USER_Tagging]"""
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827),
    *(2192, 2557, 2922, 3288, 3653),
)
"""Days that CloudWatch Logs can be told to keep. [B] logs PutRetentionPolicy.retentionInDays"""
