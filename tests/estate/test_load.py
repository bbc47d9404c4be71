"""Reading: everything wrong at once and in its place; nothing that a file can hold ends in a traceback."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estate.document import BYTES_MAX
from estate.load import PROBLEMS_MAX, EstateError, Problem, load, load_estate, load_text
from tests.support.estate_files import MYSQL, VALID, changed, problems

HEAD = 'estate: shop\ndefaults: "2026-11"\nregions: [eu-west-1]\n'
CLUSTER = "  orders:\n    engine: aurora-postgresql\n    version: '17.7'\n    instances: {a: , b: }\n"
ESTATES = Path(__file__).parents[2] / "examples" / "estates"

ONE_PROBLEM = {
    "empty": ("", "yaml/empty", 1),
    "only a comment": ("# nothing\n", "yaml/empty", 1),
    "a list": ("- a\n", "value/type", 1),
    "a word": ("hello", "value/type", 1),
    "two documents": (HEAD + "---\na: 1\n", "yaml/syntax", 4),
    "a tab": (HEAD + "aurora:\n\torders: 1\n", "yaml/syntax", 5),
    "an open bracket": (HEAD + "tags: {a: b\n", "yaml/syntax", 5),
    "a control character": ("estate: sh\x07op\n", "yaml/character", 1),
    "half a character": ("estate: \ud800\n", "yaml/character", 1),
    "an undefined alias": ("estate: *name\n", "yaml/syntax", 1),
    "100,000 brackets": ("[" * 100_000, "yaml/depth", 1),
    "100,000 mappings": ("{a: " * 100_000, "yaml/depth", 1),
    "100,000 dashes": ("- " * 100_000, "yaml/depth", 1),
    "an alias of itself": ("a: &a [*a]\n", "yaml/depth", 1),
    "a merge of itself": ("a: &a {<<: *a}\n", "yaml/depth", 1),
    "a megabyte of letters": ("x" * 1_000_000, "value/type", 1),
    "a megabyte of keys": ("".join(f"k{n}: {n}\n" for n in range(100_000)), "yaml/size", 1),
    "a megabyte of items": ("a: [" + "1," * 500_000 + "]", "yaml/size", 1),
    "a python object": (
        HEAD + CLUSTER.replace("  orders", "tags: !!python/object:os.x {}\naurora:\n  orders"),
        "yaml/tag",
        4,
    ),
}


def bomb(link: str) -> str:
    """Nine levels of nine references each: 387 million values when expanded."""
    lines = ["a: &a {x: 1}"]
    for name, before in zip("bcdefghij", "abcdefghi", strict=True):
        lines.append(f"{name}: &{name} {link.format(', '.join([f'*{before}'] * 9))}")
    return "\n".join(lines)


@pytest.mark.parametrize(("text", "rule", "line"), ONE_PROBLEM.values(), ids=ONE_PROBLEM.keys())
def test_unreadable_is_one_clear_problem(text: str, rule: str, line: int) -> None:
    found = problems(text)
    assert [(problem.rule, problem.line) for problem in found] == [(rule, line)]


@pytest.mark.parametrize("link", ["[{}]", "{{<<: [{}]}}"], ids=["aliases", "merges"])
def test_bombs_are_not_expanded(link: str) -> None:
    assert [problem.rule for problem in problems(bomb(link))] == ["yaml/size"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_bytes(b"estate: shop\nname: \xff\n")
    with pytest.raises(EstateError) as caught:
        load_estate(file)
    [problem] = caught.value.problems
    assert (problem.rule, problem.line, problem.column) == ("file/encoding", 2, 7)
    assert problem.given == "byte 0xff"


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_bytes(b"#" * (BYTES_MAX + 1))
    with pytest.raises(EstateError, match="file/size"):
        load_estate(file)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(EstateError, match="file/unreadable"):
        load_estate(tmp_path / name)


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "estate.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + changed({}).replace("\n", "\r\n").encode())
    assert load_estate(file).name == "shop"


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    text = HEAD + (
        "auroras: {}\n"
        "aurora:\n"
        "  orders:\n"
        "    engin: aurora-postgresql\n"
        "    version: '17.7'\n"
        "    instances: {a: {clas: x}, b: {tier: 16}}\n"
        "    endpoints: {x: {members: [zz]}}\n"
        "    serverless: {min_acu: 9, max_acu: 8}\n"
        "  items: {engine: aurora-mysql, version: 8.0.mysql_aurora.3.10.0, instances: {a: }}\n"
    )
    found = [(problem.line, problem.rule) for problem in problems(text)]
    assert found == [
        (4, "key/unknown"),
        (6, "key/missing"),
        (7, "key/unknown"),
        (9, "key/unknown"),
        (9, "value/range"),
        (10, "aurora/endpoint-member"),
        (11, "aurora/acu-order"),
        (12, "aurora/single-instance"),
    ]


@pytest.mark.parametrize(
    ("text", "rule", "column", "fix"),
    [
        pytest.param("account: 123456789012\n", "value/quote", 10, 'quote it: account: "123456789012"', id="account"),
        pytest.param(
            "account: 012345670123\n", "yaml/number", 10, 'quote it: "012345670123", or write it plainly', id="octal"
        ),
        pytest.param(
            "caches: {s: {shards: 010}}\n", "yaml/number", 22, 'quote it: "010", or write it plainly', id="odd"
        ),
        pytest.param("tags: {a: yes}\n", "value/quote", 11, 'quote it: a: "yes"', id="truth"),
        pytest.param("protection: maybe\n", "value/type", 13, "write on or off, without quotes", id="switch"),
        pytest.param("profle: dev\n", "key/unknown", 1, "did you mean `profile`?", id="unknown-key"),
        pytest.param("estate: again\n", "yaml/duplicate-key", 1, "remove one of the two", id="duplicate"),
        pytest.param("tags: {a: b, a: c}\n", "yaml/duplicate-key", 14, "remove one of the two", id="duplicate-below"),
        pytest.param("profile: prod\n", "value/choice", 10, "did you mean `production`?", id="choice"),
        pytest.param("network: [a]\n", "value/type", 10, "write `name: value` pairs below it, indented", id="list"),
        pytest.param("tags: {[a]: b}\n", "yaml/key", 8, "write a name before the colon", id="key"),
        pytest.param("tags: {<<: [1]}\n", "yaml/merge", 13, "point << at an anchored mapping", id="merge"),
    ],
)
def test_one_wrong_line(text: str, rule: str, column: int, fix: str) -> None:
    found = [problem for problem in problems(HEAD + text) if problem.level == "error"]
    assert [(problem.rule, problem.line, problem.column) for problem in found] == [(rule, 4, column)]
    assert found[0].fix == fix


@pytest.mark.parametrize(
    ("unit", "engine", "words"),
    [
        ("aurora", "mariadb", "use Amazon RDS for MariaDB"),
        ("aurora", "oracle-ee", "use Amazon RDS for Oracle"),
        ("aurora", "sqlserver-se", "use Amazon RDS for SQL Server"),
        ("aurora", "aurora", "write aurora-mysql"),
        ("aurora", "postgres", "did you mean `aurora-postgresql`?"),
        ("aurora", "mysql", "did you mean `aurora-mysql`?"),
        ("aurora", "aurora-postgres", "did you mean `aurora-postgresql`?"),
        ("caches", "memcached", "declare Memcached under"),
    ],
)
def test_engines_that_are_not_there_lead_to_those_that_are(unit: str, engine: str, words: str) -> None:
    name = {"aurora": "orders", "caches": "sessions"}[unit]
    [problem] = problems(changed({f"{unit}.{name}.engine": engine}))
    assert problem.path == f"{unit}.{name}.engine"
    assert problem.given == engine
    assert words in problem.fix


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("aurora.orders.engine_mode", "aurora/engine-mode"),
        ("aurora.orders.scaling_configuration", "aurora/serverless-v1"),
        ("aurora.orders.multi_az", "aurora/no-such-setting"),
        ("aurora.orders.multi_master", "aurora/multi-master"),
        ("aurora.orders.master_password", "aurora/no-password"),
        ("caches.sessions.password", "cache/no-password"),
        ("caches.sessions.appendonly", "cache/append-only"),
    ],
)
def test_settings_that_are_gone_lead_to_what_replaced_them(path: str, rule: str) -> None:
    assert [(problem.path, problem.rule) for problem in problems(changed({path: "x"}))] == [(path, rule)]


@pytest.mark.parametrize(
    ("mode", "rule", "words"),
    [
        ("serverless", "aurora/serverless-v1", ("31 Mar 2025", "class: serverless", "min_acu: 0")),
        (
            "multimaster",
            "aurora/multi-master",
            ("28 Feb 2023", "local_write_forwarding", "Limitless Database", "Aurora DSQL"),
        ),
        ("parallelquery", "aurora/engine-mode", ("28 Feb 2023", "aurora_parallel_query")),
        ("global", "aurora/engine-mode", ("28 Feb 2023", "`global:`")),
        ("provisioned", "aurora/engine-mode", ("remove it",)),
        ("MultiMaster", "aurora/multi-master", ("one writer",)),
        ("multi-master", "aurora/multi-master", ("one writer",)),
        ("turbo", "aurora/engine-mode", ("remove it",)),
    ],
)
def test_each_engine_mode_has_its_own_way_out(mode: str, rule: str, words: tuple[str, ...]) -> None:
    """Facts A18 and A19: when each ended, what replaced it, how to get out."""
    [problem] = problems(changed({"aurora.orders.engine_mode": mode}))
    assert (problem.path, problem.rule) == ("aurora.orders.engine_mode", rule)
    assert problem.given == f"engine_mode: {mode}"
    assert [word for word in words if word not in problem.fix] == []


def test_a_name_is_said_once() -> None:
    found = problems(changed({"aurora.Orders": VALID["aurora"]["orders"], "aurora.orders.name": "x"}))
    assert [(problem.path, problem.rule) for problem in found] == [
        ("aurora.orders.name", "key/unknown"),
        ("aurora.Orders", "value/pattern"),
    ]


def test_a_misnamed_cluster_is_judged_whole() -> None:
    cluster = {"engine": "aurora-postgresql", "version": "17.7", "instances": {"A_1": {}}, "endpoints": {"x": None}}
    found = problems(changed({"aurora.Items": cluster | {"backtrack_hours": 3, "port": 1}}))
    assert {(problem.path, problem.rule) for problem in found} == {
        ("aurora.Items", "value/pattern"),
        ("aurora.Items.instances.A_1", "value/pattern"),
        ("aurora.Items.port", "value/range"),
        ("aurora.Items.backtrack_hours", "aurora/backtrack-engine"),
    }
    [name] = [problem for problem in found if problem.path == "aurora.Items"]
    assert name.column == 3  # of the name, not of what it names


def test_rules_do_not_judge_what_stands_in_for_a_wrong_value() -> None:
    """A class of a wrong type counts as the model's default, serverless, which this version does not have."""
    changes = {"aurora.orders.version": "12.22", "aurora.orders.extended_support": True}
    changes |= {"aurora.orders.instances.b.class": "db.r5.large"}
    found = problems(changed(changes | {"aurora.orders.instances.a.class": 5}))
    assert [(problem.path, problem.rule) for problem in found] == [("aurora.orders.instances.a.class", "value/quote")]


