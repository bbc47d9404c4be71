"""A template: reading it, its intrinsic functions, and which resource needs which."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from lab.cloud.cloudformation.errors import ValidationError

NO_VALUE = object()
_SUB = re.compile(r"\$\{(!?[^${}]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^}]+)\}\}")


def parse_template(body: str) -> dict[str, Any]:
    """Template from JSON or YAML.

    Raises:
        ValidationError: it is neither, or has no resources.
    """
    try:
        parsed = json.loads(body)
    except json.JSONDecodeError:
        try:
            parsed = yaml.load(body, Loader=_CfnLoader)  # noqa: S506 (a SafeLoader with CloudFormation's tags)
        except yaml.YAMLError as error:
            raise ValidationError(f"Template format error: {error}") from error
    if not isinstance(parsed, dict) or not parsed.get("Resources"):
        raise ValidationError("Template format error: At least one Resources member must be defined.")
    return parsed


class _CfnLoader(yaml.SafeLoader):
    """YAML with the short forms of the intrinsic functions (`!Ref`, `!GetAtt a.b`); dates stay text."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None
    if suffix in {"Ref", "Condition"}:
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_CfnLoader.add_multi_constructor("!", _short_form)
_CfnLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(kw_only=True)
class Scope:
    """What a template's functions can see: parameters, pseudo parameters, other resources, exports, dynamic values."""

    template: dict[str, Any]
    parameters: Mapping[str, Any]
    pseudo: Mapping[str, Any]
    reference: Callable[[str, str | None], Any]  # (logical id, attribute or None for Ref)
    imported: Callable[[str], Any]
    dynamic: Callable[[str], str]
    zones: Callable[[str], list[str]]
    _conditions: dict[str, bool] = field(default_factory=dict)

    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            rule = self.template.get("Conditions", {}).get(name)
            if rule is None:
                raise ValidationError(f"Template format error: Unresolved condition dependency {name}")
            self._conditions[name] = bool(self.value(rule))
        return self._conditions[name]

    def value(self, node: Any) -> Any:
        """Resolved value of a template node; `NO_VALUE` members are dropped."""
        if isinstance(node, dict):
            if len(node) == 1:
                ((key, argument),) = node.items()
                if key in FUNCTIONS:
                    return FUNCTIONS[key](self, argument)
                if key.startswith("Fn::"):
                    raise ValidationError(f"Template error: the embedded AWS does not model the function {key}")
            resolved = {key: self.value(item) for key, item in node.items()}
            return {key: item for key, item in resolved.items() if item is not NO_VALUE}
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not NO_VALUE]
        if isinstance(node, str):
            return _DYNAMIC.sub(lambda match: self.dynamic(match.group(1)), node)
        return node


def _ref(scope: Scope, name: Any) -> Any:
    if name == "AWS::NoValue":
        return NO_VALUE
    for known in (scope.pseudo, scope.parameters):
        if name in known:
            return known[name]
    return scope.reference(name, None)


def _get_att(scope: Scope, argument: Any) -> Any:
    logical, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
    return scope.reference(logical, scope.value(attribute))


def _sub(scope: Scope, argument: Any) -> str:
    text, own = (argument, {}) if isinstance(argument, str) else (argument[0], scope.value(argument[1]))

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith("!"):
            return "${" + name[1:] + "}"
        if name in own:
            return str(own[name])
        return str(_get_att(scope, name) if "." in name else _ref(scope, name))

    return str(scope.value(_SUB.sub(fill, text)))


def _select(scope: Scope, argument: Any) -> Any:
    index, items = int(scope.value(argument[0])), scope.value(argument[1])
    if not 0 <= index < len(items):
        raise ValidationError(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[index]


def _join(scope: Scope, argument: Any) -> str:
    return str(argument[0]).join(_text(item) for item in scope.value(argument[1]))


def _split(scope: Scope, argument: Any) -> list[str]:
    return str(scope.value(argument[1])).split(argument[0])


def _if(scope: Scope, argument: Any) -> Any:
    return scope.value(argument[1] if scope.condition(argument[0]) else argument[2])


def _equals(scope: Scope, argument: Any) -> bool:
    return _text(scope.value(argument[0])) == _text(scope.value(argument[1]))


def _find_in_map(scope: Scope, argument: Any) -> Any:
    name, first, second = (scope.value(part) for part in argument[:3])
    try:
        return scope.template["Mappings"][name][first][second]
    except KeyError as error:
        raise ValidationError(f"Template error: Unable to get mapping for {name}::{first}::{second}") from error


def _cidr(scope: Scope, argument: Any) -> list[str]:
    block, count, bits = scope.value(argument[0]), int(scope.value(argument[1])), int(scope.value(argument[2]))
    network = ipaddress.ip_network(block)
    subnets = network.subnets(new_prefix=network.max_prefixlen - bits)
    return [str(subnet) for subnet, _ in zip(subnets, range(count), strict=False)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


FUNCTIONS: dict[str, Callable[[Scope, Any], Any]] = {
    "Ref": _ref,
    "Condition": lambda scope, name: scope.condition(name),
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": lambda scope, rules: all(scope.value(rule) for rule in rules),
    "Fn::Or": lambda scope, rules: any(scope.value(rule) for rule in rules),
    "Fn::Not": lambda scope, rules: not scope.value(rules[0]),
    "Fn::Base64": lambda scope, text: base64.b64encode(str(scope.value(text)).encode()).decode(),
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": lambda scope, region: scope.zones(scope.value(region)),
    "Fn::ImportValue": lambda scope, name: scope.imported(scope.value(name)),
    "Fn::Cidr": _cidr,
}


def references(node: Any) -> Iterator[str]:
    """Names that a template node refers to: logical ids, parameters and pseudo parameters."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    if not isinstance(node, dict):
        return
    for key, argument in node.items():
        if key == "Ref":
            yield str(argument)
        elif key == "Fn::GetAtt":
            yield argument.split(".")[0] if isinstance(argument, str) else str(argument[0])
        elif key == "Fn::Sub":
            text, own = (argument, {}) if isinstance(argument, str) else argument
            yield from (name.split(".")[0] for name in _SUB.findall(text) if name[0] != "!" and name not in own)
            yield from references(own)
        else:
            yield from references(argument)


def dependencies(template: Mapping[str, Any], logical_id: str) -> frozenset[str]:
    """Logical ids that must exist before this one."""
    resource = template["Resources"][logical_id]
    declared = resource.get("DependsOn", [])
    named = {declared} if isinstance(declared, str) else set(declared)
    named |= set(references(resource.get("Properties", {})))
    return frozenset(named & set(template["Resources"]))


def creation_order(template: Mapping[str, Any]) -> list[str]:
    """Logical ids, each after what it depends on, otherwise as written.

    Raises:
        ValidationError: the dependencies form a circle.
    """
    order: list[str] = []
    needs = {logical_id: dependencies(template, logical_id) for logical_id in template["Resources"]}
    while len(order) < len(needs):
        ready = [name for name in needs if name not in order and needs[name] <= set(order)]
        if not ready:
            stuck = ", ".join(sorted(set(needs) - set(order)))
            raise ValidationError(f"Circular dependency between resources: [{stuck}]")
        order += ready
    return order
