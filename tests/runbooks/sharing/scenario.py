"""An encrypted cluster shared with another account, another account's accepted, and a share ended: for the matrices."""

from __future__ import annotations

import json

from estate.names import TAG_PURPOSE, TAG_RUN, TAG_SOURCE
from runbooks.sharing.keys import statement_for
from tests.runbooks.sharing.accounts import (
    ARN,
    NAME,
    OTHER,
    THIRD,
    invitations,
    locks,
    make_cluster,
    share_by_hand,
    shares,
    tags_of,
    visible,
)
from tests.support.scenario import ACCOUNT, Cloud, Scenario

KITS = [
    {"key": TAG_PURPOSE, "value": "cluster share"}, {"key": TAG_RUN, "value": "r1"}, {"key": TAG_SOURCE, "value": ARN},
]  # fmt: skip
THEIRS = ARN.replace(ACCOUNT, OTHER)


def _set_up_share(cloud: Cloud) -> None:
    kms = cloud.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append(statement_for(OTHER))
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    make_cluster(cloud, StorageEncrypted=True, KmsKeyId=key)


def _shared(cloud: Cloud) -> None:
    (share,) = shares(cloud)
    assert share["allowExternalPrincipals"] is True
    assert tags_of(share)[TAG_RUN] == "matrix"
    assert tags_of(share)[TAG_SOURCE] == ARN
    assert len(invitations(cloud)) == 1
    assert not locks(cloud)


def _set_up_unshare(cloud: Cloud) -> None:
    make_cluster(cloud)
    share_by_hand(cloud, tags=KITS)
    share_by_hand(cloud, account=THIRD, tags=KITS)


def _unshared(cloud: Cloud) -> None:
    (share,) = shares(cloud)
    associations = cloud.client("ram").get_resource_share_associations(
        associationType="PRINCIPAL", resourceShareArns=[share["resourceShareArn"]]
    )["resourceShareAssociations"]
    assert [each["associatedEntity"] for each in associations] == [THIRD]
    assert not locks(cloud)


def _set_up_accept(cloud: Cloud) -> None:
    make_cluster(cloud, account=OTHER)
    share_by_hand(cloud, arn=THEIRS, account=ACCOUNT, owner=OTHER)


def _accepted(cloud: Cloud) -> None:
    assert [each["status"] for each in invitations(cloud, ACCOUNT)] == ["ACCEPTED"]
    assert visible(cloud, ACCOUNT) == [THEIRS]
    assert not locks(cloud)


SCENARIOS = (
    Scenario(
        name="cluster share",
        words=("cluster", "share", NAME, "--with", OTHER, "--outside-organization"),
        set_up=_set_up_share,
        done=_shared,
        confirm=NAME,
        cluster=NAME,
        not_needed={"ram:TagResource": "CreateResourceShare asks for it, for its tags"},
    ),
    Scenario(
        name="cluster unshare",
        words=("cluster", "unshare", NAME, "--with", OTHER),
        set_up=_set_up_unshare,
        done=_unshared,
        cluster=NAME,
        not_needed={"ram:DisassociateResourceShare": "of shares that somebody has put more in"},
    ),
    Scenario(
        name="cluster accept",
        words=("cluster", "accept", THEIRS),
        set_up=_set_up_accept,
        done=_accepted,
        cluster=NAME,
    ),
)
