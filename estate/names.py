"""Names that both halves use: what a stack creates is what a runbook looks for."""

from __future__ import annotations

TAG_ESTATE = "aurora-estate:estate"
TAG_RESOURCE = "aurora-estate:resource"
TAG_RUN = "aurora-estate:run"  # the run of a runbook that made it; nothing that a stack made has it
TAG_SOURCE = "aurora-estate:source"  # what a copy was made from: the ARN of a cluster, a cache or a snapshot
TAG_OWNER = "aurora-estate:owner"  # who asked for it
TAG_PURPOSE = "aurora-estate:purpose"  # the verb that made it
TAG_EXPIRES = "aurora-estate:expires"  # from when on `runbook reap` deletes it: 2026-11-28T20:00:00Z
TAG_MASKED = "aurora-estate:masked"  # which masks and leak checks of its run a copy has behind it
TAG_QUARANTINE = "aurora-estate:quarantine"  # how far a copy has come since it was born closed: rotated, open
TAG_REPLACES = "aurora-estate:replaces"  # the cluster whose place a refreshed copy takes
TAG_REPLACED_BY = "aurora-estate:replaced-by"  # the run whose copy took its place
TAG_RUNBOOKS = "aurora-estate:runbooks"  # verbs that may touch it, or `none`; without the tag all may
TAG_HOLD = "aurora-estate:hold"  # why a snapshot is kept for ever (a legal hold); no retention deletes it

# Keys of stack outputs.
OUTPUT_CLUSTER_ID = "ClusterIdentifier"
OUTPUT_WRITER_ENDPOINT = "WriterEndpoint"
OUTPUT_READER_ENDPOINT = "ReaderEndpoint"
OUTPUT_PORT = "Port"
OUTPUT_SECRET_ARN = "SecretArn"  # noqa: S105 - the name of an output
OUTPUT_PROXY_ENDPOINT = "ProxyEndpoint"
OUTPUT_PROXY_PORT = "ProxyPort"
OUTPUT_PROXY_READER_ENDPOINT = "ProxyReaderEndpoint"
OUTPUT_REPLICATION_GROUP_ID = "ReplicationGroupId"
OUTPUT_CACHE_CLUSTER_ID = "CacheClusterId"
OUTPUT_CONFIGURATION_ENDPOINT = "ConfigurationEndpoint"
OUTPUT_PRIMARY_ENDPOINT = "PrimaryEndpoint"
OUTPUT_SERVERLESS_CACHE_NAME = "ServerlessCacheName"
OUTPUT_ENDPOINT = "Endpoint"
OUTPUT_READER_PORT = "ReaderPort"
OUTPUT_VPC_ID = "VpcId"
OUTPUT_GLOBAL_CLUSTER_ID = "GlobalClusterIdentifier"
OUTPUT_GLOBAL_WRITER_ENDPOINT = "GlobalWriterEndpoint"
OUTPUT_GLOBAL_DATASTORE_ID = "GlobalReplicationGroupId"
OUTPUT_SECURITY_GROUP_ID = "SecurityGroupId"
OUTPUT_RESTORE_ROLE_ARN = "RestoreRoleArn"
OUTPUT_RESTORE_BUCKET_POLICY = "RestoreBucketPolicy"


def cluster_identifier(estate: str, cluster: str) -> str:
    return f"{estate}-{cluster}"


def global_cluster_identifier(estate: str, cluster: str) -> str:
    """The Global Database that a cluster is a member of; its writer endpoint's name starts with it."""
    return f"{estate}-{cluster}-global"


def member_name(cluster: str, region: str) -> str:
    """Name of a cluster's secondary in a Region, as if it were a cluster of the file."""
    return f"{cluster}-{region}"


def instance_identifier(estate: str, cluster: str, instance: str) -> str:
    return f"{estate}-{cluster}-{instance}"


def endpoint_identifier(estate: str, cluster: str, endpoint: str) -> str:
    return f"{estate}-{cluster}-{endpoint}"


def proxy_name(cluster_id: str) -> str:
    """RDS Proxy of a cluster; proxies are named apart from clusters, so it takes the cluster's name."""
    return cluster_id


