"""Every verb under the policy that is generated for it: enough, nothing too much, and narrow.

The embedded AWS's IAM decides by action only; resources and conditions are held against what was called.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from runbooks.aws.permissions import Place, build_policy
from runbooks.cli.resume import find_runbook
from tests.runbooks.matrix.conftest import Stage
from tests.support.call_crash import Calls, counted_calls
from tests.support.iam import ACCOUNT, REGION, action_of, is_allowed
from tests.support.scenario import Scenario
from tests.support.scenarios import all_scenarios
from tests.support.transport import Keys, no_wire

pytestmark = pytest.mark.lab

# Asked for by AWS besides the action of the call itself; the embedded AWS does not.
ON_BEHALF = {
    "ec2:CreateTags": "of a creating call that has tags",
    "elasticache:AddTagsToResource": "of a creating call that has tags",
    "iam:PassRole": "of a call that hands a role over",
    "kms:CreateGrant": "of a call that encrypts with a key",
    "kms:Decrypt": "of a call that reads what is encrypted",
    "kms:DescribeKey": "of a call that encrypts with a key",
    "kms:GenerateDataKey": "of a call that encrypts with a key",
    "kms:GenerateDataKeyWithoutPlaintext": "of a call that encrypts with a key",
    "kms:ReEncryptFrom": "of a copy under another key",
    "kms:ReEncryptTo": "of a copy under another key",
    "rds:AddTagsToResource": "of a creating call that has tags",
    "rds-db:connect": "no API call",
    "secretsmanager:CreateSecret": "of a password that RDS manages",
    "secretsmanager:TagResource": "of a creating call that has tags",
    "sts:GetCallerIdentity": "always allowed",
}
SIGNED_AS = {"cloudwatch": "monitoring"}
WORDS = {"access", "cluster", "snapshot", "restore", "drill", "estate"}


def policy_of(scenario: Scenario) -> dict[str, Any]:
    """As `runbook policy` prints it, narrowed to what the scenario is pointed at and makes."""
    runbook = find_runbook(scenario.words[: 2 if scenario.words[0] in WORDS else 1])
    place = Place(region=REGION, account=ACCOUNT, cluster=scenario.cluster, target=scenario.target)
    return build_policy(runbook.actions, place, runbook.scopes)


def actions_of(policy: Mapping[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def keys_for(stage: Stage, actions: set[str]) -> Keys:
    """Of a user who may do these actions, on anything."""
    iam = stage.cloud.client("iam")
    iam.create_user(UserName="operator")
    signed = [f"{SIGNED_AS.get(name, name)}:{verb}" for name, _, verb in (each.partition(":") for each in actions)]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": signed, "Resource": "*"}]}
    iam.put_user_policy(UserName="operator", PolicyName="runbook", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


def run_with(stage: Stage, scenario: Scenario, actions: set[str]) -> int:
    stage.set(scenario)
    with no_wire(keys_for(stage, actions)):
        return stage.run(scenario)


def called(calls: Calls) -> set[str]:
    return {action_of(service, operation) for service, operation, _ in calls.made}


@pytest.mark.parametrize("scenario", all_scenarios(), ids=str)
def test_a_run_needs_its_policy_and_all_of_it(
    stage: Stage, scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    granted = actions_of(policy_of(scenario))
    with counted_calls() as calls:
        assert run_with(stage, scenario, granted) == 0, capsys.readouterr()
    scenario.done(stage.cloud)
    unused = granted - called(calls) - set(ON_BEHALF)
    assert unused == set(scenario.not_needed) - set(ON_BEHALF), "granted and not used"
    for action in sorted(called(calls) - {"sts:GetCallerIdentity", "ssm:DeleteParameter"}):
        capsys.readouterr()
        assert run_with(stage, scenario, granted - {action}) in {1, 3, 4}, action
        assert action.partition(":")[2] in capsys.readouterr().out, action


@pytest.mark.parametrize("scenario", all_scenarios(), ids=str)
def test_a_run_stays_within_the_resources_of_its_policy(
    stage: Stage, scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = policy_of(scenario)
    stage.set(scenario)
    tags: dict[int, dict[str, str]] = {}
    with counted_calls(look=lambda number, parameters: tags.update({number: tags_of(stage, parameters)})) as calls:
        assert stage.run(scenario) == 0, capsys.readouterr()
    outside = [
        (service, operation, parameters)
        for number, (service, operation, parameters) in enumerate(calls.made)
        if not is_allowed(policy, service, operation, parameters, tags.get(number, {}))
    ]
    assert outside == []


def tags_of(stage: Stage, parameters: Mapping[str, Any]) -> dict[str, str]:
    """Tags of what a call is about to change, as AWS would look them up for its conditions."""
    return {tag["Key"]: tag["Value"] for tag in _tags(stage, parameters)}


def _tags(stage: Stage, parameters: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    rds, ec2 = stage.cloud.client("rds"), stage.cloud.client("ec2")
    for name, operation, key in (
        ("DBInstanceIdentifier", "describe_db_instances", "DBInstances"),
        ("DBClusterEndpointIdentifier", "", ""),
        ("DBClusterSnapshotIdentifier", "describe_db_cluster_snapshots", "DBClusterSnapshots"),
        ("DBClusterIdentifier", "describe_db_clusters", "DBClusters"),
    ):
        if name in parameters and operation:
            try:
                (found,) = getattr(rds, operation)(**{name: parameters[name]})[key]
            except (rds.exceptions.ClientError, ValueError):
                continue
            yield from found.get("TagList", [])
            return
    if ":cluster:" in (name := parameters.get("ResourceName", "")):
        yield from rds.list_tags_for_resource(ResourceName=name)["TagList"]
    if (endpoint := parameters.get("DBClusterEndpointIdentifier")) and len(parameters) == 1:
        arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-endpoint:{endpoint}"
        with suppress(rds.exceptions.ClientError):  # gone already
            yield from rds.list_tags_for_resource(ResourceName=arn)["TagList"]
    yield from _tags_of_share(stage, parameters.get("resourceShareArn"))
    if group := parameters.get("GroupId"):
        for found in ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]:
            yield from found.get("Tags", [])
    if secret := parameters.get("SecretId"):
        yield from stage.cloud.client("secretsmanager").describe_secret(SecretId=secret).get("Tags", [])


def _tags_of_share(stage: Stage, share: str | None) -> Iterator[dict[str, str]]:
    if share is None:
        return
    shares = stage.cloud.client("ram").get_resource_shares(resourceOwner="SELF", resourceShareArns=[share])
    for found in shares["resourceShares"]:
        yield from ({"Key": tag["key"], "Value": tag["value"]} for tag in found.get("tags", []))
