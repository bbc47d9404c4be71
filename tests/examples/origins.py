"""What must be there before an example deploys: the snapshot and the clusters that `restored.yaml` is born from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.lab.cloud.conftest import Aws

ORIGINS: Mapping[str, Callable[[Aws], None]] = {}
