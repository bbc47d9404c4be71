from __future__ import annotations

import pytest

from runbooks.aws.secrets import SecretFormatError, read_login
from runbooks.aws.session import AwsSession
from runbooks.aws.sts import find_caller


def test_a_login_is_read_and_does_not_print_its_password(session: AwsSession) -> None:
    arn = session.secrets.create_secret(
        Name="rds!cluster-1", SecretString='{"username": "keeper", "password": "hunter2"}'
    )["ARN"]
    login = read_login(session.secrets, arn)
    assert (login.username, login.password) == ("keeper", "hunter2")
    assert "hunter2" not in repr(login)


@pytest.mark.parametrize("text", ["hunter2", '{"username": "keeper"}', '"hunter2"', "[1]"])
def test_another_form_is_refused_without_its_text(session: AwsSession, text: str) -> None:
    arn = session.secrets.create_secret(Name=f"rds!cluster-{len(text)}", SecretString=text)["ARN"]
    with pytest.raises(SecretFormatError) as caught:
        read_login(session.secrets, arn)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_caller_is_known(session: AwsSession) -> None:
    caller = find_caller(session.sts)
    assert caller.account == "123456789012"
    assert caller.arn.startswith("arn:aws:")
