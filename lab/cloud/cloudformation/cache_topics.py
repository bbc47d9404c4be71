"""The topic that a replication group or a cluster of nodes tells: what CloudFormation sends, and where it is read."""

from __future__ import annotations

from typing import Any


def told(_old: Any, new: Any) -> dict[str, Any]:
    """A topic is never taken away, only no longer told; what CloudFormation sends then is unconfirmed."""
    if new is None:
        return {"NotificationTopicStatus": "inactive"}
    return {"NotificationTopicArn": new, "NotificationTopicStatus": "active"}


def read(configuration: Any) -> Any:
    """The topic of a NotificationConfiguration, while it is told."""
    shown = configuration or {}
    return shown.get("TopicArn") if shown.get("TopicStatus") == "active" else None
