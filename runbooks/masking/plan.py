"""Which masks a copy still needs, and whether leaks were looked for. Pure.

What is done is read from a tag of the copy (`TAG_MASKED`), so that planning needs no connection to a database that is
closed. A mask file leaves a second mark in the database itself, in the transaction that masks: of a run that was killed
between the two, the second sitting finds the mark and masks nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePath
from typing import Any, Final

from estate.engines import POSTGRESQL
from estate.names import TAG_MASKED
from runbooks.engine.plan import Call, Step

TOKEN_LENGTH: Final = 12
MOST_MASKS: Final = 18  # with the leak check 19 tokens and the spaces between them: a tag's value has 256 characters


class MaskKind(StrEnum):
    """The steps."""

    FILE = "mask-by-file"
    COMMAND = "mask-by-command"
    LEAKS = "look-for-leaks"


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskFile:
    """A file as it was when the run was asked for; another content is refused later."""

    path: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskRequest:
    """How a copy is masked and checked. Plain values: part of the request of each verb that masks.

    `command` are the words of an external program, run without a shell. `leaks` is a file of queries that must give no
    row. `accepted` are columns, `schema.table.column` with `*` allowed, that the built-in checks let pass. `database`
    empty: the cluster's own. `secret` empty: the copy's own, as RDS or the kit names it.
    """

    files: tuple[MaskFile, ...] = ()
    command: tuple[str, ...] = ()
    leaks: MaskFile | None = None
    accepted: tuple[str, ...] = ()
    database: str = ""
    secret: str = ""

    @property
    def masks(self) -> bool:
        """Something is masked."""
        return bool(self.files or self.command)

    @property
    def wanted(self) -> bool:
        """Something is masked or looked for; with a mask, leaks are looked for always."""
        return self.masks or self.leaks is not None

    def to_plain(self) -> dict[str, Any]:
        return {
            "files": [_plain(each) for each in self.files],
            "command": list(self.command),
            "leaks": None if self.leaks is None else _plain(self.leaks),
            "accepted": list(self.accepted),
            "database": self.database,
            "secret": self.secret,
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> MaskRequest:
        leaks = values.get("leaks")
        return cls(
            files=tuple(MaskFile(**each) for each in values.get("files", ())),
            command=tuple(values.get("command", ())),
            leaks=None if leaks is None else MaskFile(**leaks),
            accepted=tuple(values.get("accepted", ())),
            database=values.get("database", ""),
            secret=values.get("secret", ""),
        )


def _plain(file: MaskFile) -> dict[str, str]:
    return {"path": file.path, "sha256": file.sha256}


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskTarget:
    """The copy that is masked. Its ARN is known before it is there: its source's, with another name."""

    cluster_id: str
    arn: str
    engine: str


def done_masks(tags: Mapping[str, str]) -> tuple[str, ...]:
    """What a copy has behind it, by its tags."""
    return tuple(tags.get(TAG_MASKED, "").split())


def masking_blockers(request: MaskRequest, target: MaskTarget, problems: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Reasons not to start, all of them. `problems` are what `runbooks.masking.files.look_at` found in the files."""
    reasons = list(problems)
    if target.engine != POSTGRESQL and (request.files or request.leaks):
        reasons.append(
            f"{target.cluster_id} must be Aurora PostgreSQL to be masked by SQL or asked for leaks, got "
            f"{target.engine}: the kit has no MySQL driver; mask it by an external command"
        )
    if len(request.files) > MOST_MASKS - 1:
        reasons.append(f"mask files must be {MOST_MASKS - 1} at most, got {len(request.files)}; join some of them")
    names = [PurePath(each.path).name for each in request.files]
    if same := sorted({name for name in names if names.count(name) > 1}):
        reasons.append(f"mask files must have names of their own, got {', '.join(same)} twice; rename one")
    tokens = [token_of(each) for each in request.files]
    twice = sorted({each.path for each in request.files if tokens.count(token_of(each)) > 1})
    if twice:
        reasons.append(f"mask files must differ, got the same content in {', '.join(twice)}; leave one out")
    return tuple(reasons)


def token_of(file: MaskFile) -> str:
    """What stands for a mask file in the tag."""
    return file.sha256[:TOKEN_LENGTH]


def _token(*parts: Any) -> str:
    return sha256(json.dumps(parts).encode()).hexdigest()[:TOKEN_LENGTH]


def all_tokens(request: MaskRequest, engine: str) -> tuple[str, ...]:
    """What the tag says when everything is done."""
    return tuple(token for token, _ in _wanted(request, engine))


def is_masked(request: MaskRequest, target: MaskTarget, done: tuple[str, ...]) -> bool:
    """Every mask and check that was asked for is done."""
    return set(all_tokens(request, target.engine)) <= set(done)


def plan_masking(request: MaskRequest, target: MaskTarget, done: tuple[str, ...] = ()) -> tuple[Step[MaskKind], ...]:
    """Steps still missing; `done` is what `done_masks` reads from the copy's tags (none before it is made)."""
    steps: list[Step[MaskKind]] = []
    kept = list(done)
    for token, step in _wanted(request, target.engine):
        if token in done:
            continue
        kept.append(token)
        mark = Call(
            service="rds",
            operation="AddTagsToResource",
            parameters={"ResourceName": target.arn, "Tags": [{"Key": TAG_MASKED, "Value": " ".join(kept)}]},
        )
        arguments = {"cluster": target.cluster_id, "token": token, **step.arguments}
        steps.append(
            Step(
                kind=step.kind,
                why=step.why,
                subject=step.subject or target.cluster_id,
                calls=(mark,),
                arguments=arguments,
            )
        )
    return tuple(steps)


def _wanted(request: MaskRequest, engine: str) -> tuple[tuple[str, Step[MaskKind]], ...]:
    steps = [(token_of(file), _file_step(request, file)) for file in request.files]
    if request.command:
        steps.append((_token("command", *request.command), _command_step(request)))
    if request.wanted and engine == POSTGRESQL:
        leaks = request.leaks
        token = _token("leaks", leaks.sha256 if leaks else "", *request.accepted, *(each for each, _ in steps))
        steps.append((token, _leak_step(request)))
    return tuple(steps)


def _place(request: MaskRequest) -> dict[str, Any]:
    return {"database": request.database, "secret_name": request.secret}


def _file_step(request: MaskRequest, file: MaskFile) -> Step[MaskKind]:
    return Step(
        kind=MaskKind.FILE,
        subject=PurePath(file.path).name,
        arguments={**_place(request), "path": file.path, "sha256": file.sha256},
        why="one transaction at the copy's writer; the mark in the copy that it was done is part of it",
    )


def _command_step(request: MaskRequest) -> Step[MaskKind]:
    return Step(
        kind=MaskKind.COMMAND,
        subject=PurePath(request.command[0]).name,
        arguments={**_place(request), "command": list(request.command)},
        why="run on this machine, with the copy's connection in its environment and no other",
    )


def _leak_step(request: MaskRequest) -> Step[MaskKind]:
    leaks = {"path": request.leaks.path, "sha256": request.leaks.sha256} if request.leaks else {}
    named = "queries that must give no row, and " if leaks else ""
    return Step(
        kind=MaskKind.LEAKS,
        arguments={**_place(request), **leaks, "accepted": list(request.accepted), "masked": request.masks},
        why=f"{named}what looks personal and no mask wrote, or is an e-mail address of a real domain; the copy stays "
        "closed if anything is found",
    )
