"""Rules of how one logs in: the master user, the Data API, TLS, and that nothing is public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from estate import engines
from estate.spec import Hit, Rule

if TYPE_CHECKING:
    from estate.aurora import AuroraSpec

OLD_TLS = frozenset({"tlsv1", "tlsv1.0", "tlsv1.1"})
TLS_PARAMETERS = ("ssl_min_protocol_version", "tls_version")
"""Of Aurora PostgreSQL (the least version) and of Aurora MySQL (those allowed); both leave out TLS 1.0 and 1.1 at
their defaults. [A10 AuroraPostgreSQL.Security, AuroraMySQL.Security]"""


def _iam_engine(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.master_authentication == "iam" and spec.engine != engines.POSTGRESQL:
        yield Hit(("master_authentication",), spec.master_authentication)


def _data_api_secret(spec: AuroraSpec) -> Iterator[Hit]:
    if spec.data_api and spec.master_authentication == "iam":
        yield Hit(("data_api",), spec.data_api)


def _old_tls(spec: AuroraSpec) -> Iterator[Hit]:
    for name in TLS_PARAMETERS:
        given = spec.parameters.get(name, "")
        if OLD_TLS & {version.strip().lower() for version in given.split(",")}:
            yield Hit(("parameters", name), given)


def _public(spec: AuroraSpec) -> Iterator[Hit]:
    for path, overrides in (
        ((), spec.overrides),
        *((("instances", name), instance.overrides) for name, instance in spec.instances.items()),
    ):
        given = overrides.get("PubliclyAccessible", False)
        if str(given).lower() != "false":
            yield Hit((*path, "overrides", "PubliclyAccessible"), given)


RULES: tuple[Rule[AuroraSpec], ...] = (
    Rule(
        id="aurora/iam-master-engine",
        reads=("master_authentication", "engine"),
        broken=_iam_engine,
        must="be managed-secret or own-secret: RDS documents an IAM master user for Aurora PostgreSQL only",
        fix="use a secret, or add `acknowledge: [aurora/iam-master-engine]` where RDS takes it for Aurora MySQL too",
        acknowledge=True,
    ),
    Rule(
        id="aurora/data-api-secret",
        reads=("data_api", "master_authentication"),
        broken=_data_api_secret,
        must="be off with an IAM master user: the Data API logs in with a secret",
        fix="use managed-secret or own-secret, or remove data_api",
    ),
    Rule(
        id="aurora/tls-old",
        reads=("parameters",),
        broken=_old_tls,
        must="allow TLS 1.2 and newer only",
        fix="remove it, or add `acknowledge: [aurora/tls-old]`",
        acknowledge=True,
    ),
    Rule(
        id="aurora/public",
        reads=(),
        broken=_public,
        must="be false: a database has no public address here",
        fix="remove it, and let sources connect with `allow_from`",
    ),
)
