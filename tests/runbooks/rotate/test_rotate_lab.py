"""The whole command against the embedded AWS: done, refused with reasons, finished after kill -9 at every step."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from lab.cloud.delays import NONE, Delays
from lab.cloud.install import install, reset_backends
from lab.cloud.runtime import RUNTIME
from lab.cloud.server import CloudServer
from runbooks.aws.permissions import Place, build_policy
from runbooks.cli.main import main
from runbooks.engine.journal import read
from runbooks.rotate.plan import Kind
from runbooks.rotate.request import RotateRequest
from runbooks.rotate.runbook import rotate_runbook
from tests.support.crash import CrashPoint, run_until

pytestmark = pytest.mark.lab

REGION = "eu-west-1"
FIRST = "f" * 64
TOKEN = RotateRequest(cache_id="shop-legacy", region=REGION, grace_s=0)
USER = RotateRequest(cache_id="shop-sessions", user="web", region=REGION, grace_s=0)
REQUESTS = {"token": TOKEN, "user": USER}
NOW = ("--grace-s", "0", "--execute")
CONFIRMED = "tests.runbooks.rotate.test_rotate_lab:confirmed"
ESTATE = """\
estate: shop
defaults: "2026-11"
regions: [eu-west-1]
caches:
  sessions: {users: {web: {authentication: password}}}
"""


def confirmed() -> Any:
    """The runbook for a process of its own, where nobody types the cache's name."""
    from dataclasses import replace

    return replace(rotate_runbook(), irreversible=False)


class Cloud:
    """A cache with a token, a user with a password, their secrets; and which passwords ElastiCache was given."""

    def __init__(self, server: CloudServer, calls: Path) -> None:
        self.calls = calls
        self.environment = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
        self.cache, self.secrets, self.ssm = (
            self._client(service) for service in ("elasticache", "secretsmanager", "ssm")
        )

    def _client(self, service: str) -> Any:
        session: Any = boto3.session.Session()
        return session.client(
            service, endpoint_url=self.environment["AWS_ENDPOINT_URL"], region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test",
        )  # fmt: skip

    def deploy(self) -> None:
        """What the stacks of two caches make, as far as passwords go."""
        self.cache.create_replication_group(
            ReplicationGroupId="shop-legacy", ReplicationGroupDescription="d", Engine="redis", EngineVersion="5.0.6",
            CacheNodeType="cache.r5.large", NumCacheClusters=2, AutomaticFailoverEnabled=True,
            TransitEncryptionEnabled=True, AuthToken=FIRST,
        )  # fmt: skip
        self.cache.create_user(
            UserId="shop-sessions-web", UserName="shop-sessions-web", Engine="valkey", AccessString="on ~* +@read",
            AuthenticationMode={"Type": "password", "Passwords": [FIRST]},
        )  # fmt: skip
        self.cache.create_user(
            UserId="shop-sessions-iam", UserName="shop-sessions-iam", Engine="valkey", AccessString="on ~* +@read",
            AuthenticationMode={"Type": "iam"},
        )  # fmt: skip
        for request in (TOKEN, USER):
            self.secrets.create_secret(
                Name=request.secret, SecretString=json.dumps({"username": "web", "password": FIRST})
            )

    def value(self, request: RotateRequest) -> dict[str, str]:
        answer = self.secrets.get_secret_value(SecretId=request.secret)
        found: dict[str, str] = json.loads(answer["SecretString"])
        return found

    def labels(self, request: RotateRequest) -> list[str]:
        versions = self.secrets.list_secret_version_ids(SecretId=request.secret)["Versions"]
        return sorted(label for version in versions for label in version["VersionStages"])

    def takes(self, request: RotateRequest, password: str) -> bool:
        """Whether ElastiCache takes a token: SET is refused unless it is one of those that are valid."""
        try:
            self.cache.modify_replication_group(
                ReplicationGroupId=request.cache_id, AuthToken=password, AuthTokenUpdateStrategy="SET",
                ApplyImmediately=True,
            )  # fmt: skip
        except self.cache.exceptions.ClientError:
            return False
        return True

    def count(self, request: RotateRequest) -> int:
        (user,) = self.cache.describe_users(UserId=request.user_id)["Users"]
        return int(user["Authentication"]["PasswordCount"])

    def is_rotated(self, request: RotateRequest) -> bool:
        """The secret has a new password, which is the only one that works, and no label is left over."""
        new = self.value(request)
        assert new["username"] == "web"
        assert self.labels(request) == ["AWSCURRENT"]
        if request.user:
            return self.count(request) == 1 and new["password"] != FIRST
        return new["password"] != FIRST and not self.takes(request, FIRST) and self.takes(request, new["password"])


