"""What the drill's effects work with: AWS adapters, the probe, one clock; made once per sitting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runbooks.aws.rds import Rds
from runbooks.aws.secrets import Login, find_own_secret, read_login
from runbooks.aws.session import AwsSession
from runbooks.aws.ssm import Ssm
from runbooks.aws.sts import find_caller
from runbooks.drill.database import reach
from runbooks.drill.observe import read_topology
from runbooks.drill.records import Clock
from runbooks.drill.request import DrillRequest, Pace, pace_of
from runbooks.drill.topology import Topology
from runbooks.guard import Holder, this_holder

if TYPE_CHECKING:
    from runbooks.drill.process import ProbeProcess


@dataclass(slots=True)
class DrillTools:
    """AWS by its adapters, and the state of this sitting: the running probe."""

    request: DrillRequest
    session: AwsSession
    rds: Rds
    ssm: Ssm
    clock: Clock = field(default_factory=Clock)
    reach: Callable[[str, int], str] = reach
    probe: ProbeProcess | None = None
    _login: Login | None = None
    _own_secret: str | None = None

    def login(self, topology: Topology) -> Login:
        """The master user, read from Secrets Manager once, kept in memory only."""
        if self._login is None:
            self._login = read_login(self.session.secrets, topology.secret_arn)
        return self._login

    def topology(self) -> Topology:
        """The cluster now.

        Raises:
            LookupError: it is gone.
        """
        topology = self.find_topology()
        if topology is None:
            raise LookupError(f"cluster {self.request.cluster_id} does not exist any more")
        return topology

    def find_topology(self) -> Topology | None:
        """The cluster now, None when it does not exist; a secret of its stack's own is looked up once."""
        topology = read_topology(self.rds, self.request.cluster_id)
        if topology is None or topology.secret_arn:
            return topology
        if self._own_secret is None:
            self._own_secret = find_own_secret(self.session.secrets, topology.cluster_id)
        return replace(topology, secret_arn=self._own_secret)

    def pace(self, topology: Topology) -> Pace:
        return pace_of(self.request, topology.writer_endpoint)

    def holder(self, run_id: str) -> Holder:
        return this_holder(find_caller(self.session.sts).arn, run_id)

    def stop_probe(self) -> None:
        if self.probe is not None:
            self.probe.stop()
            self.probe = None


def open_tools(request: DrillRequest) -> DrillTools:
    """Connect nothing yet: clients are made when they are first used."""
    session = AwsSession(request.region)
    return DrillTools(request=request, session=session, rds=Rds(session.rds, session.once("rds")), ssm=Ssm(session.ssm))
