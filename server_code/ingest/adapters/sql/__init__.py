"""The state in SQLite, or in PostgreSQL where several machines share it.

What is searched is a column; the rest of a record is one JSON text, so that the two databases hold
the same, and any character that GitHub sends (NUL too, which PostgreSQL's text refuses) survives.

``dialect`` says in what the two differ, ``sqlite`` and ``postgres`` are its two instances.
``pool`` and ``database`` hold connections and transactions, ``session`` speaks SQL within one,
``schema`` makes the tables. ``repositories``, ``attempts``, ``ledger``, ``forgetting`` and ``logs``
are the stores of what is collected, ``run_list``, ``agents``, ``traffic`` and ``journal`` those of
what pages show, and ``store`` puts them together; ``log_cache`` keeps the newest logs.
"""

from .log_cache import SqlLogCache
from .store import SqlState, open_sql_state

__all__ = ["SqlLogCache", "SqlState", "open_sql_state"]