def given(calls: Path) -> list[str]:
    """Lines of ModifyUser in the log of calls."""
    return [line for line in calls.read_text(encoding="utf-8").splitlines() if '"ModifyUser"' in line]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One server for all: clients are slow to make."""
    calls = tmp_path_factory.mktemp("rotate") / "calls.jsonl"
    server = CloudServer(log_path=calls, delays=NONE)
    server.start()
    yield Cloud(server, calls)
    server.stop()


@pytest.fixture
def cloud(shared: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    install(delays=NONE)
    reset_backends()
    shared.calls.write_text("", encoding="utf-8")
    for name, value in {**shared.environment, "RUNBOOK_HOME": str(tmp_path / "home")}.items():
        monkeypatch.setenv(name, value)
    shared.deploy()
    return shared


def words(request: RotateRequest, *more: str) -> list[str]:
    user = ["--user", request.user] if request.user else []
    return ["access", "rotate", request.cache_id, *user, "--output", "json", *more]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_dry_run_shows_the_plan_and_changes_nothing(
    cloud: Cloud, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(REQUESTS[name])) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [step["step"].split()[0] for step in shown["steps"]] == [kind.value for kind in Kind]
    assert cloud.value(REQUESTS[name])["password"] == FIRST
    assert cloud.labels(REQUESTS[name]) == ["AWSCURRENT"]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_password_is_rotated_and_shown_nowhere(
    cloud: Cloud, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = REQUESTS[name]
    assert main(words(request, *NOW, "--confirm", request.cache_id, "--run-id", "one")) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["verdict"]["passed"]
    assert cloud.is_rotated(request)
    journal = json.dumps(read(tmp_path / "home" / "one"))
    new = cloud.value(request)["password"]
    assert all(secret not in said.out + said.err + journal for secret in (FIRST, new))
    assert not cloud.ssm.describe_parameters()["Parameters"]  # the lock is gone


@pytest.mark.parametrize("name", REQUESTS)
def test_it_waits_while_elasticache_is_at_work(
    cloud: Cloud, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(RUNTIME, "delays", Delays(modifying_s=0.2))
    request = REQUESTS[name]
    assert main(words(request, *NOW, "--confirm", request.cache_id)) == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["passed"]
    monkeypatch.setattr(RUNTIME, "delays", NONE)
    assert cloud.is_rotated(request)


@pytest.mark.parametrize("name", REQUESTS)
def test_it_can_be_done_again(cloud: Cloud, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    request = REQUESTS[name]
    passwords = {FIRST}
    for _ in range(2):
        assert main(words(request, *NOW, "--confirm", request.cache_id)) == 0
        assert cloud.labels(request) == ["AWSCURRENT"]
        passwords.add(cloud.value(request)["password"])
    assert len(passwords) == 3
    assert all(secret not in capsys.readouterr().out for secret in passwords)


def test_a_finished_run_has_nothing_left(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    again = words(USER, *NOW, "--confirm", USER.cache_id, "--run-id", "one")
    assert main(again) == 0
    password = cloud.value(USER)["password"]
    assert main(again) == 0
    assert cloud.value(USER)["password"] == password
    assert cloud.labels(USER) == ["AWSCURRENT"]
    capsys.readouterr()


def test_with_an_estate_names_are_those_of_the_file(
    cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(ESTATE, encoding="utf-8")
    start = ["access", "rotate", "sessions", "--user", "web", "--estate", str(file), "--output", "json"]
    assert main([*start, *NOW, "--confirm", "shop-sessions"]) == 0
    assert cloud.is_rotated(USER)
    capsys.readouterr()
    assert main(["access", "rotate", "nothing", "--estate", str(file)]) == 2
    assert "must declare the cache, got 'nothing'" in capsys.readouterr().err


REFUSED = (
    (["shop-sessions"], "replication group shop-sessions must exist, got none"),
    (["shop-sessions", "--user", "iam"], "must log in with a password, got iam"),
    (["shop-sessions", "--user", "nobody"], "user shop-sessions-nobody must exist, got none"),
)


@pytest.mark.parametrize(("asked", "said"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_what_cannot_be_rotated_is_refused(
    cloud: Cloud, asked: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["access", "rotate", *asked, *NOW, "--output", "json"]) == 3
    assert any(said in reason for reason in json.loads(capsys.readouterr().out)["error"]["reasons"])
    assert not given(cloud.calls)


def test_nobody_confirmed(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(USER, *NOW)) == 3
    assert cloud.value(USER)["password"] == FIRST
    assert cloud.labels(USER) == ["AWSCURRENT"]
    capsys.readouterr()


def test_a_negative_grace_is_a_wrong_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access", "rotate", "shop-legacy", "--grace-s", "-1"]) == 2
    assert "--grace-s must be 0 or more, got -1" in capsys.readouterr().err


def test_another_run_does_not_step_into_a_rotation(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """A second ROTATE would drop the token that clients use."""
    assert run_until(CrashPoint(2, "after"), CONFIRMED, TOKEN.to_plain(), "one", cloud.environment) == (-signal.SIGKILL)
    cloud.ssm.delete_parameter(Name="/aurora-estate/locks/shop-legacy")  # as if its lease were over
    assert main(words(TOKEN, *NOW, "--confirm", TOKEN.cache_id)) == 3
    (reason,) = json.loads(capsys.readouterr().out)["error"]["reasons"]
    assert "must have no pending version, got one-" in reason
    assert cloud.takes(TOKEN, FIRST)


# The matrices kill it at each call, in this process; here it is really killed.
POINTS: list[tuple[str, CrashPoint]] = [
    ("token", CrashPoint(2, "after")),  # ROTATE was done, and nothing says so
    ("token", CrashPoint(4, "torn")),
    ("user", CrashPoint(3, "before")),
]


@pytest.mark.parametrize(("name", "point"), POINTS, ids=[f"{name} {point}" for name, point in POINTS])
def test_killed_at_any_step_it_is_finished_by_the_second_run(
    cloud: Cloud, name: str, point: CrashPoint, capsys: pytest.CaptureFixture[str]
) -> None:
    request = REQUESTS[name]
    environment = cloud.environment
    assert run_until(point, CONFIRMED, request.to_plain(), "one", environment) == -signal.SIGKILL
    assert main(["resume", "one", "--confirm", request.cache_id, "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["passed"]
    assert cloud.is_rotated(request)


@pytest.mark.parametrize("step", [2, 3])
def test_whoever_reads_the_secret_of_a_killed_run_gets_in(cloud: Cloud, step: int) -> None:
    environment = cloud.environment
    assert run_until(CrashPoint(step, "after"), CONFIRMED, TOKEN.to_plain(), "one", environment) == -signal.SIGKILL
    assert cloud.takes(TOKEN, cloud.value(TOKEN)["password"])


def test_it_asks_for_no_more_than_its_policy(cloud: Cloud) -> None:
    for request in (TOKEN, USER):
        assert main(words(request, *NOW, "--confirm", request.cache_id)) == 0
    began = cloud.calls.read_text(encoding="utf-8").splitlines()
    ours = [json.loads(line) for line in began if "aurora-estate" in line or '"user_agent"' not in line]
    used = {f"{call['service']}:{call['operation']}" for call in ours}
    policy = build_policy(rotate_runbook().actions, Place(region=REGION, account="1" * 12, cluster="shop-sessions"))
    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    setup = {"elasticache:CreateReplicationGroup", "elasticache:CreateUser", "secretsmanager:CreateSecret"}
    assert used - setup <= granted
    assert granted - used == {"kms:Decrypt", "kms:GenerateDataKey"}
    arns = [arn for statement in policy["Statement"] for arn in statement["Resource"] if arn != "*"]
    assert all("shop-sessions" in arn or ":key/" in arn or "rds!cluster" in arn for arn in arns)
