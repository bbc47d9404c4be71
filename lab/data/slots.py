"""Hash slots of a cluster: how they are written, spread and moved. Pure."""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence

SLOTS = 16_384

Range = tuple[int, int]


def slot_range(shard: int, shards: int) -> Range:
    """First and last slot of a shard (from 0) when the slots are spread evenly."""
    return shard * SLOTS // shards, (shard + 1) * SLOTS // shards - 1


def spread(shards: int) -> list[frozenset[int]]:
    """The slots of each shard, spread evenly."""
    return [frozenset(range(first, last + 1)) for first, last in (slot_range(each, shards) for each in range(shards))]


def read_slots(text: str) -> frozenset[int]:
    """The slots of "0-99,200" (CLUSTER NODES puts spaces between the ranges)."""
    found: set[int] = set()
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def ranges_of(slots: Iterable[int]) -> Iterator[Range]:
    """First and last slot of each run."""
    first = last = None
    for slot in sorted(slots):
        if first is None or last is None:
            first = last = slot
        elif slot == last + 1:
            last = slot
        else:
            yield first, last
            first = last = slot
    if first is not None and last is not None:
        yield first, last


def moves(
    now: Mapping[str, frozenset[int]], wanted: Mapping[str, frozenset[int]]
) -> list[tuple[str, str, list[Range]]]:
    """What must move so that each holder has what it is to have: from, to, ranges."""
    return [
        (source, target, list(ranges_of(slots)))
        for source, held in now.items()
        for target, due in wanted.items()
        if source != target and (slots := held & due)
    ]


def wanted_slots(shards: int, given: Sequence[str]) -> list[frozenset[int]]:
    """The slots of each shard as given, evenly where nothing is."""
    return [read_slots(text) for text in given] if given else spread(shards)


def slot_of(key: bytes) -> int:
    """The slot of a key: of what stands between its first braces, when something does. [valkey.io, cluster-spec]"""
    start = key.find(b"{")
    end = key.find(b"}", start + 1)
    tag = key[start + 1 : end] if start >= 0 and end > start + 1 else key
    return binascii.crc_hqx(tag, 0) % SLOTS
