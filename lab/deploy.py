"""Deploy an estate to the embedded AWS with the pinned CDK CLI, as anybody would deploy it to AWS."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lab.state import ACCOUNT, LabState

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_ESTATE = CHECKOUT / "examples" / "estates" / "shop.yaml"
CDK = CHECKOUT / "node_modules" / ".bin" / "cdk"
TLS_OFF_SUFFIX = ".test"
CONCURRENCY = 4
TAIL_LINES = 60
TAIL_WITHOUT_CROSS = 15
DEPLOYING = re.compile(r"^(\S+)(?: \(\S+\))?: deploying\.\.\.")
DEPLOYED = re.compile(r"^\s*✅\s+(\S+)")
ANSI = re.compile(r"\x1b\[[0-9;]*m")

Say = Callable[[str], None]


class DeployError(RuntimeError):
    """The CDK CLI ended with an error."""

    def __init__(self, message: str, next_step: str = "") -> None:
        self.next_step = next_step
        super().__init__(message)


def client_environment(state: LabState) -> dict[str, str]:
    """The settings that point any AWS client at the lab."""
    return {
        "AWS_ENDPOINT_URL": state.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": state.region,
        "AWS_DEFAULT_REGION": state.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "RUNBOOK_RESOLVER": state.dns,
        "RUNBOOK_TLS_OFF_FOR": TLS_OFF_SUFFIX,
    }


@dataclass
class Progress:
    """Turns the CDK CLI's output into a line per stack with its seconds."""

    say: Say
    clock: Callable[[], float] = time.monotonic
    began_s: dict[str, float] = field(default_factory=dict)

    def read(self, line: str) -> None:
        if found := DEPLOYING.match(line):
            self.began_s.setdefault(found[1], self.clock())
            self.say(f"  {found[1]}: deploying")
        elif found := DEPLOYED.match(line):
            took_s = self.clock() - self.began_s.get(found[1], self.clock())
            self.say(f"  {found[1]}: done in {took_s:.1f} s")


def bootstrap(state: LabState, regions: Sequence[str], say: Say) -> None:
    """`cdk bootstrap` every Region of the estate."""
    for region in regions:
        began_s = time.monotonic()
        _run_cdk(["bootstrap", f"aws://{ACCOUNT}/{region}"], state, cwd=Path(state.base_dir), each_line=lambda _: None)
        say(f"  bootstrap of {region}: done in {time.monotonic() - began_s:.1f} s")


def deploy(state: LabState, estate: Path, say: Say) -> None:
    """`cdk deploy --all` of the estate; returns when every stack is complete.

    Raises:
        DeployError: a stack failed, or the CDK CLI is not there.
    """
    words = ["deploy", "--all", "--app", f"{sys.executable} app.py", "--context", f"estate={estate.resolve()}"]
    words += ["--require-approval", "never", "--concurrency", str(CONCURRENCY), "--progress", "events"]
    words += ["--output", str(Path(state.base_dir) / "cdk.out")]
    say("  synthesizing")
    _run_cdk(words, state, cwd=CHECKOUT, each_line=Progress(say).read)


def require_cdk() -> None:
    """Refuse to begin what cannot be finished.

    Raises:
        DeployError: `make setup` has not been run.
    """
    if not CDK.exists():
        raise DeployError(f"the CDK CLI must be at {CDK}, got nothing there", "run `make setup` in the checkout")


def _run_cdk(words: Sequence[str], state: LabState, *, cwd: Path, each_line: Say) -> None:
    require_cdk()
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    command = [str(CDK), *words, "--no-notices", "--no-color"]
    with subprocess.Popen(
        command,
        cwd=cwd,
        env=_cdk_environment(os.environ, state),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in _lines(process):
                tail.append(line)
                each_line(line)
        except KeyboardInterrupt:
            process.terminate()
            raise
    if process.returncode:
        said = "\n".join(what_failed(list(tail)))
        raise DeployError(
            f"`cdk {words[0]}` ended with exit code {process.returncode}:\n{said}",
            "`runbook lab log --errors` has the calls; mend the cause, then `runbook lab down` and up again",
        )


def what_failed(lines: list[str]) -> list[str]:
    """The CLI's own words about the failure: from its first cross on; without one, the end of what it said."""
    first = next((number for number, line in enumerate(lines) if "❌" in line), None)
    return lines[first:] if first is not None else lines[-TAIL_WITHOUT_CROSS:]


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    for line in process.stdout or ():
        yield ANSI.sub("", line).rstrip()


def _cdk_environment(inherited: Mapping[str, str], state: LabState) -> dict[str, str]:
    """The caller's environment without its AWS settings: a profile or a session token must not meet the lab."""
    kept = {key: value for key, value in inherited.items() if not key.startswith("AWS_")}
    kept.pop("NO_COLOR", None)
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return {**kept, **client_environment(state), "PATH": path, "NODE_NO_WARNINGS": "1"}
