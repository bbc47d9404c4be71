"""What a file may say of engine parameters: of the cluster, of all its instances, of one."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from estate import parameters, secrets
from estate.spec import Hit, Path, Rule

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

CLUSTER_PATHS: tuple[Path, ...] = (("parameters",), ("blue_green", "parameters"))
"""Parameters of cluster groups: the cluster's own, and that of a green copy of it."""


def groups(spec: AuroraSpec) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Each mapping of parameters that the file can hold, with its path."""
    yield CLUSTER_PATHS[0], spec.parameters
    yield CLUSTER_PATHS[1], spec.blue_green.parameters if spec.blue_green else {}
    yield ("instance_parameters",), spec.instance_parameters or {}
    for name, instance in spec.instances.items():
        yield ("instances", name, "parameters"), instance.parameters


def _each(spec: AuroraSpec) -> Iterator[tuple[Path, str, str]]:
    for path, given in groups(spec):
        for name, value in given.items():
            yield path, name, value


def _unknown(spec: AuroraSpec) -> Iterator[Hit]:
    known = parameters.parameters_of(spec.engine)
    for path, name, _ in _each(spec):
        if not parameters.is_known(spec.engine, name):
            near = difflib.get_close_matches(name[:60], known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else "check the spelling"
            fix = f"{hint} if it is newer, add `acknowledge: [aurora/parameter-unknown]`"
            yield Hit((*path, name), name, fix=fix)


def _wrong_value(spec: AuroraSpec) -> Iterator[Hit]:
    for path, name, value in _each(spec):
        must = parameters.refusal(spec.engine, name, value)
        if must is not None and not secrets.is_secret(value):
            yield Hit((*path, name), value, must=must)


def _wrong_level(spec: AuroraSpec) -> Iterator[Hit]:
    for path, name, _ in _each(spec):
        if path not in CLUSTER_PATHS and name in parameters.CLUSTER_ONLY[spec.engine]:
            yield Hit((*path, name), name)


def _kept(spec: AuroraSpec) -> Iterator[Hit]:
    for path, name, _ in _each(spec):
        if name in parameters.KEPT[spec.engine]:
            yield Hit((*path, name), name, fix=INSTEAD.get(name, ""))


def _secret(spec: AuroraSpec) -> Iterator[Hit]:
    for path, name, value in _each(spec):
        if secrets.is_secret(value):
            yield Hit((*path, name), "a secret")


INSTEAD = {
    "port": "set `port:` of the cluster",
    "wal_level": "set rds.logical_replication to 1",
    "log-bin": "set binlog_format, which turns it on",
    "log_bin": "set binlog_format, which turns it on",
    "innodb_thread_concurrency": "remove it: Aurora schedules threads itself",
}

RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/parameter-unknown",
        reads=("engine",),
        broken=_unknown,
        must="be known",
        fix="check the spelling",
        level="warning",
    ),
    Rule(
        id="aurora/parameter-value",
        reads=("engine",),
        broken=_wrong_value,
        must="be a value of the parameter",
        fix="correct it, or add `acknowledge: [aurora/parameter-value]` if the family takes it",
        acknowledge=True,
    ),
    Rule(
        id="aurora/parameter-level",
        reads=("engine",),
        broken=_wrong_level,
        must="stand under the cluster's own `parameters`: no instance group has it",
        fix="move it there",
        acknowledge=True,
    ),
    Rule(
        id="aurora/parameter-kept",
        reads=("engine",),
        broken=_kept,
        must="be one that Aurora lets you set",
        fix="remove it: Aurora manages it, or add `acknowledge: [aurora/parameter-kept]` if it no longer does",
        acknowledge=True,
    ),
    Rule(
        id="aurora/parameter-secret",
        reads=(),
        broken=_secret,
        must="not be written in a file",
        fix="take it out and change it: it has been read; if it is none, add `acknowledge: [aurora/parameter-secret]`",
        acknowledge=True,
    ),
)
