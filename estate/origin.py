"""What a cluster is born from: a snapshot, a point in time, a clone. It stays in the file for good."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from estate.limits import AURORA_IDENTIFIER_LENGTH, SNAPSHOT_IDENTIFIER_LENGTH
from estate.names import cluster_identifier
from estate.spec import Hit, Rule, Spec

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec
    from estate.model import Estate

NAME = r"[A-Za-z](?:-?[A-Za-z0-9])*"
SNAPSHOT_NAME = rf"(?:(?:rds|awsbackup):)?{NAME}"
"""Those that RDS and AWS Backup take themselves begin with a prefix."""
ARN = r"arn:aws[a-z-]*:rds:(?P<region>[a-z0-9-]+):\d{12}"
SNAPSHOT = re.compile(rf"(?:{ARN}:cluster-snapshot:)?(?P<name>{SNAPSHOT_NAME})")
CLUSTER = re.compile(rf"(?:{ARN}:cluster:)?(?P<name>{NAME})")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
DEFAULT_USERNAME = "dbadmin"
KINDS = ("snapshot", "point_in_time_of", "clone_of")


class OriginSpec(Spec):
    """Exactly one of `snapshot`, `point_in_time_of`, `clone_of`; CloudFormation wants it in every later template."""

    snapshot: str | None = Field(default=None, description="Identifier or ARN of a cluster snapshot")
    point_in_time_of: str | None = Field(default=None, description="Identifier or ARN of the cluster to restore")
    at: str | None = Field(
        default=None, description="The moment, UTC, `yyyy-mm-ddThh:mm:ssZ`; the latest when left out"
    )
    clone_of: str | None = Field(default=None, description="Identifier or ARN of the cluster to clone, copy on write")

    @property
    def source(self) -> str | None:
        """The cluster that is restored or cloned; None for a snapshot."""
        return self.point_in_time_of or self.clone_of

    @property
    def source_identifier(self) -> str:
        """Identifier of that cluster, as RDS keeps it; empty for a snapshot."""
        return (self.source or "").rsplit(":", maxsplit=1)[-1].lower()


def _given(spec: AuroraSpec) -> list[str]:
    return [kind for kind in KINDS if spec.origin is not None and getattr(spec.origin, kind) is not None]


def _one_of(spec: AuroraSpec) -> Iterator[Hit]:
    given = _given(spec)
    if spec.origin is not None and len(given) != 1:
        yield Hit(("origin",), " and ".join(given) or "none of them")


def _at_alone(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.origin is not None and spec.origin.at is not None and _given(spec) in (["snapshot"], ["clone_of"]):
        yield Hit(("origin", "at"), f"{spec.origin.at} beside {_given(spec)[0]}")


def _malformed_time(spec: AuroraSpec) -> Iterator[Hit]:
    at = spec.origin.at if spec.origin is not None else None
    if at is not None and not is_time(at):
        yield Hit(("origin", "at"), at)


def is_time(text: str) -> bool:
    """Whether a text is a moment that exists, in UTC to the second."""
    if not TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _malformed_snapshot(spec: AuroraSpec) -> Iterator[Hit]:
    given = spec.origin.snapshot if spec.origin is not None else None
    if given is not None and not _fits(SNAPSHOT, given, SNAPSHOT_IDENTIFIER_LENGTH):
        yield Hit(("origin", "snapshot"), given, fix=_of_an_instance(given))


def _of_an_instance(given: str) -> str:
    fix = "an instance's snapshot becomes Aurora by a migration: migrate it, snapshot that cluster, give its identifier"
    return fix if ":snapshot:" in given else ""


def _malformed_source(spec: AuroraSpec) -> Iterator[Hit]:
    for kind in KINDS[1:]:
        given = getattr(spec.origin, kind) if spec.origin is not None else None
        if given is not None and not _fits(CLUSTER, given, AURORA_IDENTIFIER_LENGTH):
            yield Hit(("origin", kind), given)


def _fits(form: re.Pattern[str], given: str, longest: int) -> bool:
    match = form.fullmatch(given)
    return match is not None and len(match["name"]) <= longest


def _foreign_region(spec: AuroraSpec) -> Iterator[Hit]:
    for kind in _given(spec):
        given = str(getattr(spec.origin, kind))
        match = (SNAPSHOT if kind == "snapshot" else CLUSTER).fullmatch(given)
        if match and match["region"] and spec.region and match["region"] != spec.region:
            fix = "copy it to this Region and give the copy" if kind == "snapshot" else "copy a snapshot of it here"
            yield Hit(("origin", kind), match["region"], must=f"lie in {spec.region}", fix=fix)


def _inherited(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.origin is None:
        return
    if spec.database is not None:
        yield Hit(("database",), spec.database)
    if spec.master_username != DEFAULT_USERNAME:
        yield Hit(("master_username",), spec.master_username)


def _own_password(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.origin is not None and spec.master_authentication == "own-secret":
        yield Hit(("master_authentication",), spec.master_authentication)


def _two_origins(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.origin is None:
        return
    if spec.global_database is not None:
        yield Hit(("origin",), "both", must="not stand beside `global`")
    if spec.replica_of is not None:
        yield Hit(("origin",), "both", must="not stand beside `replica_of`")


def sources_of(estate: Estate) -> dict[str, str]:
    """Names of the clusters that are restored or cloned from another of the estate, each with that cluster's name."""
    by_identifier = {cluster_identifier(estate.name, name): name for name in estate.aurora}
    wanted = {name: spec.origin.source_identifier for name, spec in estate.aurora.items() if spec.origin is not None}
    return {name: by_identifier[source] for name, source in wanted.items() if source in by_identifier}


