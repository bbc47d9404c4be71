"""Put the overlay in moto's place: one attribute per service, in-process and for the server alike."""

from __future__ import annotations

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.backup.models import backup_backends
from moto.cloudformation.models import cloudformation_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.base_backend import BackendDict
from moto.ec2.models import ec2_backends
from moto.elasticache.models import elasticache_backends
from moto.iam.models import iam_backends
from moto.ram.models import ram_backends
from moto.rds.models import rds_backends
from moto.route53.models import route53_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from lab.cloud.autoscaling.models import ScalingBackend
from lab.cloud.backup.models import LabBackupBackend
from lab.cloud.cloudformation.models import LabCloudFormationBackend
from lab.cloud.delays import NONE, Delays
from lab.cloud.ec2.models import LabEC2Backend
from lab.cloud.elasticache.models import CacheBackend
from lab.cloud.identity import LabIAMBackend
from lab.cloud.monitoring import LabCloudWatchBackend
from lab.cloud.names import LabRoute53Backend
from lab.cloud.ram.models import LabRamBackend
from lab.cloud.rds.models import AuroraBackend, on_writer_lost
from lab.cloud.runtime import RUNTIME
from lab.cloud.secrets.models import LabSecretsBackend
from lab.cloud.storage import LabS3Backend
from lab.plane import DataPlane, NoPlane

_OVERLAY = (
    (rds_backends, AuroraBackend),
    (ec2_backends, LabEC2Backend),
    (elasticache_backends, CacheBackend),
    (cloudformation_backends, LabCloudFormationBackend),
    (cloudwatch_backends, LabCloudWatchBackend),
    (s3_backends, LabS3Backend),
    (secretsmanager_backends, LabSecretsBackend),
    (iam_backends, LabIAMBackend),
    (backup_backends, LabBackupBackend),
    (applicationautoscaling_backends, ScalingBackend),
    (route53_backends, LabRoute53Backend),
    (ram_backends, LabRamBackend),
)


def install(plane: DataPlane | None = None, *, delays: Delays = NONE) -> None:
    """Make moto's backends ours, with nothing in them.

    Args:
        plane: processes behind the API; None for none (everything agrees at once).
        delays: how long passing states last.
    """
    RUNTIME.plane = plane if plane is not None else NoPlane()
    RUNTIME.delays = delays
    RUNTIME.faults.set({})
    RUNTIME.call_faults.set([])
    for backends, ours in _OVERLAY:
        backends.backend = ours
        backends.clear()
    RUNTIME.plane.watch(on_writer_lost)


def reset_backends() -> None:
    """Empty every service that has been used, as a new account would be; `mock_aws` does the same by itself.

    moto keeps who has which bucket apart from the buckets, and forgets it only with `mock_aws`.
    """
    BackendDict.reset()
    s3_backends.bucket_accounts.clear()
