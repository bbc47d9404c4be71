"""What of the masking is missing, from what the copy's tag says."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from estate.names import TAG_MASKED
from runbooks.aws.secrets import Login
from runbooks.masking import command
from runbooks.masking.closed import Group, closed_reasons
from runbooks.masking.command import MaskCommandError, environment, scrubbed
from runbooks.masking.database import Place
from runbooks.masking.files import FileChangedError, fix_file, look_at, read_file
from runbooks.masking.plan import (
    MaskFile,
    MaskKind,
    MaskRequest,
    MaskTarget,
    all_tokens,
    done_masks,
    is_masked,
    masking_blockers,
    plan_masking,
)

TARGET = MaskTarget(
    cluster_id="staging-1", arn="arn:aws:rds:eu-west-1:123456789012:cluster:staging-1", engine="aurora-postgresql"
)
REQUEST = MaskRequest(
    files=(MaskFile(path="/m/01.sql", sha256="a" * 64), MaskFile(path="/m/02.sql", sha256="b" * 64)),
    command=("greenmask", "run"),
    leaks=MaskFile(path="/m/leaks.sql", sha256="c" * 64),
    accepted=("public.a.email",),
)


def test_everything_in_order_each_with_its_mark() -> None:
    steps = plan_masking(REQUEST, TARGET)
    assert [step.kind for step in steps] == [MaskKind.FILE, MaskKind.FILE, MaskKind.COMMAND, MaskKind.LEAKS]
    assert steps[0].key == "mask-by-file 01.sql"
    last = steps[-1].calls[0].parameters
    assert last["ResourceName"] == TARGET.arn
    assert last["Tags"] == [{"Key": TAG_MASKED, "Value": " ".join(all_tokens(REQUEST, TARGET.engine))}]


def test_resuming_plans_the_tail() -> None:
    whole = plan_masking(REQUEST, TARGET)
    for count, step in enumerate(whole, start=1):
        done = done_masks({TAG_MASKED: step.calls[0].parameters["Tags"][0]["Value"]})
        assert plan_masking(REQUEST, TARGET, done) == whole[count:]
        assert is_masked(REQUEST, TARGET, done) == (count == len(whole))


def test_the_request_survives_the_journal() -> None:
    assert MaskRequest.from_plain(REQUEST.to_plain()) == REQUEST
    assert MaskRequest.from_plain({}) == MaskRequest()


def test_nothing_asked_for_is_nothing_to_do() -> None:
    assert plan_masking(MaskRequest(), TARGET) == ()
    assert is_masked(MaskRequest(), TARGET, ())


def test_with_a_mask_leaks_are_looked_for_without_a_file_too() -> None:
    assert [step.kind for step in plan_masking(MaskRequest(command=("x",)), TARGET)] == [
        MaskKind.COMMAND,
        MaskKind.LEAKS,
    ]


def test_another_mask_makes_the_leak_check_anew() -> None:
    fewer = replace(REQUEST, files=REQUEST.files[:1])
    assert all_tokens(fewer, TARGET.engine)[-1] != all_tokens(REQUEST, TARGET.engine)[-1]


def test_mysql_is_masked_by_command_only() -> None:
    mysql = replace(TARGET, engine="aurora-mysql")
    (reason,) = masking_blockers(REQUEST, mysql)
    assert "must be Aurora PostgreSQL" in reason
    assert "no MySQL driver" in reason
    assert masking_blockers(MaskRequest(command=("x",)), mysql) == ()
    assert [step.kind for step in plan_masking(MaskRequest(command=("x",)), mysql)] == [MaskKind.COMMAND]


def test_refusals_come_all_at_once() -> None:
    many = tuple(MaskFile(path=f"/m/{n}.sql", sha256=f"{n % 17:064x}"[::-1]) for n in range(18))
    reasons = masking_blockers(replace(REQUEST, files=many), TARGET, ("a file is gone",))
    assert reasons[0] == "a file is gone"
    assert "17 at most, got 18" in reasons[1]
    assert "/m/0.sql, /m/17.sql" in reasons[2]


def test_two_files_of_one_name_could_not_be_told_apart() -> None:
    files = (MaskFile(path="/a/mask.sql", sha256="a" * 64), MaskFile(path="/b/mask.sql", sha256="b" * 64))
    assert "got mask.sql twice" in masking_blockers(MaskRequest(files=files), TARGET)[0]


def test_a_program_that_is_not_there_is_told_before_anything_is_made() -> None:
    (reason,) = look_at(MaskRequest(command=("no-such-program-here", "run")))
    assert "must be a program on this machine" in reason


def test_the_tag_has_room_for_the_most() -> None:
    most = replace(REQUEST, files=tuple(MaskFile(path=f"/{n}.sql", sha256=f"{n:064x}"[::-1]) for n in range(17)))
    assert masking_blockers(most, TARGET) == ()
    assert len(" ".join(all_tokens(most, TARGET.engine))) <= 256


def test_a_file_is_held_to_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "mask.sql"
    path.write_text("UPDATE a SET b = 1")
    fixed = fix_file(str(path))
    assert look_at(MaskRequest(files=(fixed,))) == ()
    assert read_file(fixed.path, fixed.sha256) == "UPDATE a SET b = 1"
    path.write_text("UPDATE a SET b = 2")
    (reason,) = look_at(MaskRequest(files=(fixed,)))
    assert "must be as it was when this run began" in reason
    path.unlink()
    with pytest.raises(FileChangedError, match="must be readable"):
        read_file(fixed.path, fixed.sha256)


def test_files_are_read_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("COMMIT")
    (tmp_path / "b.sql").write_bytes(b"\xff\xfe")
    (tmp_path / "leaks.sql").write_text("DELETE FROM a")
    request = MaskRequest(
        files=(fix_file(str(tmp_path / "a.sql")), fix_file(str(tmp_path / "b.sql"))),
        leaks=fix_file(str(tmp_path / "leaks.sql")),
    )
    transaction, bytes_, leak = look_at(request)
    assert "must leave its transaction to the runbook" in transaction
    assert "must be UTF-8 text" in bytes_
    assert "must name every query" in leak


OURS = {"aurora-estate:run": "r1", "aurora-estate:quarantine": "rotated"}
GROUP = Group(group_id="sg-1", tags={"aurora-estate:run": "r1"})


@pytest.mark.parametrize(
    ("tags", "groups", "public", "says"),
    [
        pytest.param({}, (GROUP,), (), ["got no run of a runbook", "got no word of it"], id="production"),
        pytest.param({**OURS, "aurora-estate:run": "r2"}, (GROUP,), (), ["got r2"], id="another-run's-copy"),
        pytest.param({**OURS, "aurora-estate:quarantine": "open"}, (GROUP,), (), ["got open"], id="opened-already"),
        pytest.param(OURS, (replace(GROUP, tags={}),), (), ["sg-1, which this run did not"], id="production's-group"),
        pytest.param(OURS, (replace(GROUP, ranges=("0.0.0.0/0",)),), (), ["got 0.0.0.0/0"], id="open-to-all"),
        pytest.param(OURS, (replace(GROUP, ranges=("10.0.0.7/32", "pl-1")),), (), ["7/32, pl-1"], id="two-ways"),
        pytest.param(OURS, (), (), ["got no security group"], id="no-group"),
        pytest.param(OURS, (GROUP,), ("staging-1-a",), ["staging-1-a publicly accessible"], id="public"),
    ],
)  # fmt: skip
def test_nothing_but_a_closed_copy_of_this_run_is_masked(
    tags: dict[str, str], groups: tuple[Group, ...], public: tuple[str, ...], says: list[str]
) -> None:
    reasons = closed_reasons("staging-1", "r1", tags, groups, public)
    assert len(reasons) == len(says)
    for reason, part in zip(reasons, says, strict=True):
        assert part in reason


def test_a_closed_copy_of_this_run_is_masked() -> None:
    assert closed_reasons("staging-1", "r1", OURS, (replace(GROUP, ranges=("10.0.0.7/32",)),), ()) == ()


def test_a_command_gets_the_copy_and_no_other_database() -> None:
    inherited = {
        "PATH": "/bin",
        "PGSERVICE": "production",
        "PGPASSFILE": "/home/x/.pgpass",
        "DATABASE_URL": "postgres://production",
        "RUNBOOK_TLS_OFF_FOR": ".test",
    }
    place = Place(host="localhost.test", port=5433, database="orders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runbooks.masking.command.resolve", lambda _name, _environ: "127.0.0.1")
        environ = environment(place, Login(username="keeper", password="s3cret"), "staging-1", inherited)
    assert environ["PATH"] == "/bin"
    assert not {"PGSERVICE", "PGPASSFILE", "DATABASE_URL"} & set(environ)
    assert (environ["PGHOST"], environ["PGUSER"], environ["PGPASSWORD"]) == ("localhost.test", "keeper", "s3cret")
    assert environ["PGSSLMODE"] == "disable"


def test_a_password_in_a_line_is_not_shown() -> None:
    assert scrubbed("connecting as keeper:s3cret@host\n", "s3cret") == "connecting as keeper:(withheld)@host"
    assert len(scrubbed("x" * 1000, "s3cret")) == 303


def test_a_program_is_run_to_its_end_and_its_last_lines_are_kept() -> None:
    said: list[str] = []
    script = "import os; [print(n, os.environ['SECRET']) for n in range(30)]; raise SystemExit(7)"
    ended = command.run((sys.executable, "-c", script), {"SECRET": "s3cret"}, "s3cret", said.append)
    assert (ended.code, len(ended.lines), ended.lines[-1]) == (7, 20, "29 (withheld)")
    assert len(said) == 30
    assert "s3cret" not in "".join(said)
    with pytest.raises(MaskCommandError, match="must be a program that can be run"):
        command.run(("/no/such",), {}, "", said.append)
