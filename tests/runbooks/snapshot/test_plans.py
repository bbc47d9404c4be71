"""Decisions of the snapshot verbs: what is planned, what is refused and in which words. No AWS."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from estate.names import TAG_EXPIRES, TAG_RUN
from runbooks.aws.exports import ExportTask
from runbooks.aws.kms import Key
from runbooks.engine.plan import Call, PlanRefusedError, render_plan
from runbooks.snapshot import copying, creating, exporting, sharing
from runbooks.snapshot.copying import CopySeen, plan_copy
from runbooks.snapshot.creating import CreateSeen, plan_create
from runbooks.snapshot.exporting import EXPORTER, ExportSeen, plan_export
from runbooks.snapshot.listing import render
from runbooks.snapshot.names import made_name, name_reasons
from runbooks.snapshot.request import CopyRequest, CreateRequest, ExportRequest, ShareRequest
from runbooks.snapshot.seen import Snapshot, Source
from runbooks.snapshot.sharing import ShareSeen, plan_share, plan_unshare

HOME, FAR, ACCOUNT, OTHER = "eu-west-1", "eu-central-1", "123456789012", "222222222222"
RUN = "20261121-101500-3f2a"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/exporter"


def snapshot(name: str = "nightly", **changes: Any) -> Snapshot:
    given: dict[str, Any] = {
        "family": "aurora", "snapshot_id": name, "arn": f"arn:aws:rds:{HOME}:{ACCOUNT}:cluster-snapshot:{name}",
        "source_id": "shop-orders", "kind": "manual", "status": "available", "created_at": NOON,
        "engine": "aurora-postgresql", "engine_version": "17.7", "shared_with": (),
    }  # fmt: skip
    return Snapshot(**{**given, **changes})


def call(operation: str, **parameters: Any) -> Call:
    return Call(service="rds", operation=operation, parameters=parameters)


SOURCE = Source(
    family="aurora", source_id="shop-orders", arn=f"arn:aws:rds:{HOME}:{ACCOUNT}:cluster:shop-orders",
    status="available", engine="aurora-postgresql",
)  # fmt: skip
CREATE = CreateRequest(source_id="shop-orders", owner="me")
CREATE_SEEN = CreateSeen(
    run_id=RUN, name=f"shop-orders-{RUN}", source=SOURCE,
    call=call(
        "CreateDBClusterSnapshot", DBClusterIdentifier="shop-orders", DBClusterSnapshotIdentifier=f"shop-orders-{RUN}"
    ),
)  # fmt: skip
OURS = {TAG_RUN: RUN}
ENCRYPTED = snapshot(encrypted=True, key=KEY)
COPY = CopyRequest(snapshot="nightly", owner="me", to_region=FAR, key="alias/far")
COPY_SEEN = CopySeen(
    run_id=RUN, name=f"nightly-{RUN}", home=HOME, destination=FAR, snapshot=ENCRYPTED,
    key=Key(arn=f"arn:aws:kms:{FAR}:{ACCOUNT}:key/2", state="Enabled", aws_managed=False),
    call=call("CopyDBClusterSnapshot"),
)  # fmt: skip
SHARE = ShareRequest(snapshot_id="nightly", accounts=(OTHER,))
SHARE_SEEN = ShareSeen(account=ACCOUNT, snapshot=ENCRYPTED, call=call("ModifyDBClusterSnapshotAttribute"))
EXPORT = ExportRequest(snapshot_id="nightly", bucket="lake", role=ROLE, key="alias/lake", prefix="aurora")
EXPORT_SEEN = ExportSeen(
    task_id=f"nightly-{RUN}", region=HOME, snapshot=snapshot(), trusted=(EXPORTER,), bucket_region=HOME,
    key=Key(arn=KEY, state="Enabled", aws_managed=False), call=call("StartExportTask"),
)  # fmt: skip
FLYING = tuple(f"copy-{number}" for number in range(5))


def task(name: str = "other", status: str = "IN_PROGRESS", **more: Any) -> ExportTask:
    return ExportTask(task_id=name, source_arn=f"arn:{name}", status=status, **more)


RUNNING = tuple(task(f"export-{number}") for number in range(5))


@pytest.mark.parametrize(
    ("request_changes", "seen", "said"),
    [
        pytest.param({}, {"source": None}, "cluster shop-orders must exist, got none", id="no-cluster"),
        pytest.param(
            {"family": "serverless"}, {"source": None}, "serverless cache shop-orders must exist", id="no-cache"
        ),
        pytest.param({}, {"source": replace(SOURCE, status="creating")}, "must be available, got creating", id="busy"),
        pytest.param({}, {"name": "two--hyphens"}, "1 to 63 lower-case letters", id="name"),
        pytest.param({}, {"name": "x" * 64}, "1 to 63 lower-case letters", id="long-name"),
        pytest.param({}, {"made": snapshot()}, "a name that is free, got one that no run", id="taken-by-hand"),
        pytest.param({}, {"made": snapshot(tags={TAG_RUN: "other"})}, "that run other made", id="taken-by-a-run"),
        pytest.param({}, {"used": 100}, "fewer than 100, got 100", id="quota"),
        pytest.param(
            {"family": "cache"}, {"used": 20, "quota": 20}, "24 hours must be fewer than 20", id="daily-quota"
        ),
        pytest.param({}, {"fences": ("no touching",)}, "no touching", id="fenced"),
        pytest.param({}, {"locked": ("shop-orders is locked",)}, "shop-orders is locked", id="locked"),
        pytest.param({}, {"made": snapshot(status="failed", tags=OURS)}, "must not have failed", id="failed-before"),
    ],
)
def test_create_refuses(request_changes: dict[str, Any], seen: dict[str, Any], said: str) -> None:
    (reason,) = creating.blockers(replace(CREATE, **request_changes), replace(CREATE_SEEN, **seen))
    assert said in reason
    assert ";" in reason or seen.keys() & {"fences", "locked"}, "it says what to do"


FOREIGN = f"arn:aws:rds:{HOME}:{OTHER}:cluster-snapshot:theirs"


@pytest.mark.parametrize(
    ("request_changes", "seen", "said"),
    [
        pytest.param({}, {"snapshot": None}, "snapshot nightly must be there in eu-west-1", id="none"),
        pytest.param({}, {"snapshot": replace(ENCRYPTED, status="creating")}, "available, got creating", id="early"),
        pytest.param({"key": ""}, {}, "--key must be a key of eu-central-1, got none", id="encrypted-and-no-key"),
        pytest.param({}, {"snapshot": snapshot()}, "is not encrypted and a copy cannot be", id="key-and-not-encrypted"),
        pytest.param(
            {"key": "", "to_region": "", "snapshot": FOREIGN},
            {"is_foreign": True, "destination": HOME},
            "is another account's and encrypted",
            id="foreign",
        ),
        pytest.param(
            {"key": KEY},
            {"key": None},
            f"must be a key of eu-central-1, got {KEY} of eu-west-1",
            id="key-of-another-region",
        ),
        pytest.param({}, {"key": None}, "a key that exists in eu-central-1, got alias/far", id="no-such-key"),
        pytest.param(
            {},
            {"key": Key(arn=KEY, state="PendingDeletion", aws_managed=False)},
            "which is PendingDeletion",
            id="key-that-goes",
        ),
        pytest.param({"key": "alias/aws/rds"}, {"key": None}, "a key of your own, got alias/aws/rds", id="default-key"),
        pytest.param({}, {"in_flight": FLYING}, "fewer than 5, got copy-0, copy-1", id="five-in-flight"),
        pytest.param({}, {"used": 100}, "manual snapshots of the Region must be fewer", id="quota-there"),
        pytest.param({}, {"target": snapshot()}, "a name that is free", id="taken"),
        pytest.param({"family": "cache"}, {}, "must stay in its Region and account", id="cache-to-a-region"),
        pytest.param({}, {"target": snapshot(status="failed", tags=OURS)}, "must not have failed", id="failed-before"),
    ],
)
def test_copy_refuses(request_changes: dict[str, Any], seen: dict[str, Any], said: str) -> None:
    (reason,) = copying.blockers(replace(COPY, **request_changes), replace(COPY_SEEN, **seen))
    assert said in reason
    assert ";" in reason or ":" in reason


@pytest.mark.parametrize(
    ("request_changes", "seen", "said"),
    [
        pytest.param({"accounts": ("all",)}, {}, "must be named one by one, got all", id="public"),
        pytest.param({"accounts": ("12345",)}, {}, "must be 12 digits, got '12345'", id="no-account"),
        pytest.param({"accounts": (ACCOUNT,)}, {}, "must be others than this one", id="this-one"),
        pytest.param({}, {"snapshot": None}, "must exist in this account", id="none"),
        pytest.param(
            {},
            {"snapshot": replace(ENCRYPTED, kind="automated")},
            "copy it first: `runbook snapshot copy nightly --as NAME`",
            id="automated",
        ),
        pytest.param(
            {},
            {"snapshot": replace(ENCRYPTED, default_key=True)},
            "`runbook snapshot copy nightly --as NAME --key KEY`",
            id="default-key",
        ),
        pytest.param({}, {"snapshot": replace(ENCRYPTED, status="creating")}, "available, got creating", id="early"),
        pytest.param(
            {},
            {"snapshot": replace(ENCRYPTED, shared_with=tuple(f"{n:012}" for n in range(20)))},
            "20 accounts at most, got 21",
            id="twenty-one",
        ),
        pytest.param({}, {"snapshot": replace(ENCRYPTED, shared_with=("all",))}, "must not be public", id="is-public"),
        pytest.param(
            {},
            {"keyless": {OTHER: ("kms:CreateGrant",)}},
            f"let account {OTHER} use it, got no kms:Create",
            id="key-policy",
        ),
        pytest.param({"family": "cache"}, {"snapshot": None}, "ElastiCache shares none", id="cache"),
    ],
)
def test_share_refuses(request_changes: dict[str, Any], seen: dict[str, Any], said: str) -> None:
    (reason,) = sharing.share_blockers(replace(SHARE, **request_changes), replace(SHARE_SEEN, **seen))
    assert said in reason


def test_unshare_takes_away_what_was_public_and_nothing_that_is_no_account() -> None:
    public = replace(SHARE_SEEN, snapshot=replace(ENCRYPTED, shared_with=("all",)))
    assert plan_unshare(replace(SHARE, accounts=("all",)), public)
    with pytest.raises(PlanRefusedError, match="must be 12 digits, got 'everyone'"):
        plan_unshare(replace(SHARE, accounts=("everyone",)), public)


@pytest.mark.parametrize(
    ("request_changes", "seen", "said"),
    [
        pytest.param({}, {"snapshot": None}, "must exist in this account", id="none"),
        pytest.param({}, {"snapshot": snapshot(kind="shared")}, "copy it first", id="another-account's"),
        pytest.param({}, {"snapshot": snapshot(status="creating")}, "available, got creating", id="early"),
        pytest.param({}, {"bucket_region": None}, "bucket lake must exist", id="no-bucket"),
        pytest.param({}, {"bucket_region": FAR}, "must be in eu-west-1, where the snapshot is", id="bucket-elsewhere"),
        pytest.param({"role": "exporter"}, {}, "--role must be the ARN", id="role-by-name"),
        pytest.param({}, {"trusted": None}, f"role {ROLE} must exist", id="no-role"),
        pytest.param(
            {}, {"trusted": ("rds.amazonaws.com",)}, "must trust export.rds.amazonaws.com, got rds.", id="trust"
        ),
        pytest.param({}, {"key": None}, "--key must be a key that exists", id="no-key"),
        pytest.param({"only": ("a.b.c.d",)}, {}, "--only must be database[.schema[.table]]", id="too-deep"),
        pytest.param(
            {"only": ("a.b.c",)}, {"snapshot": snapshot(engine="aurora-mysql")}, "database[.table]", id="mysql"
        ),
        pytest.param({"only": ("my-db",)}, {}, "letters, digits, $ and _, got 'my-db'", id="hyphen"),
        pytest.param({"prefix": "a b"}, {}, "--prefix must be without ' '", id="blank"),
        pytest.param({}, {"running": RUNNING}, "exports under way must be fewer than 5", id="five"),
        pytest.param(
            {},
            {"running": (replace(RUNNING[0], source_arn=snapshot().arn),)},
            "same time, got export export-0",
            id="same-snapshot",
        ),
        pytest.param({}, {"task": task("x", "FAILED", failure="no room")}, "got failed: no room", id="failed-before"),
        pytest.param({"family": "cache"}, {}, "--role, --key must be left out", id="cache-with-a-role"),
        pytest.param(
            {"family": "cache", "role": "", "key": ""}, {"denied": ("no grant",)}, "no grant", id="bucket-closed"
        ),
    ],
)
def test_export_refuses(request_changes: dict[str, Any], seen: dict[str, Any], said: str) -> None:
    (reason,) = exporting.blockers(replace(EXPORT, **request_changes), replace(EXPORT_SEEN, **seen))
    assert said in reason


def test_all_reasons_come_at_once() -> None:
    wrong = replace(COPY_SEEN, snapshot=None, key=None, in_flight=FLYING, used=100, locked=("x is locked",))
    assert len(copying.blockers(COPY, wrong)) == 5


def kinds(steps: tuple[Any, ...]) -> list[str]:
    return [step.key for step in steps]


def test_resuming_plans_the_tail() -> None:
    name = CREATE_SEEN.name
    assert kinds(plan_create(CREATE, CREATE_SEEN)) == [f"create-snapshot {name}", f"wait-until-available {name}"]
    begun = replace(CREATE_SEEN, made=snapshot(name, status="creating", tags=OURS), source=None)
    assert kinds(plan_create(CREATE, begun)) == [f"wait-until-available {name}"]
    done = replace(begun, made=snapshot(name, tags=OURS))
    assert kinds(plan_create(CREATE, done)) == [f"wait-until-available {name}"], "the same a moment earlier and later"
    assert plan_create(CREATE, replace(done, awaited=True)) == ()

    copied, waiting = COPY_SEEN.name, replace(COPY, wait_for_slot=True)
    tail = [f"copy-snapshot {copied}", f"wait-until-available {copied}"]
    assert kinds(plan_copy(COPY, COPY_SEEN)) == tail
    assert kinds(plan_copy(waiting, replace(COPY_SEEN, in_flight=FLYING))) == [f"wait-for-slot {FAR}", *tail]
    begun_copy = replace(COPY_SEEN, target=snapshot(copied, status="copying", tags=OURS), snapshot=None)
    assert kinds(plan_copy(waiting, begun_copy)) == tail[1:]

    exported = [f"start-export {EXPORT.snapshot_id}", f"wait-until-exported {EXPORT_SEEN.task_id}"]
    assert kinds(plan_export(EXPORT, EXPORT_SEEN)) == exported
    assert kinds(plan_export(EXPORT, replace(EXPORT_SEEN, task=task(EXPORT_SEEN.task_id)))) == exported[1:]
    assert plan_export(EXPORT, replace(EXPORT_SEEN, task=task(status="COMPLETE"), awaited=True)) == ()

    assert kinds(plan_share(SHARE, SHARE_SEEN)) == ["share-snapshot nightly"]
    assert plan_share(SHARE, replace(SHARE_SEEN, call=None)) == ()


@pytest.mark.parametrize(
    ("base", "run", "expected"),
    [
        pytest.param("shop-orders", RUN, f"shop-orders-{RUN}", id="the-run's-name-is-a-date"),
        pytest.param("shop_orders.1", RUN, f"shop-orders-1-{RUN}", id="what-no-name-takes"),
        pytest.param("x" * 60, RUN, "x" * 54 + "-", id="too-long"),
        pytest.param("shop", "a--b", "shop-", id="a-run's-name-that-no-snapshot-takes"),
        pytest.param("1st", RUN, "1st-", id="a-digit-first-is-refused-later"),
    ],
)
def test_a_name_that_nobody_gave(base: str, run: str, expected: str) -> None:
    name = made_name(base, run)
    assert name.startswith(expected)
    assert name == made_name(base, run)
    assert len(name) <= 63
    assert bool(list(name_reasons(name))) == base.startswith("1")


REQUESTS: list[tuple[Any, Callable[[Any], Any]]] = [
    (replace(CREATE, tags={"team": "orders"}), CreateRequest.from_plain),
    (COPY, CopyRequest.from_plain),
    (SHARE, ShareRequest.from_plain),
    (replace(EXPORT, only=("shop",)), ExportRequest.from_plain),
]


@pytest.mark.parametrize(("given", "read"), REQUESTS, ids=["create", "copy", "share", "export"])
def test_requests_come_back_from_the_journal(given: Any, read: Any) -> None:
    assert read(given.to_plain()) == given


def test_a_list_is_80_columns_wide_and_says_what_there_is_besides() -> None:
    rows = (
        snapshot(encrypted=True, key=KEY, default_key=True, size_bytes=3 * 1024**3, shared_with=(OTHER,)),
        snapshot("rds:a-cluster-with-a-long-name-2026-11-21-03-00", kind="automated"),
        snapshot("far", copied_from=f"arn:aws:rds:{FAR}:{ACCOUNT}:cluster-snapshot:rds:x", status="copying",
                 progress=45, created_at=None, tags={TAG_RUN: RUN, TAG_EXPIRES: "2026-12-01T00:00:00Z"}),
    )  # fmt: skip
    text = render(rows)
    assert max(len(line) for line in text.splitlines()) <= 80
    for part in (f"shared with {OTHER}", f"copied from rds:x of {FAR}", f"made by run {RUN}", "expires 2026-12-01",
                 "default", "3 GiB", "copying, 45 %", "2026-11-21 12:00"):  # fmt: skip
        assert part in text
    assert render(()) == "no snapshots"


def test_the_page_shows_the_plan() -> None:
    page = (Path(__file__).parents[3] / "docs" / "runbooks" / "snapshot.md").read_text(encoding="utf-8")
    shown = re.findall(r"```text\nplan for nightly:\n(.*?)\n```", page, re.DOTALL)
    from runbooks.snapshot.aurora_family import AuroraFamily
    from runbooks.tags import made_tags
    from runbooks.tools import Tools

    tags = made_tags(run_id=RUN, source=ENCRYPTED.arn, owner="me", purpose="snapshot copy")
    made = AuroraFamily(Tools(HOME)).copy_call(ENCRYPTED, COPY_SEEN.name, region=FAR, key="alias/far", tags=tags)
    assert shown == [render_plan(plan_copy(COPY, replace(COPY_SEEN, call=made)))]
