"""What an error says to a person and to a program. Loaded only when something went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runbooks.cli.exit_codes import ExitCode


def describe(error: BaseException, code: ExitCode) -> dict[str, Any]:
    """Describe an error: `kind`, `message`, `reasons`, `next_step`, `exit_code`. The keys are public API."""
    message, next_step = _words(error, code)
    reasons = list(getattr(error, "reasons", ()))
    return {
        "kind": type(error).__name__.removesuffix("Error").lstrip("_"),
        "message": message,
        "reasons": reasons,
        "next_step": _name_run(next_step, error),
        "exit_code": int(code),
    }


def render(failure: Mapping[str, Any], width: int | None = None) -> str:
    """The same for people: what is wrong, every reason, what to do; `width` columns on a terminal, whole lines else."""
    reasons: list[str] = failure["reasons"]
    said = failure["message"]
    error = (
        said if failure["kind"] == "Estate" else f"error: {said}"
    )  # a file's problems say so themselves, line by line
    lines = ["refused; nothing was changed:" if reasons else error]
    lines += [f"  - {reason}" for reason in reasons]
    if failure["next_step"]:
        lines.append(f"next: {failure['next_step']}")
    return "\n".join(line if width is None else _wrapped(line, width) for line in lines)


def _wrapped(line: str, width: int) -> str:
    """A paragraph of a text of several, continued under its own beginning."""
    from runbooks.cli.output import wrapped

    return line if "\n" in line else wrapped(line, width, "    " if line.startswith("  - ") else "  ")


def _name_run(next_step: str, error: BaseException) -> str:
    """`runbook resume RUN` with the run's own id, where one was begun."""
    run_id: str | None = getattr(error, "run_id", None)
    return next_step if run_id is None else next_step.replace("resume RUN", f"resume {run_id}")


def _words(error: BaseException, code: ExitCode) -> tuple[str, str]:
    """A sentence, and what to do next."""
    if code is ExitCode.INTERRUPTED:
        if told := getattr(error, "next_step", ""):
            return str(error), told
        return "interrupted; the journal has what was done", "`runbook resume RUN` goes on; `runbook runs` lists all"
    cause = _aws_cause(error)
    if cause is not None and not hasattr(error, "reasons"):  # a refusal has said it in its reasons
        from runbooks.aws.errors import explain

        told = explain(cause)
        prefix = "" if cause is error else f"{str(error).split(':', 1)[0]}: "
        return prefix + told.message, told.next_step
    given = getattr(error, "next_step", "")
    if code is ExitCode.FAILED and not _is_ours(error):
        return (
            f"unexpected {type(error).__name__}: {error}",
            "this is a defect: set RUNBOOK_TRACEBACK=1, run again, and report what it prints",
        )
    return str(error), given or _NEXT_STEPS.get(code, "")


_NEXT_STEPS = {
    ExitCode.FAILED: "see the journal (`runbook runs` shows where), mend the cause, then `runbook resume RUN`",
    ExitCode.NOT_VERIFIED: "see the run's report; `runbook runs` shows where it is",
    ExitCode.TIMED_OUT: "it may still be in progress: `runbook resume RUN` looks again and goes on",
}


def _aws_cause(error: BaseException) -> BaseException | None:
    """The botocore error at the bottom, when there is one."""
    seen: BaseException | None = error
    while seen is not None:
        if any(kind.__module__ == "botocore.exceptions" for kind in type(seen).__mro__):
            return seen
        seen = seen.__cause__
    return None


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.startswith(("runbooks.", "estate.", "patterns.", "lab."))
