"""Write docs/policies/<verb>.json, the IAM policy each runbook needs; --check says which are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from runbooks.aws.permissions import Place, build_policy
from runbooks.cli.output import to_json
from runbooks.cli.resume import find_runbook, runbook_names
from tools.generated import write_or_check

FOLDER = Path("docs/policies")
# The documents are examples for one cluster; `runbook policy VERB` fills in others.
PLACE = Place(
    region="eu-west-1", account="123456789012", cluster="shop-orders", target="shop-orders-copy", estate="shop"
)


def render() -> dict[Path, str]:
    """Every file with its text."""
    return {
        FOLDER / f"{name.replace(' ', '-')}.json": to_json(build_policy(runbook.actions, PLACE, runbook.scopes)) + "\n"
        for name, runbook in ((each, find_runbook(tuple(each.split()))) for each in runbook_names())
    }


if __name__ == "__main__":
    raise SystemExit(write_or_check(render(), check="--check" in sys.argv[1:]))
