"""Clusters shared with other accounts, as the Aurora User Guide has it ("Cross-account cloning with AWS RAM")."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab.cloud.client import client
from tests.lab.cloud.conftest import REGION, Aws

OTHER, THIRD = "222222222222", "333333333333"
OWNER = "123456789012"
ARN = f"arn:aws:rds:{REGION}:{OWNER}:cluster:orders"
CLONE = {
    "SourceDBClusterIdentifier": ARN,
    "DBClusterIdentifier": "copy",
    "RestoreType": "copy-on-write",
    "UseLatestRestorableTime": True,
}


class Account:
    """Clients of another account."""

    def __init__(self, account: str) -> None:
        self._account = account

    def __call__(self, service: str) -> Any:
        return client(service, REGION, self._account)


def make_orders(aws: Aws, **more: Any) -> None:
    aws("rds").create_db_cluster(
        DBClusterIdentifier="orders", Engine="aurora-postgresql", MasterUsername="root",
        MasterUserPassword="s" * 12, **more,
    )  # fmt: skip
    aws("rds").create_db_instance(
        DBInstanceIdentifier="orders-a", DBClusterIdentifier="orders", Engine="aurora-postgresql",
        DBInstanceClass="db.r7g.large",
    )  # fmt: skip


def share(aws: Aws, account: str = OTHER, **more: Any) -> str:
    made = aws("ram").create_resource_share(name="s", resourceArns=[ARN], principals=[account], **more)
    return str(made["resourceShare"]["resourceShareArn"])


def accept(account: Account) -> None:
    (invitation,) = account("ram").get_resource_share_invitations()["resourceShareInvitations"]
    account("ram").accept_resource_share_invitation(resourceShareInvitationArn=invitation["resourceShareInvitationArn"])


def code_of(error: Any) -> str:
    return str(error.value.response["Error"]["Code"])


def shown(account: Account) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = account("rds").describe_db_clusters(IncludeShared=True)["DBClusters"]
    return found


def test_a_shared_cluster_is_seen_after_the_invitation_was_accepted(aws: Aws) -> None:
    """ "Such entries have few fields other than DBClusterArn" """
    make_orders(aws)
    other = Account(OTHER)
    arn = share(aws)
    assert shown(other) == []
    assert statuses(aws, arn, "PRINCIPAL") == {OTHER: "ASSOCIATING"}
    accept(other)
    (entry,) = shown(other)
    assert entry["DBClusterArn"] == ARN
    assert "Status" not in entry
    assert "MasterUsername" not in entry
    assert statuses(aws, arn, "PRINCIPAL") == {OTHER: "ASSOCIATED"}
    assert other("rds").describe_db_clusters()["DBClusters"] == []
    (resource,) = other("ram").list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    assert resource["arn"] == ARN


def statuses(aws: Aws, arn: str, kind: str) -> dict[str, str]:
    answer = aws("ram").get_resource_share_associations(associationType=kind, resourceShareArns=[arn])
    return {each["associatedEntity"]: each["status"] for each in answer["resourceShareAssociations"]}


def test_what_is_not_shared_does_not_exist(aws: Aws) -> None:
    """ "If the ARN hasn't been shared, the same error is returned as if the specified cluster doesn't exist" """
    make_orders(aws)
    rds = Account(OTHER)("rds")
    with pytest.raises(ClientError) as caught:
        rds.restore_db_cluster_to_point_in_time(**CLONE)
    assert code_of(caught) == "DBClusterNotFoundFault"
    with pytest.raises(ClientError) as caught:
        rds.describe_db_clusters(DBClusterIdentifier=ARN, IncludeShared=True)
    assert code_of(caught) == "DBClusterNotFoundFault"


def test_one_clone_per_account_and_it_says_so(aws: Aws) -> None:
    make_orders(aws)
    share(aws)
    other = Account(OTHER)
    accept(other)
    other("rds").restore_db_cluster_to_point_in_time(**CLONE)
    (copy,) = other("rds").describe_db_clusters(DBClusterIdentifier="copy")["DBClusters"]
    assert copy["CrossAccountClone"] is True
    assert copy["CloneGroupId"]
    assert copy.get("TagList", []) == []
    with pytest.raises(ClientError, match="only one cross-account clone"):
        other("rds").restore_db_cluster_to_point_in_time(**{**CLONE, "DBClusterIdentifier": "second"})
    with pytest.raises(ClientError, match="can only be cloned"):
        other("rds").restore_db_cluster_to_point_in_time(**{**CLONE, "RestoreType": "full-copy"})


def test_an_encrypted_cluster_takes_its_key_and_one_of_ones_own(aws: Aws) -> None:
    key = aws("kms").create_key()["KeyMetadata"]["Arn"]
    make_orders(aws, StorageEncrypted=True, KmsKeyId=key)
    share(aws)
    other = Account(OTHER)
    accept(other)
    with pytest.raises(ClientError) as caught:
        other("rds").restore_db_cluster_to_point_in_time(**CLONE, KmsKeyId=key)
    assert code_of(caught) == "KMSKeyNotAccessibleFault"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    aws("kms").put_key_policy(
        KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    with pytest.raises(ClientError, match="KmsKeyId must be given"):
        other("rds").restore_db_cluster_to_point_in_time(**CLONE)
    own = other("kms").create_key()["KeyMetadata"]["Arn"]
    copy = other("rds").restore_db_cluster_to_point_in_time(**CLONE, KmsKeyId=own)["DBCluster"]
    assert copy["KmsKeyId"] == own


def test_the_default_key_cannot_be_used_across_accounts(aws: Aws) -> None:
    make_orders(aws, StorageEncrypted=True)
    share(aws)
    other = Account(OTHER)
    accept(other)
    with pytest.raises(ClientError) as caught:
        other("rds").restore_db_cluster_to_point_in_time(**CLONE, KmsKeyId="alias/aws/rds")
    assert code_of(caught) == "KMSKeyNotAccessibleFault"


def test_a_share_ends_for_who_has_no_clone_yet(aws: Aws) -> None:
    make_orders(aws)
    arn = share(aws)
    other = Account(OTHER)
    accept(other)
    other("rds").restore_db_cluster_to_point_in_time(**CLONE)
    aws("ram").delete_resource_share(resourceShareArn=arn)
    assert [each["DBClusterIdentifier"] for each in shown(other)] == ["copy"]
    (share_now,) = aws("ram").get_resource_shares(resourceOwner="SELF")["resourceShares"]
    assert share_now["status"] == "DELETED"


def test_a_principal_can_be_taken_out(aws: Aws) -> None:
    make_orders(aws)
    arn = share(aws)
    other = Account(OTHER)
    accept(other)
    aws("ram").disassociate_resource_share(resourceShareArn=arn, principals=[OTHER])
    assert shown(other) == []


def test_the_same_token_makes_one_share(aws: Aws) -> None:
    make_orders(aws)
    assert share(aws, clientToken="one") == share(aws, clientToken="one")
    with pytest.raises(ClientError) as caught:
        share(aws, account=THIRD, clientToken="one")
    assert code_of(caught) == "IdempotentParameterMismatchException"


def test_inside_an_organization_no_invitation_comes(aws: Aws) -> None:
    make_orders(aws)
    aws("organizations").create_organization(FeatureSet="ALL")
    made = aws("organizations").create_account(Email="a@example.com", AccountName="other")
    account = made["CreateAccountStatus"]["AccountId"]
    with pytest.raises(ClientError) as caught:
        share(aws, account=account, allowExternalPrincipals=False)
    assert code_of(caught) == "OperationNotPermittedException"
    aws("ram").enable_sharing_with_aws_organization()
    share(aws, account=account, allowExternalPrincipals=False)
    other = Account(account)
    assert other("ram").get_resource_share_invitations()["resourceShareInvitations"] == []
    assert [each["DBClusterArn"] for each in shown(other)] == [ARN]


def test_what_is_not_ones_own_cannot_be_shared_again(aws: Aws) -> None:
    make_orders(aws)
    share(aws)
    other = Account(OTHER)
    accept(other)
    with pytest.raises(ClientError) as caught:
        other("ram").create_resource_share(name="s", resourceArns=[ARN], principals=[THIRD])
    assert code_of(caught) == "OperationNotPermittedException"


def test_an_invitation_is_accepted_once(aws: Aws) -> None:
    make_orders(aws)
    share(aws)
    other = Account(OTHER)
    accept(other)
    with pytest.raises(ClientError) as caught:
        accept(other)
    assert code_of(caught) == "ResourceShareInvitationAlreadyAcceptedException"
