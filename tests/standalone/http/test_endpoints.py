"""Health, metrics and webhooks over real HTTP, at one address or at two."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from ingest.bootstrap.collector import Collector
from ingest.errors import BadSettings, StateUnavailable
from ingest.services.agents.agent_loop import AgentLoop
from ingest.services.agents.heartbeat import Heartbeats
from ingest.services.context import AGENTS, LOG_INGESTION_AGENT, PIPELINE_MONITORING_AGENT
from ingest.settings import GithubSettings, Secret, Settings
from prometheus_client.parser import text_string_to_metric_families
from support.state_records import a_repository, an_attempt
from support.world import REPOSITORY
from support.world_builder import WorldBuilder

from standalone.http.endpoints import serve_endpoints
from standalone.http.server import Address
from standalone.http.webhook_app import PATH
from standalone.terminal.snapshot import load_snapshot
from standalone.uplink.link import AppUnreachable

SECRET = "the secret that GitHub signs with"


class Gone:
    """A state that does not answer."""

    def __getattr__(self, name):
        def fail(*_arguments, **_options):
            raise StateUnavailable("the database is gone")

        return fail


@pytest.fixture
def here(stage):
    return stage(WorldBuilder().run("failure", seconds=60).job("a").job("b"), at=100)


@pytest.fixture
def heartbeats(here):
    return Heartbeats(
        here.context, [AgentLoop(agent, here.context, lambda _: None) for agent in AGENTS]
    )


def free_address() -> Address:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return Address("127.0.0.1", found.getsockname()[1])


def collector_of(context, *, secret: str | None = SECRET) -> Collector:
    github = GithubSettings(webhook_secret=None if secret is None else Secret(secret))
    return Collector(settings=Settings(github=github), context=context, closers=())


def ask(context, path: str, **options) -> requests.Response:
    """Serve one request."""
    address = free_address()
    with serve_endpoints(collector_of(context), health_and_metrics=address, **options):
        return requests.get(f"http://{address}{path}", timeout=60)


def read_metrics(context) -> dict[tuple[str, ...], float]:
    """Read metrics as Prometheus does: by name and the values of their labels."""
    answer = ask(context, "/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_working_process_is_healthy(here, heartbeats):
    """Both agents have just reported; each is named with its state."""
    heartbeats.save()
    answer = ask(here.context, "/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert {agent["name"]: agent["state"] for agent in answer.json()["agents"]} == dict.fromkeys(
        AGENTS, "running"
    )


def test_one_that_has_not_begun_is_not_healthy(here):
    """Nothing is known of its agents."""
    answer = ask(here.context, "/healthz")
    assert answer.status_code == 503
    assert answer.json()["faults"] == [f"The {agent} has not reported yet." for agent in AGENTS]


def test_the_silent_agent_is_named(here, heartbeats):
    """The other one is well."""
    heartbeats.save()
    here.advance(61)
    (log_agent,) = (
        agent for agent in here.state.list_agents() if agent.name == LOG_INGESTION_AGENT
    )
    here.state.save_agent(replace(log_agent, heartbeat_at=here.clock.now()))
    answer = ask(here.context, "/healthz")
    assert answer.status_code == 503
    (fault,) = answer.json()["faults"]
    name = PIPELINE_MONITORING_AGENT
    assert fault == f"The {name} does not respond: it last reported 61 s ago (state: running)."


def test_an_agent_that_runs_elsewhere_is_not_missed(here, heartbeats):
    """Each agent may have processes of its own, which are scaled apart."""
    heartbeats.save()
    here.advance(61)
    log_agent = next(
        agent for agent in here.state.list_agents() if agent.name == LOG_INGESTION_AGENT
    )
    here.state.save_agent(replace(log_agent, heartbeat_at=here.clock.now()))
    assert ask(here.context, "/healthz", agents=[LOG_INGESTION_AGENT]).status_code == 200
    assert ask(here.context, "/healthz", agents=[PIPELINE_MONITORING_AGENT]).status_code == 503


def test_the_health_of_others_is_not_this_ones(here, heartbeats):
    """Processes share a state, and each answers for itself."""
    heartbeats.save()
    assert ask(replace(here.context, worker_id="another"), "/healthz").status_code == 503


def test_an_agent_that_stopped_is_not_healthy(here, heartbeats):
    """It will not come back by itself."""
    heartbeats.save()
    heartbeats.save_stopped()
    assert "has stopped: it last reported" in ask(here.context, "/healthz").json()["faults"][0]


def test_a_state_that_does_not_answer_is_named(here):
    """As what it is, not as silence."""
    answer = ask(replace(here.context, store=Gone()), "/healthz")
    assert answer.status_code == 503
    assert answer.json()["faults"] == ["The state does not answer: the database is gone"]


def test_health_is_read_and_not_written(here):
    """By GET or HEAD."""
    address = free_address()
    with serve_endpoints(collector_of(here.context), health_and_metrics=address):
        url = f"http://{address}/healthz"
        assert requests.post(url, timeout=60).status_code == 405
        assert requests.head(url, timeout=60).status_code == 503


def refused(_request):
    raise AppUnreachable("The link to the app is gone: no answer.")


def test_a_state_that_may_not_be_asked_now_is_named_and_not_asked(here, heartbeats):
    """As while the link to an app is lost: an agent's last heartbeat is no proof then."""
    heartbeats.save()
    answer = ask(here.context, "/healthz", run_query=refused)
    assert answer.status_code == 503
    assert answer.json()["faults"] == [
        "The state does not answer: The link to the app is gone: no answer."
    ]
    metrics = ask(here.context, "/metrics", run_query=refused)
    assert metrics.status_code == 200
    assert "runstream_state_up 0.0" in metrics.text