def proxy_reader_endpoint(cluster_id: str) -> str:
    """Endpoint of a cluster's proxy that answers with readers."""
    return f"{cluster_id}-reader"


def cache_identifier(estate: str, cache: str) -> str:
    """Identifier of a replication group, a Memcached cluster or a serverless cache."""
    return f"{estate}-{cache}"


def cache_user_id(estate: str, cache: str, user: str) -> str:
    """Also the user's name: IAM authentication wants both equal."""
    return f"{estate}-{cache}-{user}"


def network_stack(estate: str) -> str:
    return f"{estate}-network"


def aurora_stack(estate: str, cluster: str) -> str:
    return f"{estate}-aurora-{cluster}"


def global_stack(estate: str, cluster: str) -> str:
    return f"{estate}-aurora-{cluster}-global"


def cache_stack(estate: str, cache: str) -> str:
    return f"{estate}-cache-{cache}"


def cache_global_stack(estate: str, cache: str) -> str:
    """The stack of what the members of a global datastore join."""
    return f"{estate}-cache-{cache}-global"


def global_datastore_suffix(estate: str, cache: str) -> str:
    """Name of a global datastore as it is given; ElastiCache puts five letters of the Region before it."""
    return f"{estate}-{cache}"


def backup_stack(estate: str) -> str:
    """The stack of the vaults that take copies, one in each Region that has some."""
    return f"{estate}-backup"


def backup_vault(cluster_id: str) -> str:
    """Vault of a cluster's recovery points, in its own Region and in the one that copies go to."""
    return cluster_id


def backup_key_alias(cluster_id: str) -> str:
    """Alias of the key that copies of a cluster's recovery points are encrypted with, in the Region they go to."""
    return f"alias/{cluster_id}-backup"


def restore_test(cluster_id: str) -> str:
    """Restore-testing plan of a cluster; AWS Backup takes letters, digits and underscores there."""
    return cluster_id.replace("-", "_")


def network_parameter(estate: str, what: str) -> str:
    """SSM parameter that hands a network value (`vpc-id`, `subnet-ids`) to the data stacks."""
    return f"/aurora-estate/{estate}/network/{what}"


def master_secret(cluster_id: str) -> str:
    """Secret of a cluster's master user, where the stack owns it (`master_authentication: own-secret`).

    It ends in a word of its own: a hyphen and six characters at the end are how Secrets Manager's own suffix looks.
    """
    return f"aurora-estate/{cluster_id}/master"


def cache_user_secret(cache_id: str, user: str) -> str:
    """Secret of a cache's user who logs in with a password; it ends in a word of its own, as `master_secret` does."""
    return f"aurora-estate/{cache_id}/{user}/password"


def cache_token_secret(cache_id: str) -> str:
    """Secret of a replication group's AUTH token."""
    return f"aurora-estate/{cache_id}/token"


def endpoint_group(service: str) -> str:
    """Network value: the security group of the VPC endpoint of one service that clusters call."""
    return f"endpoint-{service.replace('.', '-')}-group-id"


def lock_parameter(cluster_id: str) -> str:
    """SSM parameter that is one operator's lock on a cluster."""
    return f"/aurora-estate/locks/{cluster_id}"


def verified_parameter(cluster_id: str) -> str:
    """SSM parameter that says when a backup of a cluster was last restored and looked at, and what came of it."""
    return f"/aurora-estate/verified/{cluster_id}"


def flow_log_group(estate: str) -> str:
    """CloudWatch log group of a network's flow logs."""
    return f"/aws/vpc/{estate}/flow-logs"


def log_group(kind: str, cluster_id: str, export: str) -> str:
    """CloudWatch log group that RDS writes an export to (`kind` is `cluster` or `instance`)."""
    return f"/aws/rds/{kind}/{cluster_id}/{export}"


def proxy_log_group(proxy: str) -> str:
    """CloudWatch log group that RDS Proxy writes to, debug logging or not."""
    return f"/aws/rds/proxy/{proxy}"


def cache_log_group(replication_group_id: str, log_type: str) -> str:
    """CloudWatch log group that ElastiCache delivers a log to (`engine-log` or `slow-log`)."""
    return f"/aws/elasticache/{replication_group_id}/{log_type}"
