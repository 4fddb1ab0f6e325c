"""anvil.yaml has the shape that Anvil and the app server take, and names what the code names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "anvil.yaml").read_text()
APP: dict[str, Any] = yaml.safe_load(TEXT)
TABLES: dict[str, dict[str, Any]] = APP["db_schema"]
TYPES = {"string", "number", "bool", "date", "datetime", "simpleObject", "media"}

ADAPTER = sorted((ROOT / "server_code/ingest/adapters/data_tables").glob("*.py"))
ENTRYPOINTS = sorted((ROOT / "server_code/ingest/entrypoints").glob("*.py"))

#: What was ever released, by table and type: a column that leaves or changes takes its data along.
RELEASED = {
    "repositories": {
        "string": "key full_name lease_holder progress",
        "datetime": "added_at next_poll_at last_polled_at lease_until saved_at",
        "bool": "paused",
    },
    "attempts": {
        "string": "key repository run run_id age commit",
        "number": "run_attempt body_bytes",
        "datetime": "created_at look_at",
        "bool": "settled unread",
    },
    "attempt_bodies": {
        "string": "key body",
    },
    "run_hints": {
        "string": "key repository run_id",
        "datetime": "hinted_at",
    },
    "run_facts": {
        "string": "key repository body",
        "datetime": "received_at",
    },
    "commits": {
        "string": "key body",
    },
    "deliveries": {
        "string": "key",
        "datetime": "received_at",
    },
    "pauses": {
        "string": "key",
        "datetime": "paused_until",
    },
    "job_logs": {
        "string": "key attempt repository run_id job_id state age body",
        "number": "run_attempt",
        "datetime": "updated_at",
    },
    "run_summaries": {
        "string": "key run_id age body",
        "number": "run_attempt",
        "datetime": "created_at saved_at",
    },
    "agents": {
        "string": "key body",
        "datetime": "heartbeat_at",
    },
    "agent_wishes": {
        "string": "key wish",
    },
    "traffic": {
        "string": "key counts",
    },
    "errors": {
        "string": "key body",
        "datetime": "occurred_at",
    },
    "activities": {
        "string": "key body",
        "datetime": "occurred_at",
    },
    "cached_logs": {
        "string": "key name log age",
        "datetime": "saved_at",
        "bool": "is_whole",
        "number": "total_lines total_bytes stored_bytes",
    },
    "log_pages": {
        "string": "key name content",
        "number": "first_line line_count",
    },
    "passwords": {"string": "key digest"},
    "ledger_counts": {
        "string": "key",
        "number": "attempts open_attempts unread_attempts logs_pending logs_fetched "
        "logs_unavailable",
        "datetime": "saved_at",
    },
    "table_changes": {"string": "key change_id"},
    "login_failures": {
        "string": "key account",
        "datetime": "failed_at paused_until",
        "number": "failures",
    },
    "users": {
        "string": "email password_hash email_confirmation_key role",
        "bool": "enabled confirmed_email",
        "datetime": "signed_up last_login",
        "number": "n_password_failures",
        "simpleObject": "remembered_logins",
    },
}


def columns(table: str) -> dict[str, str]:
    return {column["name"]: column["type"] for column in TABLES[table]["columns"]}


@pytest.mark.parametrize("table", TABLES)
class TestTable:
    def test_it_is_for_the_server_alone(self, table: str) -> None:
        assert TABLES[table]["server"] == "full"
        assert TABLES[table]["client"] == "none"
        assert TABLES[table]["title"] == table

    def test_it_has_no_indexes(self, table: str) -> None:
        """The app server would see them as missing at every start."""
        assert set(TABLES[table]) == {"title", "server", "client", "columns"}

    def test_its_columns_are_of_known_types_and_in_order(self, table: str) -> None:
        described = TABLES[table]["columns"]
        assert set(columns(table).values()) <= TYPES
        assert len(columns(table)) == len(described)
        assert [column["admin_ui"]["order"] for column in described] == list(range(len(described)))

    def test_the_code_names_it_and_each_of_its_columns(self, table: str) -> None:
        """What nobody reads or writes is not made; Anvil's own service names those of users."""
        named = {
            name for tree in map(parse, ADAPTER) if table in tables_of(tree) for name in words(tree)
        }
        assert table == "users" or set(columns(table)) - named == set()


@pytest.mark.parametrize("table", RELEASED)
def test_a_released_column_stays_as_it_is(table: str) -> None:
    """To the app server a renamed column, or one of another type, is a deleted one."""
    released = {name: kind for kind, names in RELEASED[table].items() for name in names.split()}
    assert released.items() <= columns(table).items()


@pytest.mark.parametrize("path", ADAPTER, ids=lambda path: path.stem)
def test_every_table_and_column_that_the_adapter_names_is_there(path: Path) -> None:
    tree = parse(path)
    tables = tables_of(tree)
    assert tables <= set(TABLES)
    if tables:
        known = {name for table in tables for name in columns(table)}
        assert set(asked_columns(tree)) - known == set()


def test_every_scheduled_task_is_there() -> None:
    registered = {
        function.name
        for tree in map(parse, ENTRYPOINTS)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and any("background_task" in ast.unparse(each) for each in function.decorator_list)
    }
    scheduled = [task["task_name"] for task in APP["scheduled_tasks"]]
    assert scheduled
    assert set(scheduled) <= registered
    assert len({task["job_id"] for task in APP["scheduled_tasks"]}) == len(scheduled)


def test_nobody_signs_up_or_logs_in_past_the_app() -> None:
    """Anvil refuses each of its own functions whose way to log in is off."""
    users = next(each for each in APP["services"] if each["source"].endswith("users.yml"))
    client = users["client_config"]
    ways = ("use_email", "use_google", "use_facebook", "use_microsoft", "use_saml", "use_token")
    assert [name for name in (*ways, "allow_signup", "confirm_email") if client.get(name)] == []
    # Passwords are not asked about elsewhere.
    assert not client["require_secure_passwords"]
    assert users["server_config"] == {"user_table": "users"}


def test_nothing_comes_from_a_foreign_host() -> None:
    assert APP["dependencies"] == []
    assert not re.search(r"//|\bwww\.", re.sub(r"(?m)#.*$", "", TEXT))
    assert all(each["source"].startswith("/runtime/services/") for each in APP["services"])


def test_no_secret_is_in_it() -> None:
    assert "secrets" not in APP


def test_the_tables_are_those_of_the_second_generation() -> None:
    tables = next(each for each in APP["services"] if each["source"].endswith("tables.yml"))
    assert tables["client_config"] == {"enable_v2": True}
    assert tables["server_config"] == {"auto_create_missing_columns": False}


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def tables_of(tree: ast.Module) -> set[str]:
    """Find the tables of `Table("name")`, also those of which changes are noted."""
    kinds = ("Table", "SeldomChangedTable")
    return {call.args[0].value for call in calls(tree) if called(call) in kinds}  # type: ignore[attr-defined]


def words(tree: ast.Module) -> Iterator[str]:
    """Find every string and every name of a keyword."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield node.arg


def asked_columns(tree: ast.Module) -> Iterator[str]:
    """Find the columns that searches name."""
    for call in calls(tree):
        if called(call) in ("search_by", "delete_by"):
            yield from strings(call.args[0])
        for keyword in call.keywords:
            if keyword.arg in ("columns", "order_by"):
                yield from strings(keyword.value)
            elif keyword.arg == "where" and isinstance(keyword.value, ast.Dict):
                for key in keyword.value.keys:
                    yield from strings(key) if key is not None else ()


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def strings(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
