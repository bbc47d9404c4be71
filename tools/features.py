"""What the Aurora constructs can do, row by row: what `docs/features.md` is generated from.

Each row is checked when the page is generated: the example estate, synthesized, has a resource of the type with the
property, and the test exists.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """One feature: where it is declared, what it becomes, what shows it.

    Attributes:
        group: Heading that the row stands under.
        name: The feature in the field's own words.
        setting: The setting in the file, dotted, below a cluster (`autoscaling.cpu_percent`).
        resource: CloudFormation type that the setting becomes.
        property: A property of that type that carries it, dotted; empty when the resource itself is the feature.
        estate: File name under `examples/estates` whose templates have it.
        test: `path::function` of the test that shows it best.
    """

    group: str
    name: str
    setting: str
    resource: str
    property: str = ""
    estate: str
    test: str


FEATURES: tuple[Feature, ...] = (
    # deployment options
    # instances, storage, parameters
    # endpoints and names
    # replica auto scaling
    # security
    # backups
    # integrations and machine learning
    # watching
    # upkeep
)
