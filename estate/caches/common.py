"""What rules of every kind of cache look at: node types and windows. Each takes values, not a spec."""

from __future__ import annotations

from collections.abc import Iterator

from estate import engines, limits, windows
from estate.spec import Hit


def is_class(name: str) -> bool:
    """Whether a text can be a node type."""
    return name.startswith("cache.") and engines.CLASS_FORM.fullmatch(name) is not None


def family_of(node_class: str) -> str:
    """`r7g` of cache.r7g.large."""
    return node_class.split(".")[1] if is_class(node_class) else ""


def malformed_class(node_class: str) -> Iterator[Hit]:
    if not is_class(node_class):
        yield Hit(("class",), node_class)


def unknown_class(node_class: str) -> Iterator[Hit]:
    if is_class(node_class) and node_class not in engines.known_classes("cache"):
        yield Hit(("class",), node_class, must=f"be a node type in the data of {engines.data_date()}")


def class_not_in_region(node_class: str, region: str | None) -> Iterator[Hit]:
    if node_class in engines.classes_missing_in(region or ""):
        yield Hit(("class",), node_class, must=f"be offered in {region}")


def malformed_maintenance_window(window: str | None) -> Iterator[Hit]:
    if window is not None and windows.weekly_span(window) is None:
        yield Hit(("maintenance_window",), window)


def short_maintenance_window(window: str | None) -> Iterator[Hit]:
    span = windows.weekly_span(window or "")
    if span and span[1] < limits.CACHE_WINDOW_MINUTES_MIN:
        yield Hit(("maintenance_window",), window)


def short_snapshot_window(window: str | None) -> Iterator[Hit]:
    span = windows.daily_span(window or "")
    if span and span[1] < limits.CACHE_WINDOW_MINUTES_MIN:
        yield Hit(("snapshot_window",), window)
