"""Two clusters side by side: names are mapped, differences explained or not, and all of it in 80 columns. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from runbooks.parity.compare import Row, compare, excuse, shown
from runbooks.parity.mapping import pair, renamed
from runbooks.parity.portrait import Portrait
from runbooks.parity.report import render, result_of
from runbooks.parity.settings import NOT_COPIED, UNKNOWN, Way
from tests.runbooks.birth.small import MODEL, ORIGIN, TARGET, wish
from tests.runbooks.birth.test_plan import ALL, RICH, WHOLE, portrait, run

COPY = run(ALL, ORIGIN, WHOLE)


def odd(rows: tuple[Row, ...]) -> list[str]:
    return [row.name for row in rows if not row.ok]


def changed(copy: Portrait, **members: Any) -> Portrait:
    return replace(copy, cluster={**copy.cluster, **members})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("shop-orders-reporting", "shop-orders-dev-reporting", id="begins-with-the-clusters"),
        pytest.param("reporting", "shop-orders-dev-reporting", id="has-a-name-of-its-own"),
        pytest.param("shop-orders2", "shop-orders-dev-shop-orders2", id="looks-like-it-only"),
    ],
)
def test_names(name: str, expected: str) -> None:
    assert renamed(name, MODEL, TARGET) == expected


@pytest.mark.parametrize(
    ("model", "copy", "pairs"),
    [
        pytest.param(["m-a", "m-b"], ["c-b", "c-a"], {"m-a": "c-a", "m-b": "c-b"}, id="by-name-in-any-order"),
        pytest.param(["m-a", "m-b"], ["c-1"], {"m-a": "c-1"}, id="the-writers-whatever-they-are-called"),
        pytest.param(["m-a", "m-b"], ["c-b"], {"m-b": "c-b"}, id="a-reader-that-writes-in-the-copy"),
        pytest.param(["m-a"], [], {}, id="nobody"),
    ],
)
def test_pairs(model: list[str], copy: list[str], pairs: dict[str, str]) -> None:
    assert pair(model, copy, "m", "c") == pairs


def test_a_copy_as_it_was_wished_for_is_explained() -> None:
    assert odd(compare(WHOLE, COPY, ALL)) == []


def test_two_clusters_as_they_are() -> None:
    """Without a wish: instances and endpoints stand for their namesakes, tags are each cluster's own."""
    rows = compare(WHOLE, COPY)
    assert odd(rows) == []
    tags = next(row for row in rows if row.setting == "Tags")
    assert tags.differs
    assert tags.way is Way.DIFFERENT


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        pytest.param(changed(COPY, StorageType="aurora"), ["StorageType"], id="setting"),
        pytest.param(changed(COPY, DBSubnetGroup="other"), ["DBSubnetGroupName"], id="network"),
        pytest.param(changed(COPY, EnabledCloudwatchLogsExports=[]), ["EnableCloudwatchLogsExports"], id="log-exports"),
        pytest.param(
            changed(COPY, MasterUserSecret=None), ["ManageMasterUserPassword", "MasterUserSecretKmsKeyId"], id="secret"
        ),
        pytest.param(
            replace(COPY, endpoints=COPY.endpoints[:1]), [f"{TARGET}-web: custom endpoint"], id="endpoint-missing"
        ),
        pytest.param(
            replace(COPY, endpoints=(*COPY.endpoints, {**COPY.endpoints[0], "DBClusterEndpointIdentifier": "more"})),
            ["more: custom endpoint"], id="endpoint-too-many",
        ),
        pytest.param(
            replace(COPY, endpoints=({**COPY.endpoints[0], "StaticMembers": []}, COPY.endpoints[1])),
            [f"{TARGET}-reporting: custom endpoint"], id="endpoint-leads-elsewhere",
        ),
        pytest.param(
            replace(COPY, scaling=({**COPY.scaling[0], "SuspendedState": {}, "Policies": []},)),
            ["rds:cluster:ReadReplicaCount: bounds", f"rds:cluster:ReadReplicaCount: policy {TARGET}-cpu"],
            id="scaling",
        ),
    ],
)  # fmt: skip
def test_a_difference_without_a_reason(copy: Portrait, expected: list[str]) -> None:
    assert odd(compare(WHOLE, copy)) == expected


