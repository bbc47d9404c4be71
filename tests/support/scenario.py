"""One runbook done once, as the matrices run it: killed before and after every call, under faults, under its policy.

Each verb gives `SCENARIOS` in `tests/runbooks/<verb>/scenario.py`; `tests/runbooks/matrix` runs all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from lab.cloud.client import client

REGION = "eu-west-1"
ACCOUNT = "123456789012"


class Cloud:
    """The embedded AWS of a test, in this process, and clients that look at it from outside the runbook."""

    environment: ClassVar = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def client(self, service: str, region: str = REGION, account: str = ACCOUNT) -> Any:
        """A client of the test's own: its calls are never counted, crashed or refused."""
        return client(service, region, account)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One verb with arguments that make it do all it can.

    `words` is the command line without `--execute`, `--run-id`, `--confirm` and `--output`; `{folder}` in a word is the
    test's own folder, where `set_up` may put files. `set_up` prepares the account through boto3. `done` asserts what
    must be true at the end of a run that finished, however often it was killed before: all of it there, once, and
    nothing left behind. `confirm` is the identifier to type, when the verb asks for it. `not_needed` are actions of the
    policy that this scenario does not use, each with why (they are then not taken away one by one).
    """

    name: str
    words: tuple[str, ...]
    set_up: Callable[[Cloud], None]
    done: Callable[[Cloud], None]
    confirm: str = ""
    cluster: str = "*"  # for the policy: what the run is pointed at,
    target: str = "*"  # and what it makes
    not_needed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name
