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
    # replica auto scaling
    # security
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
