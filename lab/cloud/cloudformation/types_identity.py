"""IAM types."""

from __future__ import annotations

import json
from typing import Any

from lab.cloud.cloudformation.row import Handle, Row, Step, by_name
from lab.cloud.cloudformation.tagging import ROLE_TAGS


def _attach(handle: Handle, old: Any, new: Any) -> None:
    for arn in sorted(set(old or []) - set(new or [])):
        handle.call("detach_role_policy", RoleName=handle.physical_id, PolicyArn=arn)
    for arn in new or []:
        handle.call("attach_role_policy", RoleName=handle.physical_id, PolicyArn=arn)


def _attached(handle: Handle) -> list[str]:
    answer = handle.call("list_attached_role_policies", RoleName=handle.physical_id)
    return [policy["PolicyArn"] for policy in answer["AttachedPolicies"]]


def _inline(handle: Handle, old: Any, new: Any) -> None:
    kept = {policy["PolicyName"] for policy in new or []}
    for policy in old or []:
        if policy["PolicyName"] not in kept:
            handle.call("delete_role_policy", RoleName=handle.physical_id, PolicyName=policy["PolicyName"])
    for policy in new or []:
        document = json.dumps(policy["PolicyDocument"])
        handle.call(
            "put_role_policy", RoleName=handle.physical_id, PolicyName=policy["PolicyName"], PolicyDocument=document
        )


def _inlined(handle: Handle) -> list[dict[str, Any]]:
    names = handle.call("list_role_policies", RoleName=handle.physical_id)["PolicyNames"]
    return [
        {
            "PolicyName": name,
            "PolicyDocument": handle.call("get_role_policy", RoleName=handle.physical_id, PolicyName=name)[
                "PolicyDocument"
            ],
        }
        for name in names
    ]


def _delete_role(handle: Handle) -> None:
    _attach(handle, _attached(handle), [])
    _inline(handle, _inlined(handle), [])
    handle.call("delete_role", RoleName=handle.physical_id)


def _trust(handle: Handle, document: Any) -> None:
    handle.call("update_assume_role_policy", RoleName=handle.physical_id, PolicyDocument=json.dumps(document))


def _put_policy(handle: Handle) -> str:
    name = handle.properties["PolicyName"]
    for role in handle.properties.get("Roles", []):
        document = json.dumps(handle.properties["PolicyDocument"])
        handle.call("put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=document)
    return str(name)


def _delete_policy(handle: Handle) -> None:
    for role in handle.properties.get("Roles", []):
        handle.call("delete_role_policy", RoleName=role, PolicyName=handle.physical_id)


def _policy_document(handle: Handle) -> Any:
    role = handle.properties["Roles"][0]
    return handle.call("get_role_policy", RoleName=role, PolicyName=handle.physical_id)["PolicyDocument"]


def _policy_roles(handle: Handle) -> list[str]:
    roles = [role["RoleName"] for page in [handle.call("list_roles")] for role in page["Roles"]]
    return [r for r in roles if handle.physical_id in handle.call("list_role_policies", RoleName=r)["PolicyNames"]]


def _document(handle: Handle) -> Any:
    version = handle.look("DefaultVersionId")
    answer = handle.call("get_policy_version", PolicyArn=handle.physical_id, VersionId=version)
    return answer["PolicyVersion"]["Document"]


def _new_version(handle: Handle, document: Any) -> None:
    """IAM keeps five versions; the oldest that is not the default makes room."""
    arn, most = handle.physical_id, 5
    versions = handle.call("list_policy_versions", PolicyArn=arn)["Versions"]
    if len(versions) >= most:
        spare = min(v["VersionId"] for v in versions if not v["IsDefaultVersion"])
        handle.call("delete_policy_version", PolicyArn=arn, VersionId=spare)
    handle.call("create_policy_version", PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)


def _delete_managed(handle: Handle) -> None:
    arn = handle.physical_id
    for version in handle.call("list_policy_versions", PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            handle.call("delete_policy_version", PolicyArn=arn, VersionId=version["VersionId"])
    handle.call("delete_policy", PolicyArn=arn)


def _policy_roles_step() -> Step:
    def apply(handle: Handle, old: Any, new: Any) -> None:
        for role in sorted(set(old or []) - set(new or [])):
            handle.call("detach_role_policy", RoleName=role, PolicyArn=handle.physical_id)
        for role in new or []:
            handle.call("attach_role_policy", RoleName=role, PolicyArn=handle.physical_id)

    def read(handle: Handle) -> list[str]:
        answer = handle.call("list_entities_for_policy", PolicyArn=handle.physical_id)
        return [role["RoleName"] for role in answer["PolicyRoles"]]

    return Step(apply=apply, read=read)


ROWS = (
    Row(
        type="AWS::IAM::Role",
        service="iam",
        create="create_role",
        name="RoleName",
        name_max=64,
        update="update_role",
        delete_hook=_delete_role,
        key=by_name("RoleName"),
        describe="get_role",
        path="Role",
        steps={
            "ManagedPolicyArns": Step(apply=_attach, read=_attached),
            "Policies": Step(apply=_inline, read=_inlined),
        },
        update_steps={
            "AssumeRolePolicyDocument": _trust,
            "PermissionsBoundary": lambda h, new: h.call(
                "put_role_permissions_boundary", RoleName=h.physical_id, PermissionsBoundary=new
            ),
        },
        tags=ROLE_TAGS,
        attrs={"Arn": "Arn", "RoleId": "RoleId"},
        read={"PermissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn"},
    ),
    Row(
        type="AWS::IAM::Policy",
        service="iam",
        create_hook=_put_policy,
        delete_hook=_delete_policy,
        accepted=frozenset({"PolicyName", "PolicyDocument", "Roles"}),
        update_steps={"PolicyDocument": lambda h, _new: _put_policy(h), "Roles": lambda h, _new: _put_policy(h)},
        read={"PolicyName": lambda h: h.physical_id, "PolicyDocument": _policy_document, "Roles": _policy_roles},
    ),
    Row(
        type="AWS::IAM::ManagedPolicy",
        service="iam",
        create="create_policy",
        name="ManagedPolicyName",
        name_max=128,
        rename={"ManagedPolicyName": "PolicyName"},
        ref="Policy.Arn",
        describe="get_policy",
        path="Policy",
        key=by_name("PolicyArn"),
        delete_hook=_delete_managed,
        steps={"Roles": _policy_roles_step()},
        update_steps={"PolicyDocument": _new_version},
        attrs={"PolicyArn": "Arn", "PolicyId": "PolicyId"},
        read={"ManagedPolicyName": "PolicyName", "PolicyDocument": _document},
    ),
)