def test_what_was_collected_is_measured(here, heartbeats):
    """Messages by queue, requests by kind, and what the state holds."""
    here.poll()
    here.ingest()
    heartbeats.save()
    here.state.set_paused(REPOSITORY, paused=False)
    found = read_metrics(here.context)
    assert found["runstream_runs_total",] == 1
    assert found["runstream_jobs_total",] == 2
    assert found["runstream_logs_total",] == 2
    assert found["runstream_errors_total",] == 0
    assert found["runstream_messages_total", "ci_cd_logs_queue"] == 2
    assert found["runstream_messages_total", "ci_cd_metrics_queue"] == len(here.metrics())
    counts = here.counters.snapshot()
    for kind in ("charged", "free"):
        name = f"github_requests.{kind}"
        assert found["runstream_github_requests_total", kind] == counts.get(name, 0)
    assert found["runstream_github_rate_limit",] == 10**6
    assert 0 < found["runstream_github_rate_limit_remaining",] < 10**6
    beat = here.clock.now().timestamp()
    for agent in AGENTS:
        assert found["runstream_agent_heartbeat_timestamp_seconds", agent] == pytest.approx(beat)
    assert found["runstream_repositories", "watching"] == 1
    assert found["runstream_known_attempts",] == 1
    assert found["runstream_pending_logs",] == 0
    assert found["runstream_state_up",] == 1
    assert found["process_resident_memory_bytes",] > 0


def test_open_attempts_of_a_paused_repository_are_counted_nowhere(here):
    """Nothing reads them, as on the pages: an alert on a backlog would never end."""
    here.state.add_repository(a_repository("octo/paused", paused=True))
    here.state.save_attempts([an_attempt(repository="octo/paused")])
    found = read_metrics(here.context)
    assert found["runstream_open_attempts",] == 0
    assert found["runstream_unread_attempts",] == 0
    assert load_snapshot(here.state, now=here.clock.now(), max_errors=1).counts.open_attempts == 0


def test_repositories_are_measured_by_their_state(here):
    """Paused ones, those that fail, and the rest."""
    here.watch("octo/web")
    here.watch("octo/gone")
    here.state.set_paused("octo/web", paused=True)
    assert here.poll("octo/gone") is not None
    found = read_metrics(here.context)
    states = {key[1]: n for key, n in found.items() if key[0] == "runstream_repositories"}
    assert states == {"new": 1, "watching": 0, "paused": 1, "failing": 1}


def test_without_its_state_a_process_is_still_measured(here):
    """What it has counted does not depend on it."""
    here.context.counters.add("runs", 3)
    found = read_metrics(replace(here.context, store=Gone()))
    assert (found["runstream_runs_total",], found["runstream_state_up",]) == (3, 0)
    assert ("runstream_pending_logs",) not in found


def test_one_address_serves_all_and_two_serve_each_its_own(here):
    """Webhooks come from outside, where nobody should read metrics."""
    one, other = free_address(), free_address()
    collector = collector_of(here.context)
    with serve_endpoints(collector, webhooks=one, health_and_metrics=one):
        assert requests.post(f"http://{one}{PATH}", timeout=60).status_code == 401
        assert requests.get(f"http://{one}/metrics", timeout=60).status_code == 200
    with serve_endpoints(collector, webhooks=one, health_and_metrics=other):
        assert requests.post(f"http://{one}{PATH}", timeout=60).status_code == 401
        assert requests.get(f"http://{one}/metrics", timeout=60).status_code == 404
        assert requests.get(f"http://{other}/metrics", timeout=60).status_code == 200
        assert requests.post(f"http://{other}{PATH}", timeout=60).status_code == 404


def test_no_address_serves_nothing(here):
    """And needs no secret."""
    with serve_endpoints(collector_of(here.context, secret=None)):
        assert here.state.list_agents() == []


def test_webhooks_without_a_secret_are_refused_before_anything_listens(here):
    """Nobody would know whose they are."""
    address = free_address()
    with (
        pytest.raises(BadSettings, match="needs GITHUB_WEBHOOK_SECRET"),
        serve_endpoints(
            collector_of(here.context, secret=None), webhooks=address, health_and_metrics=address
        ),
    ):
        pass
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((address.host, address.port), timeout=5)


def test_a_port_that_is_taken_reports_it(here):
    """With the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = Address("127.0.0.1", taken.getsockname()[1])
        with (
            pytest.raises(BadSettings, match=f"nothing can be served at {address}"),
            serve_endpoints(collector_of(here.context), health_and_metrics=address),
        ):
            pass


def test_the_age_of_a_heartbeat_is_reported(here, heartbeats):
    """A person sees for how long it has been silent."""
    heartbeats.save()
    here.advance(timedelta(minutes=5).total_seconds())
    assert "last reported 300 s ago" in ask(here.context, "/healthz").json()["faults"][0]
