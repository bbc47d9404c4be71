"""The whole command against the embedded AWS: done once, refused with reasons, finished after kill -9."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from estate.protection import stack_policy
from lab.cloud.install import reset_backends
from lab.cloud.server import CloudServer
from runbooks.aws.permissions import Place, build_policy
from runbooks.cli.main import main
from runbooks.engine.journal import read
from runbooks.protect.runbook import protect_runbook
from tests.support.crash import NEVER, CrashPoint, crash_points, run_until

pytestmark = pytest.mark.lab

REGION = "eu-west-1"
STACKS = ("tiny-network", "tiny-aurora-main", "tiny-aurora-away")
ESTATE = """\
estate: tiny
defaults: "2026-11"
regions: [eu-west-1]
acknowledge: [aurora/single-instance]
aurora:
  main: {engine: aurora-postgresql, version: "17.7", instances: {a: }}
  away: {engine: aurora-postgresql, version: "17.7", instances: {a: }}
"""
OTHER = {"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}
PROTECT = "runbooks.protect.runbook:protect_runbook"
REQUEST: dict[str, Any] = {"estate": "tiny", "stacks": [[name, REGION] for name in STACKS], "replace": False}


class Cloud:
    """Three small stacks behind a server, as the command finds them."""

    def __init__(self, server: CloudServer, calls: Path) -> None:
        self.calls = calls
        self.environment = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
        session: Any = boto3.session.Session()
        self.cloudformation = session.client(
            "cloudformation", endpoint_url=server.endpoint, region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip

    def create(self, *names: str) -> None:
        for name in names:
            self.cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template(name)))

    def policies(self) -> dict[str, Any]:
        found = {name: self.cloudformation.get_stack_policy(StackName=name) for name in STACKS}
        return {name: json.loads(each.get("StackPolicyBody", "null")) for name, each in found.items()}

    def asked(self, operation: str) -> int:
        return self.calls.read_text(encoding="utf-8").count(f'"{operation}"')


def template(name: str) -> dict[str, Any]:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": f"/{name}", "Type": "String", "Value": "one"}}
    return {"Resources": {"Parameter": parameter}}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    calls = tmp_path / "calls.jsonl"
    server = CloudServer(log_path=calls)
    server.start()
    reset_backends()
    made = Cloud(server, calls)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path / "home"))
    yield made
    server.stop()


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "tiny.yaml"
    path.write_text(ESTATE, encoding="utf-8")
    return str(path)


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    cloud.create(*STACKS)
    return cloud


def test_a_dry_run_shows_the_plan_and_changes_nothing(
    deployed: Cloud, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estate", "protect", file]) == 0
    out = capsys.readouterr().out
    assert "1. set-policy tiny-network in eu-west-1" in out
    assert "Nothing was changed. Add --execute to do it." in out
    assert deployed.policies() == dict.fromkeys(STACKS)
    assert deployed.asked("SetStackPolicy") == 0


def test_every_stack_is_protected_once(deployed: Cloud, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["estate", "protect", file, "--execute", "--output", "json"]
    assert main(words) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["state"] == "done"
    assert outcome["verdict"]["summary"] == "3 of 3 stacks of tiny are protected"
    assert len(outcome["steps"]) == 3
    assert deployed.policies() == dict.fromkeys(STACKS, stack_policy())
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["steps"] == []
    assert deployed.asked("SetStackPolicy") == 3


def test_it_asks_for_what_its_policy_grants(deployed: Cloud, file: str) -> None:
    assert main(["estate", "protect", file, "--execute"]) == 0
    asked = {json.loads(line)["operation"] for line in deployed.calls.read_text(encoding="utf-8").splitlines()}
    granted = {action.partition(":")[2] for action in protect_runbook().actions}
    assert asked - {"CreateStack"} == granted
    policy = build_policy(protect_runbook().actions, Place(region=REGION, account="123456789012", estate="tiny"))
    (statement,) = policy["Statement"]
    assert statement["Resource"] == ["arn:aws:cloudformation:eu-west-1:123456789012:stack/tiny-*/*"]


def test_a_missing_stack_and_anothers_policy_are_refused_together(
    cloud: Cloud, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.create("tiny-network", "tiny-aurora-main")
    cloud.cloudformation.set_stack_policy(StackName="tiny-network", StackPolicyBody=json.dumps(OTHER))
    assert main(["estate", "protect", file, "--execute", "--output", "json"]) == 3
    reasons = json.loads(capsys.readouterr().out)["error"]["reasons"]
    assert [reason.split(" must ")[0] for reason in reasons] == [
        "stack tiny-network in eu-west-1",
        "stack tiny-aurora-away in eu-west-1",
    ]
    assert cloud.asked("SetStackPolicy") == 1, "the test's own"


def test_anothers_policy_is_replaced_when_that_is_said(deployed: Cloud, file: str, tmp_path: Path) -> None:
    deployed.cloudformation.set_stack_policy(StackName="tiny-network", StackPolicyBody=json.dumps(OTHER))
    assert main(["estate", "protect", file, "--replace", "--execute", "--run-id", "one"]) == 0
    assert deployed.policies() == dict.fromkeys(STACKS, stack_policy())
    events = read(tmp_path / "home" / "runs" / "one")
    intended = next(event for event in events if event["event"] == "step.intended")
    assert intended["arguments"]["before"] == OTHER


@pytest.mark.parametrize("point", crash_points(len(STACKS)), ids=str)
def test_a_killed_run_is_finished_by_the_next_one(deployed: Cloud, point: CrashPoint, tmp_path: Path) -> None:
    home = {**deployed.environment, "RUNBOOK_HOME": str(tmp_path / "home")}
    assert run_until(point, PROTECT, REQUEST, "one", home) == -signal.SIGKILL
    protected = [name for name, policy in deployed.policies().items() if policy]
    assert len(protected) == (point.step - 1 if point.at == "before" else point.step)
    assert run_until(NEVER, PROTECT, REQUEST, "one", home) == 0
    assert deployed.policies() == dict.fromkeys(STACKS, stack_policy())
    assert deployed.asked("SetStackPolicy") == len(STACKS), "nothing is done twice"


def test_a_policy_that_does_not_arrive_is_noticed(deployed: Cloud, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 4: CloudFormation said yes and shows another policy."""
    monkeypatch.setattr("runbooks.aws.cloudformation.CloudFormation.set_policy", lambda *_: None)
    assert main(["estate", "protect", file, "--execute"]) == 4
