"""Engine parameters: which exist in a family, what they may be, which group they belong to, which Aurora keeps.

PostgreSQL's own come from its servers (`estate/data/parameters.json`, written by `tools/generate_parameters.py`).
What Aurora adds to them, and all of Aurora MySQL's, stands in the tables below: names, levels and what can be changed
from the user guide [A4 AuroraMySQL.Reference.ParameterGroups, AuroraPostgreSQL.Reference.ParameterGroups]; values from
there, from the engines' manuals (MySQL 8.0, 5.1.8 and 17.1.6; pgaudit; auto_explain) and from the features' pages. No
list is complete: what is not known here is warned of, never refused.

A cluster group holds parameters of both levels, an instance group only those of its own, which win over the cluster's.
[A10 USER_WorkingWithDBClusterParamGroups]
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from estate.engines import MYSQL, POSTGRESQL

SWITCH = frozenset({"0", "1", "on", "off", "true", "false"})
MANY = 2_147_483_647
FORMULA = re.compile(r"(?i)\{.+\}|(greatest|least|sum|log|if)\(.+\)")
FORMULA_NAMES = frozenset(
    {"allocatedstorage", "dbinstanceclassmemory", "dbinstancevcpu", "endpointport", "truedbinstancevcpu"}
)
FUNCTIONS = frozenset({"greatest", "least", "sum", "log", "if"})
"""Variables and functions of parameter formulas. [A10 USER_ParamValuesRef]"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter may be; `beside` are values outside its range or list that it takes as well."""

    kind: str
    low: float = -MANY
    high: float = MANY
    choices: tuple[str, ...] = ()
    beside: frozenset[str] = frozenset()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXT = Parameter("text")
ON_OFF = Parameter("switch")


def _whole(low: int, high: int = MANY, *beside: str) -> Parameter:
    return Parameter("integer", low, high, beside=frozenset(beside))


def _one(*choices: str) -> Parameter:
    return Parameter("choice", choices=choices)


def _some(*choices: str) -> Parameter:
    return Parameter("choices", choices=choices)


