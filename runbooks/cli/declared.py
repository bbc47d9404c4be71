"""A cluster that an estate file declares, for verbs with `CLUSTER --estate FILE`. Loaded only when one is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from estate.load import load_estate
from estate.names import cluster_identifier, instance_identifier
from runbooks.cli.command import UsageError

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A cluster of an estate, and what AWS calls it."""

    estate: str
    spec: AuroraSpec
    cluster_id: str
    region: str

    def instance_id(self, given: str | None) -> str | None:
        """Identifier of an instance by its name in the file; anything else stays as it was given."""
        if given not in self.spec.instances:
            return given
        return instance_identifier(self.estate, self.spec.name, given)


def find_declared(file: str, cluster: str) -> Declared:
    """The cluster by its name in the file or by its identifier.

    Raises:
        UsageError: the file declares no such cluster.
        EstateError: the file is not valid.
    """
    estate = load_estate(Path(file))
    known = {cluster_identifier(estate.name, name): name for name in estate.aurora}
    name = known.get(cluster, cluster)
    if name not in estate.aurora:
        raise UsageError(
            f"{file} must declare the cluster, got {cluster!r}",
            f"declared: {', '.join(sorted(estate.aurora)) or 'none'}",
        )
    spec = estate.aurora[name]
    return Declared(
        estate=estate.name,
        spec=spec,
        cluster_id=cluster_identifier(estate.name, name),
        region=spec.region or estate.regions[0],
    )
