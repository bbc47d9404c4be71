"""What the ElastiCache constructs can do; as `tools/features.py`, whose page holds these rows too."""

from __future__ import annotations

from tools.features import Feature

CACHES: tuple[Feature, ...] = (
    Feature(
        group="Caches: layout",
        name="Valkey in cluster mode, resharded online",
        setting="shards",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="NumNodeGroups",
        estate="valkey.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_a_placed_group_is_resharded_in_place",
    ),
    Feature(
        group="Caches: layout",
        name="Redis OSS without cluster mode",
        setting="cluster_mode",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="ReplicasPerNodeGroup",
        estate="redis.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_replicas_come_and_go_in_place",
    ),
    Feature(
        group="Caches: layout",
        name="From no cluster mode over compatible to on",
        setting="cluster_mode",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="ClusterMode",
        estate="redis.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_the_way_to_cluster_mode_replaces_nothing",
    ),
    Feature(
        group="Caches: layout",
        name="Multi-AZ with automatic failover",
        setting="replicas",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="MultiAZEnabled",
        estate="valkey.yaml",
        test="tests/constructs_lib/cache/test_replication_group.py::test_modes_follow_shards_and_replicas",
    ),
    Feature(
        group="Caches: layout",
        name="Zones and slots of each shard",
        setting="placement",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="NodeGroupConfiguration",
        estate="valkey.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_placed_shards_are_where_and_what_the_file_says",
    ),
    Feature(
        group="Caches: layout",
        name="Data tiering",
        setting="class",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="DataTieringEnabled",
        estate="redis.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_nodes_with_ssds_are_shown_to_use_them",
    ),
    Feature(
        group="Caches: layout",
        name="Durability: writes kept in several zones",
        setting="durability",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="Durability",
        estate="valkey.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_durability_goes_from_one_mode_to_the_other_in_place",
    ),
    Feature(
        group="Caches: layout",
        name="TLS required, or preferred while clients are moved",
        setting="transit_encryption",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="TransitEncryptionMode",
        estate="valkey.yaml",
        test="tests/lab/cloud/test_cache_layouts.py::test_preferred_tls_stands_without_users_and_ends_in_place",
    ),
    Feature(
        group="Caches: layout",
        name="Engine and slow log to encrypted groups",
        setting="log_retention_days",
        resource="AWS::ElastiCache::ReplicationGroup",
        property="LogDeliveryConfigurations",
        estate="valkey.yaml",
        test="tests/constructs_lib/cache/test_layout.py::test_a_version_delivers_the_logs_that_it_has",
    ),
)
