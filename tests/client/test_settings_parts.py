"""The parts of the Settings page."""

import pytest
from ingest.services.dashboard.configuration import list_settings
from ingest.services.doctor.parts import PARTS

from client_code import settings_parts


def test_an_address_names_a_part_and_others_name_the_first():
    assert settings_parts.chosen({"part": "webhook"}, is_admin=True) == "webhook"
    assert settings_parts.chosen({"part": "nothing"}, is_admin=True) == "checks"
    assert settings_parts.chosen({}, is_admin=False) == "sources"
    assert settings_parts.chosen({"part": "checks"}, is_admin=False) == "sources"
    assert settings_parts.address("event-bus") == "#settings?part=event-bus"


def test_every_setting_is_listed_in_one_part():
    rows = list_settings(lambda _: (None, "default"))
    placed = [
        each
        for part in settings_parts.WITH_SETTINGS
        for each in settings_parts.settings_of(part, rows)
    ]
    assert sorted(each["name"] for each in placed) == sorted(each["name"] for each in rows)


def test_the_page_runs_the_checks_that_the_server_has():
    assert settings_parts.CHECKS == PARTS


def test_failed_checks_are_counted_while_others_run():
    passed, failed = {"status": "ok"}, {"status": "failed"}
    assert settings_parts.checks_text([passed], is_done=False) == ""
    assert settings_parts.checks_text([passed, failed], is_done=False) == "1 of 2 checks failed."
    assert settings_parts.checks_text([passed, passed], is_done=True) == "All 2 checks passed."


def test_a_check_with_a_warning_is_not_said_to_have_passed():
    """The page says what `runstream doctor` says."""
    checks = [{"status": "ok"}, {"status": "warning"}]
    text = "No check failed, 1 of 2 with a warning."
    assert settings_parts.checks_text(checks, is_done=True) == text
    assert settings_parts.checks_text(checks, is_done=False) == ""


@pytest.mark.parametrize(
    ("statuses", "word"),
    [
        ([], "The connection was lost before all checks were run."),
        (["ok"], "The connection was lost before all checks were run."),
        (
            ["ok", "failed"],
            "The connection was lost before all checks were run. 1 of 2 checks failed.",
        ),
    ],
)
def test_checks_that_lose_the_connection_claim_nothing_of_those_not_run(statuses, word):
    checks = [{"status": status} for status in statuses]
    assert settings_parts.checks_text(checks, is_done=True, is_interrupted=True) == word
