"""The shape of every runbook, and the one loop that runs them.

request -> observe -> plan or blockers -> show -> confirm -> lock -> plan again -> execute -> verify -> report

A verb gives a `Runbook`: pure `plan`, effects at the edge. Nothing changes unless `Context.execute` is true. A killed
run is resumed by running it again with the same run id: it is observed and planned again, so effects must be
idempotent and `plan` must return only the steps that are still missing. `Context.journal.events` has what earlier
sittings of the run recorded, for what AWS cannot show (when it began, what was measured).

A verb, in short::

    RUNBOOK = Runbook(
        verb="drill failover",
        decode=Request.from_plain,          # JSON object -> request (from the journal, on resume)
        encode=Request.to_plain,            # request -> JSON object, no secrets
        target=lambda request: request.cluster_id,
        tools=open_tools,                   # (request, Session-free) -> whatever the effects call AWS with
        observe=observe,                    # (request, context) -> what is seen; no change
        plan=plan_failover,                 # (request, seen) -> steps, or PlanRefusedError with every reason
        effects={Kind.FAIL_OVER: Effect(fail_over, actions=("rds:FailoverDBCluster",))},
        reads=("rds:DescribeDBClusters",),  # IAM actions of observe and verify
        verify=verify,                      # (request, seen afterwards, context) -> Verdict
        guard=lock_cluster,                 # (request, context) -> context manager giving a check
    )

An effect is `(step, context) -> mapping | None`; the mapping is kept in the journal as the step's outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from runbooks.engine.clock import Clock
from runbooks.engine.journal import Journal
from runbooks.engine.plan import Call, PlanRefusedError, Step, render_plan
from runbooks.engine.scope import Scope
from runbooks.engine.wait import WaitTimedOutError

Q = TypeVar("Q")  # the request
S = TypeVar("S")  # what is seen
K = TypeVar("K", bound=StrEnum)  # kinds of steps
T = TypeVar("T")  # the tools effects use: AWS adapters

HeldCheck = Callable[[], None]

LOOKS: Final = 3  # at what was done, before it is called not verified
LOOK_EVERY_S: Final = 2.0


class State(StrEnum):
    """How far a run has come. Words of the journal and of `runbook runs`."""

    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    NOT_VERIFIED = "not verified"
    TIMED_OUT = "timed out"
    INTERRUPTED = "interrupted"


class StepFailedError(Exception):
    """An effect raised. Exit code 1; the cause is `__cause__`."""

    def __init__(self, step: Step[Any], cause: BaseException) -> None:
        self.step = step
        super().__init__(f"step `{step.key}` failed: {cause}")


class NotVerifiedError(Exception):
    """Every step ran, but what was done could not be verified. Exit code 4."""


class NotConfirmedError(Exception):
    """The identifier was not typed. Nothing was changed. Exit code 3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context(Generic[T]):
    """What a verb's functions are given besides the request.

    `folder` is where the run's files go (journal, evidence, report); it exists only when `execute` is true.
    `say` prints one line of progress.
    """

    run_id: str
    folder: Path
    clock: Clock
    journal: Journal
    tools: T
    execute: bool
    say: Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was verified; `detail` says what was seen and what was expected."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What verification found.

    `summary` is one line, shown by `runbook runs`; `result` is the verb's own frozen result, printed as JSON.
    """

    summary: str
    checks: tuple[Check, ...] = ()
    result: Any = None

    @property
    def passed(self) -> bool:
        """Every check passed."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True)
class Effect(Generic[K, T]):
    """How a kind of step is done, and the IAM actions that takes. Must be idempotent."""

    run: Callable[[Step[K], Context[T]], Mapping[str, Any] | None]
    actions: tuple[str, ...] = ()


@contextmanager
def no_guard(_request: Any, _context: Any) -> Generator[HeldCheck, None, None]:
    """Guard nothing."""
    yield lambda: None


def no_reason(_request: Any, _seen: Any) -> str:
    """Nothing that has to be confirmed."""
    return ""


