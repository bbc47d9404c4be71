"""`runbook restore verify --list`: which clusters of a Region have a backup that was restored, and which have none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from estate.names import TAG_RUN, verified_parameter
from runbooks.aws.rds import Cluster
from runbooks.tools import Tools
from runbooks.verification.proof import Proof, parse_proof

UNPROVEN, PROVEN, FAILED = "unproven", "proven", "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """One cluster. `state` is proven, failed (the last verification found something wrong) or unproven."""

    cluster_id: str
    state: str
    at: str = ""
    backup: str = ""
    queries: str = ""
    took_s: float | None = None


def list_standings(tools: Tools) -> tuple[Standing, ...]:
    """Every Aurora cluster of the Region but the copies that runbooks made, by name."""
    return standings(tools.rds.list_clusters(), _proofs(tools))


def standings(clusters: Iterable[Cluster], proofs: Mapping[str, Proof]) -> tuple[Standing, ...]:
    """What is proven of each cluster. Pure."""
    own = (each for each in clusters if each.engine.startswith("aurora") and TAG_RUN not in each.tags)
    return tuple(
        _standing(name, proofs.get(verified_parameter(name))) for name in sorted(each.cluster_id for each in own)
    )


def _standing(cluster_id: str, proof: Proof | None) -> Standing:
    if proof is None:
        return Standing(cluster_id=cluster_id, state=UNPROVEN)
    took = round(sum(proof.took_s.values()), 1) if proof.took_s else None
    state = PROVEN if proof.passed else FAILED
    return Standing(
        cluster_id=cluster_id, state=state, at=proof.at, backup=proof.backup, queries=proof.queries, took_s=took
    )


def _proofs(tools: Tools) -> Mapping[str, Proof]:
    """By the parameter's name; one that cannot be read proves nothing."""
    path = verified_parameter("")
    pages = tools.session.ssm.get_paginator("get_parameters_by_path").paginate(Path=path.rstrip("/"))
    found = {raw.get("Name", ""): parse_proof(raw.get("Value", "")) for page in pages for raw in page["Parameters"]}
    return {name: proof for name, proof in found.items() if proof is not None}


def render_standings(found: tuple[Standing, ...]) -> str:
    """One line per cluster, those without a proof first."""
    if not found:
        return "no Aurora cluster in this Region"
    order = (UNPROVEN, FAILED, PROVEN)
    width = max(len(each.cluster_id) for each in found)
    rows = sorted(found, key=lambda each: (order.index(each.state), each.cluster_id))
    lines = [f"{each.state:<9} {each.cluster_id:<{width}}{_more(each)}" for each in rows]
    unproven = sum(each.state != PROVEN for each in found)
    return "\n".join([*lines, "", f"{unproven} of {len(found)} have no backup that is known to be good"])


def _more(each: Standing) -> str:
    if each.state == UNPROVEN:
        return ""
    took = f", {each.took_s:g} s" if each.took_s is not None else ""
    return f"  {each.at[:16]}, checks: {each.queries}{took}"
