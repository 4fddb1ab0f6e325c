"""The guide quotes what is really printed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guides/troubleshooting.md").read_text()
ROWS = [line for line in GUIDE.splitlines() if line.startswith("|")]
SYMPTOMS = [
    row.split("|")[1].strip()
    for row in ROWS
    if not re.match(r"\|(---| symptom| what happens)", row)
]
QUOTED = sorted({each for row in ROWS for each in re.findall(r"(?<!\*)\*([^*]+)\*", row)})

#: Which tests show a row, by words of its first cell; what they do not show, they quote only.
SHOWN_BY = {
    "does not show": "test_what_a_person_must_fix_is_one_sentence",
    "keeps logs on this host": "test_a_host_of_logs_that_cannot_be_reached_is_named",
    "denied access": "test_each_refusal_names_its_remedy test_dead_letters_become_logs",
    "logs are *expired*": "test_an_expired_log_is_reported_to_be_expired",
    "state *limited*": "test_a_limited_tick_reports_it_and_leaves_the_rest_to_the_next",
    "runs appear late": "test_stretching_polls_makes_all_repositories_wait_equally_longer",
    "a queue or bucket *does not exist*": "test_a_missing_queue_reports_how_to_make_it",
    "*AccessDenied*": "test_a_person_is_reported_what_to_do",
    "*set the clock*": "test_a_wrong_clock_is_reported_as_the_clocks_fault",
    "answered with 401": "test_what_is_refused_reports_why",
    "answered with 404": "test_each_path_has_one_handler_and_others_list_the_paths",
    "arrive twice": "test_killed_after_any_write_nothing_is_missing_and_repeats_have_the_same_id",
    "metrics queue stays empty": "test_what_was_collected_is_measured",
    "*has been locked by another process*": "test_a_file_that_another_program_holds_is_named",
    "*has stalled*": "test_a_stalled_agent_has_a_time_and_its_note",
    "cannot sign in": "test_a_lost_password_is_replaced_by_whoever_has_the_key "
    "test_only_the_first_start_prints_the_login",
    "the download of the app server": "test_a_jar_that_cannot_be_downloaded_is_one_sentence_"
    "and_the_command",
    "the port is in use": "test_a_taken_port_is_reported_before_anything_starts",
    "`uplink` exits with 78": "test_a_wrong_key_ends_with_what_a_person_must_do",
    "connection to the app is lost": "test_while_the_link_is_lost_nothing_is_asked_over_it",
    "`collect` exits with 78": "test_what_a_person_must_fix_is_one_sentence "
    "test_what_may_help_is_tried_again_and_nothing_else",
    "errors list: *temporary folder*": "test_without_a_temporary_folder_a_large_log_waits "
    "test_a_temporary_folder_that_is_not_writable_is_a_failure",
    "*too many files are open*": "test_a_limit_of_open_files_is_named "
    "test_without_open_files_a_large_log_waits",
    "errors list: *Logs of": "test_a_log_waits_for_as_long_as_a_failure_lasts",
    "memory usage grows": "test_a_giant_log_takes_at_most_32_mib_more_than_idle",
    "GitHub is down": "test_what_fails_is_asked_for_again_until_all_is_reported "
    "test_a_list_that_fails_is_asked_for_in_smaller_pages",
    "a GitHub credential expires": "test_a_rejected_token_stops_no_other_and_is_reported_once "
    "test_a_suspended_installation_stops_no_other",
    "a log cannot be downloaded": "test_a_log_waits_for_as_long_as_a_failure_lasts",
    "is throttled": "test_what_is_not_taken_is_reported_and_taken_later "
    "test_a_log_arrives_although_s3_fails",
    "the KMS key": "test_a_withheld_key_is_not_the_message_s_fault",
    "credentials in a file expire": "test_a_credentials_file_that_is_renewed_is_read_again",
    "PostgreSQL restarts": "test_reads_and_writes_continue_after_all_connections_were_ended "
    "test_a_connection_to_a_server_that_takes_no_writes_is_dropped "
    "test_a_store_out_of_reach_ends_no_agent",
    "loses its schema": "test_a_role_whose_search_path_was_wrong_is_served_again",
    "behind a pooler": "test_no_setting_is_left_in_the_session_of_a_server",
    "several hosts": "test_of_several_hosts_the_one_that_takes_writes_is_connected",
    "does not exist for a while": "test_work_that_its_queue_refuses_is_requeued_at_the_next_scan "
    "test_a_missing_bucket_stops_only_what_publishes_logs",
    "use one SQLite file": "test_two_collectors_on_one_sqlite_file_share_the_work",
    "a file or program of AWS credentials": "test_a_file_of_credentials_that_is_missing_needs_a_"
    "person",
    "the folder of a SQLite file": "test_a_folder_that_is_missing_or_no_file_needs_a_person",
    "temporary credentials of a role": "test_a_role_that_cannot_be_assumed_for_a_while_is_waited_"
    "for test_an_sso_session_that_has_ended_is_waited_for",
    "memory or threads are limited": "test_too_little_memory_is_named_instead_of_hanging "
    "test_memory_that_is_refused_to_every_import_is_named "
    "test_an_interpreter_that_lets_no_thread_run_is_ended",
    "the SQLite file is locked": "test_a_full_disk_is_named_wherever_sqlite_meets_it "
    "test_a_read_only_disk_is_named test_a_file_that_another_program_holds_is_named",
    "the SQLite file is deleted": "test_a_deleted_state_is_collected_again_with_the_same_ids",
    "the SQLite file is replaced": "test_a_damaged_file_is_named",
    "the temporary folder is full": "test_a_small_log_needs_no_disk "
    "test_a_disk_that_refuses_bytes_is_full_whenever_it_reports_it",
    "the app server of an Uplink": "test_connecting_is_tried_again_until_the_server_is_up",
    "an Uplink key was replaced": "test_a_key_that_was_replaced_ends_the_daemon",
    "the clock jumps": "test_what_happens_after_each_jump_is_collected_as_usual",
    "a process is killed": "test_a_lease_of_a_killed_holder_is_taken_over_as_soon_as_it_is_over "
    "test_nothing_is_lost_when_everything_fails",
}
TESTS = {
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"def (test_\w+)", path.read_text())
}


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_each_row_has_a_test_that_shows_it(symptom: str) -> None:
    """A row that is added, or a test that is renamed, is noticed here."""
    [names] = [names for words, names in SHOWN_BY.items() if words in symptom]
    assert [name for name in names.split() if name not in TESTS] == []


def test_each_test_shows_a_row() -> None:
    """What no row speaks of any more goes with it."""
    assert [words for words in SHOWN_BY if not any(words in each for each in SYMPTOMS)] == []


@pytest.fixture(scope="module")
def texts() -> str:
    """Return every text of the code, the parts of an f-string included."""
    trees = (
        ast.parse(file.read_text())
        for folder in ("server_code", "standalone", "client_code")
        for file in (ROOT / folder).rglob("*.py")
    )
    nodes = (node for tree in trees for node in ast.walk(tree))
    values = (node.value for node in nodes if isinstance(node, ast.Constant))
    return "\n".join(value for value in values if isinstance(value, str)).lower()


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_the_guide_quotes_is_what_is_printed(quoted: str, texts: str) -> None:
    """People search the page for the words that they see."""
    for part in quoted.split("…"):
        assert part.strip().lower() in texts
