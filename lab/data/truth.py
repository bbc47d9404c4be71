"""What really happened and when: the drill's accuracy bench compares what clients measured with this."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path


class TruthLog:
    """Appends one JSON object per state change to `truth.jsonl`, with wall clock and monotonic seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def note(self, event: str, **facts: str | float | list[str] | None) -> None:
        """Write one event; `event` is `noun.verb`."""
        monotonic_s, wall_s = time.monotonic(), time.time()
        line = {
            "event": event,
            "monotonic_s": monotonic_s,
            "wall_s": wall_s,
            "at": datetime.fromtimestamp(wall_s, tz=UTC).isoformat(),
            **facts,
        }
        with self._lock:
            if not self._file.closed:
                self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        with self._lock:
            self._file.close()


def read_truth(path: Path) -> list[dict[str, object]]:
    """Every event so far, oldest first."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
