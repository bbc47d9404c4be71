"""CloudFormation: loud about what it cannot make, and truthful about what it made. Each test says where AWS says so."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from tests.lab.cloud.conftest import Aws
from tests.lab.cloud.test_rds import CLUSTER

Properties = dict[str, Any]


def template(**resources: tuple[str, Properties] | dict[str, Any]) -> dict[str, Any]:
    """A template of (type, properties) or of whole resource bodies."""
    bodies = {
        name: {"Type": body[0], "Properties": body[1]} if isinstance(body, tuple) else body
        for name, body in resources.items()
    }
    return {"Resources": bodies}


def parameter(value: Any = "one", name: str = "/p", **more: Any) -> tuple[str, Properties]:
    return "AWS::SSM::Parameter", {"Name": name, "Type": "String", "Value": value, **more}


def cluster(**more: Any) -> tuple[str, Properties]:
    return "AWS::RDS::DBCluster", {**CLUSTER, **more}


def group(cidr: str = "10.0.0.1/32") -> tuple[str, Properties]:
    rule = {"CidrIp": cidr, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
    return "AWS::EC2::SecurityGroup", {"GroupDescription": "d", "SecurityGroupEgress": [rule]}


# Fails when it is made, not before: the key does not exist.
BROKEN = cluster(DBClusterIdentifier="broken", StorageEncrypted=True, KmsKeyId="nope")


def value(aws: Aws, name: str = "/p") -> str:
    return str(aws("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return f"{caught.value.response['Error']['Code']}: {caught.value.response['Error']['Message']}"


class TestLoud:
    """Plain moto answers CREATE_COMPLETE for a type it does not know, and drops properties without a word."""

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            pytest.param(("AWS::Nope::Nope", {}), "[AWS::Nope::Nope]", id="no-such-type"),
            pytest.param(("AWS::DSQL::Cluster", {}), "[AWS::DSQL::Cluster]", id="type-not-modelled"),
            pytest.param(parameter(Nope=1), "AWS::SSM::Parameter A: property Nope", id="no-such-property"),
            pytest.param(
                cluster(DBInstanceParameterGroupName="x"),
                "property DBInstanceParameterGroupName is not modelled",
                id="property-not-modelled",
            ),
            pytest.param(cluster(Endpoint={}), "AWS::RDS::DBCluster A: property Endpoint", id="read-only"),
        ],
    )
    def test_what_is_not_modelled_is_refused_by_name(self, aws: Aws, body: Any, says: str) -> None:
        cloudformation = aws("cloudformation")
        given = {"StackName": "s", "TemplateBody": json.dumps(template(A=body))}
        assert says in refused(cloudformation.create_stack, **given)
        change_set = {**given, "ChangeSetName": "c", "ChangeSetType": "CREATE"}
        assert says in refused(cloudformation.create_change_set, **change_set)
        assert cloudformation.describe_stacks()["Stacks"] == []

    def test_a_property_that_moto_takes_and_forgets(self, aws: Aws) -> None:
        """Whatever an operation accepts is read back after creation, and its absence fails the deploy."""
        vpc = ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16", "VpcEncryptionControl": {"Mode": "monitor"}})
        assert aws.deploy("s", template(A=vpc))["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "AWS::EC2::VPC: property VpcEncryptionControl was given as" in aws.reasons("s")

    def test_a_key_inside_a_property_too(self, aws: Aws) -> None:
        scaling = {"MinCapacity": 0.5, "MaxCapacity": 1, "Nope": 1}
        stack = aws.deploy("s", template(A=cluster(ServerlessV2ScalingConfiguration=scaling)))
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "ServerlessV2ScalingConfiguration.Nope is not modelled" in aws.reasons("s")

    def test_an_unknown_function(self, aws: Aws) -> None:
        stack = aws.deploy("s", template(A=parameter({"Fn::Nope": "x"})))
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "function Fn::Nope" in aws.reasons("s")

    def test_an_unknown_attribute(self, aws: Aws) -> None:
        body = template(A=parameter(), B=parameter({"Fn::GetAtt": ["A", "Nope"]}, "/b"))
        assert aws.deploy("s", body)["StackStatus"] == "ROLLBACK_COMPLETE"
        assert "does not support attribute type Nope" in aws.reasons("s")

    def test_a_circle(self, aws: Aws) -> None:
        body = template(A=parameter({"Ref": "B"}), B=parameter({"Ref": "A"}, "/b"))
        given = {"StackName": "s", "TemplateBody": json.dumps(body)}
        assert "Circular dependency" in refused(aws("cloudformation").create_stack, **given)


class TestRollback:
    """CloudFormation User Guide, "Stack failure options": a failed creation takes back, a failed update restores."""

    def test_a_failed_creation_leaves_nothing_and_gives_the_reason(self, aws: Aws) -> None:
        stack = aws.deploy("s", template(A=parameter(), B=BROKEN))
        assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
        assert (
            "does not exist or is not accessible. (Service: rds, Error Code: KMSKeyNotAccessibleFault)"
            in aws.reasons("s")
        )
        assert "ParameterNotFound" in refused(aws("ssm").get_parameter, Name="/p")

    def test_a_failed_update_restores_what_was_changed_and_removes_what_was_made(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        stack = aws.deploy("s", template(A=parameter("two"), N=parameter(name="/n"), B=BROKEN))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert value(aws) == "one"
        assert "ParameterNotFound" in refused(aws("ssm").get_parameter, Name="/n")
        assert aws.deploy("s", template(A=parameter("two")))["StackStatus"] == "UPDATE_COMPLETE"

    def test_a_change_that_fails_is_an_update_that_failed(self, aws: Aws) -> None:
        """User Guide, "Stack status codes": UPDATE_FAILED is of a resource that could not be updated."""
        aws.deploy("s", template(A=cluster(BackupRetentionPeriod=7)))
        aws.deploy("s", template(A=cluster(BackupRetentionPeriod=99)))
        assert "A UPDATE_FAILED" in aws.reasons("s")
        assert "The following resource(s) failed to update: [A]." in aws.reasons("s")

    def test_rolling_back_does_not_delete_what_somebody_else_made(self, aws: Aws) -> None:
        aws("ssm").put_parameter(Name="/p", Type="String", Value="theirs")
        assert aws.deploy("s", template(A=parameter()))["StackStatus"] == "ROLLBACK_COMPLETE"
        assert value(aws) == "theirs"

    def test_what_should_stay_after_a_failed_creation_stays(self, aws: Aws) -> None:
        """User Guide, DeletionPolicy: Retain holds on rollback, RetainExceptOnCreate does not."""
        kept = {"Type": "AWS::SSM::Parameter", "Properties": parameter()[1], "DeletionPolicy": "Retain"}
        gone = {
            "Type": "AWS::SSM::Parameter",
            "Properties": parameter(name="/q")[1],
            "DeletionPolicy": "RetainExceptOnCreate",
        }
        aws.deploy("s", template(A=kept, B=gone, C=BROKEN))
        assert value(aws) == "one"
        assert "ParameterNotFound" in refused(aws("ssm").get_parameter, Name="/q")

    def test_events_are_in_order_newest_first(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        events = aws("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
        assert [(e["LogicalResourceId"], e["ResourceStatus"]) for e in events] == [
            ("s", "CREATE_COMPLETE"),
            ("A", "CREATE_COMPLETE"),
            ("A", "CREATE_IN_PROGRESS"),
            ("s", "CREATE_IN_PROGRESS"),
        ]


class TestUpdate:
    def test_in_place(self, aws: Aws) -> None:
        aws.deploy("s", template(A=cluster(BackupRetentionPeriod=7)))
        before = aws("rds").describe_db_clusters()["DBClusters"][0]
        aws.deploy("s", template(A=cluster(BackupRetentionPeriod=35)))
        after = aws("rds").describe_db_clusters()["DBClusters"][0]
        assert (before["BackupRetentionPeriod"], after["BackupRetentionPeriod"]) == (7, 35)
        assert before["DbClusterResourceId"] == after["DbClusterResourceId"]

    def test_a_create_only_property_of_a_named_resource_cannot_change(self, aws: Aws) -> None:
        """User Guide, "Custom names": an update that needs replacement fails. Create-only: resource schema."""
        aws.deploy("s", template(A=cluster(DatabaseName="one")))
        stack = aws.deploy("s", template(A=cluster(DatabaseName="two")))
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert "when a custom-named resource requires replacing. Rename shop-orders" in aws.reasons("s")

    def test_an_unnamed_resource_is_replaced_and_the_old_one_deleted(self, aws: Aws) -> None:
        aws.deploy("s", template(A=group(), B=parameter({"Ref": "A"})))
        before = value(aws)
        changed = group()
        changed[1]["GroupDescription"] = "another"
        aws.deploy("s", template(A=changed, B=parameter({"Ref": "A"})))
        assert value(aws) != before
        known = [item["GroupId"] for item in aws("ec2").describe_security_groups()["SecurityGroups"]]
        assert value(aws) in known
        assert before not in known

    def test_rules_are_replaced(self, aws: Aws) -> None:
        aws.deploy("s", template(A=group(), B=parameter({"Fn::GetAtt": ["A", "GroupId"]})))
        aws.deploy("s", template(A=group("10.0.0.2/32"), B=parameter({"Fn::GetAtt": ["A", "GroupId"]})))
        (found,) = aws("ec2").describe_security_groups(GroupIds=[value(aws)])["SecurityGroups"]
        assert [rule["IpRanges"][0]["CidrIp"] for rule in found["IpPermissionsEgress"]] == ["10.0.0.2/32"]

    def test_what_left_the_template_is_deleted_last(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter(), B=parameter(name="/b")))
        aws.deploy("s", template(A=parameter()))
        assert "ParameterNotFound" in refused(aws("ssm").get_parameter, Name="/b")

    def test_the_same_again_is_no_update(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        given = {"StackName": "s", "TemplateBody": json.dumps(template(A=parameter()))}
        assert refused(aws("cloudformation").update_stack, **given).endswith("No updates are to be performed.")

    def test_stack_tags_follow(self, aws: Aws) -> None:
        """User Guide, "Resource tag": stack-level tags propagate, also when they change."""
        for word in ("one", "two"):
            aws.deploy("s", template(A=parameter()), Tags=[{"Key": word, "Value": "x"}])
        found = aws("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId="/p")["TagList"]
        keys = {tag["Key"] for tag in found}
        assert "two" in keys
        assert "one" not in keys


class TestDelete:
    def test_termination_protection_refuses(self, aws: Aws) -> None:
        cloudformation = aws("cloudformation")
        aws.deploy("s", template(A=parameter()), EnableTerminationProtection=True)
        assert "TerminationProtection is enabled" in refused(cloudformation.delete_stack, StackName="s")
        cloudformation.update_termination_protection(StackName="s", EnableTerminationProtection=False)
        cloudformation.delete_stack(StackName="s")
        assert "does not exist" in refused(cloudformation.describe_stacks, StackName="s")

    def test_a_cluster_leaves_a_snapshot_unless_told_otherwise(self, aws: Aws) -> None:
        """User Guide, DeletionPolicy: the default of AWS::RDS::DBCluster is Snapshot."""
        aws.deploy("s", template(A=cluster()))
        aws("cloudformation").delete_stack(StackName="s")
        (snapshot,) = aws("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
        assert snapshot["DBClusterSnapshotIdentifier"].startswith("s-snapshot-a-")

    def test_what_is_retained_stays(self, aws: Aws) -> None:
        kept = {"Type": "AWS::SSM::Parameter", "Properties": parameter()[1], "DeletionPolicy": "Retain"}
        aws.deploy("s", template(A=kept))
        aws("cloudformation").delete_stack(StackName="s")
        assert value(aws) == "one"

    def test_a_protected_cluster_makes_it_fail_by_name(self, aws: Aws) -> None:
        cloudformation = aws("cloudformation")
        aws.deploy("s", template(A=cluster(DeletionProtection=True)))
        cloudformation.delete_stack(StackName="s")
        stack = cloudformation.describe_stacks(StackName="s")["Stacks"][0]
        assert (stack["StackStatus"], "[A]" in stack["StackStatusReason"]) == ("DELETE_FAILED", True)
        assert "Cannot delete protected Cluster" in aws.reasons("s")
        aws("rds").modify_db_cluster(DBClusterIdentifier="shop-orders", DeletionProtection=False)
        cloudformation.delete_stack(StackName="s")
        assert "does not exist" in refused(cloudformation.describe_stacks, StackName="s")


class TestChangeSets:
    def change(self, aws: Aws, stack: str, body: dict[str, Any], kind: str, **more: Any) -> Any:
        return aws("cloudformation").create_change_set(
            StackName=stack,
            ChangeSetName="cdk-deploy-change-set",
            ChangeSetType=kind,
            TemplateBody=json.dumps(body),
            **more,
        )

    def describe(self, aws: Aws, stack: str) -> Any:
        return aws("cloudformation").describe_change_set(StackName=stack, ChangeSetName="cdk-deploy-change-set")

    def test_one_name_in_two_stacks(self, aws: Aws) -> None:
        """The CDK CLI calls all of its change sets the same; plain moto mixes them up."""
        for stack in ("a", "b"):
            self.change(aws, stack, template(A=parameter(name=f"/{stack}")), "CREATE")
        for stack in ("a", "b"):
            assert self.describe(aws, stack)["StackName"] == stack
            aws("cloudformation").execute_change_set(StackName=stack, ChangeSetName="cdk-deploy-change-set")
            assert value(aws, f"/{stack}") == "one"

    def test_what_it_would_do(self, aws: Aws) -> None:
        aws.deploy("s", template(A=cluster(DatabaseName="one"), B=parameter(), C=parameter(name="/c")))
        self.change(
            aws, "s", template(A=cluster(DatabaseName="two"), B=parameter("two"), D=parameter(name="/d")), "UPDATE"
        )
        found = {
            c["LogicalResourceId"]: (c["Action"], c.get("Replacement"))
            for c in (item["ResourceChange"] for item in self.describe(aws, "s")["Changes"])
        }
        assert found == {
            "A": ("Modify", "True"),
            "B": ("Modify", "False"),
            "C": ("Remove", None),
            "D": ("Add", None),
        }
        assert value(aws) == "one"

    def test_nothing_to_change_fails_with_the_words_that_the_cli_looks_for(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        self.change(aws, "s", template(A=parameter()), "UPDATE")
        found = self.describe(aws, "s")
        assert found["Status"] == "FAILED"
        assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
        name = {"StackName": "s", "ChangeSetName": "cdk-deploy-change-set"}
        assert refused(aws("cloudformation").execute_change_set, **name).startswith("InvalidChangeSetStatus")

    def test_what_is_not_there(self, aws: Aws) -> None:
        aws.deploy("s", template(A=parameter()))
        given = {"StackName": "s", "ChangeSetName": "nope"}
        assert refused(aws("cloudformation").describe_change_set, **given).startswith("ChangeSetNotFound")
        aws("cloudformation").delete_change_set(**given)


class TestParameters:
    BODY: ClassVar[dict[str, Any]] = {
        "Parameters": {"P": {"Type": "String", "Default": "x"}, "Q": {"Type": "String"}},
        **template(A=parameter({"Fn::Sub": "${P}-${Q}"})),
    }

    def test_previous_values(self, aws: Aws) -> None:
        """API reference, Parameter.UsePreviousValue; without it an update takes the default again."""
        body = self.BODY
        aws.deploy(
            "s",
            body,
            Parameters=[
                {"ParameterKey": "P", "ParameterValue": "a"},
                {"ParameterKey": "Q", "ParameterValue": "b"},
            ],
        )
        assert value(aws) == "a-b"
        previous = [{"ParameterKey": "Q", "UsePreviousValue": True}]
        aws.deploy("s", body, Parameters=previous)
        assert value(aws) == "x-b"

    def test_missing_and_unknown_ones(self, aws: Aws) -> None:
        given = {"StackName": "s", "TemplateBody": json.dumps(self.BODY)}
        create = aws("cloudformation").create_stack
        assert "[Q] must have values" in refused(create, **given)
        unknown = [{"ParameterKey": "Z", "ParameterValue": "1"}]
        assert "[Z] do not exist in the template" in refused(create, **given, Parameters=unknown)

    def test_values_from_parameter_store(self, aws: Aws) -> None:
        """User Guide, "SSM parameter types": the value is read at each deploy; a missing one is refused."""
        body = {
            "Parameters": {"L": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/list"}},
            **template(A=parameter({"Fn::Join": ["+", {"Ref": "L"}]})),
        }
        given = {"StackName": "s", "TemplateBody": json.dumps(body)}
        assert "Unable to fetch parameters [/list]" in refused(aws("cloudformation").create_stack, **given)
        aws("ssm").put_parameter(Name="/list", Type="StringList", Value="a,b")
        stack = aws.deploy("s", body)
        assert value(aws) == "a+b"
        assert stack["Parameters"] == [{"ParameterKey": "L", "ParameterValue": "/list", "ResolvedValue": "a,b"}]


class TestOutputs:
    def test_exports_reach_other_stacks_and_hold_theirs(self, aws: Aws) -> None:
        out = {"O": {"Value": {"Ref": "A"}, "Export": {"Name": "shared"}}}
        aws.deploy("one", {**template(A=parameter()), "Outputs": out})
        aws.deploy("two", template(B=parameter({"Fn::ImportValue": "shared"}, "/b")))
        assert value(aws, "/b") == "/p"
        assert "in use by two" in refused(aws("cloudformation").delete_stack, StackName="one")

    def test_conditions(self, aws: Aws) -> None:
        body = {
            "Conditions": {"No": {"Fn::Equals": ["a", "b"]}, "Yes": {"Fn::Not": [{"Condition": "No"}]}},
            **template(A=parameter({"Fn::If": ["Yes", "y", "n"]}), B={"Type": "AWS::Nope", "Condition": "No"}),
        }
        body["Resources"]["B"] = {
            "Type": "AWS::SSM::Parameter",
            "Condition": "No",
            "Properties": {"Type": "String", "Value": "x"},
        }
        stack = aws.deploy("s", {**body, "Outputs": {"O": {"Condition": "No", "Value": "x"}}})
        assert value(aws) == "y"
        assert "Outputs" not in stack
        assert len(aws("cloudformation").describe_stack_resources(StackName="s")["StackResources"]) == 1


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        pytest.param({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-eu-west-1", id="join"),
        pytest.param({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b", id="select-split"),
        pytest.param({"Fn::Select": [2, {"Fn::GetAZs": ""}]}, "eu-west-1c", id="zones"),
        pytest.param({"Fn::Sub": ["${a}${!b}${AWS::AccountId}", {"a": "1"}]}, "1${b}123456789012", id="sub"),
        pytest.param({"Fn::Select": [1, {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}]}, "10.0.1.0/24", id="cidr"),
        pytest.param({"Fn::Base64": "a"}, "YQ==", id="base64"),
        pytest.param({"Fn::FindInMap": ["M", "x", "y"]}, "z", id="map"),
        pytest.param("{{resolve:ssm:/there}}", "found", id="dynamic-reference"),
        pytest.param({"Fn::If": ["T", "yes", {"Ref": "AWS::NoValue"}]}, "yes", id="if"),
    ],
)
def test_intrinsic_functions(aws: Aws, node: Any, expected: str) -> None:
    """Template reference, "Intrinsic functions" and "Dynamic references"."""
    aws("ssm").put_parameter(Name="/there", Type="String", Value="found")
    extra = {"Mappings": {"M": {"x": {"y": "z"}}}, "Conditions": {"T": {"Fn::Equals": [1, "1"]}}}
    aws.deploy("s", {**template(A=parameter(node)), **extra})
    assert value(aws) == expected, aws.reasons("s")


def test_yaml_with_short_forms(aws: Aws) -> None:
    properties = "{Name: /p, Type: String, Value: !Sub '${AWS::Region}'}"
    body = f"Resources: {{A: {{Type: AWS::SSM::Parameter, Properties: {properties}}}}}"
    aws("cloudformation").create_stack(StackName="s", TemplateBody=body)
    assert value(aws) == "eu-west-1"


def test_validation_lists_parameters_and_capabilities(aws: Aws) -> None:
    role = ("AWS::IAM::Role", {"RoleName": "r", "AssumeRolePolicyDocument": {}})
    body = json.dumps({"Parameters": {"P": {"Type": "String"}}, **template(A=role)})
    found = aws("cloudformation").get_template_summary(TemplateBody=body)
    assert found["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert [item["ParameterKey"] for item in found["Parameters"]] == ["P"]


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "rds.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
OPEN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
TAGS = [{"Key": "a", "Value": "b"}]
RULE = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "Description": "d"}
# What the shop does not use: construct examples and CDK's bootstrap do.
OTHERS: dict[str, tuple[str, Properties]] = {
    "Vpc": ("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"}),
    "Subnet": ("AWS::EC2::Subnet", {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}),
    "Group": ("AWS::EC2::SecurityGroup", {"GroupDescription": "d", "VpcId": {"Ref": "Vpc"}, "Tags": TAGS}),
    "In": (
        "AWS::EC2::SecurityGroupIngress",
        {"GroupId": {"Ref": "Group"}, "SourceSecurityGroupId": {"Ref": "Group"}, **RULE},
    ),
    "Out": ("AWS::EC2::SecurityGroupEgress", {"GroupId": {"Ref": "Group"}, "CidrIp": "10.1.0.0/16", **RULE}),
    "Endpoint": (
        "AWS::EC2::VPCEndpoint",
        {
            "VpcId": {"Ref": "Vpc"},
            "ServiceName": "com.amazonaws.eu-west-1.logs",
            "VpcEndpointType": "Interface",
            "SubnetIds": [{"Ref": "Subnet"}],
            "SecurityGroupIds": [{"Ref": "Group"}],
            "PrivateDnsEnabled": True,
        },
    ),
    "Key": ("AWS::KMS::Key", {"KeyPolicy": OPEN, "PendingWindowInDays": 7, "Enabled": True}),
    "Alias": ("AWS::KMS::Alias", {"AliasName": "alias/a", "TargetKeyId": {"Ref": "Key"}}),
    "Role": ("AWS::IAM::Role", {"AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 7200}),
    "Policy": ("AWS::IAM::Policy", {"PolicyName": "p", "PolicyDocument": POLICY, "Roles": [{"Ref": "Role"}]}),
    "Managed": ("AWS::IAM::ManagedPolicy", {"PolicyDocument": POLICY, "Roles": [{"Ref": "Role"}], "Path": "/x/"}),
    "Secret": ("AWS::SecretsManager::Secret", {"Description": "d", "GenerateSecretString": {}, "Tags": TAGS}),
    "Topic": ("AWS::SNS::Topic", {"TopicName": "t", "KmsMasterKeyId": {"Ref": "Key"}, "Tags": TAGS}),
    "TopicPolicy": ("AWS::SNS::TopicPolicy", {"Topics": [{"Ref": "Topic"}], "PolicyDocument": OPEN}),
    "Alarm": (
        "AWS::CloudWatch::Alarm",
        {
            "Namespace": "AWS/RDS",
            "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "DBClusterIdentifier", "Value": "x"}],
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 3,
            "Threshold": 80,
            "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [{"Ref": "Topic"}],
            "TreatMissingData": "breaching",
        },
    ),
    "Bucket": ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "Enabled"}, "Tags": TAGS}),
    "Images": ("AWS::ECR::Repository", {"RepositoryName": "images", "ImageTagMutability": "IMMUTABLE", "Tags": TAGS}),
}


def test_every_other_type_is_made_read_back_and_deleted(aws: Aws) -> None:
    stack = aws.deploy("s", template(**OTHERS))
    assert stack["StackStatus"] == "CREATE_COMPLETE", aws.reasons("s")
    aws("cloudformation").delete_stack(StackName="s")
    events = aws.reasons(stack["StackId"])
    assert "DELETE_FAILED" not in events, events
    assert [v["VpcId"] for v in aws("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []
