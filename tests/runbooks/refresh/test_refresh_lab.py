"""Staging refreshed through the command line: production untouched, refused, resumed, two at once, undone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest

from lab.cloud.delays import NONE
from lab.cloud.install import install, reset_backends
from lab.cloud.server import CloudServer
from runbooks.cli.main import main
from tests.runbooks.clone.scenario import SOURCE, cluster_of, make_source, tags_of
from tests.runbooks.refresh.scenario import (
    COPY,
    OLD,
    READER,
    RECORD,
    RUN,
    SCENARIOS,
    TARGET,
    WORDS,
    ZONE,
    records_of,
)
from tests.support.call_crash import counted_calls, is_reading
from tests.support.crash import CrashPoint, run_until
from tests.support.scenario import Cloud, Scenario
from tests.support.transport import no_wire

pytestmark = pytest.mark.lab

BY_RECORD, BY_NAME = SCENARIOS


class Desk:
    """An operator's desk: the command line, in this process, without a socket."""

    def __init__(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        self.cloud, self._capsys = cloud, capsys

    def run(self, *words: str, code: int = 0) -> Any:
        ended = main([*words, "--output", "json"])
        said = self._capsys.readouterr()
        assert ended == code, said.out + said.err
        return json.loads(said.out)

    def refresh(self, scenario: Scenario, *more: str, code: int = 0, run_id: str = RUN) -> Any:
        return self.run(*scenario.words, "--run-id", run_id, *more, code=code)

    def reasons(self, *words: str) -> list[str]:
        found: list[str] = self.run(*words, code=3)["error"]["reasons"]
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    cloud = Cloud(tmp_path)
    for name, value in {**cloud.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    install(delays=NONE)
    reset_backends()
    with no_wire():
        yield Desk(cloud, capsys)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_no_changing_call_names_production(desk: Desk, scenario: Scenario) -> None:
    """The request log: production is read, and given as the source of the copy; nothing else."""
    scenario.set_up(desk.cloud)
    production = cluster_of(desk.cloud, SOURCE)
    named = {
        SOURCE,
        production["DBClusterArn"],
        production["DbClusterResourceId"],
        *(f"{SOURCE}-{letter}" for letter in "ab"),
    }
    with counted_calls() as calls:
        desk.refresh(scenario, "--execute")
    scenario.done(desk.cloud)
    changing = [(name, given) for _, name, given in calls.made if not is_reading(name)]
    assert len(changing) > 10
    found = [(name, key) for name, given in changing for key, value in given.items() if str(value) in named]
    assert sorted(set(found)) == [  # groups that have production's name, and production as the source of the copy
        ("RestoreDBClusterToPointInTime", "DBClusterParameterGroupName"),
        ("RestoreDBClusterToPointInTime", "DBSubnetGroupName"),
        ("RestoreDBClusterToPointInTime", "SourceDBClusterIdentifier"),
    ]


def test_a_dry_run_shows_the_calls_and_changes_nothing(desk: Desk) -> None:
    BY_RECORD.set_up(desk.cloud)
    with counted_calls() as calls:
        shown = desk.refresh(BY_RECORD)
    assert calls.changing == 0
    steps = {step["step"]: step for step in shown["steps"]}
    (change,) = steps[f"point-record {RECORD}"]["calls"][0]["parameters"]["ChangeBatch"]["Changes"]
    assert change["Action"] == "UPSERT"
    assert change["ResourceRecordSet"]["TTL"] == 30  # as it was
    assert steps[f"retire {OLD}"]["calls"][0]["operation"] == "AddTagsToResource"
    assert list(steps)[-4:] == [
        next(name for name in steps if name.startswith("keep ")),
        f"point-record {RECORD}",
        f"point-record {READER}",
        f"retire {OLD}",
    ]


def test_a_second_run_on_the_same_day_does_nothing(desk: Desk) -> None:
    BY_RECORD.set_up(desk.cloud)
    first = desk.refresh(BY_RECORD, "--execute")
    assert first["result"]["previous"][RECORD].startswith(f"{OLD}.cluster-")  # to undo it
    with counted_calls() as calls:
        desk.refresh(BY_RECORD, "--execute")
    assert calls.changing == 0
    BY_RECORD.done(desk.cloud)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_the_next_day_the_copy_is_replaced_in_its_turn(desk: Desk, scenario: Scenario) -> None:
    scenario.set_up(desk.cloud)
    first = desk.refresh(scenario, "--execute")["result"]
    second = desk.refresh(scenario, "--execute", run_id="next")["result"]
    assert second["arn"] != first["arn"] or second["endpoint"] == first["endpoint"]
    assert second["old_expires"]
    old = tags_of(cluster_of(desk.cloud, second["old"])["TagList"])
    assert (old["aurora-estate:run"], old["aurora-estate:replaced-by"]) == (RUN, "next")


def test_the_result_is_read_in_eighty_columns(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    BY_RECORD.set_up(desk.cloud)
    assert main([*BY_RECORD.words, "--run-id", RUN, "--execute"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert f"  {RECORD} was {OLD}.cluster-" in "\n".join(said)
    assert [line for line in said if len(line) > 80 and " " in line.strip()] == []
    assert len(said) < 40  # not the plan again


def test_where_nothing_is_yet_the_record_is_made(desk: Desk) -> None:
    BY_RECORD.set_up(desk.cloud)
    words = [*WORDS, "--record", "new.staging.internal", "--zone", ZONE]
    result = desk.run(*words, "--execute")["result"]
    assert (result["old"], result["previous"]) == ("", {"new.staging.internal": ""})
    assert records_of(desk.cloud)["new.staging.internal"] == result["endpoint"]
    assert records_of(desk.cloud)[RECORD].startswith(OLD)


def test_what_no_runbook_made_is_replaced_only_when_named_and_confirmed(desk: Desk) -> None:
    BY_RECORD.set_up(desk.cloud)
    rds = desk.cloud.client("rds")
    arn = cluster_of(desk.cloud, OLD)["DBClusterArn"]
    rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["aurora-estate:run"])
    assert any(f"say --replaces {OLD}" in reason for reason in desk.reasons(*BY_RECORD.words, "--execute"))
    words = (*BY_RECORD.words, "--replaces", OLD, "--execute")
    assert any(TARGET in reason for reason in [desk.run(*words, code=3)["error"]["message"]])
    result = desk.run(*words, "--confirm", TARGET)["result"]
    assert (result["old"], result["old_expires"]) == (OLD, "")
    assert "aurora-estate:expires" not in tags_of(cluster_of(desk.cloud, OLD)["TagList"])  # it stays


def test_production_is_never_replaced(desk: Desk) -> None:
    BY_RECORD.set_up(desk.cloud)
    source = cluster_of(desk.cloud, SOURCE)
    change = {"Name": RECORD, "Type": "CNAME", "TTL": 30, "ResourceRecords": [{"Value": source["Endpoint"]}]}
    desk.cloud.client("route53").change_resource_record_sets(
        HostedZoneId=ZONE, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]}
    )
    for more in ((), ("--replaces", SOURCE, "--confirm", TARGET)):
        reasons = desk.reasons(*WORDS, "--record", RECORD, "--zone", ZONE, *more, "--execute")
        assert any("must not be the source" in reason for reason in reasons)


def test_another_record_that_leads_to_the_old_one_is_told_before_anything_is_made(desk: Desk) -> None:
    BY_RECORD.set_up(desk.cloud)
    reasons = desk.reasons(*WORDS, "--record", RECORD, "--zone", ZONE, "--execute")
    (reason,) = reasons
    assert reason.startswith(f"record {READER} must not lead to {OLD}, which is retired; change it first")


def test_two_at_once_the_second_is_told_who_has_it(desk: Desk) -> None:
    BY_NAME.set_up(desk.cloud)
    lease = {"owner": "arn:aws:iam::123456789012:user/ada", "host": "desk", "run": "other",
             "acquired": "2026-11-21T20:00:00+00:00", "expires": "2999-01-01T00:00:00+00:00"}  # fmt: skip
    desk.cloud.client("ssm").put_parameter(
        Name=f"/aurora-estate/locks/{TARGET}", Value=json.dumps(lease), Type="String"
    )
    with counted_calls() as calls:
        (reason,) = desk.reasons(*BY_NAME.words, "--execute")
    assert "locked by run other of arn:aws:iam::123456789012:user/ada on desk" in reason
    assert calls.changing == 0


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An embedded AWS that another process reaches."""
    install(delays=NONE)
    reset_backends()
    with CloudServer(delays=NONE) as running:
        cloud = Cloud(tmp_path)
        environ = {**cloud.environment, "AWS_ENDPOINT_URL": running.endpoint, "RUNBOOK_HOME": str(tmp_path / "home")}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield cloud


@pytest.mark.parametrize(
    ("scenario", "point"),
    [
        pytest.param(BY_RECORD, CrashPoint(3, "torn"), id="born"),
        pytest.param(BY_NAME, CrashPoint(12, "after"), id="nobody-has-the-name"),
    ],
)
def test_killed_it_is_finished_by_the_second_run(
    server: Cloud, scenario: Scenario, point: CrashPoint, capsys: pytest.CaptureFixture[str]
) -> None:
    from argparse import ArgumentParser

    from runbooks.refresh.cli import REFRESH, request_of

    scenario.set_up(server)
    parser = ArgumentParser()
    REFRESH.configure(parser)
    request = request_of(parser.parse_args(list(scenario.words[1:]))).to_plain()
    environ = {"RUNBOOK_HOME": str(server.folder / "home")}
    assert run_until(point, "runbooks.refresh.runbook:refresh_runbook", request, RUN, environ) == -SIGKILL
    assert main(["resume", RUN]) == 0, capsys.readouterr()
    scenario.done(server)


def test_reap_takes_the_old_one_after_its_grace_and_leaves_the_one_in_use(desk: Desk) -> None:
    BY_NAME.set_up(desk.cloud)
    old = desk.refresh(BY_NAME, "--execute")["result"]["old"]
    rds = desk.cloud.client("rds")
    assert not desk.run("reap")["steps"]  # within its grace
    rds.add_tags_to_resource(
        ResourceName=cluster_of(desk.cloud, old)["DBClusterArn"],
        Tags=[{"Key": "aurora-estate:expires", "Value": "2026-01-01T00:00:00Z"}],
    )
    rds.add_tags_to_resource(
        ResourceName=rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": [old]}])["DBInstances"][0][
            "DBInstanceArn"
        ],
        Tags=[{"Key": "aurora-estate:run", "Value": "before"}],
    )
    desk.run("reap", "--execute", "--run-id", "reaper")
    left = [each["DBClusterIdentifier"] for each in rds.describe_db_clusters()["DBClusters"]]
    assert sorted(left) == sorted([SOURCE, TARGET])
    secrets = [each["Name"] for each in desk.cloud.client("secretsmanager").list_secrets()["SecretList"]]
    assert f"aurora-estate/{COPY}/master" in secrets  # of the one in use, under the name that it was born with


def test_mysql_is_masked_by_a_program_with_the_password_in_its_environment_only(desk: Desk) -> None:
    make_source(
        desk.cloud, Engine="aurora-mysql", EngineVersion="8.0.mysql_aurora.3.10.0", Port=3307,
        DBClusterParameterGroupName="default.aurora-mysql8.0",
    )  # fmt: skip
    seen = desk.cloud.folder / "seen.json"
    program = desk.cloud.folder / "mask.py"
    program.write_text(
        f"import json, os, pathlib; pathlib.Path({str(seen)!r}).write_text(json.dumps(dict(os.environ)))\n"
        "print('as', os.environ['MYSQL_USER'], os.environ['MYSQL_PWD'])\n"
    )
    words = ("refresh", TARGET, "--from", SOURCE, "--rename", "--keep-user-passwords", "--reach-from", "10.0.0.7/32",
             "--mask-with", f"{sys.executable} {program}", "--owner", "team-orders", "--run-id", RUN)  # fmt: skip
    assert any("no MySQL driver" in each for each in desk.reasons(*words, "--mask", str(program)))
    done = desk.run(*words, "--execute")
    assert done["verdict"]["passed"]
    environ = json.loads(seen.read_text())
    secret = desk.cloud.client("secretsmanager").get_secret_value(SecretId=f"aurora-estate/{COPY}/master")
    password = json.loads(secret["SecretString"])["password"]
    assert (environ["MYSQL_PWD"], environ["AURORA_ESTATE_CLUSTER"]) == (password, COPY)
    journal = (desk.cloud.folder / "home" / "runs" / RUN / "journal.jsonl").read_text()
    assert '"last_lines":["as keeper (withheld)"]' in journal
    assert password not in journal
