"""A cluster in one account, and another account that may be let clone it."""

from __future__ import annotations

from typing import Any

from tests.support.scenario import ACCOUNT, REGION, Cloud

OTHER, THIRD = "222222222222", "333333333333"
NAME = "shop-orders"
ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{NAME}"


def make_cluster(cloud: Cloud, name: str = NAME, account: str = ACCOUNT, **more: Any) -> None:
    rds = cloud.client("rds", account=account)
    rds.create_db_cluster(
        DBClusterIdentifier=name, Engine="aurora-postgresql", MasterUsername="keeper", MasterUserPassword="p" * 12,
        **more,
    )  # fmt: skip
    add_instance(cloud, name, account)


def add_instance(cloud: Cloud, name: str, account: str = ACCOUNT) -> None:
    cloud.client("rds", account=account).create_db_instance(
        DBInstanceIdentifier=f"{name}-a", DBClusterIdentifier=name, Engine="aurora-postgresql",
        DBInstanceClass="db.r7g.large",
    )  # fmt: skip


def make_clone(cloud: Cloud, source: str, name: str, account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = cloud.client("rds", account=account).restore_db_cluster_to_point_in_time(
        SourceDBClusterIdentifier=source, DBClusterIdentifier=name, RestoreType="copy-on-write",
        UseLatestRestorableTime=True, **more,
    )["DBCluster"]  # fmt: skip
    return made


def share_by_hand(cloud: Cloud, arn: str = ARN, account: str = OTHER, owner: str = ACCOUNT, **more: Any) -> str:
    answer = cloud.client("ram", account=owner).create_resource_share(
        name="by-hand", resourceArns=[arn], principals=[account], **more
    )
    return str(answer["resourceShare"]["resourceShareArn"])


def shares(cloud: Cloud) -> list[dict[str, Any]]:
    """The owner's shares that are not over."""
    found = cloud.client("ram").get_resource_shares(resourceOwner="SELF")["resourceShares"]
    return [each for each in found if each["status"] == "ACTIVE"]


def tags_of(share: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in share["tags"]}


def invitations(cloud: Cloud, account: str = OTHER) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.client("ram", account=account).get_resource_share_invitations()[
        "resourceShareInvitations"
    ]
    return found


def accept_by_hand(cloud: Cloud, account: str = OTHER) -> None:
    for each in invitations(cloud, account):
        if each["status"] == "PENDING":
            cloud.client("ram", account=account).accept_resource_share_invitation(
                resourceShareInvitationArn=each["resourceShareInvitationArn"]
            )


def visible(cloud: Cloud, account: str = OTHER) -> list[str]:
    """ARNs of other accounts' clusters that an account sees."""
    found = cloud.client("rds", account=account).describe_db_clusters(IncludeShared=True)["DBClusters"]
    return [each["DBClusterArn"] for each in found if "DBClusterIdentifier" not in each]


def locks(cloud: Cloud, account: str = ACCOUNT) -> list[Any]:
    found: list[Any] = cloud.client("ssm", account=account).describe_parameters()["Parameters"]
    return found
