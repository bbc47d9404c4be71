"""How each service tags its resources: one row per service's style."""

from __future__ import annotations

from typing import Any

from lab.cloud.cloudformation.row import Handle, Tags


def pairs(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in tags.items()]


def unpaired(tags: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {tag[key]: tag.get(value, "") for tag in tags or []}


def arn_tags(arn: str) -> Tags:
    """RDS and ElastiCache: by ARN, found at `arn` in the described resource."""
    return Tags(
        add=lambda h, tags: h.call("add_tags_to_resource", ResourceName=h.look(arn), Tags=pairs(tags)),
        remove=lambda h, keys: h.call("remove_tags_from_resource", ResourceName=h.look(arn), TagKeys=keys),
        read=lambda h: unpaired(h.call("list_tags_for_resource", ResourceName=h.look(arn))["TagList"]),
    )


def _id(handle: Handle) -> list[dict[str, Any]]:
    return [{"Name": "resource-id", "Values": [handle.physical_id]}]


EC2_TAGS = Tags(
    add=lambda h, tags: h.call("create_tags", Resources=[h.physical_id], Tags=pairs(tags)),
    remove=lambda h, keys: h.call("delete_tags", Resources=[h.physical_id], Tags=[{"Key": key} for key in keys]),
    read=lambda h: unpaired(h.call("describe_tags", Filters=_id(h))["Tags"]),
)

KMS_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", KeyId=h.physical_id, Tags=pairs(tags, "TagKey", "TagValue")),
    remove=lambda h, keys: h.call("untag_resource", KeyId=h.physical_id, TagKeys=keys),
    read=lambda h: unpaired(h.call("list_resource_tags", KeyId=h.physical_id)["Tags"], "TagKey", "TagValue"),
)

ROLE_TAGS = Tags(
    add=lambda h, tags: h.call("tag_role", RoleName=h.physical_id, Tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_role", RoleName=h.physical_id, TagKeys=keys),
    read=lambda h: unpaired(h.call("list_role_tags", RoleName=h.physical_id)["Tags"]),
)

LOG_GROUP_TAGS = Tags(
    add=lambda h, tags: h.call("tag_log_group", logGroupName=h.physical_id, tags=tags),
    remove=lambda h, keys: h.call("untag_log_group", logGroupName=h.physical_id, tags=keys),
    read=lambda h: dict(h.call("list_tags_log_group", logGroupName=h.physical_id)["tags"]),
)

_SSM_KIND = "Parameter"
SSM_TAGS = Tags(
    add=lambda h, tags: h.call(
        "add_tags_to_resource", ResourceType=_SSM_KIND, ResourceId=h.physical_id, Tags=pairs(tags)
    ),
    remove=lambda h, keys: h.call(
        "remove_tags_from_resource", ResourceType=_SSM_KIND, ResourceId=h.physical_id, TagKeys=keys
    ),
    read=lambda h: unpaired(
        h.call("list_tags_for_resource", ResourceType=_SSM_KIND, ResourceId=h.physical_id)["TagList"]
    ),
)

SECRET_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", SecretId=h.physical_id, Tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_resource", SecretId=h.physical_id, TagKeys=keys),
    read=lambda h: unpaired(h.call("describe_secret", SecretId=h.physical_id).get("Tags")),
)

ALARM_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", ResourceARN=h.look("AlarmArn"), Tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_resource", ResourceARN=h.look("AlarmArn"), TagKeys=keys),
    read=lambda h: unpaired(h.call("list_tags_for_resource", ResourceARN=h.look("AlarmArn"))["Tags"]),
)

TOPIC_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", ResourceArn=h.physical_id, Tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_resource", ResourceArn=h.physical_id, TagKeys=keys),
    read=lambda h: unpaired(h.call("list_tags_for_resource", ResourceArn=h.physical_id)["Tags"]),
)

REPOSITORY_TAGS = Tags(
    add=lambda h, tags: h.call("tag_resource", resourceArn=h.look("repositoryArn"), tags=pairs(tags)),
    remove=lambda h, keys: h.call("untag_resource", resourceArn=h.look("repositoryArn"), tagKeys=keys),
    read=lambda h: unpaired(h.call("list_tags_for_resource", resourceArn=h.look("repositoryArn"))["tags"]),
)


def _bucket_tags(handle: Handle) -> dict[str, str]:
    return unpaired(handle.call("get_bucket_tagging", Bucket=handle.physical_id)["TagSet"])


def _tag_bucket(handle: Handle, tags: dict[str, str]) -> None:
    """S3 takes no `aws:` tags by this call, whoever asks; CloudFormation's own three are left out."""
    own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    if own:
        handle.call("put_bucket_tagging", Bucket=handle.physical_id, Tagging={"TagSet": pairs(own)})


BUCKET_TAGS = Tags(
    add=_tag_bucket,
    remove=lambda _h, _keys: None,  # put_bucket_tagging replaces the whole set
    read=_bucket_tags,
)
