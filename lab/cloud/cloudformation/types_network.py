"""EC2 networking types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.cloud.cloudformation.compare import same
from lab.cloud.cloudformation.row import Handle, Row, Step, by_name
from lab.cloud.cloudformation.tagging import EC2_TAGS


def _ids(name: str) -> Any:
    return lambda handle: {name: [handle.physical_id]}


def _vpc_attribute(name: str) -> Step:
    api = name[0].lower() + name[1:]
    return Step(
        apply=lambda h, _old, new: h.call(
            "modify_vpc_attribute", VpcId=h.physical_id, **{name: {"Value": str(new).lower() == "true"}}
        ),
        read=lambda h: h.call("describe_vpc_attribute", VpcId=h.physical_id, Attribute=api)[name]["Value"],
    )


def _default_group(handle: Handle) -> str:
    filters = [{"Name": "vpc-id", "Values": [handle.physical_id]}, {"Name": "group-name", "Values": ["default"]}]
    return str(handle.call("describe_security_groups", Filters=filters)["SecurityGroups"][0]["GroupId"])


def _default_acl(handle: Handle) -> str:
    filters = [{"Name": "vpc-id", "Values": [handle.physical_id]}, {"Name": "default", "Values": ["true"]}]
    return str(handle.call("describe_network_acls", Filters=filters)["NetworkAcls"][0]["NetworkAclId"])


def _subnet_attribute(name: str) -> Step:
    return Step(
        apply=lambda h, _old, new: h.call(
            "modify_subnet_attribute", SubnetId=h.physical_id, **{name: {"Value": str(new).lower() == "true"}}
        ),
        read=lambda h: h.look(name),
    )


_RANGES = {"CidrIp": ("IpRanges", "CidrIp"), "CidrIpv6": ("Ipv6Ranges", "CidrIpv6")}
_LISTS = {
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def permission(rule: dict[str, Any]) -> dict[str, Any]:
    """One CloudFormation rule as EC2's IpPermission."""
    made: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    made.update({port: int(rule[port]) for port in ("FromPort", "ToPort") if port in rule})
    for name, (group, member) in {**_RANGES, **_LISTS}.items():
        if name in rule:
            entry = {member: rule[name]}
            if "Description" in rule:
                entry["Description"] = rule["Description"]
            if "SourceSecurityGroupOwnerId" in rule:
                entry["UserId"] = rule["SourceSecurityGroupOwnerId"]
            made[group] = [entry]
    return made


