"""Faults occur where and as often as configured."""

from __future__ import annotations

import pytest
import requests
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault, Faults
from standalone.sandbox.scenario import read_scenario
from standalone.sandbox.settings import HookFaults

RUNS = "/repos/octo/api/actions/runs"
JOB_LOG = "/repos/octo/api/actions/jobs/9/logs"


def world() -> WorldBuilder:
    """Build a world with one job."""
    return WorldBuilder().repository("octo/api").run(id=1).job(id=9, log=b"x" * 1000)


@pytest.mark.parametrize("html", [True, False])
def test_an_error_strikes_as_often_as_counted(serve, html):
    """Two errors, as a page or JSON and without limit headers, then the true answer."""
    api = serve(world(), faults=(Fault(path="/runs$", do="error", count=2, status=503, html=html),))
    answers = [api.get(RUNS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert ("<html>" in answers[0].text) is html
    assert "X-RateLimit-Remaining" not in answers[0].headers
    assert api.server.stats()["faults"] == {"error": 2}
    assert api.server.stats()["charged"] == 1


def test_a_cut_answer_ends_before_its_length(serve):
    """The connection closes within the body."""
    api = serve(world(), faults=(Fault(path="/runs$", do="cut", count=1, fraction=0.3),))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.get(RUNS)
    assert api.get(RUNS).status_code == 200


def test_a_reset_connection_brings_no_answer(serve):
    """The connection closes without a byte."""
    api = serve(world(), faults=(Fault(path="/runs$", do="reset", count=1),))
    with pytest.raises(requests.exceptions.ConnectionError):
        api.get(RUNS)
    assert api.get(RUNS).status_code == 200
    assert api.server.stats()["endpoints"]["list_runs"]["statuses"] == {"0": 1, "200": 1}


def test_a_slow_answer_is_still_the_answer(serve):
    """It only takes longer."""
    api = serve(world(), faults=(Fault(path="/runs$", do="slow", seconds=0.01),))
    assert api.get(RUNS).status_code == 200


@pytest.mark.parametrize("retry_after", [True, False])
def test_a_secondary_limit_can_be_injected(serve, retry_after):
    """It blocks the token for its seconds, which it may name."""
    rule = Fault(
        path="/runs$", do="secondary", count=1, status=429, seconds=30, retry_after=retry_after
    )
    api = serve(world(), faults=(rule,))
    refused = api.get(RUNS)
    waits = refused.headers.get("Retry-After")
    assert (refused.status_code, waits) == (429, "30" if retry_after else None)
    assert api.get("/repos/octo/api").status_code == 429
    api.server.advance(31)
    assert api.get("/repos/octo/api").status_code == 200


def test_the_first_reads_of_each_log_can_miss(serve):
    """Counted for each path alone."""
    api = serve(world(), faults=(Fault(path="/logs$", do="missing", count=2, per_path=True),))
    answers = [api.get(JOB_LOG) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 302]
    assert b"BlobNotFound" in answers[0].content


def test_a_log_can_break_off(serve):
    """The logs' host cuts a stream; the next request brings the whole."""
    api = serve(world(), faults=(Fault(path="job-logs", do="cut", count=1, fraction=0.25),))
    location = api.get(JOB_LOG).headers["Location"]
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        api.get(location, token=None)
    assert len(api.get(location, token=None).content) == 1000


def test_a_redirect_can_lead_nowhere(serve):
    """Nobody listens at the address of the log."""
    api = serve(world(), faults=(Fault(path="/logs$", do="dead_redirect", count=1),))
    with pytest.raises(requests.exceptions.ConnectionError):
        api.log(JOB_LOG)


def test_jobs_can_lag_behind_their_run(serve):
    """The run is completed, its jobs are shown as they were."""
    rule = Fault(path="/jobs", do="late_jobs", count=1, seconds=30)
    api = serve(world(), at=70, faults=(rule,))
    assert api.get(f"{RUNS}/1").json()["status"] == "completed"
    statuses = [api.get(f"{RUNS}/1/jobs").json()["jobs"][0]["status"] for _ in range(2)]
    assert statuses == ["in_progress", "completed"]


def test_faults_can_be_replaced_while_it_runs(serve):
    """POST /_sandbox/faults puts others in force; nonsense is refused."""
    api = serve(world())
    rule = {"path": "/runs$", "do": "error", "probability": 1, "status": 500}
    assert api.post("/_sandbox/faults", [rule]).json() == {"faults": 1}
    assert api.get(RUNS).status_code == 500
    assert api.post("/_sandbox/faults", []).json() == {"faults": 0}
    assert api.get(RUNS).status_code == 200
    assert api.post("/_sandbox/faults", [{"path": "x", "do": "explode"}]).status_code == 422
    assert api.post("/_sandbox/faults", [{"paths": "x"}]).status_code == 422
    assert api.post("/_sandbox/faults", [{"path": "("}]).status_code == 422


def test_chance_repeats_with_its_seed():
    """The same seed strikes the same requests, about as often as its probability says."""
    rule = Fault(path="x", do="error", probability=0.3)
    struck = []
    for seed in ("a", "a", "b"):
        faults = Faults([rule], seed=seed)
        struck.append([faults.select("x") is rule for _ in range(1000)])
    assert struck[0] == struck[1] != struck[2]
    assert 200 < sum(struck[0]) < 400


def test_a_scenario_is_read_from_yaml(tmp_path):
    """Everything that can be set can be written down."""
    path = tmp_path / "scenario.yaml"
    path.write_text(
        """
        index_lag: 120
        tokens: [{value: abc, limit: 100, permissions: [actions, contents]}]
        limits: {points_per_minute: 300, status: 429}
        hooks: {lost: 0.1, doubled: 0.2}
        graphql: {failing_shas: [abc]}
        app: {id: 4, public_key: pem, installations: [{id: 1, account: octo}]}
        faults:
          - {path: /logs$, do: missing, count: 2, per_path: true}
        """,
        "utf-8",
    )
    settings = read_scenario(path)
    assert (settings.index_lag, settings.hook_faults.lost) == (120, 0.1)
    assert settings.tokens[0].limit == 100
    assert settings.tokens[0].permissions == {"actions", "contents"}
    assert settings.faults == (Fault(path="/logs$", do="missing", count=2, per_path=True),)
    assert settings.app is not None
    assert settings.app.installations[0].account == "octo"
    path.write_text("hook_faults: {lost: 0.1}", "utf-8")
    assert read_scenario(path).hook_faults == HookFaults(lost=0.1)
    path.write_text("index_leg: 3", "utf-8")
    with pytest.raises(ValueError, match="index_leg"):
        read_scenario(path)


def test_the_logs_host_can_fail_too(serve):
    """An error and a miss of the store come as its own XML, then the log."""
    rules = (
        Fault(path="job-logs", do="error", count=1, status=503),
        Fault(path="job-logs", do="missing", count=1),
    )
    api = serve(world(), faults=rules)
    location = api.get(JOB_LOG).headers["Location"]
    answers = [api.get(location, token=None) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 404, 200]
    assert b"ServerBusy" in answers[0].content
    assert b"BlobNotFound" in answers[1].content


def test_what_there_is_not_is_not_found(serve):
    """An unknown path answers 404 and is counted; HEAD answers without a body."""
    api = serve(world())
    assert api.get("/repos/octo/api/actions/nothing").json()["message"] == "Not Found"
    assert api.server.stats()["endpoints"]["unknown"]["requests"] == 1
    head = api.send("HEAD", RUNS)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) > 0