LOG_LEVELS = ("disabled", "debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "error", "log")
PGAUDIT_CLASSES = ("none", "all", "read", "write", "function", "role", "ddl", "misc", "misc_set")
OF_AURORA_POSTGRESQL: Mapping[str, Parameter] = {
    **dict.fromkeys(
        _names(
            "ansi_constraint_trigger_ordering ansi_force_foreign_key_checks ansi_qualified_update_set_target "
            "apg_ccm_enabled apg_enable_batch_mode_function_execution apg_enable_correlated_any_transform "
            "apg_enable_function_migration apg_enable_not_in_transform apg_enable_remove_redundant_inner_joins "
            "apg_enable_semijoin_push_down apg_plan_mgmt.use_plan_baselines auto_explain.log_analyze "
            "auto_explain.log_buffers auto_explain.log_nested_statements auto_explain.log_timing "
            "auto_explain.log_triggers auto_explain.log_verbose cron.log_run cron.log_statement "
            "cron.use_background_workers pgaudit.log_catalog pgaudit.log_parameter pgaudit.log_relation "
            "pgaudit.log_rows pgaudit.log_statement pgaudit.log_statement_once pg_stat_statements.save "
            "pg_stat_statements.track_planning pg_stat_statements.track_utility rds.adaptive_autovacuum "
            "rds.enable_plan_management rds.force_ssl rds.logical_replication "
            "rds.logically_replicate_unlogged_tables rds.restrict_password_commands remove_temp_files_after_crash"
        ),
        ON_OFF,
    ),
    **dict.fromkeys(
        _names(
            "application_name backtrace_functions cron.database_name cron.timezone default_with_oids "
            "force_parallel_mode log_connections pgaudit.role postgis.gdal_enabled_drivers rds.custom_dns_resolution "
            "rds.extensions rds.allowed_extensions rds.superuser_variables default_toast_compression wal_compression "
            "debug_parallel_query"
        ),
        TEXT,
    ),
    "apg_plan_mgmt.capture_plan_baselines": _one("manual", "off", "automatic"),
    "apg_plan_mgmt.max_databases": _whole(1),
    "apg_plan_mgmt.max_plans": _whole(1),
    "apg_plan_mgmt.plan_retention_period": _whole(1),
    "apg_plan_mgmt.unapproved_plan_execution_threshold": _whole(0),
    "auto_explain.log_format": _one("text", "xml", "json", "yaml"),
    "auto_explain.log_min_duration": _whole(-1),
    "auto_explain.sample_rate": Parameter("number", 0, 1),
    "cron.max_running_jobs": _whole(0),
    "pg_stat_statements.max": _whole(100),
    "pg_stat_statements.track": _one("none", "top", "all"),
    "pgaudit.log": _some(*PGAUDIT_CLASSES, *(f"-{each}" for each in PGAUDIT_CLASSES)),
    "pgaudit.log_level": _one("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning", "log"),
    "rds.accepted_password_auth_method": _one("md5+scram", "scram"),
    "rds.babelfish_status": _one("on", "off", "datatypesonly"),
    "rds.force_admin_logging_level": _one(*LOG_LEVELS, "fatal", "panic"),
    "rds.force_autovacuum_logging_level": _one(*LOG_LEVELS, "fatal", "panic"),
    "rds.global_db_rpo": _whole(20, MANY, "-1"),
    "rds.log_retention_period": _whole(1440, 10080),
    "rds.pg_stat_ramdisk_size": _whole(0),
    "rds.rds_superuser_reserved_connections": _whole(0),
}
PREFIXES = {
    POSTGRESQL: (
        *("apg_", "aurora_", "babelfishpg_", "orafce.", "pg_bigm.", "pg_hint_plan.", "pg_prewarm.", "pg_similarity."),
        *("pg_tle.", "pglogical.", "plrust.", "plv8.", "postgis.", "rdkit.", "rds."),
    ),
    MYSQL: ("performance_schema_", "performance-schema-", "optimizer_", "innodb_ft_", "validate_password"),
}
"""Families of names that grow with extensions: such a name is taken as it is."""

CLUSTER_ONLY: Mapping[str, frozenset[str]] = {
    POSTGRESQL: _names(
        "ansi_constraint_trigger_ordering ansi_force_foreign_key_checks ansi_qualified_update_set_target "
        "apg_ccm_enabled array_nulls autovacuum autovacuum_analyze_scale_factor autovacuum_analyze_threshold "
        "autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age autovacuum_naptime "
        "autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit autovacuum_vacuum_scale_factor "
        "autovacuum_vacuum_threshold autovacuum_work_mem backslash_quote client_encoding datestyle "
        "default_tablespace extra_float_digits intervalstyle lc_monetary lc_numeric lc_time "
        "log_autovacuum_min_duration max_prepared_transactions password_encryption rds.adaptive_autovacuum "
        "rds.babelfish_status rds.enable_plan_management rds.force_autovacuum_logging_level rds.force_ssl "
        "rds.global_db_rpo rds.logical_replication rds.pg_stat_ramdisk_size rds.restrict_password_commands ssl "
        "ssl_max_protocol_version ssl_min_protocol_version synchronous_commit timezone track_commit_timestamp "
        "vacuum_cost_delay vacuum_cost_limit vacuum_cost_page_hit vacuum_cost_page_miss vacuum_freeze_min_age "
        "vacuum_freeze_table_age vacuum_multixact_freeze_min_age vacuum_multixact_freeze_table_age wal_buffers "
        "wal_sender_timeout"
    ),
    MYSQL: _names(
        "aurora_binlog_replication_max_yield_seconds aurora_enable_zdr "
        "aurora_enhanced_binlog auto_increment_increment auto_increment_offset aws_default_lambda_role "
        "aws_default_s3_role binlog-do-db binlog-ignore-db binlog_backup binlog_checksum binlog_format "
        "binlog_group_commit_sync_delay binlog_group_commit_sync_no_delay_count binlog_replication_globaldb "
        "binlog_row_metadata binlog_row_value_options binlog_rows_query_log_events "
        "binlog_transaction_dependency_history_size binlog_transaction_dependency_tracking "
        "character-set-client-handshake character_set_client character_set_connection character_set_database "
        "character_set_filesystem character_set_results character_set_server collation_connection collation_server "
        "completion_type enforce_gtid_consistency gtid-mode innodb_autoinc_lock_mode innodb_cmp_per_index_enabled "
        "innodb_commit_concurrency innodb_default_row_format innodb_file_per_table "
        "innodb_online_alter_log_max_size innodb_optimize_fulltext_only innodb_purge_batch_size "
        "innodb_purge_threads innodb_rollback_on_timeout innodb_rollback_segments innodb_spin_wait_delay "
        "innodb_strict_mode innodb_sync_array_size innodb_sync_spin_loops innodb_table_locks lc_time_names "
        "lower_case_table_names relay-log-space-limit replica_preserve_commit_order replica_transaction_retries "
        "replicate-do-db replicate-do-table replicate-ignore-db replicate-ignore-table replicate-wild-do-table "
        "replicate-wild-ignore-table require_secure_transport rpl_read_size server_audit_events "
        "server_audit_excl_users server_audit_incl_users server_audit_logging skip-character-set-client-handshake "
        "source_verify_checksum time_zone tls_version"
    ),
}
"""Not in an instance's group."""

KEPT: Mapping[str, frozenset[str]] = {
    POSTGRESQL: _names(
        "archive_command archive_library archive_mode archive_timeout archive_cleanup_command bonjour bonjour_name "
        "checkpoint_timeout config_file data_directory data_sync_retry db_user_namespace dynamic_library_path "
        "event_source exit_on_error external_pid_file fsync full_page_writes hba_file hot_standby "
        "hot_standby_feedback huge_pages ident_file listen_addresses lo_compat_privileges log_directory "
        "log_file_mode log_timezone log_truncate_on_rotation logging_collector max_standby_archive_delay "
        "max_wal_size min_wal_size port primary_conninfo primary_slot_name rds.extensions rds.superuser_variables "
        "recovery_end_command recovery_min_apply_delay recovery_target recovery_target_action "
        "recovery_target_inclusive recovery_target_lsn recovery_target_name recovery_target_time "
        "recovery_target_timeline recovery_target_xid restore_command server_encoding ssl_ca_file ssl_cert_file "
        "ssl_crl_dir ssl_crl_file ssl_key_file ssl_passphrase_command stats_temp_directory "
        "superuser_reserved_connections synchronous_standby_names syslog_facility syslog_ident "
        "unix_socket_directories unix_socket_group unix_socket_permissions wal_level wal_log_hints wal_sync_method"
    ),
    MYSQL: _names(
        "allow-suspicious-udfs basedir big_tables bind_address character_sets_dir core-file "
        "datadir default_authentication_plugin default_storage_engine default_time_zone flush ft_boolean_syntax "
        "general_log_file innodb_adaptive_flushing innodb_adaptive_flushing_lwm "
        "innodb_buffer_pool_chunk_size innodb_buffer_pool_dump_at_shutdown innodb_buffer_pool_dump_now "
        "innodb_buffer_pool_filename innodb_buffer_pool_instances innodb_buffer_pool_load_abort "
        "innodb_buffer_pool_load_at_startup innodb_buffer_pool_load_now innodb_change_buffer_max_size "
        "innodb_change_buffering innodb_checksum_algorithm innodb_data_file_path innodb_data_home_dir "
        "innodb_dedicated_server innodb_doublewrite innodb_flush_log_at_timeout innodb_flush_method "
        "innodb_flush_neighbors innodb_flushing_avg_loops innodb_force_load_corrupted innodb_io_capacity "
        "innodb_io_capacity_max innodb_log_buffer_size innodb_log_compressed_pages innodb_log_file_size "
        "innodb_log_files_in_group innodb_max_dirty_pages_pct innodb_numa_interleave innodb_page_size "
        "innodb_read_io_threads innodb_read_only innodb_redo_log_capacity innodb_redo_log_encrypt "
        "innodb_thread_concurrency innodb_undo_directory innodb_undo_log_encrypt innodb_undo_log_truncate "
        "innodb_use_native_aio innodb_write_io_threads log-bin log_bin log_error log_replica_updates "
        "log_slave_updates max_binlog_size partial_revokes pid_file plugin_dir port relay-log relay_log_recovery "
        "secure_file_priv server_id skip-slave-start skip_external_locking skip_name_resolve slow_query_log_file "
        "socket sync_binlog table_cache_element_entry_ttl thread_cache_size thread_handling tmpdir"
    ),
}
"""Shown by the family or by the engine, and never yours to set: Aurora manages storage, files, ports and replication.

Parameters that the guide marks as not modifiable, and those it lists as not applying to Aurora MySQL.
"""

_MYSQL_SWITCHES = (
    "activate_all_roles_on_login aurora_enhanced_binlog aurora_enable_zdr aurora_full_double_precision_in_json "
    "aurora_in_memory_relaylog aurora_jemalloc_background_thread aurora_jemalloc_tcache_enabled aurora_parallel_query "
    "autocommit automatic_sp_privileges binlog_backup binlog_order_commits binlog_replication_globaldb "
    "binlog_rows_query_log_events binlog_transaction_compression character-set-client-handshake end_markers_in_json "
    "explicit_defaults_for_timestamp general_log global_connection_memory_tracking innodb_adaptive_hash_index "
    "innodb_cmp_per_index_enabled innodb_deadlock_detect innodb_file_per_table innodb_optimize_fulltext_only "
    "innodb_print_all_deadlocks innodb_random_read_ahead innodb_rollback_on_timeout innodb_stats_auto_recalc "
    "innodb_stats_on_metadata innodb_stats_persistent innodb_strict_mode innodb_table_locks keep_files_on_create "
    "local_infile log_bin_trust_function_creators log_queries_not_using_indexes log_slow_admin_statements "
    "log_slow_extra log_slow_replica_statements low_priority_updates old-style-user-limits performance_schema "
    "read_only "
    "replica_preserve_commit_order replica_sql_verify_checksum require_secure_transport safe-user-create "
    "server_audit_logging skip-character-set-client-handshake skip_show_database slow_query_log "
    "sql_require_primary_key "
    "source_verify_checksum super_read_only sysdate-is-now temptable_use_mmap"
)
_MYSQL_TEXTS = (
    "authentication_policy aws_default_bedrock_role aws_default_comprehend_role aws_default_lambda_role "
    "aws_default_s3_role aws_default_sagemaker_role binlog-do-db binlog-ignore-db character_set_client "
    "character_set_connection character_set_database character_set_filesystem character_set_results "
    "character_set_server collation_connection collation_server default_collation_for_utf8mb4 "
    "default_tmp_storage_engine binlog_row_image ft_stopword_file init_connect innodb_monitor_disable "
    "innodb_monitor_enable innodb_monitor_reset innodb_monitor_reset_all key_buffer_size lc_time_names "
    "log_error_suppression_list mandatory_roles replica-skip-errors replica_skip_errors replica_type_conversions "
    "replicate-do-db replicate-do-table replicate-ignore-db replicate-ignore-table replicate-wild-do-table "
    "replicate-wild-ignore-table server_audit_excl_users server_audit_incl_users sql_mode ssl_cipher time_zone "
    "aurora_oom_response"
)
_MYSQL_COUNTS = (
    "aurora_jemalloc_dirty_decay_ms aurora_ml_inference_timeout back_log binlog_cache_size "
    "binlog_group_commit_sync_delay binlog_group_commit_sync_no_delay_count binlog_max_flush_queue_time "
    "binlog_stmt_cache_size binlog_transaction_dependency_history_size bulk_insert_buffer_size "
    "connection_memory_limit cte_max_recursion_depth default_password_lifetime default_week_format "
    "delayed_insert_limit delayed_insert_timeout delayed_queue_size div_precision_increment eq_range_index_dive_limit "
    "flush_time ft_max_word_len ft_min_word_len ft_query_expansion_limit global_connection_memory_limit "
    "host_cache_size information_schema_stats_expiry innodb_adaptive_max_sleep_delay innodb_autoextend_increment "
    "innodb_buffer_pool_size innodb_commit_concurrency innodb_compression_failure_threshold_pct "
    "innodb_compression_level innodb_compression_pad_pct_max innodb_concurrency_tickets innodb_ddl_buffer_size "
    "innodb_ddl_threads innodb_lru_scan_depth innodb_max_purge_lag innodb_max_purge_lag_delay innodb_old_blocks_pct "
    "innodb_old_blocks_time innodb_online_alter_log_max_size innodb_open_files innodb_parallel_read_threads "
    "innodb_purge_batch_size innodb_purge_threads innodb_read_ahead_threshold innodb_replication_delay "
    "innodb_rollback_segments innodb_sort_buffer_size innodb_spin_wait_delay innodb_stats_persistent_sample_pages "
    "innodb_stats_transient_sample_pages innodb_sync_array_size innodb_sync_spin_loops innodb_thread_sleep_delay "
    "key_cache_age_threshold key_cache_block_size key_cache_division_limit log_error_verbosity "
    "log_throttle_queries_not_using_indexes max_binlog_cache_size max_binlog_stmt_cache_size max_connect_errors "
    "max_delayed_threads max_error_count max_execution_time max_insert_delayed_threads max_join_size "
    "max_points_in_geometry max_prepared_stmt_count max_seeks_for_key max_sort_length max_sp_recursion_depth "
    "max_user_connections max_write_lock_count min_examined_row_limit myisam_max_sort_file_size myisam_mmap_size "
    "myisam_sort_buffer_size net_buffer_length net_retry_count ngram_token_size preload_buffer_size "
    "profiling_history_size query_alloc_block_size query_prealloc_size range_alloc_block_size "
    "range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size regexp_stack_limit regexp_time_limit "
    "relay-log-space-limit replica_checkpoint_group replica_checkpoint_period replica_max_allowed_packet "
    "replica_net_timeout replica_parallel_workers replica_pending_jobs_size_max replica_transaction_retries "
    "rpl_read_size schema_definition_cache select_into_buffer_size slow_launch_time sql_select_limit "
    "stored_program_cache stored_program_definition_cache sync_relay_log_info sync_source_info table_definition_cache "
    "table_open_cache_instances tablespace_definition_cache temptable_max_mmap temptable_max_ram thread_stack "
    "transaction_alloc_block_size transaction_prealloc_size"
)
HUGE = 18_446_744_073_709_551_615
OF_AURORA_MYSQL: Mapping[str, Parameter] = {
    **dict.fromkeys(_names(_MYSQL_SWITCHES), ON_OFF),
    **dict.fromkeys(_names(_MYSQL_TEXTS), TEXT),
    **dict.fromkeys(_names(_MYSQL_COUNTS), Parameter("integer", -1, HUGE)),
    "aurora_binlog_replication_max_yield_seconds": _whole(0, 36000),
    "aurora_fwd_writer_idle_timeout": _whole(1, 86400),
    "aurora_fwd_writer_max_connections_pct": _whole(0, 90),
    "aurora_replica_read_consistency": _one("EVENTUAL", "SESSION", "GLOBAL"),
    "auto_increment_increment": _whole(1, 65535),
    "auto_increment_offset": _whole(1, 65535),
    "binlog_checksum": _one("NONE", "CRC32"),
    "binlog_format": _one("OFF", "ROW", "MIXED", "STATEMENT"),
    "binlog_row_metadata": _one("MINIMAL", "FULL"),
    "binlog_row_value_options": _one("", "PARTIAL_JSON"),
    "binlog_transaction_compression_level_zstd": _whole(1, 22),
    "binlog_transaction_dependency_tracking": _one("COMMIT_ORDER", "WRITESET", "WRITESET_SESSION"),
    "completion_type": _one("NO_CHAIN", "CHAIN", "RELEASE", "0", "1", "2"),
    "concurrent_insert": _one("NEVER", "AUTO", "ALWAYS", "0", "1", "2"),
    "connect_timeout": _whole(2, 31_536_000),
    "delay_key_write": _one("ON", "OFF", "ALL"),
    "enforce_gtid_consistency": _one("OFF", "ON", "WARN", "0", "1", "2"),
    "event_scheduler": _one("ON", "OFF", "DISABLED"),
    "group_concat_max_len": Parameter("integer", 4, HUGE),
    "gtid-mode": _one("OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON"),
    "innodb_autoinc_lock_mode": _whole(0, 2),
    "innodb_default_row_format": _one("DYNAMIC", "COMPACT", "REDUNDANT"),
    "innodb_flush_log_at_trx_commit": _whole(0, 2),
    "innodb_lock_wait_timeout": _whole(1, 1_073_741_824),
    "innodb_stats_method": _one("nulls_equal", "nulls_unequal", "nulls_ignored"),
    "interactive_timeout": _whole(1, 31_536_000),
    "internal_tmp_mem_storage_engine": _one("TempTable", "MEMORY"),
    "join_buffer_size": Parameter("integer", 128, HUGE),
    "lock_wait_timeout": _whole(1, 31_536_000),
    "log_output": _some("FILE", "TABLE", "NONE"),
    "long_query_time": Parameter("number", 0, 31_536_000),
    "lower_case_table_names": _whole(0, 1),
    "max_allowed_packet": _whole(1024, 1_073_741_824),
    "max_connections": _whole(1, 16_000),
    "max_heap_table_size": Parameter("integer", 16_384, HUGE),
    "net_read_timeout": _whole(1, 31_536_000),
    "net_write_timeout": _whole(1, 31_536_000),
    "replica_exec_mode": _one("STRICT", "IDEMPOTENT"),
    "replica_parallel_type": _one("DATABASE", "LOGICAL_CLOCK"),
    "server_audit_events": _some("CONNECT", "QUERY", "QUERY_DCL", "QUERY_DDL", "QUERY_DML", "TABLE"),
    "sort_buffer_size": Parameter("integer", 32_768, HUGE),
    "table_open_cache": _whole(1, 524_288),
    "tls_version": _some("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    "tmp_table_size": Parameter("integer", 1024, HUGE),
    "transaction_isolation": _one("READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"),
    "updatable_views_with_limit": _one("YES", "NO", "0", "1"),
    "wait_timeout": _whole(1, 31_536_000),
}


@cache
def _of_postgresql() -> Mapping[str, Parameter]:
    text = (files("estate") / "data" / "parameters.json").read_text(encoding="utf-8")
    return {
        name: Parameter(each["kind"], each.get("low", -MANY), each.get("high", MANY), tuple(each.get("choices", ())))
        for name, each in json.loads(text)["postgresql"].items()
    }


@cache
def parameters_of(engine: str) -> Mapping[str, Parameter]:
    """Parameters of an engine's families that the tables know, by name."""
    kept = dict.fromkeys(KEPT[engine], TEXT)
    if engine == MYSQL:
        return {**kept, **OF_AURORA_MYSQL}
    return {**kept, **_of_postgresql(), **OF_AURORA_POSTGRESQL}


def is_known(engine: str, name: str) -> bool:
    """Whether a family has the parameter, as far as the tables know."""
    return name in parameters_of(engine) or name.startswith(PREFIXES[engine])


def refusal(engine: str, name: str, value: str) -> str | None:
    """What a value must be when it can't be this one; None when it can, or nothing is known of the parameter."""
    known = parameters_of(engine).get(name, TEXT)
    given = value.strip()
    if given in known.beside or given.startswith("{{resolve:"):
        return None
    return REFUSALS[known.kind](known, given)


def _refuse_switch(_: Parameter, given: str) -> str | None:
    return None if given.lower() in SWITCH else "be 0 or 1 (or ON, OFF)"


def _refuse_integer(known: Parameter, given: str) -> str | None:
    if FORMULA.fullmatch(given):
        return _refuse_formula(given)
    fits = re.fullmatch(r"-?\d{1,20}", given) and known.low <= int(given) <= known.high
    return None if fits else f"be a whole number {_span(known)}, without a unit, or a formula"


def _refuse_number(known: Parameter, given: str) -> str | None:
    fits = re.fullmatch(r"-?\d{1,20}(\.\d{1,20})?", given) and known.low <= float(given) <= known.high
    return None if fits else f"be a number {_span(known)}"


def _refuse_choice(known: Parameter, given: str) -> str | None:
    taken = {each.lower() for each in known.choices}
    if {"on", "off"} <= taken:
        taken |= SWITCH
    return None if given.lower() in taken else f"be one of {', '.join(each or repr('') for each in known.choices)}"


def _refuse_choices(known: Parameter, given: str) -> str | None:
    taken = {each.lower() for each in known.choices}
    parts = [part.strip().lower() for part in given.split(",")]
    return None if all(part in taken for part in parts) else f"list some of {', '.join(known.choices)}"


def _refuse_text(_: Parameter, __: str) -> None:
    return None


def _refuse_formula(given: str) -> str | None:
    names = {name.lower() for name in re.findall(r"[A-Za-z]\w*", given)} - FUNCTIONS
    return None if names <= FORMULA_NAMES else "be a formula over DBInstanceClassMemory, DBInstanceVCPU and such"


def _span(known: Parameter) -> str:
    return f"between {known.low:.0f} and {known.high:.0f}"


REFUSALS = {
    "switch": _refuse_switch,
    "integer": _refuse_integer,
    "number": _refuse_number,
    "choice": _refuse_choice,
    "choices": _refuse_choices,
    "text": _refuse_text,
}
