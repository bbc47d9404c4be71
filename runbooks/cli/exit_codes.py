"""The exit codes of every command, as the README prints them. They are public API."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's end means to the script that called it."""

    DONE = 0
    FAILED = 1
    BAD_ARGUMENTS = 2
    REFUSED = 3
    NOT_VERIFIED = 4
    TIMED_OUT = 5
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.DONE: "done, or a dry run with a valid plan",
    ExitCode.FAILED: "a step failed; the journal says which",
    ExitCode.BAD_ARGUMENTS: "bad arguments, or a wrong estate file",
    ExitCode.REFUSED: "refused: a precondition does not hold, nothing was changed",
    ExitCode.NOT_VERIFIED: "every step ran, but verification did not pass",
    ExitCode.TIMED_OUT: "timed out, still in progress; run again with the same run id",
    ExitCode.INTERRUPTED: "interrupted; `runbook resume RUN` goes on",
}
