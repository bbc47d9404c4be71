"""The alarm pack of a cluster: what each alarm watches, when it goes off, what it means and what to do then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from constructs_lib.foundation.alarms import HOUR_S, SILENCE_IS_FINE, SILENCE_SHOWS, Alarm, Missing
from constructs_lib.foundation.cfn import pascal
from estate import capacity, engines
from estate.aurora import AuroraSpec
from estate.instances import InstanceSpec
from estate.watching import AlarmsSpec, connections_max, memory_gib

NAMESPACE = "AWS/RDS"


def of_cluster(identifier: str) -> dict[str, str]:
    """Dimensions of a whole cluster."""
    return {"DBClusterIdentifier": identifier}


def of_role(identifier: str, role: Literal["WRITER", "READER"]) -> dict[str, str]:
    """Dimensions of whichever instances are the writer, or the readers, at the time."""
    return {"DBClusterIdentifier": identifier, "Role": role}


def of_instance(identifier: str, name: str) -> dict[str, str]:
    """Dimensions of one instance."""
    return {"DBInstanceIdentifier": f"{identifier}-{name}"}


def alarm_pack(identifier: str, spec: AuroraSpec) -> tuple[Alarm, ...]:
    """Every alarm of a cluster: those of each instance, keyed by its name, then those of the cluster."""
    alarms = spec.watch.alarms if spec.watch else None
    if alarms is None:
        return ()
    instances = [
        alarm
        for name, instance in spec.instances.items()
        for alarm in _of_instance(
            _Subject(spec=spec, alarms=alarms, instance=instance, name=name, where=of_instance(identifier, name))
        )
    ]
    return (*instances, *_of_cluster(identifier, spec, alarms))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subject:
    """One instance as its alarms see it."""

    spec: AuroraSpec
    alarms: AlarmsSpec
    instance: InstanceSpec
    name: str
    where: Mapping[str, str]

    @property
    def who(self) -> str:
        return self.where["DBInstanceIdentifier"]

    @property
    def missing(self) -> Missing:
        pauses = self.instance.is_serverless and self.spec.serverless.min_acu == 0
        return SILENCE_IS_FINE if pauses else SILENCE_SHOWS


def _of_instance(subject: _Subject) -> Iterator[Alarm]:
    """CPU, memory, local storage, connections and, for a serverless one, capacity."""
    for each in (_cpu, _memory, _local_storage, _connections, _capacity):
        yield from each(subject)


def _cpu(subject: _Subject) -> Iterator[Alarm]:
    percent = subject.alarms.cpu_percent
    if percent is None:
        return
    yield Alarm(
        id=f"Cpu{pascal(subject.name)}",
        metric="CPUUtilization",
        dimensions=subject.where,
        threshold=percent,
        missing=subject.missing,
        means=f"{subject.who}: CPU over {percent:g} % for five minutes. Statements queue. Look for the heaviest ones "
        "in Database Insights; move reads to readers, or take a larger class.",
    )


def _memory(subject: _Subject) -> Iterator[Alarm]:
    """Freeable memory against the class's; of a serverless instance it counts what scaling up would still add."""
    percent, gib = subject.alarms.free_memory_percent, memory_gib(subject.spec, subject.instance)
    if percent is None or gib is None:
        return
    yield Alarm(
        id=f"Memory{pascal(subject.name)}",
        metric="FreeableMemory",
        dimensions=subject.where,
        threshold=int(gib * capacity.GIB * percent / 100),
        below=True,
        missing=subject.missing,
        means=f"{subject.who}: less than {percent:g} % of {gib:g} GiB freeable for five minutes. The next step is out "
        "of memory and a restart. Close idle connections, lower work memory, or take a larger class (serverless: "
        "raise max_acu).",
    )


def _local_storage(subject: _Subject) -> Iterator[Alarm]:
    left = subject.alarms.free_local_storage_bytes
    if left is None:
        return
    yield Alarm(
        id=f"LocalStorage{pascal(subject.name)}",
        metric="FreeLocalStorage",
        dimensions=subject.where,
        threshold=left,
        below=True,
        missing=subject.missing,
        means=f"{subject.who}: less than {left:,} bytes of local storage left, which sorts, temporary tables and logs "
        "need. Look for large sorts and index builds; a larger class has more.",
    )


def _connections(subject: _Subject) -> Iterator[Alarm]:
    percent, most = subject.alarms.connections_percent, connections_max(subject.spec, subject.instance)
    if percent is None or most is None:
        return
    yield Alarm(
        id=f"Connections{pascal(subject.name)}",
        metric="DatabaseConnections",
        dimensions=subject.where,
        threshold=int(most * percent / 100),
        statistic="Maximum",
        missing=subject.missing,
        means=f"{subject.who}: more than {percent:g} % of the {most:,} connections that it allows. At the limit "
        "clients are refused. Look for pools that are too large or leak; RDS Proxy shares connections.",
    )


