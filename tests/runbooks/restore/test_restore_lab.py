"""The whole command against the embedded AWS: done, refused with reasons, resumed after kill -9."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moto.rds.models import rds_backends

from lab.cloud.rds.models import AuroraBackend
from runbooks.cli.main import main
from runbooks.restore.request import Kind, RestoreRequest
from tests.runbooks.clone.scenario import cluster_of, make_source, tags_of
from tests.runbooks.restore.scenario import (
    MODEL,
    SCENARIOS,
    SNAPSHOT,
    SOURCE,
    TARGET,
    delete_source,
    make_deleted,
    make_files,
    make_managed,
    make_mysql,
    make_with_snapshot,
    take_snapshot,
)
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import ACCOUNT, REGION, Cloud
from tests.support.served import Account, new_account, on_the_wire, run

pytestmark = pytest.mark.lab

OTHERS = "210987654321"
AS = ("--as", TARGET, "--owner", "team")
ESTATE = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
aurora:
  orders:
    engine: aurora-postgresql
    version: "17.7"
    instances: {a: {class: db.r8g.large}, b: {class: db.r8g.large}}
"""


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with new_account(monkeypatch, tmp_path) as made:
        yield made


def reasons(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    found: list[str] = run(capsys, *words, code=3)["error"]["reasons"]
    return found


def clusters(cloud: Cloud) -> list[str]:
    return [each["DBClusterIdentifier"] for each in cloud.client("rds").describe_db_clusters()["DBClusters"]]


def moment(cloud: Cloud, ago: timedelta) -> str:
    """Within the window of a source that is made to be older than it is."""
    rds_backends[ACCOUNT][REGION].clusters[SOURCE].born_at -= timedelta(days=2)
    latest = cluster_of(cloud, SOURCE)["LatestRestorableTime"]
    return str((latest - ago).strftime("%Y-%m-%dT%H:%M:%SZ"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_dry_run_shows_the_calls_and_changes_nothing(
    account: Account, scenario: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario.set_up(account)
    shown = run(capsys, *scenario.words)
    assert account.changed == []
    assert TARGET not in clusters(account)
    call = next(call for step in shown["steps"] for call in step["calls"] if call["operation"].startswith("Restore"))
    assert call["parameters"]["DBClusterIdentifier"] == TARGET
    assert not (account.folder / "home").exists()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_is_shown_is_what_is_called(account: Account, scenario: Any, capsys: pytest.CaptureFixture[str]) -> None:
    scenario.set_up(account)
    done = run(capsys, *scenario.words, "--execute")
    scenario.done(account)
    planned = [call["operation"] for step in done["steps"] for call in step["calls"]]
    assert account.changed == planned
    assert done["verdict"]["passed"]
    assert done["result"]["cluster_id"] == TARGET
    assert done["result"]["endpoint"].startswith(f"{TARGET}.cluster-")


def test_what_is_there_afterwards_is_said_in_words(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    make_source(account)
    words = ("restore", "point-in-time", SOURCE, "--latest", "--closed", "--expires-in", "2d", *AS, "--execute")
    assert main(list(words)) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"restore point-in-time {TARGET}: done\n  from      arn:aws:rds:")
    assert f"\n  endpoint  {TARGET}.cluster-" in said
    assert "\n  closed    nobody gets in\n  password  the data's own\n  expires   20" in said
    assert "\n  ok  closed: in sg-" in said


class TestSnapshot:
    """`restore snapshot`."""

    def test_the_newest_is_the_newest_by_its_time(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        """A public tool takes the fifth of the list; a later run takes the one that it began with."""
        make_managed(account)
        kept = rds_backends[ACCOUNT][REGION].cluster_snapshots
        for hours, name in ((3, "m"), (1, "a"), (2, "z")):
            take_snapshot(account, name)
            kept[name].created -= timedelta(hours=hours)
        done = run(capsys, "restore", "snapshot", "--newest-of", SOURCE, *AS, "--execute", "--run-id", "one")
        assert done["result"]["source"].endswith(":cluster-snapshot:a")
        take_snapshot(account, "later")
        (account.folder / "home" / "runs" / "one").rename(account.folder / "lost")
        again = run(capsys, "restore", "snapshot", "--newest-of", SOURCE, *AS, "--execute", "--run-id", "one")
        assert again["steps"] == []
        assert again["result"]["source"].endswith(":cluster-snapshot:a")

    @pytest.mark.parametrize(
        ("engine", "version", "chosen"),
        [("postgres", "16.7", "16.8"), ("mysql", "8.0.41", "8.0.mysql_aurora.3.10.0")],
    )
    def test_an_rds_instances_snapshot_becomes_a_cluster(
        self, account: Account, engine: str, version: str, chosen: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The way from RDS to Aurora, by ARN."""
        rds, like = account.client("rds"), "shop-catalog" if engine == "mysql" else SOURCE
        make_mysql(account) if engine == "mysql" else make_source(account)
        rds.create_db_instance(
            DBInstanceIdentifier="legacy", DBInstanceClass="db.m6g.large", Engine=engine, EngineVersion=version,
            MasterUsername="legacy", MasterUserPassword="correct-horse", DBName="old", AllocatedStorage=20,
        )  # fmt: skip
        rds.create_db_snapshot(DBInstanceIdentifier="legacy", DBSnapshotIdentifier="moving")
        rds.create_db_cluster_parameter_group(
            DBClusterParameterGroupName="sixteen", DBParameterGroupFamily="aurora-postgresql16", Description="d"
        )
        arn = f"arn:aws:rds:{REGION}:{ACCOUNT}:snapshot:moving"
        group = [] if engine == "mysql" else ["--parameter-group", "sixteen"]
        group += ["--instance-parameter-group", "default.aurora-postgresql16"] if group else []
        done = run(capsys, "restore", "snapshot", arn, "--like", like, *group, *AS, "--execute")
        found = cluster_of(account, TARGET)
        assert (found["EngineVersion"], found["MasterUsername"], found["DatabaseName"]) == (chosen, "legacy", "old")
        assert done["verdict"]["passed"]

    def test_anothers_is_found_by_its_arn(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_source(account)
        with_them = rds_backends[OTHERS][REGION]
        with_them.create_db_cluster(
            {"db_cluster_identifier": "theirs", "engine": "aurora-postgresql", "engine_version": "17.7",
             "master_username": "them", "master_user_password": "correct-horse"}
        )  # fmt: skip
        shared = with_them.create_db_cluster_snapshot("theirs", "lent")
        arn = f"arn:aws:rds:{REGION}:{OTHERS}:cluster-snapshot:lent"
        wanted = ("restore", "snapshot", arn, "--like", SOURCE, *AS)
        assert "must exist in eu-west-1, got none" in reasons(capsys, *wanted)[0]
        shared.attributes["restore"] = [ACCOUNT]
        assert "is given by its ARN" in reasons(capsys, "restore", "snapshot", "lent", "--like", SOURCE, *AS)[0]
        assert run(capsys, *wanted, "--execute")["result"]["source"] == arn
        assert cluster_of(account, TARGET)["MasterUsername"] == "them"

    def test_without_its_cluster_it_must_be_said_what_it_is_like(
        self, account: Account, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make_with_snapshot(account)
        groups = [each["VpcSecurityGroupId"] for each in cluster_of(account, SOURCE)["VpcSecurityGroups"]]
        delete_source(account)
        said = reasons(capsys, "restore", "snapshot", SNAPSHOT, *AS)
        assert [each.split()[0] for each in said[:4]] == [
            "--subnet-group", "--security-group", "--parameter-group", "--class",
        ]  # fmt: skip
        shape = ("--subnet-group", SOURCE, "--security-group", groups[0], "--parameter-group", SOURCE)
        words = ("restore", "snapshot", SNAPSHOT, *AS, *shape, "--class", "db.r8g.large", "--execute")
        assert run(capsys, *words)["verdict"]["passed"]
        found = cluster_of(account, TARGET)
        assert (found["DBSubnetGroup"], found["DBClusterParameterGroup"], found["Port"]) == (SOURCE, SOURCE, 5433)


class TestMoment:
    """`restore point-in-time`."""

    def test_a_moment_of_the_past(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_source(account)
        at = moment(account, timedelta(hours=2))
        done = run(capsys, "restore", "point-in-time", SOURCE, "--to", at, *AS, "--execute")
        assert done["result"]["restored_to"] == at
        assert f"{SOURCE} as of {at}, of a window from " in done["steps"][0]["why"]

    def test_one_outside_the_window_is_refused_with_the_window(
        self, account: Account, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make_source(account)
        late = ("--to", "2099-01-01T00:00:00+01:00")
        (said,) = reasons(capsys, "restore", "point-in-time", SOURCE, *late, *AS)
        assert "what shop-orders can be restored to, got 2098-12-31T23:00:00Z" in said

    def test_names_of_the_file(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_source(account)
        file = account.folder / "shop.yaml"
        file.write_text(ESTATE, encoding="utf-8")
        shown = run(capsys, "restore", "point-in-time", "orders", "--estate", str(file), "--latest", *AS)
        assert shown["steps"][0]["calls"][0]["parameters"]["SourceDBClusterIdentifier"] == SOURCE

    def test_a_difference_that_nothing_explains_fails(
        self, account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make_source(account)
        real = AuroraBackend.restore_to_point_in_time

        def forgetful(self: Any, given: dict[str, Any]) -> Any:
            return real(self, {name: value for name, value in given.items() if name != "port"})

        monkeypatch.setattr(AuroraBackend, "restore_to_point_in_time", forgetful)
        ended = run(capsys, "restore", "point-in-time", SOURCE, "--latest", *AS, "--execute", code=4)
        failed = [check for check in ended["verdict"]["checks"] if not check["passed"]]
        assert [(each["name"], each["detail"]) for each in failed] == [
            ("parity: Port", "5432, where the model has 5433")
        ]


class TestDeleted:
    """`restore deleted`."""

    def test_what_there_is_is_listed(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_deleted(account)
        (row,) = run(capsys, "restore", "deleted")
        assert (row["CLUSTER"], row["ENGINE"]) == (SOURCE, "aurora-postgresql 17.7")
        assert account.changed == []
        assert main(["restore", "deleted"]) == 0
        said = capsys.readouterr().out
        assert f"{SOURCE} (aurora-postgresql 17.7)\n  {row['RESOURCE ID']}\n  from {row['FROM']}" in said

    def test_several_of_one_name_need_the_resource_id(
        self, account: Account, capsys: pytest.CaptureFixture[str]
    ) -> None:
        make_deleted(account)
        (first,) = run(capsys, "restore", "deleted")
        rds = account.client("rds")
        rds.create_db_cluster(
            DBClusterIdentifier=SOURCE, Engine="aurora-postgresql", EngineVersion="17.7", MasterUsername="later",
            MasterUserPassword="correct-horse",
        )  # fmt: skip
        second = delete_source(account)
        words = ("--latest", "--like", MODEL, *AS)
        (said,) = reasons(capsys, "restore", "deleted", SOURCE, *words)
        assert "must mean one deleted cluster, got 2 of that name" in said
        assert first["RESOURCE ID"] in said
        assert second in said
        done = run(capsys, "restore", "deleted", second, *words, "--execute")
        assert cluster_of(account, TARGET)["MasterUsername"] == "later"
        assert done["verdict"]["passed"]

    def test_one_whose_backups_went_with_it(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_managed(account)
        (said,) = reasons(capsys, "restore", "deleted", SOURCE, "--latest", *AS)
        assert "must have a retained backup in eu-west-1, got none; `runbook restore deleted` lists" in said


class TestFiles:
    """`restore s3`."""

    def test_files_of_another_server_than_was_said(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_files(account)
        words = [*SCENARIOS[3].words]
        words[words.index("8.0.42")] = "8.0.36"
        (said,) = reasons(capsys, *words)
        assert "must be that of the server that was backed up, 8.0.42, got 8.0.36" in said

    def test_no_bucket_and_no_role(self, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
        make_mysql(account)
        said = "\n".join(reasons(capsys, *SCENARIOS[3].words))
        assert "bucket dumps must exist, got none" in said
        assert "role/import must exist, got none" in said


WRONG = (
    (["point-in-time", SOURCE, *AS], "one of --to and --latest must be given, got neither"),
    (
        ["point-in-time", SOURCE, "--to", "2026-11-20T09:30:00", *AS],
        "--to must say its zone, got '2026-11-20T09:30:00'",
    ),
    (["point-in-time", SOURCE, "--to", "yesterday", *AS], "--to must be ISO 8601, got 'yesterday'"),
    (
        ["point-in-time", SOURCE, "--latest", "--closed", "--security-group", "sg-1", *AS],
        "--closed must not be given with",
    ),
    (["point-in-time", SOURCE, "--latest", "--instances", "0", *AS], "--instances must be 1 or more, got 0"),
    (
        ["point-in-time", SOURCE, "--latest", "--expires-in", "soon", *AS],
        "--expires-in must be hours or days, got 'soon'",
    ),
    (["snapshot", *AS], "SNAPSHOT must be given, or --newest-of CLUSTER"),
    (["snapshot", SNAPSHOT, "--newest-of", SOURCE, *AS], "--newest-of must not be given with SNAPSHOT"),
    (["snapshot", SNAPSHOT], "the following arguments are required: --as"),
    (["deleted", SOURCE, "--latest"], "--as NAME must be given"),
    (["deleted", "--execute"], "CLUSTER must be given with --execute"),
    (["s3", "dumps", *AS], "the following arguments are required: --role, --source-version, --master-username"),
)


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[said for _, said in WRONG])
def test_wrong_arguments(account: Account, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert account.made == []
    assert main(["restore", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_second_of_two_at_once_is_refused(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    make_managed(account)
    lease = {
        "owner": "arn:aws:iam::1:user/ada", "host": "bastion", "run": "other", "acquired": "2026-11-21T10:00:00+00:00",
        "expires": "2099-11-21T10:00:00+00:00",
    }  # fmt: skip
    account.client("ssm").put_parameter(Name=f"/aurora-estate/locks/{TARGET}", Value=json.dumps(lease), Type="String")
    words = ("restore", "point-in-time", SOURCE, "--latest", *AS, "--execute")
    (said,) = reasons(capsys, *words)
    assert f"{TARGET} is locked by run other of arn:aws:iam::1:user/ada on bastion" in said
    assert TARGET not in clusters(account)


def test_other_arguments_under_the_same_id_are_refused(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    make_managed(account)
    words = ("restore", "point-in-time", SOURCE, "--latest", *AS, "--execute", "--run-id", "one")
    run(capsys, *words)
    (account.folder / "home" / "runs" / "one" / "journal.jsonl").write_text(
        "".join(
            line
            for line in (account.folder / "home" / "runs" / "one" / "journal.jsonl")
            .read_text()
            .splitlines(keepends=True)
            if "run.finished" not in line
        )
    )
    ended = run(capsys, *words, "--closed", code=3)
    assert "another" in ended["error"]["message"] or "other" in ended["error"]["message"]


POINTS = (CrashPoint(1, "after"), CrashPoint(2, "torn"))


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_killed_it_is_finished_by_the_second_run(
    account: Account, point: CrashPoint, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = SCENARIOS[1]
    asked = RestoreRequest(
        kind=Kind.POINT_IN_TIME, source=SOURCE, target_id=TARGET, owner="team", region=REGION
    ).to_plain()
    with on_the_wire() as environment:
        scenario.set_up(account)
        home = {"RUNBOOK_HOME": str(account.folder / "home")}
        killed = run_until(
            point, "runbooks.restore.runbook:point_in_time_runbook", asked, "one", {**environment, **home}
        )
    assert killed == -signal.SIGKILL
    assert TARGET in clusters(account)
    assert run(capsys, "resume", "one")["verdict"]["passed"]
    scenario.done(account)
    assert tags_of(cluster_of(account, TARGET)["TagList"])["aurora-estate:run"] == "one"
