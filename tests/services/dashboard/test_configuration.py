"""What is configured is shown with its source; a secret never is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.domain.saved_counters import SavedCounters
from ingest.domain.timestamps import format_timestamp
from ingest.services.dashboard.configuration import WEBHOOK_COUNTER, list_settings, webhook_status
from support.state_records import NOW, at

SECRETS = (
    "GITHUB_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_WEBHOOK_SECRET",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
URLS = ("GITHUB_API_URL", "AWS_ENDPOINT_URL")

#: What no row says by itself.
SECRET_TEXT = st.text(st.sampled_from("ĀāĂ㐀/:@?#[]%\\ \n"), max_size=8).map("ŝecŕet{}".format)


def shown(**values: str) -> dict[str, dict]:
    def find(name: str) -> tuple[str | None, str]:
        return (values[name], "environment") if name in values else (None, "default")

    return {row["name"]: row for row in list_settings(find)}


def test_each_setting_stands_in_its_part_of_the_page():
    part = {name: row["part"] for name, row in shown().items()}
    assert part["GITHUB_TOKEN"] == part["GITHUB_API_URL"] == "credentials"
    assert part["METRICS_QUEUE"] == part["AWS_ACCESS_KEY_ID"] == part["EVENT_BUS"] == "event_bus"
    assert part["REPOSITORIES"] == "sources"
    assert part["POLL_SECONDS"] == part["LOG_MODE"] == "agents"
    assert (part["GITHUB_WEBHOOK_SECRET"], part["LOGIN_CONTACT"]) == ("webhook", "accounts")


@given(st.dictionaries(st.sampled_from(SECRETS), SECRET_TEXT))
def test_no_secret_is_ever_shown(values):
    """Only that it is set."""
    rows = shown(**values)
    assert "ŝecŕet" not in json.dumps(rows, ensure_ascii=False)
    assert {name for name in SECRETS if rows[name]["value"] == "set"} == set(values)
    assert all(rows[name]["is_secret"] for name in SECRETS)


@given(
    st.sampled_from(URLS),
    st.sampled_from(["https://", "http://", "", "//", "HTTPS://", "https:/"]),
    SECRET_TEXT,
    st.sampled_from(["host", "host:99", "[::1]:80", "[", "", "host/a?b#c"]),
)
def test_no_password_in_a_url_is_ever_shown(name, scheme, password, host):
    """Also where the URL is none, as people mistype it; its host is shown."""
    value = shown(**{name: f"{scheme}user:{password}@{host}"})[name]["value"]
    assert "ŝecŕet" not in value
    assert "user" not in value
    assert value.endswith(host)


def test_no_shared_access_signature_in_a_url_is_shown():
    """Azure's portal copies it with the URL."""
    value = shown(LOG_BUCKET="https://octo.blob.core.windows.net/logs?sv=1&sig=secret")
    assert value["LOG_BUCKET"]["value"] == "https://octo.blob.core.windows.net/logs?…"


def test_a_pattern_with_a_question_mark_is_shown():
    """With the sources behind it."""
    assert shown(REPOSITORIES="octo/api-?, octo/web")["REPOSITORIES"]["value"] == (
        "octo/api-?, octo/web"
    )


@given(st.sampled_from([*SECRETS, *URLS, "LOG_MODE", "POLL_SECONDS", "LOG_BUCKET"]), st.text())
def test_any_value_can_be_shown(name, value):
    """The page is where people look for what is wrong with it."""
    rows = shown(**{name: value})
    assert isinstance(rows[name]["value"], str)
    assert rows[name]["source"] == "environment"


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("https://github.example.com/api/v3", "https://github.example.com/api/v3"),
        ("https://me:pw@github.example.com/api/v3", "https://…@github.example.com/api/v3"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_url_is_shown_without_its_password(value, seen):
    """The rest is as it was set."""
    assert shown(GITHUB_API_URL=value)["GITHUB_API_URL"]["value"] == seen


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOGIN_CONTACT", "ops@example.com"), ("BRANCHES", "main, !renovate/@types*")],
)
def test_what_is_no_url_is_shown_in_full(name, value):
    """An address of a person, or a pattern, has no password before its ``@``."""
    assert shown(**{name: value})[name]["value"] == value


def test_what_is_not_set_shows_its_default_or_that_it_is_missing():
    """And whether it is needed."""
    rows = shown()
    assert rows["POLL_SECONDS"]["value"] == "30"
    assert rows["POLL_SECONDS"]["source"] == "default"
    assert rows["LOG_BUCKET"]["value"] == "not set"
    assert {name for name, row in rows.items() if row["source"] == "missing"} == {
        name for name, row in rows.items() if row["is_needed"]
    }
    assert rows["GITHUB_TOKEN"]["value"] == "not set"


def test_every_setting_reports_what_it_is_for():
    """In a sentence."""
    rows = shown(METRICS_QUEUE="mine")
    assert rows["METRICS_QUEUE"]["value"] == "mine"
    assert all(row["what"].endswith(".") for row in rows.values())


def facts(*intervals, totals=None, has_secret: bool = False, origin: str = "https://app"):
    saved_counters = SavedCounters(totals=totals or {}, intervals=intervals)
    return webhook_status(saved_counters, has_secret=has_secret, origin=origin)


@pytest.mark.parametrize("origin", ["https://app.example/_/api", "https://app.example/_/api/"])
def test_github_is_reported_where_to_send_webhooks(origin):
    """Whether the origin ends in a slash or not."""
    webhook = facts(origin=origin)
    assert webhook["url"] == "https://app.example/_/api/github/webhook"
    assert webhook["events"] == ["workflow_run", "workflow_job"]
    assert webhook["content_type"] == "application/json"


def test_a_webhooks_secret_is_only_reported_to_be_set():
    """Its value is not asked for."""
    assert facts(has_secret=True)["secret_is_set"]
    assert not facts()["secret_is_set"]


def test_it_is_reported_whether_webhooks_came():
    """In all, and when the last did."""
    webhook = facts(
        (at(-900), {WEBHOOK_COUNTER: 2}),
        (at(-600), {WEBHOOK_COUNTER: 1}),
        (NOW, {"runs": 5}),
        totals={WEBHOOK_COUNTER: 30},
    )
    assert (webhook["received"], webhook["last_received_at"]) == (30, format_timestamp(at(-600)))
    assert (facts()["received"], facts()["last_received_at"]) == (0, None)
