"""The state in the Data Tables of an Anvil app: hosted, on an app server, or over the Uplink.

``rows`` speaks to one table, ``transactions`` makes several queries one, ``guard`` turns Anvil's
errors into ours. ``watched``, ``attempts``, ``hints``, ``commits`` and ``job_logs`` are the stores
of what is collected, ``run_list``, ``agents``, ``traffic`` and ``journal`` those of what people
see, and ``store`` puts them together; ``log_cache`` keeps the newest logs.
The tables are laid out in ``anvil.yaml``.
"""

from .store import DataTablesState, open_data_tables_state

__all__ = ["DataTablesState", "open_data_tables_state"]
