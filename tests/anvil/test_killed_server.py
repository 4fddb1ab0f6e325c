"""What the state does where the app's server is killed, or its tables are of another version."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from anvil import _threaded_server
from ingest.adapters.data_tables import open_data_tables_state
from ingest.errors import StateUnavailable
from support.anvil_server import AnvilApp, LocalAws, PostgresServer, serving_anvil, without_schedule
from support.state_records import NOW, REPOSITORY, an_attempt


def without_commits(app: dict[str, Any]) -> None:
    """Take a table and a column out of an app."""
    without_schedule(app)
    del app["db_schema"]["commits"]
    hints = app["db_schema"]["run_hints"]
    hints["columns"] = [each for each in hints["columns"] if each["name"] != "hinted_at"]


def kill_server(app: AnvilApp) -> None:
    """Kill the app server itself, and nothing else."""
    port = app.served.proxy.app_server_port
    for process in psutil.process_iter():
        if process.name() == "java" and any(
            each.laddr.port == port and each.status == psutil.CONN_LISTEN
            for each in process.net_connections("tcp")
        ):
            process.kill()
            process.wait(30)
            return
    pytest.fail(f"nobody listens on {port}")


@pytest.fixture
def serve(
    tmp_path: Path, postgres: PostgresServer, aws: LocalAws
) -> Iterator[Callable[..., AnvilApp]]:
    """Serve an app of the test's own."""
    with ExitStack() as opened:

        def serve(folder: str, **options: Any) -> AnvilApp:
            return opened.enter_context(
                serving_anvil(tmp_path / folder, postgres=postgres, aws=aws, **options)
            )

        yield serve


# Anvil's client leaves the sockets of its attempts to reconnect to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_killed_server_leaves_all_or_none(
    serve: Callable[..., AnvilApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between two calls of one save; who starts again finds none of it."""
    app = serve("first", edit=without_commits)
    ask, inserts = _threaded_server.do_call, iter([False, True])

    def kill_at_second_insert(args: Any, kwargs: Any, fn_name: Any = None, **rest: Any) -> Any:
        if fn_name and fn_name.endswith("add_rows") and next(inserts):
            kill_server(app)
        return ask(args, kwargs, fn_name=fn_name, **rest)

    with app.uplink():
        state = open_data_tables_state()
        with pytest.raises(StateUnavailable, match=r"commits.*apply the schema.*--auto-migrate"):
            state.load_commits(REPOSITORY, ["a" * 40])
        with pytest.raises(StateUnavailable, match=r"hinted_at.*apply the schema.*--auto-migrate"):
            state.save_run_hint(REPOSITORY, 7, now=NOW)
        with pytest.raises(StateUnavailable, match="apply the schema"):
            state.load_run_hints(REPOSITORY)
        state.save_attempts([an_attempt(run_id) for run_id in range(1000, 1100)])
        monkeypatch.setattr(_threaded_server, "do_call", kill_at_second_insert)
        with pytest.raises(StateUnavailable, match="do not answer"):
            state.save_attempts([an_attempt(run_id) for run_id in range(100)])
    monkeypatch.undo()
    with serve("second", edit=without_commits, database=app.database_url).uplink():
        state = open_data_tables_state()
        assert state.load_attempts(REPOSITORY, range(100)) == {}
        assert len(state.load_attempts(REPOSITORY, range(1000, 1100))) == 100
        state.save_attempts([an_attempt(run_id) for run_id in range(100)])
        assert state.count_ledger().attempts == 200
    gc.collect()
