"""What `serve` configures for the app server: whole, private, and named as the server asks."""

from __future__ import annotations

import os
import resource
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ingest.bootstrap.private_files import write_private
from ingest.settings import read_settings

from standalone.app_server.app_folder import APP_FILES, link_app
from standalone.app_server.configuration import ServerConfiguration, secrets_from
from standalone.app_server.errors import CannotServe
from standalone.app_server.jdbc import is_postgres, jdbc_url, named_database
from standalone.app_server.running import server_environment
from standalone.key_file import load_or_create_key

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIE: #x\n\n-----END RSA PRIVATE KEY-----\n"

CONFIGURATION = ServerConfiguration(
    app=Path("/srv/app/runstream"),
    data_dir=Path("/srv/data"),
    origin="http://127.0.0.1:3030",
    port=3030,
    uplink_key="the-uplink-key",
    database="jdbc:postgresql://127.0.0.1/x?password=the-password",
    secrets={"github_token": "ghp_1234", "github_app_id": "0123", "github_app_private_key": PEM},
)


def test_the_server_reads_back_what_was_written():
    options = yaml.safe_load(CONFIGURATION.as_yaml())
    assert options["app"] == "/srv/app/runstream"
    assert (options["ip"], options["port"]) == ("127.0.0.1", 3030)
    assert options["auto-migrate"] is True
    assert options["disable-tls"] is True
    assert options["database"] == CONFIGURATION.database
    assert options["secret"] == CONFIGURATION.secrets


def test_digits_stay_text_and_a_key_stays_lines():
    """The server would make numbers of digits, and its command line takes no lines."""
    text = CONFIGURATION.as_yaml()
    assert '"github_app_id": "0123"' in text
    assert '"github_app_private_key": |\n    -----BEGIN RSA PRIVATE KEY-----\n' in text


def test_without_a_database_the_server_uses_its_own():
    assert "database" not in yaml.safe_load(replace(CONFIGURATION, database=None).as_yaml())


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff\x00")))
@example("\n\x85")
@example("a key\nwith\u2028another\rbreak\n")
def test_any_value_arrives_as_it_is(value: str):
    written = replace(CONFIGURATION, secrets={"log_bucket": value}).as_yaml()
    assert yaml.safe_load(written)["secret"]["log_bucket"] == value


def test_no_secret_is_in_what_a_log_would_show():
    shown = repr(CONFIGURATION)
    for secret in ("the-uplink-key", "the-password", "ghp_1234", "BEGIN RSA"):
        assert secret not in shown


def test_every_setting_goes_to_the_app_but_for_those_of_other_hosts():
    asked: dict[str, str] = {}

    def ask(name: str) -> None:
        asked[name] = f"value of {name}"

    read_settings(ask)
    expected = asked.keys() - {
        "DATABASE_URL",
        "ANVIL_UPLINK_KEY",
        "ANVIL_UPLINK_URL",
        "MCP_TOKEN",
    }
    assert secrets_from(asked).keys() == {name.lower() for name in expected}
    assert "TASK_SECONDS" in expected


def test_secrets_have_their_settings_names_in_lower_case():
    environment = {"GITHUB_TOKEN": "t", "LOG_MODE": "", "DATABASE_URL": "d", "HOME": "h"}
    assert secrets_from(environment) == {"github_token": "t"}


def test_the_state_of_a_headless_collector_is_kept_from_the_app():
    inherited = server_environment(
        {"DATABASE_URL": "d", "ANVIL_DATABASE_URL": "a", "ANVIL_UPLINK_KEY": "k", "HOME": "h"}
    )
    assert inherited == {
        "APP_CACHE_SIZE": "0",
        "HOME": "h",
        "OTEL_SDK_DISABLED": "true",
        "PYTHON_INTERPRETER": sys.executable,
    }


@pytest.mark.parametrize(
    ("name", "cheap", "wanted"),
    [("APP_CACHE_SIZE", "0", "16"), ("OTEL_SDK_DISABLED", "true", "false")],
)
def test_no_app_or_trace_is_sent_with_each_call_unless_somebody_wants_it(
    name: str, cheap: str, wanted: str
):
    assert server_environment({})[name] == cheap
    assert server_environment({name: wanted})[name] == wanted


