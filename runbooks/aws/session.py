"""AWS clients with one policy: bounded retries, bounded time, a name in the user agent.

Region, credentials and endpoint come from the standard AWS settings (`AWS_REGION`, `AWS_PROFILE`,
`AWS_ENDPOINT_URL`, ...) and from nowhere else.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import NoRegionError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_elasticache import ElastiCacheClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 20
MAX_ATTEMPTS: Final = 5  # the first try included; `standard` backs off between them, up to 20 s
USER_AGENT: Final = "aurora-estate"

CONFIG: Final = Config(
    connect_timeout=CONNECT_TIMEOUT_S,
    read_timeout=READ_TIMEOUT_S,
    retries={"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
    user_agent_extra=USER_AGENT,
)


class AwsSession:
    """Clients of one Region. Clients are safe to share between threads; this object makes each of them once."""

    def __init__(self, region: str | None = None) -> None:
        self._session: Any = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
        self._clients: dict[tuple[str, int], Any] = {}

    @property
    def region(self) -> str:
        """The Region calls go to.

        Raises:
            NoRegionError: neither an argument nor a setting names one.
        """
        region: str | None = self._session.region_name
        if region is None:
            raise NoRegionError
        return region

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        client: CloudFormationClient = self.client("cloudformation")
        return client

    @cached_property
    def elasticache(self) -> ElastiCacheClient:
        client: ElastiCacheClient = self.client("elasticache")
        return client

    @cached_property
    def rds(self) -> RDSClient:
        client: RDSClient = self.client("rds")
        return client

    @cached_property
    def ssm(self) -> SSMClient:
        client: SSMClient = self.client("ssm")
        return client

    @cached_property
    def sts(self) -> STSClient:
        client: STSClient = self.client("sts")
        return client

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        client: SecretsManagerClient = self.client("secretsmanager")
        return client

    def client(self, service: str) -> Any:
        """The client of a service by boto3's name, for calls that a plan spells out."""
        return self._kept(service, MAX_ATTEMPTS)

    def once(self, service: str) -> Any:
        """A client that makes a call one time only, for calls that must not be made twice.

        botocore tries a call again whose answer was lost, although it may have been done.
        """
        return self._kept(service, 1)

    def _kept(self, service: str, attempts: int) -> Any:
        if (service, attempts) not in self._clients:
            self._clients[service, attempts] = self.make_client(service, attempts)
        return self._clients[service, attempts]

    def make_client(self, service: str, attempts: int) -> Any:
        """A new client that makes each call up to so many times."""
        once = Config(retries={"mode": "standard", "total_max_attempts": attempts})
        return self._session.client(service, config=CONFIG.merge(once))
