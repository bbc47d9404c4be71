"""What the snapshot commands' words mean: which family, which cluster or cache, in which Region."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, NamedTuple

from runbooks.cli.command import UsageError

if TYPE_CHECKING:
    from runbooks.snapshot.seen import Family

FAMILIES = ("aurora", "cache", "serverless")


class Pointed(NamedTuple):
    """What a command was pointed at."""

    name: str
    family: Family
    region: str | None


def add_place_options(parser: ArgumentParser, *, estate: bool) -> None:
    """Add `--family` and `--region`, and for sources `--estate`."""
    parser.add_argument(
        "--family",
        choices=FAMILIES,
        help="whose snapshots: an Aurora cluster's, a node-based cache's, a serverless cache's (default: aurora)",
    )
    if estate:
        parser.add_argument("--estate", metavar="FILE", help="estate file that says what SOURCE is, and its Region")
    parser.add_argument(
        "--region",
        metavar="REGION",
        help=f"Region of the snapshot (default: {'the estate, then ' if estate else ''}AWS's settings)",
    )


def pointed_at(arguments: Namespace, name: str) -> Pointed:
    """A snapshot by its name, in the family that was given."""
    return Pointed(name, arguments.family or "aurora", arguments.region)


def source_of(arguments: Namespace) -> Pointed:
    """A cluster or a cache by its identifier, or by its name in an estate file.

    Raises:
        UsageError: the file declares no such thing, or it has no snapshots.
    """
    if not arguments.estate:
        return pointed_at(arguments, arguments.source)
    from pathlib import Path

    from estate.caches.every import every_cache
    from estate.load import load_estate
    from estate.names import cache_identifier, cluster_identifier

    estate = load_estate(Path(arguments.estate))
    found: dict[str, Pointed] = {}
    for name, cluster in estate.aurora.items():
        identifier = cluster_identifier(estate.name, name)
        found[name] = found[identifier] = Pointed(identifier, "aurora", cluster.region or estate.regions[0])
    for unit, cache in every_cache(estate):
        if unit == "memcached":  # node-based Memcached has no snapshots
            continue
        identifier = cache_identifier(estate.name, cache.name)
        family: Family = "cache" if unit == "caches" else "serverless"
        found[cache.name] = found[identifier] = Pointed(identifier, family, cache.region or estate.regions[0])
    if arguments.source not in found:
        declared = ", ".join(sorted({each.name for each in found.values()}))
        raise UsageError(
            f"{arguments.estate} must declare a cluster or a cache with snapshots of that name, got "
            f"{arguments.source!r}",
            f"declared: {declared or 'none'}; node-based Memcached has no snapshots",
        )
    of_file = found[arguments.source]
    if arguments.family not in {None, of_file.family}:
        raise UsageError(
            f"--family must be {of_file.family} for {of_file.name}, got {arguments.family}",
            "leave it out: the file says it",
        )
    return of_file._replace(region=arguments.region or of_file.region)