def test_a_private_file_is_private_whatever_it_replaces(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.touch(mode=0o666)
    before = os.umask(0)
    try:
        write_private(file, "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == "text"
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]


def test_a_private_text_is_nowhere_else_if_its_file_cannot_be_replaced(tmp_path: Path):
    """Such as a folder, or the place at which a container mounts one file."""
    file = tmp_path / "config.yaml"
    file.mkdir()
    with pytest.raises(IsADirectoryError):
        write_private(file, "secret")
    assert list(tmp_path.iterdir()) == [file]


def test_a_disk_that_refuses_the_file_is_reported_with_its_name(tmp_path: Path):
    """The system names none; what stood there stays."""
    file = tmp_path / "config.yaml"
    file.write_text("before")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            write_private(file, "text")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert refused.value.filename == str(file)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"]


def test_a_key_is_created_once(tmp_path: Path):
    file = tmp_path / "uplink.key"
    key = load_or_create_key(file)
    assert len(key) >= 32
    assert load_or_create_key(file) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://h/db", "jdbc:postgresql://h/db"),
        ("postgres://u@h:5433/db", "jdbc:postgresql://h:5433/db?user=u"),
        (
            "postgresql://u%40x:p%26+%3D%2F%25@h/db?sslmode=require",
            "jdbc:postgresql://h/db?user=u%40x&password=p%26%2B%3D%2F%25&sslmode=require",
        ),
        ("postgresql://u:p@[::1]:5432/db", "jdbc:postgresql://[::1]:5432/db?user=u&password=p"),
        ("postgresql://h1:1,h2:2/db", "jdbc:postgresql://h1:1,h2:2/db?targetServerType=primary"),
        (
            "postgresql://h1,h2/db?target_session_attrs=any",
            "jdbc:postgresql://h1,h2/db?targetServerType=any",
        ),
        (
            "postgresql://h/db?target_session_attrs=read-write",
            "jdbc:postgresql://h/db?targetServerType=primary",
        ),
        (
            "postgresql://h/db?target_session_attrs=prefer-standby",
            "jdbc:postgresql://h/db?targetServerType=preferSecondary",
        ),
        ("postgresql://u:p@h/db?password=a+b", "jdbc:postgresql://h/db?user=u&password=a%2Bb"),
        ("postgresql://h/db?connect_timeout=3", "jdbc:postgresql://h/db?connectTimeout=3"),
        ("postgresql://u:%20@h", "jdbc:postgresql://h/?user=u&password=%20"),
        ("jdbc:postgresql://h/db?user=u", "jdbc:postgresql://h/db?user=u"),
    ],
)
def test_a_database_is_named_as_the_servers_driver_reads_it(url: str, expected: str):
    assert is_postgres(url)
    assert jdbc_url(url) == expected


@pytest.mark.parametrize("url", ["sqlite:///x", "runstream.db", "postgresql:///db", "mysql://h/d"])
def test_a_database_that_the_server_cannot_reach_is_refused(url: str):
    with pytest.raises(CannotServe, match="postgresql://USER:PASSWORD@HOST"):
        jdbc_url(url)


@pytest.mark.parametrize("mark", ["[", "#", "?"])
def test_a_url_that_cannot_be_read_is_refused_without_its_password(mark: str):
    """The driver would read the password's beginning as a port, and show it."""
    with pytest.raises(CannotServe) as caught:
        jdbc_url(f"postgresql://u:pass{mark}word@h/db")
    assert "word" not in str(caught.value).replace("password", "")


def checkout_at(folder: Path) -> Path:
    for name in APP_FILES:
        file = folder / name
        if "." in name:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(name)
        else:
            file.mkdir(parents=True)
    return folder


def test_a_checkout_of_any_name_is_served_under_the_packages_name(tmp_path: Path):
    """Only the app's files are linked, nothing is written to the checkout, and it can be moved."""
    checkout = checkout_at(tmp_path / "my-fork.2")
    (checkout / ".venv").mkdir()
    checkout.chmod(0o555)
    for _ in range(2):
        app = link_app(checkout, tmp_path / "served" / "app")
    assert app.name == "runstream"
    assert sorted(each.name for each in app.iterdir()) == sorted(APP_FILES)
    assert (app / "anvil.yaml").read_text() == "anvil.yaml"
    moved = checkout_at(tmp_path / "elsewhere")
    link_app(moved, tmp_path / "served" / "app")
    assert (app / "theme").resolve() == moved / "theme"


def test_what_is_not_the_whole_app_is_not_served(tmp_path: Path):
    with pytest.raises(CannotServe, match=r"anvil\.yaml.* is not there"):
        link_app(tmp_path, tmp_path / "app")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DATABASE_URL": "'postgresql://h/d'"}, ("DATABASE_URL", "postgresql://h/d")),
        ({"DATABASE_URL": "runstream.db"}, None),
        (
            {"DATABASE_URL": "postgresql://h/d", "ANVIL_DATABASE_URL": '""'},
            ("DATABASE_URL", "postgresql://h/d"),
        ),
        (
            {"DATABASE_URL": "postgresql://h/d", "ANVIL_DATABASE_URL": "x"},
            ("ANVIL_DATABASE_URL", "x"),
        ),
    ],
)
def test_a_database_in_quotes_is_used(environment, named):
    """The app would else be served with another, empty one."""
    assert named_database(environment) == named


def test_a_secret_of_quotes_alone_is_not_set():
    """The Settings page would call it set, while it is read as missing."""
    environment = {"GITHUB_TOKEN": '""', "LOG_MODE": '"live"'}
    assert secrets_from(environment) == {"log_mode": "live"}
