from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runbooks.access.observe import unreachable
from runbooks.access.plan import Kind, grant_blockers, plan_grant, plan_revoke, revoke_blockers
from runbooks.access.request import AccessRequest
from runbooks.access.runbook import grant_runbook, revoke_runbook, verify_grant, verify_revoke
from runbooks.access.seen import Observed, RoleSeen
from runbooks.engine.plan import PlanRefusedError
from tests.runbooks.access.builders import CLUSTER, ROLE, ask, see


def keys(steps: Any) -> list[str]:
    return [step.key for step in steps]


class TestGrant:
    def test_a_new_user(self) -> None:
        steps = plan_grant(ask(read_only=True, databases=("orders", "postgres")), see())
        assert keys(steps) == [
            "create-role app",
            "grant-iam app",
            "grant-connect orders",
            "grant-connect postgres",
            "grant-read app",
        ]
        assert all(step.arguments["sql"] in step.why for step in steps)

    @pytest.mark.parametrize(
        ("role", "expected"),
        [
            pytest.param(ROLE, [], id="all-there"),
            pytest.param(replace(ROLE, reads_all=False), ["grant-read app"], id="not-reading"),
            pytest.param(replace(ROLE, databases=()), ["grant-connect orders"], id="not-connecting"),
            pytest.param(replace(ROLE, can_login=False), ["allow-login app"], id="revoked-once"),
            pytest.param(
                replace(ROLE, can_login=False, logs_in_with_iam=False, marked=False),
                ["grant-iam app", "allow-login app"],
                id="somebody-else's-group-role",
            ),
            pytest.param(replace(ROLE, logs_in_with_iam=False), ["grant-iam app"], id="killed-after-the-first-step"),
        ],
    )
    def test_only_what_is_missing(self, role: RoleSeen, expected: list[str]) -> None:
        assert keys(plan_grant(ask(read_only=True), see(role))) == expected

    def test_resuming_plans_the_tail(self) -> None:
        request = ask(read_only=True)
        whole = plan_grant(request, see())
        role = replace(ROLE, logs_in_with_iam=False, reads_all=False, databases=())
        after: dict[Kind, dict[str, Any]] = {
            Kind.CREATE_ROLE: {},
            Kind.GRANT_IAM: {"logs_in_with_iam": True},
            Kind.GRANT_CONNECT: {"databases": ("orders",)},
            Kind.GRANT_READ: {"reads_all": True},
        }
        for done, step in enumerate(whole, start=1):
            role = replace(role, **after[step.kind])
            assert keys(plan_grant(request, see(role))) == keys(whole[done:])

    @pytest.mark.parametrize(
        ("request_", "seen", "words"),
        [
            pytest.param(ask(), Observed(cluster=None), "does not exist", id="no-cluster"),
            pytest.param(ask(), see(status="modifying"), "available, got modifying", id="status"),
            pytest.param(ask(), see(writer_id=""), "must have a writer, got none", id="global-secondary"),
            pytest.param(ask(), see(iam_authentication=False), "must be on, got off", id="iam-off"),
            pytest.param(ask(), see(locked=("locked by run x",)), "locked by run x", id="locked"),
            pytest.param(ask(), see(unreachable="no route"), "no route", id="unreachable"),
            pytest.param(ask(databases=("nope",)), see(), "orders, postgres, got nope", id="database"),
            pytest.param(ask(user="keeper"), see(), "must not be the master user", id="master"),
            pytest.param(ask(user="KEEPER"), see(), "must not be the master user", id="master-in-capitals"),
            pytest.param(ask(user="rds_iam"), see(), "engine or RDS keeps, got rds_iam", id="rds-role"),
            pytest.param(ask(user="pg_monitor"), see(), "engine or RDS keeps", id="pg-role"),
            pytest.param(ask(user="select"), see(), "engine or RDS keeps", id="word-of-sql"),
            pytest.param(ask(user="rdsadmin"), see(), "engine or RDS keeps", id="rdsadmin"),
            pytest.param(ask(user='a"b'), see(), "letters, digits", id="quote"),
            pytest.param(ask(user="a b"), see(), "letters, digits", id="blank"),
            pytest.param(ask(user=""), see(), "letters, digits", id="empty"),
            pytest.param(ask(user="a" * 64), see(), "1 to 63", id="too-long"),
            pytest.param(
                ask(),
                see(replace(ROLE, logs_in_with_iam=False, marked=False)),
                "password would no longer work",
                id="a-password-user",
            ),
        ],
    )
    def test_refuses(self, request_: AccessRequest, seen: Observed, words: str) -> None:
        (reason,) = grant_blockers(request_, seen)
        assert words in reason
        with pytest.raises(PlanRefusedError):
            plan_grant(request_, seen)

    @pytest.mark.parametrize("user", ["a" * 63, "jane.doe@example.com", "_batch", "App-1"])
    def test_names_that_may_be(self, user: str) -> None:
        assert grant_blockers(ask(user=user), see()) == ()

    def test_all_reasons_at_once(self) -> None:
        seen = see(status="modifying", iam_authentication=False, locked=("locked",))
        assert len(grant_blockers(ask(user="pg_x y", databases=("nope",)), seen)) == 6

    def test_mysql_is_refused_with_what_to_run(self) -> None:
        (reason,) = grant_blockers(ask(read_only=True), see(engine="aurora-mysql"))
        assert "no MySQL in the lab yet" in reason
        assert "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL; GRANT SELECT" in reason
        (reason,) = grant_blockers(ask(user="a" * 33), see(engine="aurora-mysql"))[:1]
        assert "1 to 32" in reason


