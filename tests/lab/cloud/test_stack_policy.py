"""Stack policies: kept, checked when they are set, and enforced during updates. Each test says where AWS says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from estate.protection import STORES_DATA, stack_policy
from lab.cloud.cloudformation.stack_policy import denial, parse_policy
from tests.lab.cloud.conftest import Aws, shop_template
from tests.lab.cloud.test_cloudformation import cluster, parameter, refused, template, value

DENY_PARAMETER = {
    "Statement": [
        {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/A"},
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
    ]
}
ALLOW_ALL = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
DENIED = "Action denied by stack policy: Statement [#1] does not allow [{}] for resource [LogicalResourceId/A];"


def set_policy(aws: Aws, policy: dict[str, Any], name: str = "s") -> None:
    aws("cloudformation").set_stack_policy(StackName=name, StackPolicyBody=json.dumps(policy))


class TestKept:
    """API reference, SetStackPolicy and GetStackPolicy."""

    def test_none_until_one_is_set(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        assert "StackPolicyBody" not in aws("cloudformation").get_stack_policy(StackName="s")
        set_policy(aws, DENY_PARAMETER)
        assert json.loads(aws("cloudformation").get_stack_policy(StackName="s")["StackPolicyBody"]) == DENY_PARAMETER

    def test_one_may_be_given_at_creation(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()), StackPolicyBody=json.dumps(DENY_PARAMETER))
        assert aws.deploy("s", template(A=parameter("two")))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    def test_no_such_stack(self, aws: Aws) -> None:
        cloudformation = aws("cloudformation")
        assert "does not exist" in refused(cloudformation.get_stack_policy, StackName="s")
        given = {"StackName": "s", "StackPolicyBody": json.dumps(ALLOW_ALL)}
        assert "does not exist" in refused(cloudformation.set_stack_policy, **given)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("{", id="no-json"),
            pytest.param("{}", id="no-statement"),
            pytest.param('{"Statement": [{"Effect": "Allow"}]}', id="no-principal"),
            pytest.param(json.dumps(ALLOW_ALL).replace("Update:*", "Delete:*"), id="no-such-action"),
            pytest.param(
                json.dumps(ALLOW_ALL).replace('"*"}', '"*", "Condition": {"Bool": {"x": "y"}}}'), id="condition"
            ),
        ],
    )
    def test_what_is_no_policy_is_refused(self, aws: Aws, body: str) -> None:
        aws.deploy("s", template(A=parameter()))
        given = {"StackName": "s", "StackPolicyBody": body}
        assert "Error validating stack policy" in refused(aws("cloudformation").set_stack_policy, **given)


class TestEnforced:
    """User Guide, "Prevent updates to stack resources": an update that is denied fails and rolls back."""

    def test_changes_replacements_and_deletions_are_denied(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter(), B=parameter(name="/b")))
        set_policy(aws, DENY_PARAMETER)
        for changed, action in (
            (template(A=parameter("two"), B=parameter(name="/b")), "Update:Modify"),
            (template(A=parameter(name="/other"), B=parameter(name="/b")), "Update:Replace"),
            (template(B=parameter("three", "/b")), "Update:Delete"),
        ):
            assert aws.deploy("s", changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
            assert f"A UPDATE_FAILED {DENIED.format(action)}" in aws.reasons("s")
            assert (value(aws), value(aws, "/b")) == ("one", "one"), "nothing was changed, elsewhere neither"
        assert aws.deploy("s", template(A=parameter(), B=parameter("two", "/b")))["StackStatus"] == "UPDATE_COMPLETE"

    def test_what_no_statement_allows_is_denied(self, aws: Aws) -> None:
        """ "When you set a stack policy, all resources are protected by default"."""
        aws.deploy("s", template(A=parameter()))
        set_policy(aws, {"Statement": [{**ALLOW_ALL["Statement"][0], "Resource": "LogicalResourceId/B"}]})
        assert aws.deploy("s", template(A=parameter("two")))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert "Action not allowed by stack policy" in aws.reasons("s")

    def test_a_policy_for_one_update_overrides_it_once(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        set_policy(aws, DENY_PARAMETER)
        once = {"StackPolicyDuringUpdateBody": json.dumps(ALLOW_ALL)}
        assert aws.deploy("s", template(A=parameter("two")), **once)["StackStatus"] == "UPDATE_COMPLETE"
        assert aws.deploy("s", template(A=parameter("three")))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

    def test_a_change_set_is_bound_by_it(self, aws: Aws) -> None:
        """`cdk deploy` makes one."""
        aws.deploy("s", template(A=parameter()))
        set_policy(aws, DENY_PARAMETER)
        cloudformation = aws("cloudformation")
        body = json.dumps(template(A=parameter("two")))
        cloudformation.create_change_set(StackName="s", ChangeSetName="c", TemplateBody=body)
        cloudformation.execute_change_set(StackName="s", ChangeSetName="c")
        assert value(aws) == "one"

    def test_deleting_the_stack_is_no_update(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        set_policy(aws, DENY_PARAMETER)
        aws("cloudformation").delete_stack(StackName="s")
        assert aws("ssm").describe_parameters()["Parameters"] == []


class TestOfTheKit:
    """The policy that `runbook estate protect` sets: replacing and deleting what stores data is denied, no more."""

    def test_a_renamed_cluster_is_denied(self, aws: Aws) -> None:
        aws.deploy("s", template(A=cluster()))
        set_policy(aws, stack_policy())
        stack = aws.deploy("s", template(A=cluster(DBClusterIdentifier="shop-renamed")))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert DENIED.format("Update:Replace") in aws.reasons("s")
        (found,) = aws("rds").describe_db_clusters()["DBClusters"]
        assert found["DBClusterIdentifier"] == "shop-orders"

    def test_a_cluster_that_leaves_the_template_is_denied(self, aws: Aws) -> None:
        aws.deploy("s", template(A=cluster(), B=parameter()))
        set_policy(aws, stack_policy())
        assert aws.deploy("s", template(B=parameter("two")))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert DENIED.format("Update:Delete") in aws.reasons("s")
        assert value(aws) == "one"
        assert len(aws("rds").describe_db_clusters()["DBClusters"]) == 1

    def test_without_it_a_rename_makes_a_new_empty_cluster(self, aws: Aws) -> None:
        """What the policy is for: a literal name protects from every replacement but that by another name."""
        aws.deploy("s", template(A=cluster()))
        stack = aws.deploy("s", template(A=cluster(DBClusterIdentifier="shop-renamed")))
        assert stack["StackStatus"] == "UPDATE_COMPLETE"
        (found,) = aws("rds").describe_db_clusters()["DBClusters"]
        assert found["DBClusterIdentifier"] == "shop-renamed"

    def test_ordinary_changes_pass(self, aws: Aws) -> None:
        aws.deploy("s", template(A=cluster(), B=parameter()))
        set_policy(aws, stack_policy())
        assert aws.deploy("s", template(A=cluster(BackupRetentionPeriod=9)))["StackStatus"] == "UPDATE_COMPLETE"
        assert aws("ssm").describe_parameters()["Parameters"] == []

    @pytest.mark.parametrize("resource_type", STORES_DATA)
    def test_every_type_that_stores_data(self, resource_type: str) -> None:
        policy = parse_policy(json.dumps(stack_policy()))
        assert denial(policy, "Update:Replace", "A", resource_type)
        assert denial(policy, "Update:Delete", "A", resource_type)
        assert not denial(policy, "Update:Modify", "A", resource_type)
        assert not denial(policy, "Update:Replace", "A", "AWS::RDS::DBInstance")

    def test_the_shop_has_resources_of_these_types(self) -> None:
        """Types are spelled as templates spell them."""
        names = ("shop-aurora-orders", "shop-cache-sessions")
        used = {r["Type"] for name in names for r in shop_template(name)["Resources"].values()}
        assert {"AWS::RDS::DBCluster", "AWS::KMS::Key", "AWS::ElastiCache::ReplicationGroup"} <= used & set(STORES_DATA)

    def test_it_fits(self) -> None:
        """API reference, SetStackPolicy: at most 16,384 bytes."""
        assert len(json.dumps(stack_policy())) < 16_384
