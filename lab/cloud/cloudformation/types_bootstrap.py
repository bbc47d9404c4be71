"""What CDK's own bootstrap template needs besides roles and a parameter: its buckets and its image repository."""

from __future__ import annotations

import json
from typing import Any

from lab.cloud.cloudformation.arguments import arguments
from lab.cloud.cloudformation.row import Handle, Row, Step, by_name
from lab.cloud.cloudformation.tagging import BUCKET_TAGS, REPOSITORY_TAGS

DEFAULT_REGION = "us-east-1"  # the one Region that CreateBucket must not name


def _location(handle: Handle) -> dict[str, Any]:
    if handle.region == DEFAULT_REGION:
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": handle.region}}


def _bucket_setting(operation: str, wrapper: str, read: str, path: str, rename: dict[str, str] | None = None) -> Step:
    def apply(handle: Handle, _old: Any, new: Any) -> None:
        body = {(rename or {}).get(key, key): value for key, value in new.items()}
        made = arguments("s3", operation, {wrapper: _capitals(body), "Bucket": handle.physical_id})
        handle.call(operation, **made)

    return Step(apply=apply, read=lambda h: h.call(read, Bucket=h.physical_id)[path])


_RULE_NAMES = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault", "Id": "ID"}


def _capitals(value: Any) -> Any:
    """S3's API names a few members otherwise than CloudFormation."""
    if isinstance(value, dict):
        return {_RULE_NAMES.get(key, key): _capitals(item) for key, item in value.items()}
    return [_capitals(item) for item in value] if isinstance(value, list) else value


def _lifecycle(handle: Handle, _old: Any, new: Any) -> None:
    handle.call(
        "put_bucket_lifecycle_configuration",
        Bucket=handle.physical_id,
        LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in new["Rules"]]},
    )


def _lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "NoncurrentVersionExpiration" in rule:
        days = int(rule["NoncurrentVersionExpiration"]["NoncurrentDays"])
        made["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return made


def _put_acl(handle: Handle, _old: Any, new: Any) -> None:
    """`LogDeliveryWrite` is `log-delivery-write`: the canned list by its API name."""
    canned = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in new).lstrip("-")
    handle.call("put_bucket_acl", Bucket=handle.physical_id, ACL=canned)


def _delete_bucket(handle: Handle) -> None:
    for version in handle.call("list_object_versions", Bucket=handle.physical_id).get("Versions", []):
        handle.call("delete_object", Bucket=handle.physical_id, Key=version["Key"], VersionId=version["VersionId"])
    handle.call("delete_bucket", Bucket=handle.physical_id)


def _put_policy(handle: Handle) -> str:
    bucket = str(handle.properties["Bucket"])
    handle.call("put_bucket_policy", Bucket=bucket, Policy=json.dumps(handle.properties["PolicyDocument"]))
    return bucket


def _text_setting(write: str, read: str, parameter: str, path: str) -> Step:
    return Step(
        apply=lambda h, _old, new: h.call(
            write, repositoryName=h.physical_id, **{parameter: new if isinstance(new, str) else json.dumps(new)}
        ),
        read=lambda h: json.loads(h.call(read, repositoryName=h.physical_id)[path]),
    )


ROWS = (
    Row(
        type="AWS::S3::Bucket",
        service="s3",
        create="create_bucket",
        name="BucketName",
        lower=True,
        rename={"BucketName": "Bucket"},
        create_extra=_location,
        describe="head_bucket",
        path="@",
        key=by_name("Bucket"),
        delete_hook=_delete_bucket,
        steps={
            "AccessControl": Step(apply=_put_acl, read=lambda _h: None),
            "BucketEncryption": _bucket_setting(
                "put_bucket_encryption",
                "ServerSideEncryptionConfiguration",
                "get_bucket_encryption",
                "ServerSideEncryptionConfiguration",
                {"ServerSideEncryptionConfiguration": "Rules"},
            ),
            "PublicAccessBlockConfiguration": _bucket_setting(
                "put_public_access_block",
                "PublicAccessBlockConfiguration",
                "get_public_access_block",
                "PublicAccessBlockConfiguration",
            ),
            "VersioningConfiguration": Step(
                apply=lambda h, _old, new: h.call(
                    "put_bucket_versioning", Bucket=h.physical_id, VersioningConfiguration={"Status": new["Status"]}
                ),
                read=lambda h: {"Status": h.call("get_bucket_versioning", Bucket=h.physical_id)["Status"]},
            ),
            "LifecycleConfiguration": Step(
                apply=_lifecycle,
                read=lambda h: h.call("get_bucket_lifecycle_configuration", Bucket=h.physical_id)["Rules"],
            ),
        },
        tags=BUCKET_TAGS,
        unshown={
            "AccessControl": "GetBucketAcl shows grants, not the canned list's name",
            "LifecycleConfiguration": "S3 names the rules' members otherwise",
            "BucketEncryption": "as above",
        },
        attrs={
            "Arn": lambda h: f"arn:aws:s3:::{h.physical_id}",
            "RegionalDomainName": lambda h: f"{h.physical_id}.s3.{h.region}.amazonaws.com",
            "DomainName": lambda h: f"{h.physical_id}.s3.amazonaws.com",
        },
        read={"BucketName": lambda h: h.physical_id},
    ),
    Row(
        type="AWS::S3::BucketPolicy",
        service="s3",
        create_hook=_put_policy,
        accepted=frozenset({"Bucket", "PolicyDocument"}),
        update_steps={"PolicyDocument": lambda h, _new: _put_policy(h)},
        describe="get_bucket_policy",
        key=by_name("Bucket"),
        path="@",
        delete="delete_bucket_policy",
        read={"PolicyDocument": lambda h: json.loads(h.look("Policy")), "Bucket": lambda h: h.physical_id},
    ),
    Row(
        type="AWS::ECR::Repository",
        service="ecr",
        create="create_repository",
        name="RepositoryName",
        lower=True,
        name_max=256,
        rename={"RepositoryName": "repositoryName"},
        describe="describe_repositories",
        describe_key=lambda h: {"repositoryNames": [h.physical_id]},
        path="repositories[0]",
        delete="delete_repository",
        key=by_name("repositoryName"),
        delete_extra=lambda _h: {"force": True},
        update_steps={
            "ImageTagMutability": lambda h, new: h.call(
                "put_image_tag_mutability", repositoryName=h.physical_id, imageTagMutability=new
            ),
            "ImageScanningConfiguration": lambda h, new: h.call(
                "put_image_scanning_configuration",
                repositoryName=h.physical_id,
                imageScanningConfiguration=arguments("ecr", "create_repository", {"imageScanningConfiguration": new})[
                    "imageScanningConfiguration"
                ],
            ),
        },
        steps={
            "RepositoryPolicyText": _text_setting(
                "set_repository_policy", "get_repository_policy", "policyText", "policyText"
            ),
            "LifecyclePolicy": Step(
                apply=lambda h, _old, new: h.call(
                    "put_lifecycle_policy", repositoryName=h.physical_id, lifecyclePolicyText=new["LifecyclePolicyText"]
                ),
                read=lambda h: {
                    "LifecyclePolicyText": h.call("get_lifecycle_policy", repositoryName=h.physical_id)[
                        "lifecyclePolicyText"
                    ]
                },
            ),
        },
        tags=REPOSITORY_TAGS,
        attrs={"Arn": "repositoryArn", "RepositoryUri": "repositoryUri"},
    ),
)