class TestRevoke:
    def test_a_user_that_nothing_depends_on(self) -> None:
        assert keys(plan_revoke(ask(), see(ROLE))) == [
            "forbid-login app",
            "revoke-iam app",
            "end-sessions app",
            "revoke-read app",
            "revoke-connect orders",
            "revoke-connect postgres",
            "drop-role app",
        ]

    def test_an_owner_stays_without_login(self) -> None:
        role = replace(ROLE, left=("owns 3 of pg_class in database orders",), databases=(), reads_all=False)
        assert keys(plan_revoke(ask(), see(role))) == ["forbid-login app", "revoke-iam app", "end-sessions app"]

    def test_nobody_is_no_work(self) -> None:
        assert plan_revoke(ask(), see()) == ()

    def test_a_user_without_iam_is_left_alone(self) -> None:
        role = replace(ROLE, logs_in_with_iam=False, marked=False)
        (reason,) = revoke_blockers(ask(), see(role))
        assert "must log in with IAM" in reason

    def test_but_a_run_that_took_it_away_goes_on(self) -> None:
        role = replace(ROLE, can_login=False, logs_in_with_iam=False, marked=False, reads_all=False, databases=())
        assert keys(plan_revoke(ask(), see(role, began=True))) == ["end-sessions app", "drop-role app"]


class TestVerdict:
    def test_a_grant_names_what_iam_must_allow(self) -> None:
        verdict = verify_grant(ask(read_only=True), see(ROLE), None)  # type: ignore[arg-type]
        assert verdict.passed
        assert "arn:aws:rds-db:eu-west-1:123456789012:dbuser:cluster-ABC/app" in verdict.summary

    @pytest.mark.parametrize(
        "role",
        [
            pytest.param(None, id="gone"),
            pytest.param(replace(ROLE, can_login=False), id="no-login"),
            pytest.param(replace(ROLE, logs_in_with_iam=False), id="no-iam"),
            pytest.param(replace(ROLE, databases=()), id="no-database"),
            pytest.param(replace(ROLE, reads_all=False), id="no-reading"),
        ],
    )
    def test_a_grant_that_did_not_come_true(self, role: RoleSeen | None) -> None:
        assert not verify_grant(ask(read_only=True), see(role), None).passed  # type: ignore[arg-type]

    def test_a_revoke_says_what_is_left(self) -> None:
        role = replace(ROLE, can_login=False, logs_in_with_iam=False, left=("owns 3 of pg_class in database orders",))
        verdict = verify_revoke(ask(), see(role), None)  # type: ignore[arg-type]
        assert verdict.passed
        assert "owns 3 of pg_class in database orders" in verdict.summary
        assert not verify_revoke(ask(), see(ROLE), None).passed  # type: ignore[arg-type]


def test_every_kind_has_one_effect() -> None:
    assert {*grant_runbook().effects, *revoke_runbook().effects} == set(Kind)
    assert not {*grant_runbook().effects} & {*revoke_runbook().effects}


def test_a_secret_that_cannot_be_read_is_no_matter_of_the_network() -> None:
    refusal = ClientError(
        {"Error": {"Code": "ResourceNotFoundException", "Message": "can't find it."}}, "GetSecretValue"
    )
    cluster = replace(CLUSTER, secret="typo")
    assert unreachable(cluster, refusal) == (
        "the master user's secret must be readable, got ResourceNotFoundException for typo; "
        "name it by --secret, and see `runbook policy access grant` for what it takes"
    )
    assert "run inside the VPC" in unreachable(cluster, OSError("no route"))


@pytest.mark.parametrize(("began", "said"), [(False, "there is no such role"), (True, "the role is gone")])
def test_a_name_that_was_never_there_is_not_said_to_be_gone(began: bool, said: str) -> None:
    verdict = verify_revoke(ask(user="ap"), see(began=began), None)  # type: ignore[arg-type]
    assert (verdict.passed, verdict.summary) == (True, f"ap cannot log in; {said}")
