"""What a new cluster is to be. Plain values: it is part of the request of each verb that makes clusters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceWish:
    """One instance: identifier, and what differs from the writer of the cluster that it is modelled on."""

    instance_id: str
    instance_class: str = ""  # the model's writer's; db.serverless for Serverless v2
    promotion_tier: int = 1
    parameter_group: str = ""  # the model's writer's


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A new cluster, by what is to be otherwise than in its model. Everything unsaid is as in the model (parity).

    `tags` is the whole list (`runbooks.tags.made_tags`). `security_groups` empty: the model's own; a clone is given its
    quarantine's. `subnet_group` empty: the model's; another one may be of another VPC. `settings` are parameters of
    CreateDBCluster by AWS's name that are deliberately different, with their values; each shows up in the parity table
    as "deliberately different"; those that CreateDBInstance has, too, hold for the instances as well. `account` and
    `region` are where it comes to be, when that is not where its model is.
    """

    target_id: str
    run_id: str
    tags: Mapping[str, str]
    instances: tuple[InstanceWish, ...] = ()
    security_groups: tuple[str, ...] = ()
    subnet_group: str = ""
    parameter_group: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    endpoints: bool = True  # custom endpoints, under the target's name
    scaling: bool = True  # replica auto scaling
    account: str = ""  # of the new cluster; empty: the model's
    region: str = ""  # of the new cluster; empty: the model's
