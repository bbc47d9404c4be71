"""Hash slots of shards: how the API writes them, and who holds which after a resharding. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.cloud.awserrors import invalid_value
from lab.data.slots import SLOTS, ranges_of, read_slots

Held = Mapping[str, frozenset[int]]


def written(slots: frozenset[int]) -> str:
    """Slots as NodeGroup.Slots has them: "0-5460", with commas between ranges."""
    return ",".join(f"{first}-{last}" for first, last in ranges_of(slots))


def given_slots(texts: Sequence[str]) -> list[str]:
    """The slots that a NodeGroupConfiguration gives, checked: every slot once. Example of the API: "0-3999"."""
    try:
        read = [read_slots(text) for text in texts]
    except ValueError as error:
        raise invalid_value(f"Slots must be written startkey-endkey, got {', '.join(texts)}") from error
    if sum(len(each) for each in read) != SLOTS or frozenset().union(*read) != frozenset(range(SLOTS)):
        raise invalid_value(f"Slots must hold each of the {SLOTS} slots once, got {', '.join(texts)}")
    return [written(each) for each in read]


def respread(held: Held, wanted: Sequence[str]) -> dict[str, frozenset[int]]:
    """Slots spread evenly over the wanted shards, with as few moves as can be: shards keep what they hold.

    "Redistributes the keyspaces among the shards so that the slots are spread evenly" (user guide, online resharding).
    """
    room = _room(held, wanted)
    kept = {name: frozenset(sorted(held.get(name, frozenset()))[: room[name]]) for name in wanted}
    free = sorted(frozenset(range(SLOTS)).difference(*kept.values()))
    result: dict[str, frozenset[int]] = {}
    for name in wanted:
        missing = room[name] - len(kept[name])
        result[name] = kept[name] | frozenset(free[:missing])
        free = free[missing:]
    return result


def _room(held: Held, wanted: Sequence[str]) -> dict[str, int]:
    """Slots of each shard; what does not divide evenly goes to those that hold the most already."""
    least, more = divmod(SLOTS, len(wanted))
    by_held = sorted(wanted, key=lambda name: -len(held.get(name, frozenset())))
    return {name: least + (1 if index < more else 0) for index, name in enumerate(by_held)}
