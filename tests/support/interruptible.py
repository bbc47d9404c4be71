"""The command as a process that Ctrl-C reaches, even in a test run in the background, which shuts it out."""

from __future__ import annotations

import sys

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from runbooks.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
RUNBOOK = (sys.executable, "-c", PROGRAM)
