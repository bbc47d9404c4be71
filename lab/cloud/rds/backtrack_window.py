"""How far back a cluster can be wound: as long ago as its window says, and not before it had one."""

from __future__ import annotations

import datetime as dt


class Backtracked:
    """Attributes of DescribeDBClusters that speak of backtracking; before moto's model in a cluster's bases.

    Aurora User Guide, "Overview of backtracking": the window grows from when the feature is turned on; a clone cannot
    be wound back to before it was made.
    """

    _backtrack_window = 0
    backtrack_since: dt.datetime | None = None

    @property
    def backtrack_window(self) -> int:
        return self._backtrack_window

    @backtrack_window.setter
    def backtrack_window(self, seconds: int) -> None:
        if not seconds:
            self.backtrack_since = None
        elif self.backtrack_since is None:
            self.backtrack_since = dt.datetime.now(dt.UTC)
        self._backtrack_window = seconds

    @property
    def earliest_backtrack_time(self) -> dt.datetime | None:
        """None where there is no window."""
        if self.backtrack_since is None:
            return None
        return max(self.backtrack_since, dt.datetime.now(dt.UTC) - dt.timedelta(seconds=self._backtrack_window))