def _capacity(subject: _Subject) -> Iterator[Alarm]:
    percent, most = subject.alarms.acu_percent, subject.spec.serverless.max_acu
    if percent is None or not subject.instance.is_serverless:
        return
    yield Alarm(
        id=f"Acu{pascal(subject.name)}",
        metric="ACUUtilization",
        dimensions=subject.where,
        threshold=percent,
        periods=15,
        missing=SILENCE_IS_FINE,
        means=f"{subject.who}: more than {percent:g} % of max_acu ({most:g}) for 15 minutes. It can't grow further: "
        "raise max_acu, or tune what runs.",
    )


def _of_cluster(identifier: str, spec: AuroraSpec, alarms: AlarmsSpec) -> Iterator[Alarm]:
    """Replica lag, deadlocks, transaction ids, volume."""
    yield from _replica_lag(identifier, spec, alarms)
    writer = of_role(identifier, "WRITER")
    if alarms.deadlocks_per_s is not None:
        yield Alarm(
            id="Deadlocks",
            metric="Deadlocks",
            dimensions=writer,
            threshold=alarms.deadlocks_per_s,
            missing=SILENCE_IS_FINE,
            means=f"{identifier}: more than {alarms.deadlocks_per_s:g} deadlocks a second on the writer. Transactions "
            "are rolled back and tried again. Take locks in one order; the engine's log names the statements.",
        )
    if alarms.transaction_ids is not None and spec.engine == engines.POSTGRESQL:
        yield Alarm(
            id="TransactionIds",
            metric="MaximumUsedTransactionIDs",
            dimensions=writer,
            threshold=alarms.transaction_ids,
            statistic="Maximum",
            missing=SILENCE_IS_FINE,
            means=f"{identifier}: the oldest transaction id is older than {alarms.transaction_ids:,} transactions. At "
            "2,147,483,648 PostgreSQL takes no more writes. End long transactions, drop idle replication slots, "
            "vacuum the oldest tables (VACUUM FREEZE).",
        )
    yield from _volume(identifier, spec, alarms)


def _replica_lag(identifier: str, spec: AuroraSpec, alarms: AlarmsSpec) -> Iterator[Alarm]:
    lag_ms = alarms.replica_lag_ms if alarms.replica_lag_ms is not None else spec.slo.replica_lag_ms
    if len(spec.instances) == 1 and spec.autoscaling is None:
        return
    yield Alarm(
        id="ReplicaLag",
        metric="AuroraReplicaLagMaximum",
        dimensions=of_cluster(identifier),
        threshold=lag_ms,
        statistic="Maximum",
        missing=SILENCE_IS_FINE,
        means=f"{identifier}: the slowest reader is more than {lag_ms:g} ms behind the writer for five minutes. "
        "Readers answer with old data. Look for a burst of writes, a long query on that reader, or a class smaller "
        "than the writer's.",
    )


def _volume(identifier: str, spec: AuroraSpec, alarms: AlarmsSpec) -> Iterator[Alarm]:
    if alarms.volume_percent is None:
        return
    most = capacity.volume_max_bytes(spec.engine, spec.version)
    yield Alarm(
        id="Volume",
        metric="VolumeBytesUsed",
        dimensions=of_cluster(identifier),
        threshold=int(most * alarms.volume_percent / 100),
        statistic="Maximum",
        period_s=HOUR_S,
        periods=1,
        missing=SILENCE_IS_FINE,  # storage reports at longer intervals than an instance, none while it is stopped
        means=f"{identifier}: the volume holds more than {alarms.volume_percent:g} % of the {most // capacity.TIB} TiB "
        "that this engine version can have. At the end writes fail. Delete or archive data, or upgrade to a version "
        "with larger volumes.",
    )


def global_lag_alarms(identifier: str, alarms: AlarmsSpec) -> tuple[Alarm, ...]:
    """Alarms of a member of a Global Database; these metrics exist in the secondary Regions of the day only.

    CloudWatch keeps them by cluster and by `SourceRegion`, where the primary is today: a switchover moves it. [AWS
    workshop "Amazon Aurora Labs for MySQL", Monitor Latency: the group `DBClusterIdentifier, SourceRegion`]
    """
    if alarms.global_lag_ms is None:
        return ()
    lag_ms = alarms.global_lag_ms
    rows = {
        "GlobalLag": ("AuroraGlobalDBReplicationLag", "replicates", "A switchover takes as long as this lag"),
        "GlobalRpoLag": ("AuroraGlobalDBRPOLag", "stores commits", "A failover now loses that much"),
    }
    return tuple(
        Alarm(
            id=key,
            metric=metric,
            dimensions=of_cluster(identifier),
            threshold=lag_ms,
            statistic="Maximum",
            missing=SILENCE_IS_FINE,  # nothing is measured where the primary is
            is_split=True,
            means=f"{identifier}: the secondary {verb} more than {lag_ms:g} ms behind the primary for five minutes. "
            f"{effect}. Look for a burst of writes in the primary, and for trouble between the Regions.",
        )
        for key, (metric, verb, effect) in rows.items()
    )
