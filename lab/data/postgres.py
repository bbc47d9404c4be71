"""One PostgreSQL server process: its data directory, its configuration, start, stop, promotion and rewinding."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from lab.data.identity import Identity, make_dir, run_as
from lab.data.installs import Install
from lab.data.processes import Child, kill_within
from lab.plane import PlaneError

ADMIN_USER = "rdsadmin"  # RDS's own superuser has this name too
ADMIN_DATABASE = "rdsadmin"
LAB_CONF = "lab.conf"
POLL_S = 0.004
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 3.0
PROMOTE_TIMEOUT_S = 20.0
WAL_SEGMENT_MB = 4

# fsync stays on: an acknowledged write survives the process. The rest keeps a dozen servers small on a laptop.
SETTINGS = {
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_wal_senders": "20",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_keep_size": "256MB",
    "wal_log_hints": "on",
    "wal_retrieve_retry_interval": "50ms",
    "wal_receiver_status_interval": "1s",
    "wal_receiver_timeout": "3s",
    "wal_sender_timeout": "3s",
    "hot_standby_feedback": "on",
    "max_worker_processes": "4",
    "jit": "off",
    "huge_pages": "off",
    "password_encryption": "scram-sha-256",
    "synchronous_commit": "on",
    "log_min_messages": "warning",
    "timezone": "UTC",
}
SETTINGS_BY_MAJOR = {18: {"io_method": "sync"}}

# Who is in rds_iam logs in with an IAM token on AWS; no token is checked here. The master user has a password.
HBA = """\
local all {admin} trust
local replication {admin} trust
host all {admin} all reject
host all +lab_iam_master all trust
host all +rds_superuser all scram-sha-256
host all +rds_iam all trust
host all all all scram-sha-256
"""


@dataclass(kw_only=True, eq=False)
class PostgresNode:
    """One instance's server. The socket folder is closed to other users: the lab's own superuser enters by it only."""

    name: str
    directory: Path
    sockets: Path
    log: Path
    address: str
    port: int
    install: Install
    identity: Identity
    on_exit: Callable[[PostgresNode], None]
    upstream: Path | None = None  # the writer's socket folder; None for the writer
    upstream_port: int = 0
    synchronous: tuple[str, ...] = ()
    archiving: Mapping[str, str] = field(default_factory=dict)  # settings by which it keeps its log
    recovery: Mapping[str, str] = field(default_factory=dict)  # settings of a server that only replays a log
    child: Child | None = field(default=None, repr=False)
    is_ready: bool = False
    answers: bool = True  # False while it restarts itself after one of its backends crashed

    @property
    def pid(self) -> int | None:
        """Process id of the running server, None when it does not run."""
        return self.child.pid if self.child is not None and self.child.is_running else None

    def configure(self) -> None:
        """Write the lab's part of the configuration and have a running server read it."""
        lines = [f"{key} = {_quoted(value)}" for key, value in self._settings().items()]
        fresh = self.directory / f"{LAB_CONF}.new"
        fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.identity.own(fresh)
        fresh.replace(self.directory / LAB_CONF)
        if self.child is not None and self.is_ready:
            self.child.send(signal.SIGHUP)

    def _settings(self) -> dict[str, str]:
        settings = {**SETTINGS, **SETTINGS_BY_MAJOR.get(self.install.major, {})}
        settings["listen_addresses"] = self.address
        settings["port"] = str(self.port)
        settings["unix_socket_directories"] = str(self.sockets)
        settings["unix_socket_permissions"] = "0700"
        settings["cluster_name"] = self.name
        settings["synchronous_standby_names"] = synchronous_names(self.synchronous)
        settings.update(self.archiving)
        settings.update(self.recovery)
        if self.upstream is not None:
            settings["primary_conninfo"] = (
                f"host={self.upstream} port={self.upstream_port} user={ADMIN_USER} application_name={self.name}"
            )
        return settings

    def follow(self, writer: PostgresNode) -> None:
        """Stream from this writer from now on."""
        self.upstream, self.upstream_port, self.synchronous = writer.sockets, writer.port, ()
        self.configure()

    def start(self) -> None:
        """Start the server and return when it accepts connections.

        Raises:
            PlaneError: it did not within 30 s; the message carries the tail of its log.
        """
        status = self.directory / "postmaster.pid"
        status.unlink(missing_ok=True)  # left by a killed server; the caller saw to it that none runs
        self.is_ready = False
        self.child = Child(
            [self.install.program("postgres"), "-D", str(self.directory)],
            cwd=self.directory,
            log=self.log,
            identity=self.identity,
            on_exit=self._exited,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not _says_ready(status):
            if not self.child.is_running or time.monotonic() > deadline:
                self.stop()
                raise PlaneError(f"PostgreSQL of {self.name} must start, got:\n{self.log_tail()}")
            time.sleep(POLL_S)
        self.is_ready = True

    def _exited(self, child: Child) -> None:
        if child is self.child:
            self.is_ready = False
            if not child.expected:
                self.on_exit(self)

    def stop(self) -> None:
        """Immediate shutdown, then make sure that no process of it is left: a dead writer must not acknowledge."""
        self.is_ready = False
        if self.child is not None:
            self.child.stop(signal.SIGQUIT, timeout_s=STOP_TIMEOUT_S)
        kill_within(self.directory)

    def connect(self, database: str = ADMIN_DATABASE) -> psycopg.Connection[tuple[Any, ...]]:
        """A superuser's connection over the socket."""
        return psycopg.connect(
            host=str(self.sockets),
            port=self.port,
            user=ADMIN_USER,
            dbname=database,
            autocommit=True,
            connect_timeout=3,
        )

    def promote(self) -> None:
        """Make a standby the writer; returns when it says that it is one and has taken a write.

        Raises:
            PlaneError: it did not within 20 s.
        """
        if self.child is None or not self.is_ready:
            raise PlaneError(f"the failover target must run, got {self.name}, which does not")
        (self.directory / "promote").touch()  # the server removes it as soon as it sees it
        self.child.send(signal.SIGUSR1)
        deadline = time.monotonic() + PROMOTE_TIMEOUT_S
        with self._connected() as admin:
            while _in_recovery(admin):
                if time.monotonic() > deadline:
                    raise PlaneError(
                        f"{self.name} must be promoted within {PROMOTE_TIMEOUT_S:g} s, got still a standby"
                    )
                time.sleep(POLL_S)
            beat(admin)
        self.upstream = None
        (self.directory / "standby.signal").unlink(missing_ok=True)

    @contextlib.contextmanager
    def _connected(self) -> Any:
        try:
            with self.connect() as admin:
                yield admin
        except psycopg.Error as error:
            raise PlaneError(f"PostgreSQL of {self.name} must answer, got {error}") from error

    def copy_from(self, writer: PostgresNode) -> None:
        """A fresh copy of the writer, ready to be started as its standby."""
        if self.directory.exists():
            shutil.rmtree(self.directory)
        base_backup(writer, self.directory)
        self._make_standby_of(writer)

    def rewind_to(self, writer: PostgresNode) -> None:
        """Undo what only this server wrote, so that it can follow the writer.

        Raises:
            PlaneError: pg_rewind could not; `copy_from` is the way out.
        """
        source = f"host={writer.sockets} port={writer.port} user={ADMIN_USER} dbname=postgres"
        (self.directory / "postmaster.pid").unlink(missing_ok=True)
        command = [self.install.program("pg_rewind"), "-D", str(self.directory), "--source-server", source, "--no-sync"]
        run_as(self.identity, command, cwd=self.directory)
        self._make_standby_of(writer)

    def _make_standby_of(self, writer: PostgresNode) -> None:
        signal_file = self.directory / "standby.signal"
        signal_file.touch()
        self.identity.own(signal_file)
        self.follow(writer)

    def log_tail(self, lines: int = 15) -> str:
        """The end of the server's log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def detach(self) -> Path:
        """Stop the server and leave its data, which any server may start with as a writer."""
        self.stop()
        (self.directory / "standby.signal").unlink(missing_ok=True)
        shutil.rmtree(self.sockets, ignore_errors=True)
        return self.directory

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)


def base_backup(writer: PostgresNode, target: Path) -> None:
    """A copy of a running server's data as they are now, in a folder that does not exist yet."""
    make_dir(target, writer.identity)
    command = [writer.install.program("pg_basebackup"), *_source(writer), "-D", str(target)]
    command += ["-X", "stream", "-c", "fast", "--no-sync"]
    run_as(writer.identity, command, cwd=writer.sockets)


def _source(writer: PostgresNode) -> list[str]:
    return ["-h", str(writer.sockets), "-p", str(writer.port), "-U", ADMIN_USER]


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _says_ready(status: Path) -> bool:
    """Line 8 of postmaster.pid is `ready` as soon as connections are accepted (also by a hot standby)."""
    try:
        lines = status.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004 - line 8, see above


def synchronous_names(standbys: Iterable[str]) -> str:
    """Setting by which a commit waits for all of these standbys, for none when there are none."""
    names = ", ".join(f'"{name}"' for name in sorted(standbys))
    return f"FIRST {names.count(',') + 1} ({names})" if names else ""


def _in_recovery(admin: psycopg.Connection[tuple[Any, ...]]) -> bool:
    row = admin.execute("SELECT pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def beat(admin: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Take a write without waiting for standbys; it fails on a server that is no writer."""
    with admin.transaction():
        admin.execute("SET LOCAL synchronous_commit TO local")
        admin.execute("UPDATE heartbeat SET at = clock_timestamp()")


def make_template(install: Install, template: Path, identity: Identity) -> None:
    """An empty data directory, made once per major: copying it takes a tenth of initdb's time."""
    make_dir(template, identity)
    command = [install.program("initdb"), "-D", str(template), "-U", ADMIN_USER, "-A", "trust", "--no-locale"]
    command += ["-E", "UTF8", "-k", "--no-sync", f"--wal-segsize={WAL_SEGMENT_MB}"]
    run_as(identity, command, cwd=template)
    with (template / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(f"include '{LAB_CONF}'\n")
    (template / "pg_hba.conf").write_text(HBA.format(admin=ADMIN_USER), encoding="utf-8")


# What a fresh Aurora PostgreSQL cluster has and clients ask for; written once, before the first user comes.
ADMIN_SETUP = (
    f"CREATE DATABASE {ADMIN_DATABASE}",
    "CREATE ROLE rds_superuser NOLOGIN CREATEDB CREATEROLE IN ROLE pg_monitor, pg_signal_backend, pg_checkpoint",
    "CREATE ROLE rds_iam NOLOGIN",
    "CREATE ROLE rds_password NOLOGIN",
    "CREATE ROLE rds_replication NOLOGIN",
    "CREATE ROLE lab_iam_master NOLOGIN",
    "GRANT rds_iam, pg_read_all_data TO rds_superuser WITH ADMIN OPTION",
)
TEMPLATE_SETUP = (
    """CREATE FUNCTION aurora_db_instance_identifier() RETURNS text LANGUAGE sql STABLE
    RETURN current_setting('cluster_name')""",
)
HEARTBEAT_SETUP = (
    "CREATE TABLE heartbeat (at timestamptz NOT NULL)",
    "INSERT INTO heartbeat VALUES (clock_timestamp())",
    f"REVOKE ALL ON DATABASE {ADMIN_DATABASE} FROM PUBLIC",
)


def set_up_first_writer(node: PostgresNode, *, username: str, password: str, database: str | None) -> None:
    """Roles, databases and functions that Aurora gives a new cluster; the master user is no superuser."""
    with node.connect("template1") as admin:
        for statement in TEMPLATE_SETUP:
            admin.execute(statement)
    with node.connect("postgres") as admin:
        for statement in (*TEMPLATE_SETUP, *ADMIN_SETUP):
            admin.execute(statement)
        user = sql.Identifier(username)
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE IN ROLE rds_superuser").format(user))
        admin.execute(sql.SQL("ALTER DATABASE postgres OWNER TO {}").format(user))
        if database is not None and database != "postgres":
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), user))
    with node.connect() as admin:
        for statement in HEARTBEAT_SETUP:
            admin.execute(statement)
    set_password(node, username, password)


def set_password(node: PostgresNode, username: str, password: str) -> None:
    """Change the master user's password on the writer; standbys learn it from the stream."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(username), sql.Literal(password))
    with node.connect() as admin:
        admin.execute(statement)


def set_master_login(node: PostgresNode, username: str, *, iam: bool) -> None:
    """Let the master user in with an IAM token, which is not looked at, or with its password."""
    verb = "GRANT rds_iam, lab_iam_master TO {}" if iam else "REVOKE rds_iam, lab_iam_master FROM {}"
    with node.connect() as admin:
        admin.execute(sql.SQL(verb).format(sql.Identifier(username)))


def clone_template(template: Path, target: Path, identity: Identity) -> None:
    run_as(identity, ["cp", "-Rp", str(template), str(target)], cwd=target.parent)


def random_suffix() -> str:
    """Six letters for folder names."""
    return secrets.token_hex(3)
