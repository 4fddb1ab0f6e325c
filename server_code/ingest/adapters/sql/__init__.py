"""The state in SQLite, or in PostgreSQL where several machines share it.

What is searched is a column; the rest of a record is one JSON text, so that the two databases hold
the same, and any character that GitHub sends (NUL too, which PostgreSQL's text refuses) survives.
"""

from .store import SqlState, open_sql_state

__all__ = ["SqlState", "open_sql_state"]
