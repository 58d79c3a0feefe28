"""Every global and filter that the questions, the templates and the messages may use."""

from __future__ import annotations

from jinja2 import Environment

from . import git_settings, messages, naming, overwrites, stacks, template_cache, template_files
from .answers import contradictions, cross_checks, defaults, derived, layers, told
from .fly import memory, platform, toml
from .template_cache import Compiled

GLOBALS = {
    # What the project says, for defaults and messages.
    "apps_with_endpoint": defaults.apps_with_endpoint,
    "apps_with_assets": defaults.apps_with_assets,
    "apps_with_repo": defaults.apps_with_repo,
    "app_lib_default": defaults.app_lib_default,
    "bucket_default": defaults.bucket_default,
    "bucket_env_default": defaults.bucket_env_default,
    "build_script": defaults.build_script,
    "database_env_default": defaults.database_env_default,
    "app_name_default": defaults.app_name_default,
    "database_file_default": defaults.database_file_default,
    "default_pool": defaults.default_pool,
    "detected": defaults.detected,
    "settings_found": defaults.settings_found,
    "endpoint_file": defaults.endpoint_file,
    "from_fly_toml": defaults.from_fly_toml,
    "left_behind": defaults.left_behind,
    "nearest_elixir": defaults.nearest_elixir,
    "nearest_node": defaults.nearest_node,
    "own_schedules": defaults.own_schedules,
    "own_workers": defaults.own_workers,
    "release_default": defaults.release_default,
    "release_module_default": defaults.release_module_default,
    "programs_at_run_time": defaults.programs_at_run_time,
    "secrets_read_at_run_time": defaults.secrets_read_at_run_time,
    "stand_ins": defaults.stand_ins,
    "survey_found": told.survey_found,
    "survey_is_old": told.survey_is_old,
    "tcp_ports": defaults.tcp_ports,
    "umbrella_apps": defaults.umbrella_apps,
    "umbrella_module": defaults.umbrella_module,
    "umbrella_web_module": defaults.umbrella_web_module,
    "unknown_keys": toml.unknown,
    "web_app_default": defaults.web_app_default,
    "web_lib_default": defaults.web_lib_default,
    # Whether the answers are possible.
    "check": cross_checks.check,
    "contradictions": contradictions.contradictions,
    "cross_checks": cross_checks.cross_checks,
    "preflight": cross_checks.preflight,
    # What follows from the answers.
    "layers": layers.layers,
    "lines_to_add": derived.lines_to_add,
    "all_environments": derived.all_environments,
    "app_secrets": derived.app_secrets,
    "machines_of_workers": derived.machines_of_workers,
    "monthly_cost": derived.monthly_cost,
    "process_groups": derived.process_groups,
    "traced_commands": derived.traced_commands,
    # Which files are written.
    "existing_files": messages.existing_files,
    "new_files": messages.new_files,
    "refuse_ignored": overwrites.refuse_ignored,
    "refuse_overwrites": overwrites.refuse_overwrites,
    **template_files.GLOBALS,
    # What Fly.io offers.
    "catalog": platform.catalog,
    "check_grace": platform.check_grace,
    "deploy_wait": platform.deploy_wait,
    "elixir_choices": platform.elixir_choices,
    "known_memory": platform.known_memory,
    "known_region": platform.known_region,
    "machine_price": platform.machine_price,
    "managed_postgres_region": platform.managed_postgres_region,
    "megabytes": memory.megabytes,
    "memory_choices": platform.memory_choices,
    "node_choices": platform.node_choices,
    "region_choices": platform.region_choices,
    "seconds": platform.seconds,
    "sizes_for": platform.sizes_for,
    # Which stacks there are.
    "FRAMEWORKS": stacks.FRAMEWORKS,
    "STACKS": stacks.STACKS,
    "stack_choices": stacks.stack_choices,
    # Names that follow from other names.
    "fly_name": naming.fly_name,
    "module_name": naming.module_name,
    "otp_name": naming.otp_name,
    "environment_app": naming.environment_app,
    "underscore": naming.underscore,
}
FILTERS = {"atomically": overwrites.atomically}


def install(environment: Environment, compiled: Compiled) -> None:
    """Add the globals and filters to a Jinja environment, and let it compile each template once."""
    git_settings.neutralise()
    environment.globals.update(GLOBALS)
    environment.filters.update(FILTERS)
    template_cache.install(environment, compiled)
