"""The stack of one Aurora cluster."""

from __future__ import annotations

from constructs import Construct

from constructs_lib.aurora.cluster import AuroraCluster
from constructs_lib.aurora.replication import Replication
from estate import names
from estate.aurora import AuroraSpec
from estate.integrations import called_services
from estate.model import Estate
from estate.services import rotation_services
from stacks.base import EstateStack


class AuroraStack(EstateStack):
    """One cluster in the network that the file gives it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        estate: Estate,
        region: str,
        spec: AuroraSpec,
        zones: list[str],
        replication: Replication | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            estate=estate,
            stack_name=names.aurora_stack(estate.name, spec.name),
            region=region,
            protection=spec.protection,
            tags={names.TAG_RESOURCE: spec.name, **spec.tags},
        )
        self.cluster = AuroraCluster(
            self,
            "Aurora",
            identifier=names.cluster_identifier(estate.name, spec.name),
            spec=spec,
            vpc=self.placement(zones, calls_services=bool(rotation_services(spec)), services=called_services(spec)),
            key=self.import_shared_key(),
            replication=replication,
            retain=self.retain,
        )
        self._add_outputs()

    def _add_outputs(self) -> None:
        cluster = self.cluster
        self.add_output(names.OUTPUT_CLUSTER_ID, cluster.cfn_cluster.ref)
        if not cluster.is_member:
            self.add_output(names.OUTPUT_WRITER_ENDPOINT, cluster.writer_endpoint)
        self.add_output(names.OUTPUT_READER_ENDPOINT, cluster.reader_endpoint)
        self.add_output(names.OUTPUT_PORT, str(cluster.port))
        if cluster.has_secret:
            self.add_output(names.OUTPUT_SECRET_ARN, cluster.secret_arn)
        if cluster.proxy is not None:
            self.add_output(names.OUTPUT_PROXY_ENDPOINT, cluster.proxy.endpoint)
            self.add_output(names.OUTPUT_PROXY_PORT, str(cluster.proxy.port))
            if cluster.proxy.reader_endpoint is not None:
                self.add_output(names.OUTPUT_PROXY_READER_ENDPOINT, cluster.proxy.reader_endpoint)
        self.add_output(names.OUTPUT_SECURITY_GROUP_ID, cluster.cfn_security_group.attr_group_id)
        self._add_restore_outputs()

    def _add_restore_outputs(self) -> None:
        """What a restore from Percona XtraBackup files in S3 takes."""
        made = self.cluster.integrations
        if made and made.restore_role_arn and made.restore_bucket_policy:
            self.add_output(names.OUTPUT_RESTORE_ROLE_ARN, made.restore_role_arn)
            self.add_output(names.OUTPUT_RESTORE_BUCKET_POLICY, made.restore_bucket_policy)
