"""The stack of the vaults that take one Region's copies of recovery points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constructs import Construct

from constructs_lib.aurora.backups import BackupVault
from constructs_lib.foundation.cfn import pascal
from constructs_lib.foundation.encryption import Encryption
from estate import names
from estate.aurora import AuroraSpec
from estate.backups import copy_account
from estate.model import Estate
from stacks.base import EstateStack

KEY_SERVICES = ("backup", "rds")


class BackupStack(EstateStack):
    """One vault for each cluster that copies its recovery points to this Region, under one key of this Region."""

    def __init__(
        self, scope: Construct, construct_id: str, *, estate: Estate, region: str, clusters: Sequence[AuroraSpec]
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            estate=estate,
            stack_name=names.backup_stack(estate.name),
            region=region,
            protection=estate.protection,
            tags={names.TAG_RESOURCE: "backup"},
        )
        key = self.import_shared_key()
        key_arn = key.key_arn if key else self._define_key()
        self.vaults = {
            spec.name: BackupVault(
                self,
                f"Copies{pascal(spec.name)}",
                identifier=names.cluster_identifier(estate.name, spec.name),
                key_arn=key_arn,
                lock=spec.backup.plan.lock if spec.backup.plan else None,
                alias=True,
                retain=self.retain,
            )
            for spec in clusters
        }

    def _define_key(self) -> str:
        self.encryption = Encryption(
            self,
            "Encryption",
            description=f"{self.estate.name}: copies of recovery points",
            services=KEY_SERVICES,
            retain=self.retain,
        )
        return self.encryption.key_arn


def copies_by_region(estate: Estate) -> Mapping[str, list[AuroraSpec]]:
    """The clusters that copy to each Region, in the order of `regions`."""
    to = {region: [spec for spec in estate.aurora.values() if copies_to(spec) == region] for region in estate.regions}
    return {region: clusters for region, clusters in to.items() if clusters}


def copies_to(spec: AuroraSpec) -> str | None:
    """The Region that a cluster's recovery points are copied to."""
    return spec.backup.plan.copy_to_region if spec.backup.plan else None


def has_vaults(estate: Estate, region: str) -> bool:
    """Whether recovery points are kept in this Region: of its own clusters, or copies."""
    own = (spec for spec in estate.aurora.values() if (spec.region or estate.regions[0]) == region)
    return region in copies_by_region(estate) or any(spec.backup.plan for spec in own)


def copy_accounts(estate: Estate, region: str) -> list[str]:
    """Accounts that clusters of this Region copy their recovery points to."""
    own = (spec for spec in estate.aurora.values() if (spec.region or estate.regions[0]) == region)
    return sorted({account for spec in own if (account := copy_account(spec.backup.plan))})
