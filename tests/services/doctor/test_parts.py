"""The doctor's checks in parts: one that does not answer holds no other."""

from __future__ import annotations

import threading

import pytest
from ingest.errors import GithubUnavailable, Rejected, StateUnavailable
from ingest.services.doctor import parts
from ingest.services.doctor.checks import run_checks
from ingest.services.doctor.parts import PARTS, run_checks_of_part
from services.doctor.test_doctor import LocalEnvironment, target
from support.changed_ports import raising


def test_all_parts_together_are_what_the_command_line_checks():
    whole = [check.subject for check in run_checks(target(LocalEnvironment()))]
    parts = [
        check.subject
        for part in PARTS
        for check in run_checks_of_part(target(LocalEnvironment()), part)
    ]
    assert parts == whole


def test_a_part_that_does_not_answer_in_time_is_named():
    answer = threading.Event()

    class Hung(LocalEnvironment):
        def fetch_repository(self, repository):
            answer.wait()
            return super().fetch_repository(repository)

    *found, late = run_checks_of_part(target(Hung()), "GitHub", seconds=0.5)
    answer.set()
    assert {check.status for check in found} == {"ok"}
    assert late.status == "failed"
    assert late.finding == "GitHub did not answer within 0.5 seconds."


def test_an_error_keeps_its_own_remedy(monkeypatch: pytest.MonkeyPatch):
    def fail():
        raise GithubUnavailable("It failed.", remedy="Do this.")

    monkeypatch.setattr(parts, "check_machine", fail)
    (failed,) = run_checks_of_part(target(LocalEnvironment()), "machine")
    assert (failed.finding, failed.remedy) == ("It failed.", "Do this.")


def test_an_unknown_part_is_refused():
    with pytest.raises(Rejected):
        run_checks_of_part(target(LocalEnvironment()), "nothing")


@pytest.mark.parametrize("part", ["state", "GitHub"])
def test_a_state_that_cannot_be_read_is_not_said_to_watch_nothing(part: str):
    """The repositories may be in the state only."""
    unreadable = raising(StateUnavailable("The state did not answer."))
    here = target(LocalEnvironment(), repositories=(), open_state=unreadable)
    found = run_checks_of_part(here, part)
    assert not any("No repository is watched yet" in check.finding for check in found)


def test_a_disk_that_hangs_is_no_matter_of_the_network(monkeypatch: pytest.MonkeyPatch):
    answer = threading.Event()
    monkeypatch.setattr(parts, "check_machine", lambda: [answer.wait()][:0])
    (late,) = run_checks_of_part(target(LocalEnvironment()), "machine", seconds=0.1)
    answer.set()
    assert "TMPDIR" in late.remedy
    assert "network" not in late.remedy
