"""Parameters of parameter groups: set, reset, listed with those that their family has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from estate.caches.families import FAMILIES, Parameter
from lab.cloud.awserrors import elasticache_error, invalid_combination, invalid_value
from lab.cloud.elasticache.access import AccessState

FAMILY = re.compile(r"redis(2\.6|2\.8|3\.2|4\.0|5\.0|6\.x|7)|valkey[789]|memcached1\.[456]")
"""Values of CacheParameterGroupFamily (API reference), and Valkey's since."""
MODE = "cluster-enabled"
SOURCES = frozenset({"user", "system", "engine-default"})


class ParameterGroups(AccessState):
    """Groups of parameters; those called `default.*` can be read only."""

    def make_parameter_group(self, given: dict[str, Any]) -> dict[str, Any]:
        if not FAMILY.fullmatch(given["CacheParameterGroupFamily"]):
            raise invalid_value(
                f"CacheParameterGroupFamily {given['CacheParameterGroupFamily']} is not a valid parameter group family"
            )
        return super().make_parameter_group(given)

    def set_parameters(self, name: str, items: list[dict[str, str]], used_by: list[str]) -> str:
        group = self._own_parameter_group(name)
        for item in items:
            self._refuse_mode(group, item["ParameterName"], item["ParameterValue"], used_by)
        group["parameters"].update({item["ParameterName"]: item["ParameterValue"] for item in items})
        return str(group["CacheParameterGroupName"])

    def reset_parameters(self, given: dict[str, Any], used_by: list[str]) -> str:
        """To the family's values: all of them, or those that are named."""
        group = self._own_parameter_group(given["CacheParameterGroupName"])
        named = [item["ParameterName"] for item in given.get("ParameterNameValues") or []]
        if bool(given.get("ResetAllParameters")) == bool(named):
            raise invalid_combination("Either ResetAllParameters or ParameterNameValues must be given, and not both.")
        gone = set(named) or set(group["parameters"])
        for name in gone & {MODE}:
            self._refuse_mode(group, name, "no", used_by)
        group["parameters"] = {name: value for name, value in group["parameters"].items() if name not in gone}
        return str(group["CacheParameterGroupName"])

    def _own_parameter_group(self, name: str) -> dict[str, Any]:
        group = self.parameter_group(name)
        if group["CacheParameterGroupName"] not in self.parameter_groups:
            raise elasticache_error("InvalidCacheParameterGroupStateFault", f"{name} cannot be modified.")
        return group

    @staticmethod
    def _refuse_mode(group: dict[str, Any], name: str, value: str, used_by: list[str]) -> None:
        """A cluster's `cluster-enabled` is given by its group at birth; AWS's own text."""
        if name == MODE and used_by and group["parameters"].get(MODE, "no") != value:
            raise invalid_value(f"The parameter {MODE} cannot be modified.")

    def parameters_of(self, name: str, source: str | None) -> list[dict[str, Any]]:
        """What was set (`user`), what can be (`engine-default`), what ElastiCache keeps (`system`), or everything."""
        if source not in {None, *SOURCES}:
            raise invalid_value(f"Invalid Source {source}: must be one of {', '.join(sorted(SOURCES))}")
        group = self.parameter_group(name)
        own = [
            {"ParameterName": each, "ParameterValue": value, "Source": "user", "IsModifiable": True}
            for each, value in group["parameters"].items()
        ]
        others = [
            row
            for row in family_parameters(group["CacheParameterGroupFamily"])
            if row["ParameterName"] not in group["parameters"]
        ]
        return [row for row in (*own, *others) if source in {None, row["Source"]}]


def family_parameters(family: str) -> list[dict[str, Any]]:
    """The parameters that the kit's data has of a family. It has no default values, so none are shown."""
    if not FAMILY.fullmatch(family):
        raise invalid_value(f"CacheParameterGroupFamily {family} is not a valid parameter group family")
    return list(_rows(family))


def _rows(family: str) -> Iterator[dict[str, Any]]:
    for name, parameter in FAMILIES.get(family, {}).items():
        row = {
            "ParameterName": name,
            "Source": "engine-default" if parameter.instead is None else "system",
            "DataType": "integer" if parameter.kind == "integer" else "string",
            "IsModifiable": parameter.instead is None,
            "AllowedValues": _allowed(parameter),
            "MinimumEngineVersion": ".".join(str(part) for part in parameter.since) or None,
        }
        yield {key: value for key, value in row.items() if value is not None}


def _allowed(parameter: Parameter) -> str | None:
    if parameter.choices:
        return ",".join(parameter.choices)
    if parameter.low is None or parameter.high is None:
        return None
    return f"{parameter.low:g}-{parameter.high:g}"
