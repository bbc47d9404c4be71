"""Every built-in command: its words, one line of help, and where its `Command` is."""

from __future__ import annotations

from runbooks.cli.command import Row

COMMANDS: tuple[Row, ...] = (
    Row(("estate", "check"), "check an estate file and list every problem at once", "runbooks.cli.estate:CHECK"),
    Row(
        ("estate", "protect"),
        "set stack policies that keep what stores data",
        "runbooks.protect.cli:PROTECT",
    ),
    Row(
        ("clone",),
        "clone a cluster: closed until it is masked",
        "runbooks.clone.cli:CLONE",
    ),
    Row(("refresh",), "let a masked copy take the place of the last one", "runbooks.refresh.cli:REFRESH"),
    Row(("drill", "failover"), "fail a cluster over and measure what clients lose", "runbooks.drill.cli:FAILOVER"),
    Row(("access", "grant"), "let a database user log in with IAM", "runbooks.access.cli:GRANT"),
    Row(("access", "list"), "list the database users that may log in with IAM", "runbooks.access.cli:LIST"),
    Row(("access", "revoke"), "take IAM login away from a database user", "runbooks.access.cli:REVOKE"),
    Row(("access", "rotate"), "change the password of a cache's user, or its token", "runbooks.rotate.cli:ROTATE"),
    Row(("snapshot", "create"), "take a snapshot of a cluster or a cache", "runbooks.snapshot.cli:CREATE"),
    Row(
        ("snapshot", "list"),
        "list snapshots: kind, age, key, origin, sharing",
        "runbooks.snapshot.cli:LIST",
    ),
    Row(
        ("snapshot", "copy"),
        "copy a snapshot: to a Region, under another key",
        "runbooks.snapshot.cli:COPY",
    ),
    Row(("snapshot", "share"), "let other accounts copy and restore a snapshot", "runbooks.snapshot.cli:SHARE"),
    Row(("snapshot", "unshare"), "end the sharing of a snapshot with accounts", "runbooks.snapshot.cli:UNSHARE"),
    Row(
        ("snapshot", "export"),
        "write a snapshot's data to a bucket: Parquet, or .rdb",
        "runbooks.snapshot.cli:EXPORT",
    ),
    Row(("snapshot", "prune"), "delete snapshots that no retention rule keeps", "runbooks.prune.cli:PRUNE"),
    Row(("parity",), "compare two clusters, setting by setting", "runbooks.parity.cli:PARITY"),
    Row(
        ("restore", "snapshot"),
        "make a new cluster of a snapshot, an RDS instance's too",
        "runbooks.restore.cli:SNAPSHOT",
    ),
    Row(
        ("restore", "point-in-time"),
        "make a new cluster of what a cluster had at a moment",
        "runbooks.restore.cli:POINT_IN_TIME",
    ),
    Row(
        ("restore", "deleted"),
        "make a new cluster of a deleted one's retained backups",
        "runbooks.restore.cli:DELETED",
    ),
    Row(("restore", "s3"), "make a cluster of Percona XtraBackup files of MySQL", "runbooks.restore.cli:S3"),
    Row(
        ("restore", "verify"),
        "restore the newest backup, look at it, clear it away",
        "runbooks.verification.cli:VERIFY",
    ),
    Row(
        ("restore", "cache"),
        "make a new cache of a snapshot, like its source",
        "runbooks.restore_cache.cli:CACHE",
    ),
    Row(("cluster", "share"), "let another account clone a cluster", "runbooks.sharing.cli:SHARE"),
    Row(("cluster", "accept"), "accept a cluster that another account shares", "runbooks.sharing.cli:ACCEPT"),
    Row(("cluster", "unshare"), "let another account clone a cluster no longer", "runbooks.sharing.cli:UNSHARE"),
    Row(("cluster", "growth"), "what a clone has grown by, and what that costs", "runbooks.growth.cli:GROWTH"),
    Row(("reap",), "delete copies that have expired and are proven copies", "runbooks.reap.cli:REAP"),
    Row(("backtrack",), "wind an Aurora MySQL cluster back in place", "runbooks.backtrack.cli:BACKTRACK"),
    Row(("runs",), "list runs: what, on which cluster, how they ended", "runbooks.cli.runs:RUNS"),
    Row(("resume",), "go on with a run that was interrupted", "runbooks.cli.resume:RESUME"),
    Row(("policy",), "print the IAM policy that a runbook needs", "runbooks.cli.policy:POLICY"),
)

GROUPS: dict[str, str] = {
    "estate": "work with an estate file",
    "cluster": "share clusters with other accounts; what a clone costs",
    "drill": "prove that a cluster survives, and what it costs",
    "access": "who may log in: database users with IAM, passwords of caches",
    "snapshot": "take, copy, share, export and prune snapshots of clusters and caches",
    "restore": "make a new cluster or cache of what was kept, never in place",
    "lab": "rehearse on this machine, without an AWS account",
}