@pytest.mark.parametrize("key", ["instance_class", "node_class"])
def test_names_of_the_models_are_no_keys_of_the_file(key: str) -> None:
    path = {"instance_class": "aurora.orders.instances.a", "node_class": "caches.sessions"}[key]
    assert [problem.rule for problem in problems(changed({f"{path}.{key}": "x"}))] == ["key/unknown"]


def test_anchors_and_merges_are_expanded_and_problems_lie_where_they_are_written() -> None:
    text = (
        HEAD
        + "aurora:\n"
        + CLUSTER.replace("orders:", "orders: &base")
        + (
            "  copy: *base\n"
            "  other:\n"
            "    <<: *base\n"
            "    port: 80\n"
            "    serverless: {<<: [{max_acu: 4}, {max_acu: 300}]}\n"
        )
    )
    found = problems(text)
    assert [(problem.path, problem.line) for problem in found] == [("aurora.other.port", 12)]
    estate = load_text(text.replace("port: 80", "port: 5555")).estate
    assert estate.aurora["copy"].version == "17.7"
    assert estate.aurora["other"].port == 5555
    assert estate.aurora["other"].serverless.max_acu == 4


@pytest.mark.parametrize(("word", "value"), [("on", True), ("off", False), ("yes", True), ("no", False), ("On", True)])
def test_switches_read_as_yaml_1_1(word: str, value: bool) -> None:
    estate = load_text(changed({}).replace("estate: shop", f"estate: shop\nprotection: {word}")).estate
    assert estate.protection is value
    assert estate.aurora["orders"].protection is value


