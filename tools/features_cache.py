"""What the ElastiCache constructs can do; as `tools/features.py`, whose page holds these rows too."""

from __future__ import annotations

from tools.features import Feature

CACHES: tuple[Feature, ...] = ()
