from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Parameter, Ssm

NAME = "/aurora-estate/locks/shop-orders"


@pytest.fixture
def ssm(session: AwsSession) -> Ssm:
    ssm = Ssm(session.ssm)
    ssm.delete_parameter(NAME)
    return ssm


def test_one_of_two_creators_wins(ssm: Ssm) -> None:
    assert ssm.create_parameter(NAME, "anna", "x") == 1
    assert ssm.create_parameter(NAME, "ben", "x") is None
    assert ssm.find_parameter(NAME) == Parameter(name=NAME, value="anna", version=1)


def test_each_write_counts_and_earlier_ones_can_be_read(ssm: Ssm) -> None:
    ssm.create_parameter(NAME, "anna", "x")
    assert ssm.overwrite_parameter(NAME, "ben") == 2
    assert ssm.find_parameter(NAME, version=1) == Parameter(name=NAME, value="anna", version=1)


def test_what_is_not_there_is_none(ssm: Ssm) -> None:
    assert ssm.find_parameter(NAME) is None
    ssm.create_parameter(NAME, "anna", "x")
    assert ssm.find_parameter(NAME, version=9) is None
    ssm.delete_parameter(NAME)
    ssm.delete_parameter(NAME)


def test_many_are_read_ten_at_a_time(ssm: Ssm) -> None:
    """Parameter Store refuses an eleventh name."""
    ssm.create_parameter(NAME, "anna", "x")
    names = [f"/aurora-estate/locks/none-{number}" for number in range(11)]
    assert ssm.find_parameters([*names, NAME]) == {NAME: Parameter(name=NAME, value="anna", version=1)}


def test_any_other_error_is_awss_own(ssm: Ssm) -> None:
    with pytest.raises(ClientError):
        ssm.create_parameter("aws-reserved", "x", "x")
