"""Snapshots of a replication group: RDB files that its primaries save, and that another group is filled from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lab.data.identity import make_dir
from lab.data.resp import Line, ask
from lab.data.slots import slot_of

if TYPE_CHECKING:
    from lab.data.valkey import ValkeyGroup, ValkeyNode

DUMP = "dump.rdb"
BATCH = 500  # keys that one command moves
SAVE_TIMEOUT_S = 60.0
MOVE_TIMEOUT_S = 60.0


def keep(group: ValkeyGroup, target: Path) -> None:
    """Copy the data of every shard, as they are now, into a folder: one file for each."""
    make_dir(target, group.identity)
    for index, primary in enumerate(group.primaries()):
        ask(primary.address, primary.port, "SAVE", timeout_s=SAVE_TIMEOUT_S)
        saved = primary.directory / DUMP
        shutil.copyfile(saved, target / f"{index}.rdb")
        saved.unlink()  # a node that starts again must not find it: ElastiCache's come back empty
        group.identity.own(target / f"{index}.rdb")


def fill(group: ValkeyGroup, files: Sequence[Path]) -> None:
    """Load every file into a server of its own and move its keys to the shards that hold their slots."""
    for file in files:
        loader = group.new_node("loader", cluster_mode=False)
        try:
            shutil.copyfile(file, loader.directory / DUMP)
            group.identity.own(loader.directory / DUMP)
            loader.start()
            _move_all(loader, group)
        finally:
            loader.stop()
            group.block.give_back(loader.address)
            shutil.rmtree(loader.directory, ignore_errors=True)


def _move_all(loader: ValkeyNode, group: ValkeyGroup) -> None:
    holders, primaries = group.holders(), group.primaries()
    for database in _databases(loader):
        with Line(loader.address, loader.port, timeout_s=MOVE_TIMEOUT_S) as line:
            line.ask("SELECT", database)
            for keys in _batches(line):
                by_shard: dict[int, list[bytes]] = {}
                for key in keys:
                    by_shard.setdefault(holders[slot_of(key)] if holders else 0, []).append(key)
                for shard, theirs in by_shard.items():
                    target = primaries[shard]
                    where = (target.address, target.port, "", database, int(MOVE_TIMEOUT_S * 1000))
                    line.ask("MIGRATE", *where, "COPY", "REPLACE", "KEYS", *theirs)


def _databases(loader: ValkeyNode) -> list[int]:
    """Numbers of the databases that hold keys; with cluster mode there is one."""
    lines = str(loader.run("INFO", "keyspace")).splitlines()
    return [int(line.partition(":")[0].removeprefix("db")) for line in lines if line.startswith("db")]


def _batches(line: Line) -> Iterator[list[bytes]]:
    cursor = b"0"
    while True:
        cursor, keys = line.ask("SCAN", cursor, "COUNT", BATCH, raw=True)
        if keys:
            yield keys
        if cursor == b"0":
            return
