"""The editions' tables, pinned: if one of these fails, an upgrade of the kit would change deployed templates."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import pytest

from estate.aurora import AuroraSpec, BackupSpec, EndpointSpec, SloSpec
from estate.backups import BackupPlanSpec, RestoreTestSpec
from estate.caches.memcached import MemcachedSpec
from estate.caches.replication_group import ReplicationGroupSpec
from estate.caches.scaling import ReplicaScalingSpec, ReplicaScheduleSpec, ShardScalingSpec, ShardScheduleSpec
from estate.caches.serverless import ServerlessCacheSpec
from estate.caches.users import UserSpec
from estate.caches.watching import (
    CacheAlarmsSpec,
    CacheWatchSpec,
    MemcachedAlarmsSpec,
    MemcachedWatchSpec,
    ServerlessAlarmsSpec,
    ServerlessWatchSpec,
)
from estate.defaults import EDITIONS, NEWEST, PRODUCTION_2026_11, TABLE
from estate.dns import DnsSpec
from estate.instances import InstanceSpec, ServerlessSpec
from estate.integrations import IntegrationsSpec
from estate.load import load_text
from estate.model import NEWEST_EDITION, Estate
from estate.network import NetworkSpec
from estate.reach import ProxySpec
from estate.replication import GlobalSpec, SecondarySpec
from estate.scaling import AutoscalingSpec, ScheduleSpec
from estate.spec import Spec
from estate.watching import AlarmsSpec, WatchSpec
from tests.support.estate_files import GONE, MYSQL, changed, problems

PINNED = {
    ("2026-11", "production"): "60ba2f0d39c49791",
    ("2026-11", "dev"): "0a218bd390829eed",
}
DEV = {"profile": "dev", "aurora.orders.instances": GONE, "caches.sessions.class": GONE}


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_an_edition_is_never_edited(row: tuple[str, str]) -> None:
    text = json.dumps(asdict(TABLE[row]), sort_keys=True, default=dict)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == PINNED[row]


def test_the_newest_edition_is_the_one_that_is_advised() -> None:
    assert NEWEST == EDITIONS[-1] == NEWEST_EDITION
    [warning] = problems(changed({"defaults": GONE}))
    assert f'"{NEWEST}"' in warning.fix


def test_production_is_the_table_of_the_design() -> None:
    estate = load_text(changed({})).estate
    orders, sessions, network = estate.aurora["orders"], estate.caches["sessions"], estate.network["eu-west-1"]
    assert (orders.port, sessions.port) == (5433, 6380)
    assert (orders.backup.retention_days, sessions.snapshot_retention_days) == (35, 15)
    assert (orders.protection, sessions.protection, estate.shared_key) == (True, True, False)
    assert orders.master_username not in {"admin", "postgres"}
    assert (orders.log_exports, orders.log_retention_days, sessions.log_retention_days) == (("postgresql",), 365, 365)
    assert (orders.enhanced_monitoring_s, orders.minor_upgrades, orders.extended_support) == (60, True, False)
    assert (network.zones, network.flow_log_retention_days, network.endpoints) == (3, 365, ())
    assert sessions.replicas == 1


def test_mysql_has_its_own() -> None:
    orders = load_text(changed(MYSQL)).estate.aurora["orders"]
    assert orders.port == 3307
    assert orders.log_exports == ("audit", "error", "general", "slowquery")


def test_dev_is_cheap() -> None:
    estate = load_text(changed(DEV)).estate
    orders, sessions = estate.aurora["orders"], estate.caches["sessions"]
    assert [instance.instance_class for instance in orders.instances.values()] == ["serverless"]
    assert (orders.serverless.min_acu, orders.serverless.pause_after_s) == (0, 300)
    assert (orders.backup.retention_days, orders.protection, estate.shared_key) == (7, False, True)
    assert (orders.enhanced_monitoring_s, orders.log_retention_days) == (0, 7)
    assert (sessions.replicas, sessions.snapshot_retention_days, sessions.node_class) == (0, 0, "cache.t4g.micro")
    assert estate.network["eu-west-1"].zones == 2


def test_dev_with_a_least_capacity_does_not_pause() -> None:
    orders = load_text(changed(DEV | {"aurora.orders.serverless": {"min_acu": 1}})).estate.aurora["orders"]
    assert (orders.serverless.min_acu, orders.serverless.pause_after_s) == (1, None)


def test_dev_does_not_pause_a_version_that_cannot() -> None:
    orders = load_text(changed(DEV | {"aurora.orders.version": "14.6"})).estate.aurora["orders"]
    assert (orders.serverless.min_acu, orders.serverless.pause_after_s) == (0.5, None)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("aurora.orders.port", 5432),
        ("aurora.orders.protection", False),
        ("aurora.orders.log_retention_days", 30),
        ("caches.sessions.port", 6379),
        ("network.eu-west-1.zones", 2),
        ("shared_key", True),
    ],
)
def test_the_file_wins(path: str, value: object) -> None:
    found: Any = load_text(changed({path: value})).estate.model_dump()
    for part in path.split("."):
        found = found[part]
    assert found == value


def test_protection_of_the_estate_reaches_everything_that_does_not_say_otherwise() -> None:
    estate = load_text(changed({"protection": False, "caches.sessions.protection": True})).estate
    assert (estate.aurora["orders"].protection, estate.caches["sessions"].protection) == (False, True)


def test_filling_leaves_what_the_file_says_untouched() -> None:
    loaded = load_text(changed({}))
    assert "port" not in loaded.said["aurora"]["orders"]
    assert "network" not in loaded.said


MODELS: tuple[tuple[type[Spec], str], ...] = (
    (NetworkSpec, "network"),
    (InstanceSpec, "instance"),
    (ServerlessSpec, "serverless"),
    (BackupSpec, "backup"),
    (SloSpec, "slo"),
    (EndpointSpec, "endpoint"),
    (ReplicationGroupSpec, "cache"),
    (UserSpec, "user"),
    (MemcachedSpec, "memcached"),
    (ServerlessCacheSpec, "serverless_cache"),
    (AuroraSpec, "aurora"),
    (Estate, "estate"),
)
SECTIONS: tuple[tuple[type[Spec], str], ...] = (
    (AutoscalingSpec, "autoscaling"),
    (ScheduleSpec, "autoscaling.schedules.*"),
    (BackupPlanSpec, "backup.plan"),
    (RestoreTestSpec, "backup.plan.restore_test"),
    (DnsSpec, "dns"),
    (GlobalSpec, "global"),
    (SecondarySpec, "global.secondaries.*"),
    (ServerlessSpec, "global.secondaries.*.serverless"),
    (InstanceSpec, "global.secondaries.*.instances.*"),
    (IntegrationsSpec, "integrations"),
    (ProxySpec, "proxy"),
    (WatchSpec, "watch"),
    (AlarmsSpec, "watch.alarms"),
)
CACHE_SECTIONS: tuple[tuple[type[Spec], str], ...] = (
    (ShardScalingSpec, "autoscaling.shards"),
    (ShardScheduleSpec, "autoscaling.shards.schedules.*"),
    (ReplicaScalingSpec, "autoscaling.replicas"),
    (ReplicaScheduleSpec, "autoscaling.replicas.schedules.*"),
    (CacheWatchSpec, "watch"),
    (MemcachedWatchSpec, "watch"),
    (ServerlessWatchSpec, "watch"),
)
CACHE_ALARMS: tuple[tuple[type[Spec], str], ...] = (
    (CacheAlarmsSpec, "caches"),
    (MemcachedAlarmsSpec, "memcached"),
    (ServerlessAlarmsSpec, "serverless_caches"),
)
NOT_BY_EDITION = {"protection", "slo", "defaults", "profile"}


@pytest.mark.parametrize(("model", "row"), MODELS, ids=[row for _, row in MODELS])
def test_the_table_leaves_no_default_to_the_models(model: type[Spec], row: str) -> None:
    """Else a changed model would change the templates of files that pinned an edition."""
    said = {
        field.alias or name: field.default
        for name, field in model.model_fields.items()
        if isinstance(field.default, bool | int | float | str) and (field.alias or name) not in NOT_BY_EDITION
    }
    table = dict(getattr(PRODUCTION_2026_11, row))
    assert said == {name: value for name, value in table.items() if name in said}


@pytest.mark.parametrize(("model", "section"), SECTIONS, ids=[section for _, section in SECTIONS])
def test_the_table_has_the_sections_too(model: type[Spec], section: str) -> None:
    said = {
        field.alias or name: field.default
        for name, field in model.model_fields.items()
        if isinstance(field.default, bool | int | float | str)
    }
    table = dict(PRODUCTION_2026_11.sections[section])
    assert said == {name: value for name, value in table.items() if name in said}


@pytest.mark.parametrize(("model", "section"), CACHE_SECTIONS, ids=[section for _, section in CACHE_SECTIONS])
def test_the_table_has_the_sections_of_caches_too(model: type[Spec], section: str) -> None:
    said = {
        field.alias or name: field.default
        for name, field in model.model_fields.items()
        if isinstance(field.default, bool | int | float | str)
    }
    table = dict(PRODUCTION_2026_11.cache_sections[section])
    assert said == {name: value for name, value in table.items() if not isinstance(value, dict)}


@pytest.mark.parametrize(("model", "unit"), CACHE_ALARMS, ids=[unit for _, unit in CACHE_ALARMS])
def test_the_table_has_the_thresholds_of_each_kind_of_cache(model: type[Spec], unit: str) -> None:
    said = {name: field.default for name, field in model.model_fields.items()}
    assert said == dict(PRODUCTION_2026_11.cache_alarms[unit])


def test_specs_made_by_hand_fall_back_to_the_same_values() -> None:
    filled = load_text(changed(MYSQL)).estate.aurora["orders"]
    by_hand = AuroraSpec(
        name="orders",
        engine="aurora-mysql",
        version="8.0.mysql_aurora.3.10.0",
        instances={name: InstanceSpec(instance_class="db.r8g.large") for name in "ab"},
    )
    assert by_hand.effective_port == filled.port
    assert by_hand.effective_log_exports == filled.log_exports
    assert by_hand.effective_backtrack_hours == filled.backtrack_hours
