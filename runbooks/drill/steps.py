"""The drill's effects. Each can be done again: names come from the run id, and the journal says what was asked for."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from patterns.connect import tls_options
from runbooks import guard
from runbooks.aws import rds as rds_adapter
from runbooks.aws import secrets as secrets_adapter
from runbooks.drill import database, ledger
from runbooks.drill.evidence import ApiSeen
from runbooks.drill.measure import RoundFacts, has_come_to_rest
from runbooks.drill.plan import ROUNDS, SCHEMA, Kind, progress_of
from runbooks.drill.probe import ProbeConfig
from runbooks.drill.process import ProbeProcess
from runbooks.drill.records import Fate, Trace, read_trace
from runbooks.drill.request import DrillRequest, Pace
from runbooks.drill.tools import DrillTools
from runbooks.drill.topology import AVAILABLE, ServerSeen, Topology
from runbooks.drill.verdict import servers_agree
from runbooks.engine.plan import Step
from runbooks.engine.run import Context, Effect, HeldCheck
from runbooks.engine.wait import FAILED, PENDING, READY, Judgement, WaitTimedOutError, wait_for

Ctx = Context[DrillTools]
NUMBERS_PER_PROBE: Final = 1_000_000_000  # a probe's writes are numbered in a range of its own
ASKED_TIMES_MAX: Final = 3  # the first time included
SETTLE_TIMEOUT_S: Final = 900.0  # "typically less than 10 minutes" for an instance to come back
ROLES_POLL_S: Final = 0.5
START_TIMEOUT_S: Final = 15.0
MIN_ACKS: Final = 3
ACCEPT_TIMEOUT_S: Final = 60.0
ACCEPT_POLL_S: Final = 1.0
NOT_YET: Final = frozenset({"InvalidDBInstanceState", "InvalidDBClusterStateFault", "Throttling"})


@contextmanager
def lock_cluster(request: DrillRequest, context: Ctx) -> Generator[HeldCheck]:
    """Hold the cluster's lock while anything is done; the probe does not outlive the block."""
    tools = context.tools
    with guard.hold(tools.ssm, request.cluster_id, tools.holder(context.run_id), context.clock) as check:
        try:
            yield check
        finally:
            tools.stop_probe()


