"""A refresh, and what it sees, as a plan gets them; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from estate.names import TAG_PURPOSE, TAG_QUARANTINE, TAG_REPLACES, TAG_RUN
from runbooks.aws.rds import Cluster
from runbooks.aws.route53 import Record, Zone
from runbooks.clone.request import CloneRequest
from runbooks.masking.plan import MaskFile, MaskRequest
from runbooks.refresh.request import RefreshRequest
from runbooks.refresh.seen import Observed
from tests.runbooks.clone.builders import ACCOUNT, RUN, SOURCE, observed

DOMAIN, RECORD, READER = "staging.internal", "db.staging.internal", "db-ro.staging.internal"
MASK = MaskRequest(files=(MaskFile(path="/masks/people.sql", sha256="a" * 64),))
ASKED = RefreshRequest(
    target="staging",
    clone=CloneRequest(
        source=SOURCE,
        target="",
        owner="team-orders",
        expires="",
        region="eu-west-1",
        reach_from="10.0.1.7/32",
        mask=MASK,
    ),
    expires="2026-11-24T20:00:00Z",
    retire_at="2026-11-22T20:00:00Z",
    record=RECORD,
    reader_record=READER,
    zone="Z0123456789ABC",
)
BY_NAME = replace(ASKED, record="", reader_record="", zone="", rename=True)
COPY, RENAMED = ASKED.copy_id(RUN), ASKED.old_id(RUN)
OLD_TAGS = {TAG_RUN: "before", TAG_PURPOSE: "clone"}
OUR_TAGS = {TAG_RUN: RUN, TAG_PURPOSE: "clone", TAG_QUARANTINE: "open"}


def cluster(name: str, **more: Any) -> Cluster:
    """A cluster as the adapter gives it."""
    given: dict[str, Any] = {
        "cluster_id": name,
        "arn": f"arn:aws:rds:eu-west-1:{ACCOUNT}:cluster:{name}",
        "resource_id": f"cluster-of-{name}",
        "status": "available",
        "engine": "aurora-postgresql",
        "engine_version": "17.7",
        "engine_mode": "provisioned",
        "port": 5432,
        "writer_endpoint": f"{name}.cluster-abc.eu-west-1.rds.amazonaws.com",
        "reader_endpoint": f"{name}.cluster-ro-abc.eu-west-1.rds.amazonaws.com",
        "custom_endpoints": (),
        "database": "orders",
        "master_username": "keeper",
        "master_secret_arn": "",
        "iam_authentication": True,
        "deletion_protection": False,
        "global_cluster_id": "",
        "members": (),
        "pending": (),
        "tags": {},
    }
    return Cluster(**{**given, **more})


OLD = cluster("staging-before", tags=OLD_TAGS)
OURS = cluster(COPY, tags={**OUR_TAGS, TAG_REPLACES: OLD.cluster_id})
PRODUCTION = cluster(SOURCE)


def cname(name: str, target: str, **more: Any) -> Record:
    return Record(**{"name": name, "kind": "CNAME", "targets": (target,), "ttl_s": 30, **more})


POINTED = (cname(RECORD, OLD.writer_endpoint), cname(READER, OLD.reader_endpoint))
MOVED = (cname(RECORD, OURS.writer_endpoint), cname(READER, OURS.reader_endpoint))


def see(request: RefreshRequest = ASKED, **more: Any) -> Observed:
    """What is seen before anything is made, but for what `more` says."""
    given: dict[str, Any] = {
        "run_id": RUN,
        "source": PRODUCTION,
        "old": OLD,
        "zone": Zone(zone_id="Z0123456789ABC", name=DOMAIN, private=True),
        "records": POINTED,
        "clone": observed(request.clone_request(RUN, more.pop("replaces", OLD.cluster_id))),
    }
    return Observed(**{**given, **more})


def see_by_name(**more: Any) -> Observed:
    """The same for a swap by name: the old one has the target's."""
    old = cluster("staging", tags=OLD_TAGS)
    return see(BY_NAME, **{"old": old, "named": old, "zone": None, "records": (), "replaces": RENAMED, **more})