def wrong_sources(estate: Estate) -> Iterator[Hit]:
    """Origins of an estate's clusters that are clusters of the same estate, and cannot be their origin."""
    sources, first = sources_of(estate), estate.regions[0]
    for name, source_name in sources.items():
        spec, source = estate.aurora[name], estate.aurora[source_name]
        kind = "clone_of" if spec.origin is not None and spec.origin.clone_of is not None else "point_in_time_of"
        path = ("aurora", name, "origin", kind)
        if source is spec:
            yield Hit(path, source_name, must="be another cluster", fix="restore under a key of its own")
        elif _comes_back(name, sources):
            yield Hit(path, source_name, must="not be born from this cluster in turn", fix="one of them comes first")
        elif (source.region or first) != (spec.region or first):
            yield Hit(path, source.region or first, must=f"lie in {spec.region or first}", fix="copy a snapshot of it")
        elif source.engine != spec.engine:
            yield Hit(path, source.engine, must=f"be a cluster of {spec.engine}", fix="correct `engine`")


def _comes_back(name: str, sources: Mapping[str, str]) -> bool:
    """Whether a cluster is among the sources of its sources."""
    seen: set[str] = set()
    following = sources[name]
    while following in sources and following not in seen and following != name:
        seen.add(following)
        following = sources[following]
    return following == name


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/origin-one",
        reads=("origin.snapshot", "origin.point_in_time_of", "origin.clone_of"),
        broken=_one_of,
        must="name exactly one of snapshot, point_in_time_of, clone_of",
        fix="keep the one that the cluster is born from",
    ),
    Rule(
        id="aurora/origin-at",
        reads=("origin.snapshot", "origin.point_in_time_of", "origin.clone_of"),
        broken=_at_alone,
        must="stand beside point_in_time_of: a snapshot has its moment, and a clone is always of now",
        fix="remove it, or restore with point_in_time_of, which copies the whole volume",
    ),
    Rule(
        id="aurora/origin-time",
        reads=("origin.at",),
        broken=_malformed_time,
        must="be a moment in UTC, yyyy-mm-ddThh:mm:ssZ",
        fix='write it as in "2026-11-20T09:30:00Z"',
    ),
    Rule(
        id="aurora/origin-snapshot",
        reads=("origin.snapshot",),
        broken=_malformed_snapshot,
        must="be the identifier or ARN of a cluster snapshot",
        fix="see `aws rds describe-db-cluster-snapshots`",
    ),
    Rule(
        id="aurora/origin-source",
        reads=("origin.point_in_time_of", "origin.clone_of"),
        broken=_malformed_source,
        must="be the identifier or ARN of a cluster",
        fix="see `aws rds describe-db-clusters`",
    ),
    Rule(
        id="aurora/origin-region",
        reads=("origin.snapshot", "origin.point_in_time_of", "origin.clone_of", "region"),
        broken=_foreign_region,
        must="lie in the cluster's Region",
        fix="copy it there first",
    ),
    Rule(
        id="aurora/origin-inherited",
        reads=("database", "master_username", "origin"),
        broken=_inherited,
        must="be left out beside origin: it comes with the data",
        fix="remove it",
    ),
    Rule(
        id="aurora/origin-password",
        reads=("master_authentication", "origin"),
        broken=_own_password,
        must="be managed-secret or iam beside origin: a restored master user keeps its old password, which a template "
        "may not set",
        fix="let RDS make a new one: `master_authentication: managed-secret`",
    ),
    Rule(
        id="aurora/origin-alone",
        reads=("origin", "global", "replica_of"),
        broken=_two_origins,
        must="be the only thing that gives the cluster its data",
        fix="keep one of the two: restore first, replicate from the restored cluster in a file of its own",
    ),
)
