"""An external masking program, with a copy's connection in its environment and nothing of any other database."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from patterns.connect import resolve, tls_options
from runbooks.aws.secrets import Login
from runbooks.masking.database import APPLICATION, Place

LAST_LINES: Final = 20
LINE_LENGTH: Final = 300
# What would lead a program to another database than the copy.
FOREIGN: Final = ("PG", "MYSQL_", "DATABASE_URL", "DB_")


class MaskCommandError(Exception):
    """The program failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a program ended, and the last lines that it wrote."""

    code: int
    lines: tuple[str, ...]


def environment(place: Place, login: Login, cluster_id: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """A program's environment: as the runbook's own, with the copy's connection instead of any other's."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(FOREIGN)}
    tls = tls_options(place.host, inherited)
    return {
        **kept,
        "AURORA_ESTATE_CLUSTER": cluster_id,
        "PGHOST": place.host,
        "PGHOSTADDR": resolve(place.host, inherited),
        "PGPORT": str(place.port),
        "PGUSER": login.username,
        "PGPASSWORD": login.password,
        "PGDATABASE": place.database,
        "PGAPPNAME": APPLICATION,
        "PGSSLMODE": tls["sslmode"],
        **({"PGSSLROOTCERT": tls["sslrootcert"]} if "sslrootcert" in tls else {}),
    }


def mysql_environment(place: Place, login: Login, cluster_id: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The same for Aurora MySQL: what MySQL's own client reads, and the user's name, which it does not."""
    kept = {name: value for name, value in inherited.items() if not name.startswith(FOREIGN)}
    return {
        **kept,
        "AURORA_ESTATE_CLUSTER": cluster_id,
        "MYSQL_HOST": place.host,
        "MYSQL_TCP_PORT": str(place.port),
        "MYSQL_USER": login.username,
        "MYSQL_PWD": login.password,
        "MYSQL_DATABASE": place.database,
    }


def run(words: tuple[str, ...], environ: Mapping[str, str], secret: str, say: Callable[[str], None]) -> Ended:
    """Run a program to its end, without a shell; what it writes is shown, the password in it replaced.

    Raises:
        MaskCommandError: it cannot be started.
    """
    try:
        child = subprocess.Popen(
            list(words), env=dict(environ), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise MaskCommandError(f"{words[0]} must be a program that can be run, got: {error.strerror}") from None
    lines: deque[str] = deque(maxlen=LAST_LINES)
    try:
        assert child.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in child.stdout:
            lines.append(scrubbed(line, secret))
            say(f"      {lines[-1]}")
        code = child.wait()
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait()
        if child.stdout is not None:
            child.stdout.close()
    return Ended(code=code, lines=tuple(lines))


def scrubbed(line: str, secret: str) -> str:
    """A line without the password, and not longer than a terminal can bear."""
    clean = line.rstrip().replace(secret, "(withheld)") if secret else line.rstrip()
    return clean if len(clean) <= LINE_LENGTH else clean[:LINE_LENGTH] + "..."
