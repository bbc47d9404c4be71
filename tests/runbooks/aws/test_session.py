from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import NoRegionError

from runbooks.aws.session import CONNECT_TIMEOUT_S, MAX_ATTEMPTS, READ_TIMEOUT_S, AwsSession


def test_every_client_has_bounded_retries_and_time_and_a_name() -> None:
    session = AwsSession("eu-west-1")
    for client in (session.rds, session.ssm, session.sts, session.secrets):
        config: Any = client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        assert config.retries == {"mode": "standard", "total_max_attempts": MAX_ATTEMPTS}
        assert "aurora-estate" in config.user_agent_extra


def test_a_client_is_made_once() -> None:
    session = AwsSession("eu-west-1")
    assert session.rds is session.rds


def test_the_endpoint_is_what_the_aws_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:5000")
    assert AwsSession("eu-west-1").rds.meta.endpoint_url == "http://localhost:5000"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert AwsSession("eu-west-1").rds.meta.endpoint_url == "https://rds.eu-west-1.amazonaws.com"


def test_the_region_is_the_argument_then_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert AwsSession("us-east-1").region == "us-east-1"
    assert AwsSession().region == "eu-west-1"
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(NoRegionError):
        _ = AwsSession().region
