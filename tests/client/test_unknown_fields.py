"""Pages draw what GitHub leaves unknown: the server's answers, of records with nothing optional."""

from __future__ import annotations

import importlib
import json
from dataclasses import MISSING, fields
from typing import Any

import pytest
from ingest.adapters.sql import SqlState, open_sql_state
from ingest.domain.annotations import Annotation, AnnotationList
from ingest.domain.jobs import Job, Step
from ingest.domain.runs import AttemptKey, WorkflowRun
from ingest.domain.timestamps import parse_timestamp
from ingest.services.dashboard.logs import find_job_log
from ingest.services.dashboard.overview import build_overview
from ingest.services.dashboard.runs import RunFilters, RunReference, list_runs, load_run
from ingest.services.dashboard.workflows import list_workflows
from ingest.settings import AwsSettings, GithubSettings, Secret, Settings
from support.changed_ports import raising
from support.client_forms import ClientForms
from support.state_records import NOW, a_log, a_repository, a_summary, an_attempt

WEB_URL = "https://github.com"
REPOSITORY = "octo/api"
STATES = [
    ("queued", None),
    ("in_progress", None),
    ("completed", "failure"),
    ("completed", "one of next year"),
    ("completed", None),
    ("completed", "skipped"),
]
SETTINGS = Settings(
    github=GithubSettings(tokens=(Secret("t"),)),
    aws=AwsSettings(region="r", access_key_id=Secret("k"), secret_access_key=Secret("s")),
)


class Date:
    """JavaScript's times, of which only the present one and the parser matter."""

    def __init__(self, milliseconds: object) -> None:
        """Take any time."""

    @staticmethod
    def now() -> float:
        return NOW.timestamp() * 1000

    @staticmethod
    def parse(iso: str) -> float:
        moment = parse_timestamp(iso)
        assert moment is not None
        return moment.timestamp() * 1000

    def toLocaleString(self, *_options: object) -> str:  # noqa: N802 - the browser's name
        return ""

    getDay = getHours = getMinutes = lambda _: 0  # noqa: N815


@pytest.fixture(name="forms")
def with_times(forms: ClientForms, monkeypatch: pytest.MonkeyPatch) -> ClientForms:
    clock = importlib.import_module("client_code.clock")
    monkeypatch.setattr(clock.window, "Date", Date, raising=False)
    return forms


def little_known(kind: type, **known: Any) -> Any:
    """Return a record of which everything else is unknown."""
    required = [f.name for f in fields(kind) if f.default is f.default_factory is MISSING]
    return kind(**{**dict.fromkeys(required), **known})


@pytest.fixture
def state() -> SqlState:
    """Hold a run in each state, with a job in each."""
    state = open_sql_state("sqlite://")
    state.add_repository(a_repository(REPOSITORY))
    annotations = AnnotationList(items=(little_known(Annotation),), total=None)
    steps = (little_known(Step, number=1, name="Build"),)
    for run_id, run_state in enumerate(STATES, 1):
        named = {"run_id": run_id, "run_attempt": 1}
        jobs = [
            little_known(
                Job,
                **named,
                job_id=10 * run_id + number,
                name="build",
                status=status,
                conclusion=conclusion,
                labels=(),
                steps=steps if number % 2 else (),
                annotations=annotations,
            )
            for number, (status, conclusion) in enumerate(STATES)
        ]
        status, conclusion = run_state
        known = {"repository": REPOSITORY, "status": status, "conclusion": conclusion}
        run = little_known(WorkflowRun, **named, **known, pull_requests=())
        values = {"run": run, "jobs": tuple(jobs), "annotations": annotations}
        state.save_attempts([an_attempt(run_id, 1, REPOSITORY, **values)])
        summary = a_summary(run_id, 1, REPOSITORY, status=status, conclusion=conclusion)
        state.save_run_summaries([summary])
    return state


def sent(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as a page gets it."""
    read: dict[str, Any] = json.loads(json.dumps(answer))
    return read


def test_lists_draw_little_known_runs(forms: ClientForms, state: SqlState) -> None:
    answers = {
        "OverviewPage": build_overview(state, SETTINGS, now=NOW),
        "RunsPage": list_runs(state, RunFilters(), limit=20, offset=0),
        "WorkflowsPage": list_workflows(state),
    }
    for name, answer in answers.items():
        page = forms.open_form(name)
        page.open({})
        page.show(sent(answer))

    assert page.dom_nodes["count"].textContent == "1 workflow, counted from 3 runs"


@pytest.mark.parametrize("run_id", range(1, len(STATES) + 1))
def test_a_little_known_run_and_its_logs_are_drawn(
    forms: ClientForms, state: SqlState, run_id: int
) -> None:
    for number, _ in enumerate(STATES):
        job_id = 10 * run_id + number
        log = find_job_log(state, raising(AssertionError()), RunReference(run_id=run_id), job_id)
        page = forms.open_form("LogPage")
        page.open({"run_id": str(run_id), "job_id": str(job_id)})
        page.show(sent({**log.page(1, 10), "job": log.details(WEB_URL)}))
        assert page.dom_nodes["run"].textContent == f"Run #{run_id}, attempt 1"

    key = AttemptKey(REPOSITORY, run_id, 1)
    logs = [a_log(10 * run_id + number, "fetched", key=key) for number, _ in enumerate(STATES)]
    state.save_job_logs(logs)
    page = forms.open_form("RunPage")
    page.open({"run_id": str(run_id)})
    page.show(sent(load_run(state, RunReference(run_id=run_id), web_url=WEB_URL, now=NOW)))
    assert page.dom_nodes["heading"].textContent == f"Run #{run_id}"
