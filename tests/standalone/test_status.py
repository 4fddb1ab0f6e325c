"""``status`` of many repositories: those of interest first, and the others counted."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from ingest.adapters.sql import open_sql_state
from ingest.domain.ledger import RepositoryRecord
from support.command_line import CommandLine

NUMBER = 1000


def test_many_repositories_are_listed_by_interest_and_counted(
    cli: CommandLine, tmp_path: Path
) -> None:
    """Those that fail first; all of them with --all, and in JSON."""
    now = datetime.now(timezone.utc)
    database = f"sqlite:///{tmp_path / 'many.db'}"
    with closing(open_sql_state(database)) as state:
        for number in range(NUMBER):
            record = RepositoryRecord(
                full_name=f"octo/repository-{number:03}",
                added_at=now,
                watched_since=now,
                failed_polls=1 if number == 777 else 0,
                last_error="GitHub is down." if number == 777 else None,
                last_changed_at=now - timedelta(hours=number + 1),
            )
            state.add_repository(record)
    printed = cli.run("status", DATABASE_URL=database).stdout
    rows = [line for line in printed.splitlines() if line.startswith(" octo/repository-")]
    assert len(rows) == 50
    assert rows[0].strip().startswith("octo/repository-777")
    assert rows[1].strip().startswith("octo/repository-000"), rows[:9]
    assert "and 950 more" in printed
    assert "--all" in printed
    everything = cli.run("status", "--all", DATABASE_URL=database).stdout
    assert everything.count("octo/repository-") >= NUMBER
    assert "--all" not in everything
    assert len(cli.json("status", "--json", DATABASE_URL=database)["repositories"]) == NUMBER
