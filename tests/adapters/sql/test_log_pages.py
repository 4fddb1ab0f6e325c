"""Cached logs in SQL, which are written in several transactions."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ingest.adapters.sql.database import Database
from ingest.adapters.sql.log_cache import SqlLogPageStore
from ingest.adapters.sql.migrate import migrate
from ingest.adapters.sql.store import choose_dialect
from ingest.domain.log_cache import compress_log
from ingest.domain.log_outline import LogOutline
from ingest.domain.runs import AttemptKey

KEY = AttemptKey("octo/api", 7, 1)
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def test_a_log_evicted_while_it_is_written_leaves_no_page(tmp_path: Path) -> None:
    """Another process takes the writer for killed: a laptop slept, or the clock was changed."""
    log = compress_log(KEY, 1, b"line\n" * 2500, LogOutline())
    other = compress_log(KEY, 2, b"other\n", LogOutline())
    with closing(Database(choose_dialect(str(tmp_path / "state.db")))) as database:
        migrate(database)
        store = SqlLogPageStore(database)
        writer = store.new_log(log.job, NOW)
        writer.add_pages(log.pages[:1])
        store.add_logs([other], NOW + timedelta(hours=2))
        writer.finish(log.pages[1:], log.size, log.outline)
        assert store.find_log(log.job) is None
        [name] = database.read("SELECT log_name FROM cached_logs")
        assert set(database.read("SELECT log_name FROM log_pages")) == {name}
