"""Composition root: the estate file named by the context key `estate` becomes a cloud assembly.

`cdk synth -c estate=FILE -o DIR` runs this, and so does plain `python app.py` with the same settings: feature flags
come from `cdk.json` either way.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

gc.disable()  # a tenth of the run: while the CDK's definitions are loaded there is nothing to collect

import aws_cdk as cdk  # noqa: E402 - see above

from estate.load import EstateError, load_estate  # noqa: E402
from stacks.compose import compose  # noqa: E402

gc.freeze()
gc.enable()

HOME = Path(__file__).parent
DEFAULT_ESTATE = HOME / "examples" / "estates" / "shop.yaml"
FINDINGS, INVALID = 1, 2


def main() -> int:
    """Synthesize, or say everything that is wrong with the file and leave nothing behind."""
    settings = json.loads((HOME / "cdk.json").read_text(encoding="utf-8"))
    app = cdk.App(analytics_reporting=False, context=settings["context"], stack_traces=False, tree_metadata=False)
    path = Path(app.node.try_get_context("estate") or DEFAULT_ESTATE)
    try:
        estate = load_estate(path)
    except EstateError as error:
        sys.stderr.write(f"{error}\n")
        return INVALID
    compose(app, estate)
    try:
        app.synth()
    except RuntimeError as error:  # jsii's
        if not str(error).startswith("ValidationFailed"):
            raise
        sys.stderr.write(f"{error}\n")  # every finding, unless CDK has told them already
        return FINDINGS
    return 0


if __name__ == "__main__":
    sys.exit(main())
