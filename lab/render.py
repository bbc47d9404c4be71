"""The lab's results as text: pure, but for reading the call log."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runbooks.cli.output import table

FIRST_ERROR_STATUS = 400
FOLLOW_EVERY_S = 0.2
INSTANCE_COLUMNS = ("INSTANCE", "API SAYS", "STATUS", "CLASS", "SERVER", "ADDRESS", "PID", "HEALTHY")
NO_SERVER = {"control plane only": "control plane only: no server runs", "processes": "no server runs"}
NODE_COLUMNS = ("NODE", "ROLE", "SERVER", "ADDRESS", "PID", "HEALTHY")


def exports(environment: Mapping[str, str]) -> str:
    """Shell lines for `eval`."""
    return "\n".join(f"export {key}={shlex.quote(value)}" for key, value in environment.items())


def status_text(overview: Mapping[str, Any]) -> str:
    """The lab, then each cluster and cache with its members."""
    readiness = "ready" if overview["ready"] else "not ready"
    lines = [
        f"lab       {overview['endpoint']}  (process {overview['pid']}, {readiness})",
        f"estate    {overview['estate'] or '(none deployed)'}",
        f"resolver  {overview['resolver']}  (writer endpoints follow a promotion after {overview['dns_delay_s']:g} s)",
        f"data      {overview['data']}",
    ]
    if not overview["own_addresses"]:
        lines.append(
            "ports     this system has one loopback address: every process has a port of its own, see docs/lab.md"
        )
    lines += [_cluster_text(cluster) for cluster in overview["clusters"]]
    lines += [_cache_text(cache) for cache in overview["caches"]]
    return "\n".join(lines)


def load_text(answer: Mapping[str, Any]) -> str:
    """What the readers, or a cache's nodes, report from now on, and what auto scaling did about it at once."""
    said = ", ".join(f"{name} {value:g}" for name, value in sorted(answer["metrics"].items()))
    shape = ", ".join(f"{name} {answer[name]}" for name in ("readers", "shards", "replicas") if name in answer)
    lines = [f"{answer['cluster']}: {shape}, each reports {said}"]
    lines += [f"  {activity}" for activity in answer["activities"]]
    if not answer["scales"]:
        kind = "cluster" if "readers" in answer else "cache"
        lines.append(f"  the {kind} has no auto scaling: nothing follows from it")
    elif not answer["activities"]:
        lines.append("  auto scaling changes nothing now")
    return "\n".join(lines)


def _cluster_text(cluster: Mapping[str, Any]) -> str:
    head = f"\n{cluster['cluster']}  {cluster['engine']} {cluster['version']}  {cluster['status']}  {cluster['region']}"
    if cluster["data_plane"] != "processes":
        head += f"  ({cluster['data_plane']}: no server runs)"
    rows = [_instance_row(instance) for instance in cluster["instances"]]
    endpoints = [
        f"  writer  {cluster['writer_endpoint']}:{cluster['port']}",
        f"  reader  {cluster['reader_endpoint']}:{cluster['port']}",
        *(f"  custom  {name}:{cluster['port']}" for name in cluster["custom_endpoints"]),
    ]
    return "\n".join([head, _indent(table(rows, INSTANCE_COLUMNS)), *endpoints])


def _instance_row(instance: Mapping[str, Any]) -> dict[str, str]:
    process = instance["process"]
    row = {
        "INSTANCE": instance["instance"],
        "API SAYS": instance["role"],
        "STATUS": str(instance["status"]),
        "CLASS": str(instance["class"]),
    }
    if process is None:
        return {**row, "SERVER": "-", "ADDRESS": "-", "PID": "-", "HEALTHY": "-"}
    server = f"{process['engine']} {process['version']} {process['role']}"
    return {**row, "SERVER": server, **_process_cells(process)}


def _process_cells(process: Mapping[str, Any]) -> dict[str, str]:
    return {
        "ADDRESS": f"{process['address']}:{process['port']}",
        "PID": str(process["pid"] or "-"),
        "HEALTHY": "yes" if process["healthy"] else "no",
    }


def _cache_text(cache: Mapping[str, Any]) -> str:
    head = f"\n{cache['cache']}  {cache['engine']}  {cache['status']}  {cache['region']}"
    rows = [
        {"NODE": node["member"], "ROLE": node["role"], "SERVER": f"{node['engine']} {node['version']}"}
        | _process_cells(node)
        for node in cache["nodes"]
    ]
    if not rows:
        head += f"  ({NO_SERVER.get(cache['data_plane'], cache['data_plane'])})"
    lines = [head, *([_indent(table(rows, NODE_COLUMNS))] if rows else [])]
    return "\n".join([*lines, f"  endpoint  {cache['endpoint']}"])


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def read_calls(path: Path, *, errors_only: bool, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Calls logged from `offset` on, and where to go on; a line that is still being written waits."""
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    calls = [json.loads(line) for line in whole.splitlines() if line]
    return [call for call in calls if not errors_only or call["status"] >= FIRST_ERROR_STATUS], offset + len(whole)


def follow(path: Path, offset: int, *, errors_only: bool) -> Iterator[dict[str, Any]]:
    """New calls as they come, until the lab ends."""
    while path.exists():
        calls, offset = read_calls(path, errors_only=errors_only, offset=offset)
        yield from calls
        time.sleep(FOLLOW_EVERY_S)


def call_text(call: Mapping[str, Any]) -> str:
    """One call in one line."""
    names = " ".join(f"{key}={value}" for key, value in call.get("identifiers", {}).items())
    error = f" {call['error']}" if call.get("error") else ""
    clock = str(call["time"])[11:23]
    return f"{clock} {call['status']}{error} {call['service']}:{call['operation']} {call['region']} {names}".rstrip()
