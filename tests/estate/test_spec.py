"""Specs made by hand in Python: every broken rule at once, by id."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from estate.aurora import AuroraSpec, EndpointSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.users import UserSpec
from estate.instances import InstanceSpec, ServerlessSpec
from estate.model import Estate
from estate.network import NetworkSpec
from estate.spec import SpecError, shown

TWO = {"a": InstanceSpec(instance_class="db.r8g.large"), "b": InstanceSpec(instance_class="db.r8g.large")}


def test_all_broken_rules_are_raised_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        AuroraSpec(
            name="orders",
            engine="aurora-postgresql",
            version="17.7",
            instances={"a": TWO["a"]},
            serverless=ServerlessSpec(min_acu=8, max_acu=4),
            endpoints={"x": EndpointSpec(members=("z",))},
            master_username="admin",
        )
    assert set(caught.value.violations) == {
        "aurora/single-instance",
        "aurora/acu-order",
        "aurora/endpoint-member",
        "aurora/username-reserved",
    }
    assert "AuroraSpec: serverless.max_acu must not be below min_acu (8), got 4" in str(caught.value)


def test_one_rule_broken_twice_is_said_twice() -> None:
    with pytest.raises(SpecError) as caught:
        ReplicationGroupSpec(
            name="s", users={"a": UserSpec(access="on nopass ~*"), "b": UserSpec(access="on >hunter2 ~*")}
        )
    [text] = caught.value.violations.values()
    assert "users.a.access" in text
    assert "users.b.access" in text
    assert "hunter2" not in text


def test_warnings_do_not_raise() -> None:
    spec = AuroraSpec(name="orders", engine="aurora-postgresql", version="19.1", instances=TWO)
    assert spec.version == "19.1"


def test_acknowledged_rules_do_not_raise() -> None:
    instances = {"a": TWO["a"]}
    accepted = ("aurora/single-instance",)
    spec = AuroraSpec(
        name="orders", engine="aurora-postgresql", version="17.7", instances=instances, acknowledge=accepted
    )
    assert len(spec.instances) == 1


def test_types_and_ranges_are_pydantics() -> None:
    with pytest.raises(ValidationError):
        NetworkSpec(zones=9)
    with pytest.raises(ValidationError):
        InstanceSpec.model_validate({"tier": "1"})


def test_the_estate_has_rules_of_its_own() -> None:
    with pytest.raises(SpecError) as caught:
        Estate(name="shop", regions=("Ireland",))
    assert set(caught.value.violations) == {"estate/region-form"}


def test_specs_are_frozen() -> None:
    with pytest.raises(ValidationError):
        setattr(TWO["a"], "tier", 2)  # noqa: B010 - a type checker would refuse the plain form


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        ("", "''"),
        ("a\nb", "'a\\nb'"),
        ("x" * 100, "x" * 77 + "..."),
        ({"a": 1}, "a mapping of 1"),
        (("a", 1), "[a, 1]"),
        ([], "a list of 0"),
        ([[1]], "a list of 1"),
        (0.5, "0.5"),
    ],
)
def test_given_values_are_shown_as_yaml_spells_them_and_short(value: object, text: str) -> None:
    assert shown(value) == text