def test_nonsense_is_counted_not_listed() -> None:
    found = problems(HEAD + "tags:\n" + "".join(f"  k{number}: {number}\n" for number in range(PROBLEMS_MAX + 5)))
    assert len([problem for problem in found if problem.rule == "value/quote"]) == PROBLEMS_MAX
    assert [problem.given for problem in found if problem.rule == "file/problems"] == ["1,005"]


def test_an_error_is_nine_keys_and_a_warning_has_its_level() -> None:
    error, warning = (
        problems(changed({"aurora.orders.port": 80})),
        problems(changed({"aurora.orders.version": "17.99"})),
    )
    keys = {"file", "line", "column", "path", "rule", "given", "allowed", "fix", "message"}
    assert set(error[0].as_dict()) == keys
    assert set(warning[0].as_dict()) == keys | {"level"}
    assert {field.name for field in fields(Problem)} == keys | {"level"}


def test_the_error_reads_as_its_problems() -> None:
    with pytest.raises(EstateError) as caught:
        load_text(changed({"aurora.orders.port": 80}), "shop.yaml")
    expected = (
        "shop.yaml:14:11: error: aurora.orders.port must be between 1150 and 65535, got 80; "
        "choose a value in that range [value/range]"
    )
    assert str(caught.value) == expected