def prepare(_step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Make the table, and note the cluster as it was found."""
    topology = context.tools.topology()
    table = database.table_name(context.run_id)
    with database.connect_to_writer(topology, context.tools.login(topology)) as connection:
        server_version = database.prepare(connection, table)
    if progress_of(context.journal.events).before is None:
        context.journal.record("drill.began", topology=topology.to_plain(), server_version=server_version, table=table)
    return {"table": f"{SCHEMA}.{table}", "server_version": server_version}


def learn_baseline(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Start the probe and let it run until what is usual is known."""
    tools, number = context.tools, int(step.arguments["round"])
    topology = tools.topology()
    pace = tools.pace(topology)
    probe = tools.probe = start_probe(context, topology, pace, number)
    wait_for(
        "the probe's first acknowledged writes",
        poll=lambda: _acks(probe.follow()),
        judge=lambda acks: READY if acks >= MIN_ACKS else PENDING,
        timeout_s=START_TIMEOUT_S,
        every_s=0.1,
        clock=context.clock,
    )
    began_s = context.clock.monotonic()
    while context.clock.monotonic() - began_s < pace.baseline_s:
        context.clock.sleep(min(0.25, pace.baseline_s))
        probe.follow()
    return {"probe": probe.out.name, "pid": probe.pid, "acked": _acks(probe.trace)}


def start_probe(context: Ctx, topology: Topology, pace: Pace, number: int) -> ProbeProcess:
    """Start a probe whose evidence goes to a new file of the run's folder."""
    tools, folder = context.tools, context.folder
    past = len(list(folder.glob("probe-*.jsonl")))
    login = tools.login(topology)
    hosts = [topology.writer_endpoint, *(endpoint.host for endpoint in topology.endpoints)]
    instances = tuple(member.address for member in topology.members)
    config = ProbeConfig(
        out=str(folder / f"probe-{number}-{past + 1}.jsonl"),
        wall_s=tools.clock.wall_s,
        monotonic_s=tools.clock.monotonic_s,
        table=f"{SCHEMA}.{database.table_name(context.run_id)}",
        first_number=past * NUMBERS_PER_PROBE + 1,
        writer=topology.writer_endpoint,
        port=topology.port,
        readers=tuple((endpoint.name, endpoint.host) for endpoint in topology.endpoints),
        watched=(*hosts[1:], *instances),
        instances=instances,
        database=topology.database,
        user=login.username,
        password=login.password,
        tls={host: tls_options(host) for host in (*hosts, *instances)},
        rate_per_s=pace.rate_per_s,
        clients=pace.clients,
        read_rate_per_s=pace.read_rate_per_s,
        attempt_timeout_s=pace.attempt_timeout_s,
        connect_timeout_s=pace.connect_timeout_s,
    )
    return ProbeProcess(config, folder / "probe.log")


def fail_over(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Ask RDS for the failover, once. The journal knows of it before RDS does."""
    topology, number = context.tools.topology(), int(step.arguments["round"])
    target = step.arguments["target"]
    if target == topology.writer_id:
        context.journal.record("drill.unneeded", round=number, writer=target)
        return {"unneeded": f"{target} is the writer already"}
    context.journal.record("drill.writer", round=number, writer=topology.writer_id, expected=step.subject, why=step.why)
    _ask(context, number, target)
    return {"writer": topology.writer_id}


def _ask(context: Ctx, number: int, target: str | None) -> None:
    """Ask until RDS accepts: a reader that RDS shows available may need a moment until it can be promoted."""
    tools = context.tools
    context.journal.record("drill.asking", round=number, at_s=tools.clock.now(), target=target)
    try:
        begun_s, _refusal = wait_for(
            "RDS accepting the failover",
            poll=lambda: _ask_once(tools, target),
            judge=lambda answer: PENDING if answer[1] else READY,
            timeout_s=ACCEPT_TIMEOUT_S,
            every_s=ACCEPT_POLL_S,
            clock=context.clock,
        )
    except (ClientError, WaitTimedOutError):
        # RDS said no: nothing happened, and the next sitting may ask. Without an answer it may have happened.
        context.journal.record("drill.refused", round=number)
        raise
    context.journal.record("drill.asked", round=number, at_s=begun_s)


def _ask_once(tools: DrillTools, target: str | None) -> tuple[float, str]:
    """When it was asked, and RDS's refusal when it was one that passes; a refusal changes nothing."""
    begun_s = tools.clock.now()
    try:
        tools.rds.failover_cluster(tools.request.cluster_id, target)
    except ClientError as error:
        if rds_adapter.error_code(error) not in NOT_YET:
            raise
        return begun_s, str(error)
    return begun_s, ""


@dataclass(slots=True)
class Watch:
    """What is known while a round is watched. `asked_s` is the latest time the failover was asked for."""

    number: int
    target: str | None
    old_writer: str
    first_asked_s: float
    asked_s: float
    asked_times: int = 1
    writer_id: str = ""
    status: str = ""
    changed_s: float | None = None
    gave_up: str = ""


def watch(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Follow the API and the probe until writes are steady behind a new writer, or time is up."""
    tools, number = context.tools, int(step.arguments["round"])
    facts = _round_facts(context, number)
    if facts is None:
        tools.stop_probe()
        _reached(context, Kind.WATCH, number)
        return {"unneeded": True}
    pace = tools.pace(tools.topology())
    wait_for(
        "steady writes behind a new writer",
        poll=lambda: _look(context, facts),
        judge=lambda trace: _judge(context, facts, trace, pace),
        timeout_s=pace.timeout_s + pace.steady_s + 30,
        every_s=pace.poll_s,
        clock=context.clock,
    )
    tools.stop_probe()
    _reached(context, Kind.WATCH, number, gave_up=facts.gave_up, steady_s=pace.steady_s)
    return {"writer": facts.writer_id, "asked_times": facts.asked_times, "gave_up": facts.gave_up}


def _round_facts(context: Ctx, number: int) -> Watch | None:
    events = [event for event in context.journal.events if event.get("round") == number]
    asking = [event for event in events if event["event"] == "drill.asking"]
    asked = [event for event in events if event["event"] == "drill.asked"]
    if not asked:
        return None
    writer = next(event["writer"] for event in events if event["event"] == "drill.writer")
    return Watch(
        number=number, target=asking[0]["target"], old_writer=writer,
        first_asked_s=asked[0]["at_s"], asked_s=asked[-1]["at_s"],
    )  # fmt: skip


def _look(context: Ctx, facts: Watch) -> Trace:
    """One look at the API, kept when it changed, and at what the probe wrote since."""
    tools = context.tools
    cluster = tools.rds.find_cluster(tools.request.cluster_id)
    writer_id, status = (cluster.writer_id or "", cluster.status) if cluster else ("", "gone")
    if (writer_id, status) != (facts.writer_id, facts.status):
        facts.writer_id, facts.status = writer_id, status
        seen = ApiSeen(at_s=tools.clock.now(), writer_id=writer_id, status=status)
        context.journal.record("drill.api", round=facts.number, **asdict(seen))
        context.say(f"      {seen.at_s - facts.first_asked_s:6.2f} s  API: writer {writer_id or 'none'}, {status}")
        if facts.changed_s is None and writer_id not in {"", facts.old_writer}:
            facts.changed_s = seen.at_s
    return tools.probe.follow() if tools.probe is not None else Trace()


def _judge(context: Ctx, facts: Watch, trace: Trace, pace: Pace) -> Judgement:
    now = context.tools.clock.now()
    if facts.changed_s is not None and now - facts.changed_s >= pace.steady_s:
        measured = RoundFacts(
            number=facts.number, name=ROUNDS[facts.number], asked_s=facts.first_asked_s, steady_s=pace.steady_s
        )
        if has_come_to_rest(measured, trace, now):
            return READY
    if now - facts.first_asked_s > pace.timeout_s:
        facts.gave_up = f"given up after {pace.timeout_s:g} s"
        return READY
    if is_silent(facts, trace, now, pace.quiet_s):
        return _ask_again(context, facts)
    return PENDING


def is_silent(facts: Watch, trace: Trace, now: float, quiet_s: float) -> bool:
    """Whether an accepted failover shows no effect at all: same writer, cluster available, no write failed."""
    if facts.changed_s is not None or facts.status != AVAILABLE or now - facts.asked_s < quiet_s:
        return False
    return not any(write.fate is not Fate.ACKED and write.ended_s > facts.asked_s for write in trace.writes)


def _ask_again(context: Ctx, facts: Watch) -> Judgement:
    if facts.asked_times >= ASKED_TIMES_MAX:
        facts.gave_up = f"asked {facts.asked_times} times, and nothing happened"
        return READY
    context.say(f"      nothing happened for {context.tools.clock.now() - facts.asked_s:.0f} s: asking again")
    _ask(context, facts.number, facts.target)
    facts.asked_s = context.tools.clock.now()
    facts.asked_times += 1
    return PENDING


def settle(_step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Wait until RDS shows every instance available.

    Raises:
        WaitTimedOutError: it still does not after 15 minutes; run again with the same run id.
    """
    tools = context.tools
    topology = wait_for(
        f"every instance of {tools.request.cluster_id} being available",
        poll=tools.topology,
        judge=_judge_settled,
        timeout_s=SETTLE_TIMEOUT_S,
        every_s=tools.pace(tools.topology()).poll_s,
        clock=context.clock,
    )
    servers = await_roles(context, topology)
    return {"writer": topology.writer_id, "servers": {server.name: _words(server) for server in servers}}


def await_roles(context: Ctx, topology: Topology) -> tuple[ServerSeen, ...]:
    """What each server says; asked again for a while when that is not what the API says."""
    login = context.tools.login(topology)
    deadline_s = context.clock.monotonic() + context.tools.pace(topology).roles_s
    while True:
        servers = database.ask_servers(topology, login)
        if servers_agree(topology, servers) or context.clock.monotonic() >= deadline_s:
            return servers
        context.clock.sleep(ROLES_POLL_S)


def _words(server: ServerSeen) -> str:
    return server.error or ("reader" if server.is_reader else "writer")


def _judge_settled(topology: Topology) -> Judgement:
    if topology.status in {"deleting", "stopped"}:
        return FAILED
    statuses = [topology.status, *(member.status for member in topology.members)]
    return READY if set(statuses) == {AVAILABLE} and topology.writer_id else PENDING


def check_ledger(step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Compare what every probe of this run had acknowledged with the table."""
    topology = context.tools.topology()
    traces = [read_trace(path) for path in probe_files(context.folder)]
    with database.connect_to_writer(topology, context.tools.login(topology)) as connection:
        found = database.count_rows(connection, database.table_name(context.run_id))
    result = asdict(ledger.compare(traces, found))
    _reached(context, Kind.CHECK_LEDGER, int(step.arguments["round"]), ledger=result)
    return {name: value for name, value in result.items() if isinstance(value, int)}


def clean_up(_step: Step[Kind], context: Ctx) -> Mapping[str, Any]:
    """Drop the run's table, and the schema when nothing else is in it."""
    topology = context.tools.topology()
    with database.connect_to_writer(topology, context.tools.login(topology)) as connection:
        database.drop(connection, database.table_name(context.run_id))
    context.journal.record("drill.cleaned")
    return {"dropped": database.table_name(context.run_id)}


def probe_files(folder: Path, number: int | None = None) -> list[Path]:
    """Evidence files of a run, or of one round, oldest first."""
    names = folder.glob(f"probe-{number or '*'}-*.jsonl")
    return sorted(names, key=lambda path: int(path.stem.rsplit("-", 1)[1]))


def _acks(trace: Trace) -> int:
    return sum(write.fate is Fate.ACKED for write in trace.writes)


def _reached(context: Ctx, stage: Kind, number: int, **fields: Any) -> None:
    context.journal.record("drill.reached", stage=stage.value, round=number, name=ROUNDS[number], **fields)


_LOOK: Final = (
    *rds_adapter.ACTIONS["find_cluster"],
    *rds_adapter.ACTIONS["list_instances"],
    *rds_adapter.ACTIONS["list_endpoints"],
)
_LOG_IN: Final = secrets_adapter.ACTIONS["read_login"]
EFFECTS: Final[Mapping[Kind, Effect[Kind, DrillTools]]] = {
    Kind.PREPARE: Effect(prepare, actions=(*_LOOK, *_LOG_IN)),
    Kind.BASELINE: Effect(learn_baseline, actions=(*_LOOK, *_LOG_IN)),
    Kind.FAIL_OVER: Effect(fail_over, actions=(*_LOOK, *rds_adapter.ACTIONS["failover_cluster"])),
    Kind.WATCH: Effect(watch, actions=(*_LOOK, *rds_adapter.ACTIONS["failover_cluster"])),
    Kind.SETTLE: Effect(settle, actions=(*_LOOK, *_LOG_IN)),
    Kind.CHECK_LEDGER: Effect(check_ledger, actions=(*_LOOK, *_LOG_IN)),
    Kind.CLEAN_UP: Effect(clean_up, actions=(*_LOOK, *_LOG_IN)),
}
