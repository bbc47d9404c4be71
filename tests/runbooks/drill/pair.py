"""A bare PostgreSQL writer and standby, and a table of names instead of DNS: enough to break what a probe measures."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from lab.data.identity import current_identity
from lab.data.installs import Install, postgres_installs, reachable_install

MAJOR = 16
USER, PASSWORD, DATABASE = "drill", "made-up", "postgres"
WRITER_NAME, READER_NAME = "orders.cluster.test", "orders.cluster-ro.test"
CONFIGURATION = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = ''
wal_level = replica
hot_standby = on
shared_buffers = 16MB
wal_retrieve_retry_interval = 50ms
synchronous_commit = on
"""


def _as_nobody(command: list[str], folder: Path) -> list[str]:
    prefix = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    return [*prefix, "env", f"HOME={folder}", "LC_ALL=C", *command]


class Server:
    """One PostgreSQL in a process group of its own, so that all of it dies, freezes and thaws at once."""

    def __init__(self, install: Install, folder: Path, address: str, port: int) -> None:
        self.install, self.folder, self.address, self.port = install, folder, address, port
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, program: str, *arguments: str) -> None:
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        command = _as_nobody([self.install.program(program), *arguments], self.folder.parent)
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd="/")
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        configuration = CONFIGURATION.format(address=self.address, port=self.port)
        _append(self.folder / "postgresql.auto.conf", configuration)
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                _as_nobody([self.install.program("postgres"), "-D", str(self.folder)], self.folder.parent),
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        self.wait_for("SELECT 1", "1")

    def shut_down(self) -> None:
        """A fast shutdown, as an operator's: every session is told."""
        self.run("pg_ctl", "-D", str(self.folder), "-m", "fast", "-w", "stop")

    def kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                # PostgreSQL gives every backend a group of its own: the children are found by their parent.
                children = _children(self._process.pid)
                os.kill(self._process.pid, signal.SIGKILL)
                for child in children:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def freeze(self, number: int = signal.SIGSTOP) -> None:
        assert self._process is not None
        for pid in (self._process.pid, *_children(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def thaw(self) -> None:
        self.freeze(signal.SIGCONT)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=self.address, port=self.port, user=USER, password=PASSWORD, dbname=DATABASE, autocommit=True,
            connect_timeout=3,
        )  # fmt: skip

    def ask(self, sql: str) -> str:
        with self.connect() as connection:
            row = connection.execute(sql).fetchone()
        return str(row[0]) if row else ""

    def wait_for(self, sql: str, answer: str, timeout_s: float = 20) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            with contextlib.suppress(psycopg.Error):
                if self.ask(sql) == answer:
                    return
            assert time.monotonic() < deadline, f"{sql} never answered {answer}"
            time.sleep(0.005)


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Pair:
    """A writer, its synchronous standby, and who is called what."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pair-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "nobody", "nogroup")
        self.block = 20 + os.getpid() % 200
        self.port = _free_port(f"127.0.{self.block}.1")
        # A checkout in root's own home cannot be entered by `nobody`: the programs are copied then.
        install = reachable_install(postgres_installs()[MAJOR], self.folder / "programs", current_identity())
        self.writer = Server(install, self.folder / "a", f"127.0.{self.block}.1", self.port)
        self.standby = Server(install, self.folder / "b", f"127.0.{self.block}.2", self.port)
        self.names: dict[str, str] = {}

    def __enter__(self) -> Self:
        passwords = self.folder / "password"
        passwords.write_text(PASSWORD)
        passwords.chmod(0o644)
        self.writer.run(
            "initdb", "-D", str(self.writer.folder), "-U", USER, "-A", "scram-sha-256",
            f"--pwfile={passwords}", "--no-locale", "-E", "UTF8", "-N",
        )  # fmt: skip
        _append(
            self.writer.folder / "pg_hba.conf",
            "host replication all 127.0.0.0/8 scram-sha-256\nhost all all 127.0.0.0/8 scram-sha-256\n",
        )
        self.writer.start()
        self._start_standby()
        self.names = {WRITER_NAME: self.writer.address, READER_NAME: self.standby.address}
        return self

    def _start_standby(self) -> None:
        writer = self.writer
        self.standby.run(
            "pg_basebackup", "-h", writer.address, "-p", str(writer.port), "-U", USER,
            "-D", str(self.standby.folder), "-R", "-X", "stream", "-c", "fast", "-N",
        )  # fmt: skip
        self.standby.start()
        self.writer.wait_for("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "1")
        with writer.connect() as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        self.writer.wait_for("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1")

    def promote(self) -> None:
        """Promote the standby, and let it commit alone; the name still stands for the old writer."""
        with self.standby.connect() as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = ''")
            connection.execute("SELECT pg_promote(true)")
        self.writer, self.standby = self.standby, self.writer

    def point(self, server: Server) -> None:
        self.names[WRITER_NAME] = server.address

    def resolve(self, host: str) -> tuple[str, ...]:
        return (self.names[host],)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self.writer, self.standby):
            server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port(address: str) -> int:
    with socket.socket() as listener:
        listener.bind((address, 0))
        port: int = listener.getsockname()[1]
    return port
