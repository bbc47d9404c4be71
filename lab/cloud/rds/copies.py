"""What CopyDBClusterSnapshot asks of keys."""

from __future__ import annotations

from typing import Any

from lab.cloud.awserrors import invalid_combination


def check_copy(source: Any, region: str, key: str | None) -> None:
    """A key of the destination for an encrypted snapshot of another Region, and none for one that is not encrypted.

    CopyDBClusterSnapshot.KmsKeyId: "To copy an encrypted DB cluster snapshot to another Amazon Web Services Region, you
    must set KmsKeyId"; "If you copy an unencrypted DB cluster snapshot and specify a value for the KmsKeyId parameter,
    an error is returned".
    """
    name = source.db_cluster_snapshot_identifier
    if source.encrypted and source.region != region and not key:
        raise invalid_combination(f"KmsKeyId is needed to copy the encrypted snapshot {name} to {region}.")
    if key and not source.encrypted:
        raise invalid_combination(f"KmsKeyId can't be given for {name}, which is not encrypted.")
