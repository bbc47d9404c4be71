"""The help that `runbook` and its groups print: what there is, how to begin, how it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runbooks.cli.command import Row
from runbooks.cli.exit_codes import MEANINGS

INTRODUCTION = """\
usage: runbook COMMAND [options]

Operate Amazon Aurora and Amazon ElastiCache: a runbook shows its plan
first, changes nothing without --execute, and can be resumed when killed.
"""

EXAMPLES = """\
examples:
  runbook estate check shop.yaml            list every problem of an estate file
  runbook drill failover shop-orders        show what a failover drill would do
  runbook drill failover shop-orders --execute
  runbook runs                              list runs and how they ended
  runbook resume 20261121-101500-3f2a       go on with one that was interrupted
  runbook policy drill failover             print the IAM policy it needs

Every command takes --output text|json and has a --help of its own.
"""


def render_help(rows: Sequence[Row], groups: Mapping[str, str], group: str | None = None) -> str:
    """Render the help of the program, or of one group, in 80 columns."""
    if group is not None:
        usage = f"usage: runbook {group} COMMAND [options]\n\n{groups.get(group, 'commands of a plug-in')}\n"
        return f"{usage}\ncommands:\n{_command_lines(rows)}\n\nSee `runbook {group} COMMAND --help`."
    codes = "\n".join(f"  {code.value:>3}  {meaning}" for code, meaning in MEANINGS.items())
    return f"{INTRODUCTION}\ncommands:\n{_command_lines(rows)}\n\n{EXAMPLES}\nexit codes:\n{codes}"


def _command_lines(rows: Sequence[Row]) -> str:
    width = max(len(" ".join(row.path)) for row in rows)
    return "\n".join(f"  {' '.join(row.path):<{width}}  {row.help}" for row in rows)
