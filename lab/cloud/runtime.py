"""What is installed now: the plane, the delays and the faults that every backend of the embedded AWS asks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.cloud.call_faults import CallFaults
from lab.cloud.delays import NONE, Delays
from lab.cloud.faults import Faults
from lab.plane import DataPlane, NoPlane

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runtime:
    """One embedded AWS per process, as moto has one set of backends per process."""

    plane: DataPlane = field(default_factory=NoPlane)
    delays: Delays = NONE
    faults: Faults = field(default_factory=Faults)
    call_faults: CallFaults = field(default_factory=CallFaults)
    # RDS and ElastiCache state: the API's threads and the threads that wait for processes change it.
    lock: threading.RLock = field(default_factory=threading.RLock)


RUNTIME = Runtime()


def later(
    delay_s: float,
    work: Callable[[], None] | None,
    then: Callable[[], None],
    name: str,
    failed: Callable[[Exception], None] | None = None,
) -> None:
    """After `delay_s` seconds do `work` without the lock, then `then` with it; `failed` instead when `work` raises.

    At once when there is nothing to wait for: no delay and no processes.
    """

    def run() -> None:
        time.sleep(delay_s)
        try:
            if work is not None:
                work()
        except Exception as error:
            log.exception("transition.failed %s", name)
            if failed is not None:
                with RUNTIME.lock:
                    failed(error)
            return
        with RUNTIME.lock:
            then()

    if delay_s <= 0 and (work is None or isinstance(RUNTIME.plane, NoPlane)):
        run()
        return
    threading.Thread(target=run, name=name, daemon=True).start()