def rules(permissions: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """EC2's IpPermissions as CloudFormation rules (`source` is `Source` or `Destination`)."""
    groups = {
        "IpRanges": ("CidrIp", "CidrIp"),
        "Ipv6Ranges": ("CidrIpv6", "CidrIpv6"),
        "PrefixListIds": ("PrefixListId", f"{source}PrefixListId"),
        "UserIdGroupPairs": ("GroupId", f"{source}SecurityGroupId"),
    }
    found = []
    for allowed in permissions:
        base: dict[str, Any] = {key: allowed[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in allowed}
        for group, (member, name) in groups.items():
            for entry in allowed.get(group, []):
                note = {"Description": entry["Description"]} if "Description" in entry else {}
                found.append({**base, name: entry[member], **note})
    return found


def _rule_step(direction: str, source: str) -> Step:
    """The inline rules of a group. Rules given replace EC2's own default (all outbound), as CloudFormation does."""
    path = "IpPermissions" if direction == "ingress" else "IpPermissionsEgress"

    def apply(handle: Handle, _old: Any, new: Any) -> None:
        group = handle.call("describe_security_groups", GroupIds=[handle.physical_id])["SecurityGroups"][0]
        if group[path]:
            handle.call(
                f"revoke_security_group_{direction}", GroupId=handle.physical_id, IpPermissions=_bare(group[path])
            )
        for rule in new or []:
            handle.call(
                f"authorize_security_group_{direction}", GroupId=handle.physical_id, IpPermissions=[permission(rule)]
            )

    return Step(apply=apply, read=lambda h: rules(h.look(path), source))


def _bare(permissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in rule.items() if value not in ([], None)} for rule in permissions]


def _authorize(direction: str) -> Any:
    def make(handle: Handle) -> str:
        answer = handle.call(
            f"authorize_security_group_{direction}",
            GroupId=handle.properties["GroupId"],
            IpPermissions=[permission(handle.properties)],
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return make


def _rule_description(direction: str, source: str) -> Callable[[Handle], Any]:
    """From the group: moto's DescribeSecurityGroupRules leaves descriptions out."""
    path = "IpPermissions" if direction == "ingress" else "IpPermissionsEgress"

    def read(handle: Handle) -> Any:
        group = handle.call("describe_security_groups", GroupIds=[handle.properties["GroupId"]])["SecurityGroups"][0]
        wanted = {key: value for key, value in handle.properties.items() if key not in {"GroupId", "Description"}}
        mine = (rule for rule in rules(group[path], source) if all(same(wanted[key], rule.get(key)) for key in wanted))
        return next(mine, {}).get("Description")

    return read


def _group_rule(direction: str, source: str) -> Row:
    reads: dict[str, str | Callable[[Handle], Any]] = {
        "CidrIp": "CidrIpv4",
        "CidrIpv6": "CidrIpv6",
        f"{source}SecurityGroupId": "ReferencedGroupInfo.GroupId",
        f"{source}PrefixListId": "PrefixListId",
        "Description": _rule_description(direction, source),
    }
    names = {"GroupId", "IpProtocol", "FromPort", "ToPort", *reads}
    return Row(
        type=f"AWS::EC2::SecurityGroup{direction.capitalize()}",
        service="ec2",
        create_hook=_authorize(direction),
        accepted=frozenset(names),
        describe="describe_security_group_rules",
        path="SecurityGroupRules[0]",
        key=_ids("SecurityGroupRuleIds"),
        delete=f"revoke_security_group_{direction}",
        delete_extra=lambda h: {"GroupId": h.properties["GroupId"]},
        describe_key=_ids("SecurityGroupRuleIds"),
        attrs={"Id": "SecurityGroupRuleId"},
        read=reads,
    )


def _association(handle: Handle) -> dict[str, Any]:
    return {"Filters": [{"Name": "association.route-table-association-id", "Values": [handle.physical_id]}]}


_FLOW_LOG_KINDS = {"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface"}


def _flow_log_resources(handle: Handle) -> dict[str, Any]:
    return {"ResourceIds": [handle.properties["ResourceId"]]}


_INBOUND_ONLY = "PrivateDnsOnlyForInboundResolverEndpoint"
_RESOLVERS = {"OnlyInboundResolver": True, "AllResolvers": False}
"""CloudFormation's words for EC2's boolean."""


def _dns_options(handle: Handle) -> dict[str, Any]:
    given = dict(handle.properties.get("DnsOptions") or {})
    if _INBOUND_ONLY in given:
        word = given.pop(_INBOUND_ONLY)
        given |= {_INBOUND_ONLY: _RESOLVERS[word]} if word in _RESOLVERS else {}
    return {"DnsOptions": given} if given else {}


def _read_dns_options(handle: Handle) -> Any:
    shown = dict(handle.look("DnsOptions") or {})
    words = {flag: word for word, flag in _RESOLVERS.items()}
    return shown | ({_INBOUND_ONLY: words[shown[_INBOUND_ONLY]]} if _INBOUND_ONLY in shown else {})


ROWS = (
    Row(
        type="AWS::EC2::VPC",
        service="ec2",
        create="create_vpc",
        ref="Vpc.VpcId",
        describe="describe_vpcs",
        describe_key=_ids("VpcIds"),
        path="Vpcs[0]",
        delete="delete_vpc",
        key=by_name("VpcId"),
        steps={name: _vpc_attribute(name) for name in ("EnableDnsSupport", "EnableDnsHostnames")},
        tags=EC2_TAGS,
        attrs={
            "VpcId": "VpcId",
            "CidrBlock": "CidrBlock",
            "DefaultSecurityGroup": _default_group,
            "DefaultNetworkAcl": _default_acl,
        },
    ),
    Row(
        type="AWS::EC2::Subnet",
        service="ec2",
        create="create_subnet",
        ref="Subnet.SubnetId",
        describe="describe_subnets",
        describe_key=_ids("SubnetIds"),
        path="Subnets[0]",
        delete="delete_subnet",
        key=by_name("SubnetId"),
        steps={"MapPublicIpOnLaunch": _subnet_attribute("MapPublicIpOnLaunch")},
        tags=EC2_TAGS,
        attrs={name: name for name in ("SubnetId", "AvailabilityZone", "CidrBlock", "VpcId")},
    ),
    Row(
        type="AWS::EC2::RouteTable",
        service="ec2",
        create="create_route_table",
        ref="RouteTable.RouteTableId",
        describe="describe_route_tables",
        describe_key=_ids("RouteTableIds"),
        path="RouteTables[0]",
        delete="delete_route_table",
        key=by_name("RouteTableId"),
        tags=EC2_TAGS,
        attrs={"RouteTableId": "RouteTableId"},
    ),
    Row(
        type="AWS::EC2::SubnetRouteTableAssociation",
        service="ec2",
        create="associate_route_table",
        ref="AssociationId",
        describe="describe_route_tables",
        describe_key=_association,
        path="RouteTables[0]",
        delete="disassociate_route_table",
        key=by_name("AssociationId"),
        attrs={"Id": "Associations[0].RouteTableAssociationId"},
        read={
            "SubnetId": lambda h: next(
                item["SubnetId"] for item in h.look("Associations") if item["RouteTableAssociationId"] == h.physical_id
            )
        },
    ),
    Row(
        type="AWS::EC2::SecurityGroup",
        service="ec2",
        create="create_security_group",
        name="GroupName",
        name_max=255,
        rename={"GroupDescription": "Description"},
        ref="GroupId",
        describe="describe_security_groups",
        describe_key=_ids("GroupIds"),
        path="SecurityGroups[0]",
        delete="delete_security_group",
        key=by_name("GroupId"),
        steps={
            "SecurityGroupIngress": _rule_step("ingress", "Source"),
            "SecurityGroupEgress": _rule_step("egress", "Destination"),
        },
        tags=EC2_TAGS,
        attrs={"GroupId": "GroupId", "VpcId": "VpcId", "Id": "GroupId"},
    ),
    _group_rule("ingress", "Source"),
    _group_rule("egress", "Destination"),
    Row(
        type="AWS::EC2::VPCEndpoint",
        service="ec2",
        create="create_vpc_endpoint",
        create_extra=_dns_options,
        accepted=frozenset({"DnsOptions"}),
        ref="VpcEndpoint.VpcEndpointId",
        describe="describe_vpc_endpoints",
        describe_key=_ids("VpcEndpointIds"),
        path="VpcEndpoints[0]",
        delete="delete_vpc_endpoints",
        key=_ids("VpcEndpointIds"),
        tags=EC2_TAGS,
        attrs={"Id": "VpcEndpointId", "DnsEntries": "DnsEntries[].join(':', [HostedZoneId, DnsName])"},
        read={"SecurityGroupIds": "Groups[].GroupId", "DnsOptions": _read_dns_options},
    ),
    Row(
        type="AWS::EC2::FlowLog",
        service="ec2",
        create="create_flow_logs",
        create_extra=_flow_log_resources,
        accepted=frozenset({"ResourceId"}),
        ref="FlowLogIds[0]",
        describe="describe_flow_logs",
        describe_key=_ids("FlowLogIds"),
        path="FlowLogs[0]",
        delete="delete_flow_logs",
        key=_ids("FlowLogIds"),
        tags=EC2_TAGS,
        attrs={"Id": "FlowLogId"},
        read={"ResourceType": lambda h: _FLOW_LOG_KINDS[str(h.look("ResourceId")).split("-", maxsplit=1)[0]]},
    ),
)
