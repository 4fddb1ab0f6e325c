"""The one place that chooses and connects adapters.

Imports happen inside the functions: a headless process needs no Anvil, and Anvil no psycopg2.
"""

from .access import GITHUB_THREADS, aws_access
from .buses import open_bus
from .collector import Collector, open_collector, open_headless
from .doctor_target import open_doctor_target
from .queues import count_dead_letters, queue_depth, queue_depths, set_up_queues
from .sources import exchange_app_code, open_log_reader, open_source, open_source_lister
from .states import (
    DEFAULT_STATE_FILE,
    log_cache_of,
    open_data_tables_state,
    open_state,
    read_anvil_settings,
)
from .workers import free_dead_leases, worker_id

__all__ = [
    "DEFAULT_STATE_FILE",
    "GITHUB_THREADS",
    "Collector",
    "aws_access",
    "count_dead_letters",
    "exchange_app_code",
    "free_dead_leases",
    "log_cache_of",
    "open_bus",
    "open_collector",
    "open_data_tables_state",
    "open_doctor_target",
    "open_headless",
    "open_log_reader",
    "open_source",
    "open_source_lister",
    "open_state",
    "queue_depth",
    "queue_depths",
    "read_anvil_settings",
    "set_up_queues",
    "worker_id",
]
