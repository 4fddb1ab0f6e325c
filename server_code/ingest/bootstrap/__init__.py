"""The one place that chooses adapters and joins them.

Imports happen inside the functions: a headless process needs no Anvil, and Anvil no psycopg2.
"""

from .access import GITHUB_THREADS, aws_access
from .collector import Collector, open_collector, open_headless
from .examination import open_patient
from .processes import free_dead_leases, process_name
from .queues import queue_depths, set_up_queues
from .sources import LogSources, open_log_sources, open_source
from .states import (
    DEFAULT_STATE_FILE,
    log_cache_of,
    open_data_tables_state,
    open_state,
    read_anvil_settings,
)

__all__ = [
    "DEFAULT_STATE_FILE",
    "GITHUB_THREADS",
    "Collector",
    "LogSources",
    "aws_access",
    "free_dead_leases",
    "log_cache_of",
    "open_collector",
    "open_data_tables_state",
    "open_headless",
    "open_log_sources",
    "open_patient",
    "open_source",
    "open_state",
    "process_name",
    "queue_depths",
    "read_anvil_settings",
    "set_up_queues",
]
