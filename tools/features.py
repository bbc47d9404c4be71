"""What the Aurora constructs can do, row by row: what `docs/features.md` is generated from.

Each row is checked when the page is generated: the example estate, synthesized, has a resource of the type with the
property, and the test exists.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """One feature: where it is declared, what it becomes, what shows it.

    Attributes:
        group: Heading that the row stands under.
        name: The feature in the field's own words.
        setting: The setting in the file, dotted, below a cluster (`autoscaling.cpu_percent`).
        resource: CloudFormation type that the setting becomes.
        property: A property of that type that carries it, dotted; empty when the resource itself is the feature.
        estate: File name under `examples/estates` whose templates have it.
        test: `path::function` of the test that shows it best.
    """

    group: str
    name: str
    setting: str
    resource: str
    property: str = ""
    estate: str
    test: str


FEATURES: tuple[Feature, ...] = (
    # deployment options
    Feature(
        group="Deployment options",
        name="Provisioned PostgreSQL over three zones",
        setting="instances",
        resource="AWS::RDS::DBCluster",
        property="EngineVersion",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_instances.py::test_provisioned_postgresql_over_three_zones",
    ),
    Feature(
        group="Deployment options",
        name="Provisioned MySQL, wound back in place",
        setting="backtrack_hours",
        resource="AWS::RDS::DBCluster",
        property="BacktrackWindow",
        estate="provisioned-mysql.yaml",
        test="tests/lab/cloud/test_instances.py::test_provisioned_mysql_winds_back_and_forwards",
    ),
    Feature(
        group="Deployment options",
        name="A writer and up to fifteen readers",
        setting="instances",
        resource="AWS::RDS::DBInstance",
        property="DBInstanceIdentifier",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_a_writer_and_fifteen_readers_over_three_zones",
    ),
    Feature(
        group="Deployment options",
        name="Serverless v2, 0 to 256 ACU",
        setting="serverless",
        resource="AWS::RDS::DBCluster",
        property="ServerlessV2ScalingConfiguration.MaxCapacity",
        estate="serverless.yaml",
        test="tests/lab/cloud/test_instances.py::test_serverless_grows_pauses_and_stands_beside_provisioned",
    ),
    Feature(
        group="Deployment options",
        name="Serverless v2 that pauses",
        setting="serverless.pause_after_s",
        resource="AWS::RDS::DBCluster",
        property="ServerlessV2ScalingConfiguration.SecondsUntilAutoPause",
        estate="serverless.yaml",
        test="tests/lab/cloud/test_instances.py::test_serverless_grows_pauses_and_stands_beside_provisioned",
    ),
    Feature(
        group="Deployment options",
        name="Readers that grow with the writer, or alone",
        setting="instances.*.tier",
        resource="AWS::RDS::DBInstance",
        property="PromotionTier",
        estate="serverless.yaml",
        test="tests/lab/cloud/test_instances.py::test_serverless_grows_pauses_and_stands_beside_provisioned",
    ),
    Feature(
        group="Deployment options",
        name="Provisioned and serverless instances in one cluster",
        setting="instances.*.class",
        resource="AWS::RDS::DBInstance",
        property="DBInstanceClass",
        estate="serverless.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_provisioned_and_serverless_instances_stand_side_by_side",
    ),
    Feature(
        group="Deployment options",
        name="Multi-AZ in two zones",
        setting="network.*.zones",
        resource="AWS::RDS::DBInstance",
        property="AvailabilityZone",
        estate="two-zones.yaml",
        test="tests/lab/cloud/test_instances.py::test_two_zones_are_enough_to_fail_over",
    ),
    Feature(
        group="Deployment options",
        name="Global Database: one declaration, a stack for each Region",
        setting="global.secondaries",
        resource="AWS::RDS::GlobalCluster",
        property="GlobalClusterIdentifier",
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_there_is_a_stack_for_each_region_and_one_for_what_they_join",
    ),
    Feature(
        group="Deployment options",
        name="Up to ten secondary Regions with sixteen readers each, or headless",
        setting="global.secondaries.*.instances",
        resource="AWS::RDS::DBCluster",
        property="GlobalClusterIdentifier",
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_a_headless_secondary_is_a_cluster_and_nothing_that_runs",
    ),
    Feature(
        group="Deployment options",
        name="State that survives a switchover: the next deploy neither detaches nor replaces",
        setting="global",
        resource="AWS::RDS::DBCluster",
        property="GlobalClusterIdentifier",
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_a_deploy_after_a_switchover_moves_detaches_and_replaces_nothing",
    ),
    Feature(
        group="Deployment options",
        name="Write forwarding across Regions",
        setting="global.secondaries.*.write_forwarding",
        resource="AWS::RDS::DBCluster",
        property="EnableGlobalWriteForwarding",
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_write_forwarding_is_said_of_every_member",
    ),
    Feature(
        group="Deployment options",
        name="Managed RPO",
        setting="global.rpo_s",
        resource="AWS::RDS::DBClusterParameterGroup",
        property='Parameters."rds.global_db_rpo"',
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_the_rpo_is_a_parameter_where_it_may_be",
    ),
    Feature(
        group="Deployment options",
        name="Credentials that work in a Global Database",
        setting="master_authentication",
        resource="AWS::RDS::DBCluster",
        property="MasterUserAuthenticationType",
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_only_the_primary_has_a_master_user_and_a_database",
    ),
    Feature(
        group="Deployment options",
        name="Global writer endpoint as an output",
        setting="global.endpoint_output",
        resource="AWS::RDS::GlobalCluster",
        property="",
        estate="global.yaml",
        test="tests/stacks/test_global.py::test_the_global_writer_endpoint_is_an_output_on_request",
    ),
    Feature(
        group="Deployment options",
        name="Cross-Region read replica by binlog",
        setting="replica_of",
        resource="AWS::RDS::DBCluster",
        property="ReplicationSourceIdentifier",
        estate="cross-region-replica.yaml",
        test="tests/stacks/test_global.py::test_a_promoted_replica_stays_promoted_whatever_is_deployed",
    ),
    # instances, storage, parameters
    Feature(
        group="Instances, storage, parameters",
        name="Class, tier and zone of each instance",
        setting="instances.*.zone",
        resource="AWS::RDS::DBInstance",
        property="AvailabilityZone",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_instances.py::test_provisioned_postgresql_over_three_zones",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="Certificate authority of each instance",
        setting="instances.*.ca",
        resource="AWS::RDS::DBInstance",
        property="CACertificateIdentifier",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_certificate_authority_is_the_instances_own",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="Instance parameters, for all or for one",
        setting="instance_parameters",
        resource="AWS::RDS::DBParameterGroup",
        property="Parameters",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_instances_with_the_same_parameters_share_a_group",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="Cluster parameters, checked by family",
        setting="parameters",
        resource="AWS::RDS::DBClusterParameterGroup",
        property="Parameters",
        estate="provisioned-postgresql.yaml",
        test="tests/estate/test_parameters.py::test_values_that_it_does_not_take",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="I/O-Optimized storage",
        setting="storage",
        resource="AWS::RDS::DBCluster",
        property="StorageType",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_storage_and_forwarding",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="Database Insights, advanced",
        setting="insights",
        resource="AWS::RDS::DBCluster",
        property="DatabaseInsightsMode",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_insights_are_the_clusters_and_the_instances",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="Local write forwarding",
        setting="local_write_forwarding",
        resource="AWS::RDS::DBCluster",
        property="EnableLocalWriteForwarding",
        estate="provisioned-mysql.yaml",
        test="tests/constructs_lib/aurora/test_instances.py::test_storage_and_forwarding",
    ),
    Feature(
        group="Instances, storage, parameters",
        name="Each changed in place, and taken back",
        setting="storage",
        resource="AWS::RDS::DBCluster",
        property="StorageType",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_instances.py::test_what_the_file_takes_back_is_taken_back",
    ),
    # endpoints and names
    Feature(
        group="Endpoints and names",
        name="Custom endpoint over the members it names",
        setting="endpoints.*.members",
        resource="AWS::RDS::DBClusterEndpoint",
        property="StaticMembers",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_an_added_reader_is_a_member_where_it_is_not_left_out",
    ),
    Feature(
        group="Endpoints and names",
        name="Custom endpoint over all but those it leaves out, added readers too",
        setting="endpoints.*.excluded",
        resource="AWS::RDS::DBClusterEndpoint",
        property="ExcludedMembers",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/test_scaling_lab.py::test_a_breach_adds_a_server_and_its_end_takes_it_away",
    ),
    Feature(
        group="Endpoints and names",
        name="A warning that the reader endpoint still answers with what is set apart",
        setting="endpoints",
        resource="AWS::RDS::DBClusterEndpoint",
        property="CustomEndpointType",
        estate="provisioned-postgresql.yaml",
        test="tests/estate/test_scaling.py::test_broken",
    ),
    Feature(
        group="Endpoints and names",
        name="Names in Route 53 for writer, readers and custom endpoints",
        setting="dns",
        resource="AWS::Route53::RecordSet",
        property="ResourceRecords",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_names_answer_with_the_endpoints",
    ),
    Feature(
        group="Endpoints and names",
        name="A private zone for the network",
        setting="dns.zone_name",
        resource="AWS::Route53::HostedZone",
        property="VPCs",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_scaling.py::test_a_zone_of_the_stacks_own_answers_in_the_network_only",
    ),
    # replica auto scaling
    Feature(
        group="Replica auto scaling",
        name="Bounds that count every reader",
        setting="autoscaling.max_readers",
        resource="AWS::ApplicationAutoScaling::ScalableTarget",
        property="MaxCapacity",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_never_more_than_the_maximum",
    ),
    Feature(
        group="Replica auto scaling",
        name="By CPU",
        setting="autoscaling.cpu_percent",
        resource="AWS::ApplicationAutoScaling::ScalingPolicy",
        property="TargetTrackingScalingPolicyConfiguration",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_a_breach_adds_a_reader_of_the_last_tier_and_the_writers_class",
    ),
    Feature(
        group="Replica auto scaling",
        name="By connections, together with CPU",
        setting="autoscaling.connections",
        resource="AWS::ApplicationAutoScaling::ScalingPolicy",
        property="TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_scaling.py::test_cpu_and_connections_are_held_together",
    ),
    Feature(
        group="Replica auto scaling",
        name="Cool-downs",
        setting="autoscaling.scale_in_cooldown_s",
        resource="AWS::ApplicationAutoScaling::ScalingPolicy",
        property="TargetTrackingScalingPolicyConfiguration.ScaleInCooldown",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_readers_go_one_by_one_once_both_metrics_are_low_and_the_declared_ones_stay",
    ),
    Feature(
        group="Replica auto scaling",
        name="Scheduled actions in a time zone",
        setting="autoscaling.schedules",
        resource="AWS::ApplicationAutoScaling::ScalableTarget",
        property="ScheduledActions",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_a_schedule_raises_the_minimum_in_its_own_time_zone",
    ),
    Feature(
        group="Replica auto scaling",
        name="Alarm at the maximum",
        setting="autoscaling",
        resource="AWS::CloudWatch::Alarm",
        property="Metrics",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_scaling.py::test_the_alarm_at_the_maximum_tells_the_topic",
    ),
    Feature(
        group="Replica auto scaling",
        name="In the lab a breach adds a real server that joins the endpoints",
        setting="autoscaling",
        resource="AWS::ApplicationAutoScaling::ScalingPolicy",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/test_scaling_lab.py::test_a_breach_adds_a_server_and_its_end_takes_it_away",
    ),
    # security
    Feature(
        group="Security",
        name="IAM authentication in the database too: users given, listed and taken by SQL",
        setting="runbook access grant",
        resource="AWS::RDS::DBCluster",
        property="EnableIAMDatabaseAuthentication",
        estate="provisioned-postgresql.yaml",
        test="tests/runbooks/access/test_access_lab.py::test_a_reader_gets_in_by_iam_and_is_put_out_again",
    ),
    # backups
    # integrations and machine learning
    # watching
    Feature(
        group="Watching",
        name="Alarm pack: CPU, memory, local storage, connections, capacity, lag, deadlocks, transaction ids, volume",
        setting="watch.alarms",
        resource="AWS::CloudWatch::Alarm",
        property="AlarmDescription",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_watching.py::test_alarms_are_there_as_declared",
    ),
    Feature(
        group="Watching",
        name="Thresholds from the class's memory and connections, the SLO and the version's largest volume",
        setting="watch.alarms",
        resource="AWS::CloudWatch::Alarm",
        property="Threshold",
        estate="serverless.yaml",
        test="tests/constructs_lib/aurora/test_alarms.py::test_the_pack_of_a_mixed_cluster",
    ),
    Feature(
        group="Watching",
        name="Failovers, failures, maintenance and changes told to the topic",
        setting="watch.events",
        resource="AWS::RDS::EventSubscription",
        property="EventCategories",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_watching.py::test_events_are_told_and_a_new_instances_too",
    ),
    Feature(
        group="Watching",
        name="Encrypted topic for this account's alarms and events only, over TLS",
        setting="watch.notify",
        resource="AWS::SNS::Topic",
        property="KmsMasterKeyId",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_watching.py::test_the_topic_is_encrypted_and_tells_everybody",
    ),
    Feature(
        group="Watching",
        name="E-mail addresses, queues and functions are told",
        setting="watch.notify",
        resource="AWS::SNS::Subscription",
        property="Endpoint",
        estate="provisioned-postgresql.yaml",
        test="tests/constructs_lib/aurora/test_alarms.py::test_everybody_named_is_told",
    ),
    Feature(
        group="Watching",
        name="Dashboard",
        setting="watch.dashboard",
        resource="AWS::CloudWatch::Dashboard",
        property="DashboardBody",
        estate="serverless.yaml",
        test="tests/lab/cloud/test_watching.py::test_the_dashboard_is_the_regions_own",
    ),
    Feature(
        group="Watching",
        name="Enhanced monitoring",
        setting="enhanced_monitoring_s",
        resource="AWS::RDS::DBInstance",
        property="MonitoringInterval",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_watching.py::test_enhanced_monitoring_insights_and_logs_are_there",
    ),
    Feature(
        group="Watching",
        name="Logs in encrypted groups, kept for a year",
        setting="log_retention_days",
        resource="AWS::Logs::LogGroup",
        property="RetentionInDays",
        estate="provisioned-postgresql.yaml",
        test="tests/lab/cloud/test_watching.py::test_enhanced_monitoring_insights_and_logs_are_there",
    ),
    # upkeep
)
