"""A cluster or a cache that an estate file declares, for verbs with `--estate FILE`. Loaded only when one is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from estate.caches.every import every_cache
from estate.load import load_estate
from estate.names import cache_identifier, cluster_identifier, instance_identifier
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


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredCache:
    """A cache of an estate, of any kind, by what AWS calls it."""

    cache_id: str
    region: str


def find_declared_cache(file: str, cache: str) -> DeclaredCache:
    """The cache by its name in the file or by its identifier.

    Raises:
        UsageError: the file declares no such cache.
        EstateError: the file is not valid.
    """
    estate = load_estate(Path(file))
    found = {spec.name: spec for _, spec in every_cache(estate)}
    known = {cache_identifier(estate.name, name): name for name in found}
    name = known.get(cache, cache)
    if name not in found:
        raise UsageError(
            f"{file} must declare the cache, got {cache!r}",
            f"declared: {', '.join(sorted(found)) or 'none'}",
        )
    region = found[name].region or estate.regions[0]
    return DeclaredCache(cache_id=cache_identifier(estate.name, name), region=region)
