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
    # instances, storage, parameters
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