@pytest.mark.parametrize("name", ["shop", "minimal", "dev"])
def test_examples_are_valid_without_a_warning(name: str) -> None:
    assert load(ESTATES / f"{name}.yaml").warnings == ()


def test_shop_is_exactly_what_the_rehearsal_needs() -> None:
    estate = load_estate(ESTATES / "shop.yaml")
    orders, catalog, sessions = estate.aurora["orders"], estate.aurora["catalog"], estate.caches["sessions"]
    assert [len(estate.network), len(estate.aurora), len(estate.caches)] == [1, 2, 1]
    assert [orders.engine, len(orders.instances)] == ["aurora-postgresql", 3]
    assert [instance.is_serverless for instance in orders.instances.values()].count(True) == 1
    assert len(orders.endpoints) == 1
    assert catalog.engine == "aurora-mysql"
    assert sessions.engine == "valkey"
    assert sessions.users


def test_specs_load_no_yaml_and_no_cdk() -> None:
    code = "import sys, estate.model; print(sorted({'yaml', 'aws_cdk', 'boto3', 'jsii'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["17.7", "serverless", "aurora-mysql", "eu-west-1", "a", "db.r8g.large", "03:00-04:00", "on"]),
)
KEYS = st.one_of(
    st.sampled_from(
        [
            *("estate", "defaults", "profile", "regions", "network", "aurora", "caches", "tags", "acknowledge", "a"),
            *(
                "engine",
                "version",
                "instances",
                "endpoints",
                "serverless",
                "backup",
                "class",
                "tier",
                "members",
                "users",
            ),
            *("overrides", "parameters", "eu-west-1", "min_acu", "max_acu", "window", "log_exports", "name", "shards"),
        ]
    ),
    st.text(max_size=6),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=6)),
    max_leaves=25,
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def refused_or_valid(text: str) -> None:
    """Only `EstateError` is ever raised, and each problem lies within the text."""
    lines = len(text.splitlines()) + 1
    for problem in problems(text):
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert problem.message
        assert set(problem.as_dict()) >= {"path", "rule", "given", "allowed", "fix"}


@QUICK
@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_any_document_is_refused_or_valid(document: dict[str, object]) -> None:
    import yaml

    refused_or_valid(yaml.safe_dump(document, allow_unicode=True))


@QUICK
@given(
    st.sampled_from(
        [
            *("aurora", "aurora.orders", "aurora.orders.instances", "aurora.orders.instances.a", "caches.sessions"),
            *("aurora.orders.endpoints", "aurora.orders.backup", "aurora.orders.serverless", "network", "regions"),
            *("network.eu-west-1", "aurora.orders.version", "aurora.orders.engine", "caches.sessions.users", "tags"),
            *("acknowledge", "aurora.orders.overrides", "aurora.orders.log_exports", "estate", "profile", "defaults"),
        ]
    ),
    VALUES,
)
def test_any_value_in_any_place_is_refused_or_valid(path: str, value: object) -> None:
    refused_or_valid(changed({path: value}))


@QUICK
@given(st.text(max_size=200))
def test_any_text_is_refused_or_valid(text: str) -> None:
    refused_or_valid(text)


def test_mysql_is_wound_back_by_default_unless_serverless() -> None:
    estate = load_text(changed(MYSQL)).estate
    assert estate.aurora["orders"].backtrack_hours == 24
    estate = load_text(changed(MYSQL | {"aurora.orders.instances.a.class": "serverless"})).estate
    assert estate.aurora["orders"].backtrack_hours == 0


@pytest.mark.parametrize(
    "text", [changed({}), "estate: [", changed({"regions": "x"})], ids=["valid", "unreadable", "wrong"]
)
def test_garbage_is_collected_again_afterwards(text: str) -> None:
    problems(text)
    assert gc.isenabled()