def test_fewer_instances_without_a_wish() -> None:
    model, one = replace(WHOLE, endpoints=(), scaling=()), replace(COPY, endpoints=(), scaling=())
    assert odd(compare(model, replace(one, instances=one.instances[:2]))) == [f"{MODEL}-reporting: instance"]


def test_a_wish_explains_only_what_it_asks_for() -> None:
    wanted = replace(ALL, settings={"DeletionProtection": False})
    copy = changed(COPY, DeletionProtection=False, CopyTagsToSnapshot=False)
    rows = compare(WHOLE, copy, wanted)
    assert odd(rows) == ["CopyTagsToSnapshot"]
    (protection,) = [row for row in rows if row.setting == "DeletionProtection"]
    assert (protection.way, protection.why) == (Way.DIFFERENT, "asked for")


def test_a_wish_that_did_not_come_true() -> None:
    (row,) = [row for row in compare(WHOLE, COPY, replace(ALL, settings={"Port": 7000})) if not row.ok]
    assert row.detail == "6000, where the model has 6000 (asked for 7000)"


def test_tags_of_production_on_a_copy_are_an_unexplained_difference() -> None:
    """Facts C10: a clone without tags of its own is born with its source's."""
    tags = [*COPY.cluster["TagList"], {"Key": "env", "Value": "production"}]
    assert odd(compare(WHOLE, changed(COPY, TagList=tags), ALL)) == ["Tags"]
    aws = [*COPY.cluster["TagList"], {"Key": "aws:cloudformation:stack-name", "Value": "s"}]
    assert odd(compare(WHOLE, changed(COPY, TagList=aws), ALL)) == []


def test_an_instance_that_nobody_wished_for() -> None:
    more = {**COPY.instances[0], "DBInstanceIdentifier": f"{TARGET}-more"}
    assert odd(compare(WHOLE, replace(COPY, instances=(*COPY.instances, more)), ALL)) == [f"{TARGET}-more: instance"]


def test_an_instance_that_auto_scaling_added_is_explained() -> None:
    more = {**COPY.instances[0], "DBInstanceIdentifier": "application-autoscaling-1234"}
    assert odd(compare(WHOLE, replace(COPY, instances=(*COPY.instances, more)), ALL)) == []


def test_one_instance_scales_nothing() -> None:
    one = wish("a")
    rows = compare(WHOLE, run(one, ORIGIN, WHOLE), one)
    assert odd(rows) == []
    assert {row.why for row in rows if row.setting == "bounds"} == {"it starts from a reader, and there is none"}


def test_what_is_excepted_is_explained() -> None:
    rows = excuse(compare(WHOLE, changed(COPY, StorageType="aurora", Port=7000)), ["Port"])
    assert odd(rows) == ["StorageType"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "none", id="none"),
        pytest.param([], "none", id="empty"),
        pytest.param(True, "on", id="on"),
        pytest.param(False, "off", id="off"),
        pytest.param(0, "0", id="zero"),
        pytest.param(UNKNOWN, "not known", id="unknown"),
        pytest.param(["a"], '["a"]', id="list"),
    ],
)
def test_shown(value: Any, text: str) -> None:
    assert shown(value) == text


def test_the_table_fits_80_columns() -> None:
    copy = changed(COPY, StorageType="aurora", KmsKeyId=f"arn:aws:kms:eu-west-1:123456789012:key/{'f' * 36}")
    text = render(result_of(MODEL, TARGET, compare(WHOLE, copy)))
    assert [line for line in text.splitlines() if len(line) > 80 and " " in line.strip()] == []  # an ARN stays whole
    assert "NO StorageType" in text
    assert f"     {MODEL}: aurora-iopt1\n     {TARGET}: aurora\n" in text
    assert all(name in text.replace("\n", " ") for name, _ in NOT_COPIED)


def test_a_plain_model_has_nothing_to_explain() -> None:
    model = portrait(RICH, ("a",))
    assert result_of(MODEL, MODEL, compare(model, model)).unexplained == 0