def summarize(outcome: Outcome[Any]) -> str:
    """Render an outcome for a terminal, for verbs that have no words of their own."""
    lines = [f"{outcome.verb} {outcome.target}: {outcome.state}", "", render_plan(outcome.steps)]
    if outcome.verdict is not None:
        lines += ["", outcome.verdict.summary]
        lines += [
            f"  {'ok' if check.passed else 'NO':<3} {check.name}: {check.detail}" for check in outcome.verdict.checks
        ]
    if outcome.state is State.PLANNED and outcome.steps:
        lines += ["", "Nothing was changed. Add --execute to do it."]
    return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Runbook(Generic[Q, S, K, T]):
    """One verb. See the module's docstring for the parts.

    `irreversible` makes the CLI ask for the target's identifier, typed, before anything is done; `confirms` does so
    for what is seen only then, such as a production cluster: it gives the reason, or nothing. `scopes` narrows the
    verb's own IAM actions further than `runbooks/aws/permissions.py` does for all. `clocked` names fields of the
    request that were taken from the clock when it was made (an expiry): the same command under the same run id keeps
    the first ones. Names of what is made come from the run id, never from the clock: they are the same without a
    journal. `measures`: the verdict is on what was measured, so that looking again changes nothing and a run that was
    not verified is at its end.
    `guard_actions` are the IAM actions of `guard`. `render` turns the outcome into the text on stdout;
    `details` adds to its JSON form what was seen (what stays and why), dry runs included.
    """

    verb: str
    decode: Callable[[Mapping[str, Any]], Q]
    encode: Callable[[Q], Mapping[str, Any]]
    target: Callable[[Q], str]
    tools: Callable[[Q], T]
    observe: Callable[[Q, Context[T]], S]
    plan: Callable[[Q, S], tuple[Step[K], ...]]
    effects: Mapping[K, Effect[K, T]]
    verify: Callable[[Q, S, Context[T]], Verdict]
    reads: tuple[str, ...] = ()
    guard: Callable[[Q, Context[T]], AbstractContextManager[HeldCheck]] = no_guard
    guard_actions: tuple[str, ...] = ()
    irreversible: bool = False
    confirms: Callable[[Q, S], str] = no_reason
    scopes: Mapping[str, Scope] = field(default_factory=dict[str, Scope])
    clocked: tuple[str, ...] = ()
    measures: bool = False
    render: Callable[[Outcome[S]], str] = summarize
    details: Callable[[S], Any] | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """Every IAM action the verb needs, sorted, once each."""
        of_effects = {action for effect in self.effects.values() for action in effect.actions}
        return tuple(sorted(of_effects | set(self.reads) | set(self.guard_actions)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome(Generic[S]):
    """How a run ended. `steps` is the plan; `seen` what was observed last; `folder` is None after a dry run."""

    run_id: str
    verb: str
    target: str
    state: State
    steps: tuple[Step[Any], ...]
    seen: S
    verdict: Verdict | None = None
    folder: Path | None = None


def show_plan(target: str, steps: tuple[Step[Any], ...], say: Callable[[str], None]) -> None:
    """Print the plan on stderr before it is done."""
    say(f"plan for {target}:")
    say(render_plan(steps))


def run(
    runbook: Runbook[Q, S, K, T],
    request: Q,
    context: Context[T],
    confirm: Callable[[str, str], None] = lambda _target, _why: None,
) -> Outcome[S]:
    """Run a verb to its end, or, when `context.execute` is false, up to its plan.

    `confirm` is called before anything is changed, with the target and the reason why it must be confirmed (empty:
    it need not be), and raises NotConfirmedError to stop.

    Raises:
        PlanRefusedError: a precondition does not hold; nothing was changed.
        NotConfirmedError: the operator did not confirm; nothing was changed.
        StepFailedError: an effect raised; earlier steps are done.
        WaitTimedOutError: an effect timed out; run again with the same run id.
        NotVerifiedError: the state afterwards could not be read.
    """
    with _journal_the_end(context):
        seen = runbook.observe(request, context)
        steps = runbook.plan(request, seen)
        if not context.execute:
            return _outcome(runbook, request, context, end=(State.PLANNED, steps, seen))
        context.journal.record("run.planned", steps=plain_steps(steps))
        show_plan(runbook.target(request), steps, context.say)
        confirm(runbook.target(request), _why_confirm(runbook, request, seen, steps))
        with runbook.guard(request, context) as check_held:
            steps = _plan_again(runbook, request, context, steps)
            _execute(runbook, steps, context, check_held)
            verdict, seen = _verify(runbook, request, context)
        state = State.DONE if verdict.passed else State.NOT_VERIFIED
        context.journal.record("run.finished", state=state.value, verdict=verdict.summary)
        return _outcome(runbook, request, context, end=(state, steps, seen), verdict=verdict)


def _why_confirm(runbook: Runbook[Q, S, K, T], request: Q, seen: S, steps: tuple[Step[K], ...]) -> str:
    """A run that has nothing left to do needs nobody's word."""
    if not steps:
        return ""
    return "this cannot be undone" if runbook.irreversible else runbook.confirms(request, seen)


def _plan_again(
    runbook: Runbook[Q, S, K, T], request: Q, context: Context[T], shown: tuple[Step[K], ...]
) -> tuple[Step[K], ...]:
    """Look again under the lock: nothing is done that was not shown; what is not needed any more is left out."""
    steps = runbook.plan(request, runbook.observe(request, context))
    left = iter([_identity(step) for step in shown])
    if not all(_identity(step) in left for step in steps):  # in the order in which they were shown
        raise PlanRefusedError(
            (f"{runbook.target(request)} changed after the plan was shown; look at the plan again and run once more",)
        )
    return steps


def _identity(step: Step[Any]) -> tuple[str, tuple[Call, ...], Mapping[str, Any]]:
    """What must not change between showing and doing; reasons may quote numbers that move."""
    return step.key, step.calls, step.arguments


def _execute(
    runbook: Runbook[Q, S, K, T], steps: tuple[Step[K], ...], context: Context[T], check_held: HeldCheck
) -> None:
    for number, step in enumerate(steps, start=1):
        check_held()
        context.say(f"[{number}/{len(steps)}] {step.key}: {step.why}")
        context.journal.record("step.intended", step=step.key, why=step.why, arguments=dict(step.arguments))
        began_s = context.clock.monotonic()
        outcome = _run_effect(runbook.effects[step.kind], step, context)
        took_s = round(context.clock.monotonic() - began_s, 3)
        context.journal.record("step.done", step=step.key, took_s=took_s, outcome=dict(outcome or {}))


def _run_effect(effect: Effect[K, T], step: Step[K], context: Context[T]) -> Mapping[str, Any] | None:
    try:
        return effect.run(step, context)
    except WaitTimedOutError:
        raise
    except Exception as error:
        context.journal.record("step.failed", step=step.key, error=f"{type(error).__name__}: {error}")
        raise StepFailedError(step, error) from error


def _verify(runbook: Runbook[Q, S, K, T], request: Q, context: Context[T]) -> tuple[Verdict, S]:
    try:
        verdict, seen = _look_until_settled(runbook, request, context)
    except WaitTimedOutError:
        raise
    except Exception as error:
        raise NotVerifiedError(f"every step ran, but the result could not be verified: {error}") from error
    checks = [{"name": check.name, "passed": check.passed, "detail": check.detail} for check in verdict.checks]
    context.journal.record("run.verified", passed=verdict.passed, checks=checks)
    return verdict, seen


def _look_until_settled(runbook: Runbook[Q, S, K, T], request: Q, context: Context[T]) -> tuple[Verdict, S]:
    """Look again when something does not show yet: AWS's answers lag behind what was done."""
    for left in reversed(range(1 if runbook.measures else LOOKS)):
        seen = runbook.observe(request, context)
        verdict = runbook.verify(request, seen, context)
        if verdict.passed or not left:
            return verdict, seen
        context.clock.sleep(LOOK_EVERY_S)
    raise AssertionError(runbook.verb)


_ENDS: tuple[tuple[type[BaseException], State], ...] = (
    (PlanRefusedError, State.REFUSED),
    (NotConfirmedError, State.REFUSED),
    (WaitTimedOutError, State.TIMED_OUT),
    (NotVerifiedError, State.NOT_VERIFIED),
    (KeyboardInterrupt, State.INTERRUPTED),
    (BaseException, State.FAILED),
)


@contextmanager
def _journal_the_end(context: Context[Any]) -> Generator[None, None, None]:
    """Record why a run stopped early, then let the reason go on."""
    try:
        yield
    except BaseException as error:
        state = next(state for kind, state in _ENDS if isinstance(error, kind))
        context.journal.record("run.stopped", state=state.value, error=type(error).__name__, reason=str(error))
        raise


def plain_steps(steps: tuple[Step[Any], ...]) -> list[dict[str, Any]]:
    """The JSON form of a plan, in results and journals. Its keys are public API."""
    return [
        {
            "step": step.key,
            "why": step.why,
            "calls": [call.to_plain() for call in step.calls],
            "arguments": dict(step.arguments),
        }
        for step in steps
    ]


def _outcome(
    runbook: Runbook[Q, S, K, T],
    request: Q,
    context: Context[T],
    *,
    end: tuple[State, tuple[Step[K], ...], S],
    verdict: Verdict | None = None,
) -> Outcome[S]:
    state, steps, seen = end
    return Outcome(
        run_id=context.run_id,
        verb=runbook.verb,
        target=runbook.target(request),
        state=state,
        steps=steps,
        seen=seen,
        verdict=verdict,
        folder=context.folder if context.execute else None,
    )
