"""What the effects work with: AWS adapters and a connection as the master user; made once per sitting."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from patterns.connect import auth_token
from runbooks.access import database
from runbooks.access.request import AccessRequest
from runbooks.access.seen import ClusterSeen
from runbooks.aws.rds import Rds
from runbooks.aws.secrets import Login, read_login
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Ssm
from runbooks.aws.sts import find_caller
from runbooks.guard import Holder, this_holder

CONNECT: Final = "rds-db:connect"


@dataclass(slots=True)
class AccessTools:
    """AWS by its adapters."""

    request: AccessRequest
    session: AwsSession
    rds: Rds
    ssm: Ssm

    def login(self, cluster: ClusterSeen) -> Login:
        """The master user, with the password of its secret or with an IAM token; kept in memory only."""
        if cluster.secret:
            return read_login(self.session.secrets, cluster.secret)
        user = cluster.master_username
        token = auth_token(cluster.writer_endpoint, cluster.port, user, self.session.region)
        return Login(username=user, password=token)

    def connect(self, cluster: ClusterSeen) -> AbstractContextManager[database.Connection]:
        return database.connect(cluster, self.login(cluster))

    def holder(self, run_id: str) -> Holder:
        return this_holder(find_caller(self.session.sts).arn, run_id)


def open_tools(request: AccessRequest) -> AccessTools:
    """Connect nothing yet: clients are made when they are first used."""
    session = AwsSession(request.region)
    return AccessTools(request=request, session=session, rds=Rds(session.rds), ssm=Ssm(session.ssm))
