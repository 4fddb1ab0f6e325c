"""Accounts of release 0.1, which had no roles and Anvil's hashes, after an upgrade of the app."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anvil.server
import pytest
from anvil.tables import app_tables
from support.anvil_people import first_password, signed_in
from support.anvil_server import (
    EMAIL,
    LocalAws,
    PostgresServer,
    serving_anvil,
    without_schedule,
)


def without_roles(app: dict[str, Any]) -> None:
    """Describe the tables of accounts as release 0.1 did."""
    without_schedule(app)
    for table in ("login_failures", "passwords"):
        del app["db_schema"][table]
    columns = app["db_schema"]["users"]["columns"]
    columns[:] = [column for column in columns if column["name"] != "role"]


def test_accounts_of_0_1_are_admins_and_get_roles(
    postgres: PostgresServer, aws: LocalAws, tmp_path: Path
):
    """The upgrade adds the column, and who could do everything still can.

    The server removes the column in between, for its account is made with today's code.
    """
    parts = {"postgres": postgres, "aws": aws}
    with serving_anvil(tmp_path / "first", **parts, edit=without_schedule) as first:
        password = first_password(first)
    database = first.database_url
    with (
        serving_anvil(tmp_path / "old", **parts, edit=without_roles, database=database) as old,
        old.uplink(),
    ):
        assert "role" not in {column["name"] for column in app_tables.users.list_columns()}
        salt = anvil.server.call("anvil.private.bcrypt.gensalt", 10)
        hashed = anvil.server.call("anvil.private.bcrypt.hashpw", password, salt)
        app_tables.users.get(email=EMAIL)["password_hash"] = hashed
    with (
        serving_anvil(tmp_path / "new", **parts, edit=without_schedule, database=database) as new,
        signed_in(new, password) as call,
    ):
        assert new.served.account is None
        assert app_tables.users.get(email=EMAIL)["password_hash"] is None
        assert app_tables.passwords.get(key=EMAIL)["digest"].startswith("scrypt$")
        created = call("add_account", "bea@example.com", "viewer")
        roles = {each["email"]: each["role"] for each in call("get_settings")["accounts"]}
        assert roles == {"admin@example.com": "admin", "bea@example.com": "viewer"}
        with pytest.raises(Exception, match="last admin"):
            call("set_account_role", "admin@example.com", "operator")
        call("set_account_role", created["email"], "admin")
        call("set_account_role", "admin@example.com", "operator")
