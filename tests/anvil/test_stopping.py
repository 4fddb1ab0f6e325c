"""An agent that is stopped, on a server that has been up for long."""

from __future__ import annotations

from contextlib import closing

import anvil.server
import psycopg2
import pytest
from support.anvil_people import signed_in
from support.anvil_server import AnvilApp, ServeAnvil, without_schedule
from support.command_line import wait_until

_TASK = "task:log_ingestion_tick"

#: As many ended tasks as the app server keeps at least.
_PAST = """
INSERT INTO background_tasks
    (id, session_id, routing, task_name, debug, start_time, last_seen_alive, completion_status)
SELECT 'past' || number, session_id, routing, task_name, FALSE,
    start_time - number * interval '1 minute', last_seen_alive, 'completed'
FROM background_tasks, generate_series(1, 1000) AS number WHERE task_name = %s
"""
_STATUS = """
SELECT completion_status::text FROM background_tasks
WHERE task_name = %s ORDER BY start_time DESC LIMIT 1
"""


@pytest.fixture(scope="module")
def app(serve_anvil: ServeAnvil) -> AnvilApp:
    """Serve an app whose tasks begin only when they are launched."""
    return serve_anvil(edit=without_schedule)


def ask(app: AnvilApp, sql: str) -> list[tuple[str | None, ...]]:
    with closing(psycopg2.connect(app.database_url)) as database, database:
        cursor = database.cursor()
        cursor.execute(sql, (_TASK,))
        return cursor.fetchall() if cursor.description else []


@pytest.mark.slow
def test_the_task_at_work_is_ended_at_once_though_a_thousand_have_ended(app: AnvilApp) -> None:
    with signed_in(app) as call:
        call("configure_repository", "octo/api")
        wait_until(lambda: ask(app, _STATUS) != [], seconds=60)
        ask(app, _PAST)
        anvil.server.launch_background_task("log_ingestion_tick")
        assert ask(app, _STATUS) == [(None,)]

        assert call("control_agent", "Log Ingestion Agent", "stop")["state"] == "paused"

        assert ask(app, _STATUS) != [(None,)]
