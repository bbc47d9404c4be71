"""Names of a copy's parts from its model's: instances and custom endpoints. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def renamed(name: str, model_id: str, copy_id: str) -> str:
    """`shop-orders-reporting` of `shop-orders` is `shop-orders-dev-reporting` in `shop-orders-dev`."""
    if name.startswith(f"{model_id}-"):
        return f"{copy_id}{name[len(model_id) :]}"
    return f"{copy_id}-{name}"


def pair(model: Sequence[str], copy: Sequence[str], model_id: str, copy_id: str) -> dict[str, str]:
    """Which of the copy's instances stands for which of the model's; both lists begin with the writer.

    By name first; then the writers, whatever they are called. Others without a namesake stand for none.
    """
    pairs = {each: renamed(each, model_id, copy_id) for each in model}
    found = {name: other for name, other in pairs.items() if other in copy}
    if model and copy and model[0] not in found and copy[0] not in found.values():
        found[model[0]] = copy[0]
    return found


def in_copy(members: Sequence[str], pairs: Mapping[str, str]) -> list[str]:
    """Members of an endpoint, as the copy calls them; those without a namesake are left out."""
    return sorted(pairs[member] for member in members if member in pairs)
