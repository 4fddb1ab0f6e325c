"""Every status that GitHub has, and those that it will have."""

import re
from pathlib import Path

import pytest
from ingest.domain.agent_states import AgentState
from ingest.domain.summaries import FAILED_CONCLUSIONS

from client_code import run_texts, sentences, statuses

PAGE = (Path(__file__).parents[2] / "theme" / "assets" / "standard-page.html").read_text()
TABLES = [
    statuses.CONCLUSIONS,
    statuses.STATUSES,
    statuses.AGENTS,
    statuses.REPOSITORIES,
    statuses.CHECKS,
    statuses.LOGS,
    statuses.SETUP_STEPS,
]
BADGES = [badge for table in TABLES for badge in table.values()]


def test_a_conclusion_reports_more_than_the_status():
    assert statuses.run_badge("completed", "failure") == ("bad", "failure", "Failed")


def test_a_run_without_a_conclusion_shows_its_status():
    assert statuses.run_badge("in_progress", None)[2] == "In progress"


@pytest.mark.parametrize("state", ["brand_new", "", None])
def test_a_state_that_is_not_known_is_shown_all_the_same(state):
    tone, icon, word = statuses.badge(statuses.CONCLUSIONS, state)
    assert (tone, icon) == ("quiet", "neutral")
    assert word in ("Brand new", "Unknown")


def test_every_state_of_an_agent_has_a_badge():
    assert {state.value for state in AgentState} == set(statuses.AGENTS)


def test_every_state_in_which_an_agent_fetches_no_log_is_explained():
    working = {AgentState.RUNNING.value, AgentState.IDLE.value}
    assert set(sentences.WAITS_FOR_AGENT) == set(statuses.AGENTS) - working


def test_a_run_or_job_has_failed_as_the_server_counts_it():
    assert set(run_texts.FAILED) == FAILED_CONCLUSIONS


@pytest.mark.parametrize("icon", sorted({icon for _, icon, _ in BADGES}))
def test_every_icon_is_in_the_page(icon):
    assert f'id="icon-{icon}"' in PAGE


def test_every_tone_has_its_colour():
    css = (Path(__file__).parents[2] / "theme" / "assets" / "components.css").read_text()
    coloured = set(re.findall(r'\.badge\[data-tone="(\w+)"\]', css))
    assert {tone for tone, _, _ in BADGES} - {"quiet"} <= coloured


@pytest.mark.parametrize(
    ("state", "tone", "drawn"),
    [
        ("healthy", "ok", ("ok", "success")),
        ("catching up", "ok", ("busy", "running")),
        ("degraded", "warn", ("warn", "warning")),
        ("stopped", "bad", ("bad", "warning")),
        ("empty", "quiet", ("quiet", "neutral")),
    ],
)
def test_catching_up_does_not_look_like_everything_works(state, tone, drawn):
    assert statuses.health_badge({"state": state, "tone": tone}) == drawn


@pytest.mark.parametrize(
    ("is_done", "is_checked", "is_next", "label"),
    [
        (True, True, False, "Done"),
        (True, False, False, "Set, not checked yet"),
        (False, True, True, "Next"),
        (False, True, False, "Open"),
    ],
)
def test_a_step_that_nobody_checked_is_not_done(is_done, is_checked, is_next, label):
    step = {"is_done": is_done, "is_checked": is_checked, "is_next": is_next}
    assert statuses.SETUP_STEPS[statuses.setup_step_state(step)][2] == label
