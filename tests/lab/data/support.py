"""What the tests of real processes share."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import psycopg

from lab.data.cluster import PostgresCluster
from lab.data.plane import ProcessPlane
from lab.data.truth import read_truth
from lab.plane import ClusterRequest

GIVE_UP_S = 30.0
PORT = 5433
PASSWORD = "it's a secret"


def eventually(holds: Callable[[], Any], what: str) -> Any:
    """The first true answer; how long it takes is not judged."""
    deadline = time.monotonic() + GIVE_UP_S
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)
    return answer


@dataclass
class Rig:
    """One cluster of the plane and how to reach it."""

    plane: ProcessPlane
    cluster_id: str
    since_s: float = 0.0

    @property
    def cluster(self) -> PostgresCluster:
        return self.plane._clusters[self.cluster_id]

    def heal(self) -> Rig:
        """Everybody healthy, `a` the writer, an empty ledger, no truth yet."""
        letters = [name[-1] for name in self.cluster.nodes]
        self.healthy(*letters)
        if self.writer() != self.instance("a"):
            self.plane.failover(self.cluster_id, self.instance("a"))
            self.healthy(*letters)
        with self.connect("a") as writer:
            writer.execute("TRUNCATE ledger")
        self.since_s = time.monotonic()
        return self

    def instance(self, letter: str) -> str:
        return f"{self.cluster_id}-{letter}"

    def pid(self, letter: str) -> int:
        pid = self.cluster.nodes[self.instance(letter)].pid
        assert pid is not None
        return pid

    def writer(self) -> str | None:
        return self.plane.writer_of(self.cluster_id)

    def connect(self, letter: str, password: str = PASSWORD) -> psycopg.Connection[tuple[Any, ...]]:
        node = self.cluster.nodes[self.instance(letter)]
        return psycopg.connect(
            host=node.address,
            port=node.port,
            user="boss",
            password=password,
            dbname="orders",
            autocommit=True,
            connect_timeout=5,
        )

    def healthy(self, *letters: str) -> None:
        for letter in letters:
            eventually(partial(self.plane.is_healthy, self.instance(letter)), f"{letter} is healthy")

    def truth(self, event: str) -> list[dict[str, object]]:
        events = read_truth(self.plane.truth.path)
        return [
            row
            for row in events
            if row["event"] == event
            and row.get("cluster") == self.cluster_id
            and float(str(row["monotonic_s"])) >= self.since_s
        ]


def make_rig(plane: ProcessPlane, cluster_id: str, letters: tuple[str, ...], version: str = "17.7") -> Rig:
    plane.create_cluster(
        ClusterRequest(
            cluster_id=cluster_id,
            engine="aurora-postgresql",
            version=version,
            port=PORT,
            username="boss",
            password=PASSWORD,
            database="orders",
        )
    )
    rig = Rig(plane, cluster_id)
    for letter in letters:
        plane.create_instance(cluster_id, rig.instance(letter))
    with rig.connect(letters[0]) as writer:
        writer.execute("CREATE TABLE ledger (number integer PRIMARY KEY)")
    return rig


class Load:
    """Writes numbers into the ledger of whoever is the writer, and remembers which were acknowledged."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.acknowledged: set[int] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(GIVE_UP_S)

    def more(self, count: int = 50) -> None:
        """Return when so many more were acknowledged."""
        goal = len(self.acknowledged) + count
        eventually(lambda: len(self.acknowledged) >= goal, "writes are acknowledged")

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            try:
                with self.rig.connect((self.rig.writer() or "-a")[-1]) as writer:
                    while not self._stop.is_set():
                        number += 1
                        writer.execute("INSERT INTO ledger VALUES (%s)", (number,))
                        self.acknowledged.add(number)
            except psycopg.Error:
                time.sleep(0.005)

    def lost(self) -> set[int]:
        """Acknowledged numbers that the writer does not have."""
        with self.rig.connect((self.rig.writer() or "")[-1]) as writer:
            return self.acknowledged - {row[0] for row in writer.execute("SELECT number FROM ledger")}
