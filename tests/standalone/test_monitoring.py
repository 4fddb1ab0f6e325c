"""The metrics, and what is built on them: the table of the guide, the dashboard and the alerts."""

from __future__ import annotations

import json
import re
import shutil
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
import yaml
from ingest.errors import IngestError, QueueUnavailable
from ingest.services.agents.agent_loop import AgentLoop
from ingest.services.agents.heartbeat import Heartbeats
from ingest.services.context import AGENTS
from prometheus_client.core import Metric
from support.processes import run_program
from support.state_records import an_attempt
from support.world_builder import WorldBuilder

from standalone.http.metrics import DeadLetterCount, MetricsCollector
from standalone.query_runner import query_directly

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
GUIDE = (ROOT / "docs" / "guides" / "monitoring.md").read_text()
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]


@pytest.fixture
def metrics(stage) -> list[Metric]:
    """Collect the metrics after a run was published, and another was found."""
    here = stage(WorldBuilder().run("success", seconds=60).job("a"), at=100)
    here.poll()
    here.ingest()
    loops = [AgentLoop(agent, here.context, lambda _: None) for agent in AGENTS]
    Heartbeats(here.context, loops).save()
    here.context.store.save_attempts([an_attempt(5)])
    return list(MetricsCollector(here.context, query_directly, lambda: 2).collect())


def row(metric: Metric) -> str:
    """Write a metric as the guide's table does."""
    suffix = "_total" if metric.type == "counter" else ""
    labels = sorted({name for sample in metric.samples for name in sample.labels} - {"le"})
    words = f"{', '.join(f'`{label}`' for label in labels)}"
    cells = (f"`{metric.name}{suffix}`", metric.type, words, metric.documentation)
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def test_the_guide_lists_every_metric(metrics) -> None:
    """Each with its type, labels and description, and no other."""
    listed = [line for line in GUIDE.splitlines() if line.startswith("| `runstream_")]
    assert listed == sorted(row(metric) for metric in metrics)


def expressions() -> list[str]:
    """List the queries of the dashboard and of the alerts."""
    dashboard = json.loads((DEPLOY / "grafana" / "runstream.json").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in RULES)]


def test_the_dashboard_and_the_alerts_use_metrics_that_exist(metrics) -> None:
    known = {sample.name for metric in metrics for sample in metric.samples}
    used = {name for each in expressions() for name in re.findall(r"\brunstream_\w+", each)}
    assert used
    assert used <= known


def test_each_alert_explains_itself_and_is_tested() -> None:
    """An alert names what happened and what to do; promtool's file expects each of them."""
    tested = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yaml").read_text())["tests"]
    expected: dict[str, dict[str, str]] = {}
    for test in tested:
        for case in test["alert_rule_test"]:
            for alert in case["exp_alerts"]:
                expected[case["alertname"]] = alert["exp_annotations"]
    assert set(expected) == {rule["alert"] for rule in RULES}
    for rule in RULES:
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["annotations"]["description"] == expected[rule["alert"]]["description"]


def test_dead_letters_are_counted_apart_from_the_scrape() -> None:
    """A bus that does not answer leaves the metric out, and the next count brings it back."""
    answers: list[int | IngestError] = [3, QueueUnavailable("no answer"), 4]

    def count() -> int:
        answer = answers.pop(0)
        if isinstance(answer, IngestError):
            raise answer
        return answer

    letters = DeadLetterCount(count)
    seen = []
    for _ in range(3):
        letters.refresh()
        seen.append(letters._latest)
    assert seen == [3, None, 4]
    with pytest.raises(IndexError):
        letters.refresh()
    assert letters._latest is None, "nor does a defect leave an old count"


def test_a_count_of_dead_letters_that_lasts_is_the_only_one(monkeypatch) -> None:
    """Of two at once, the older one could end last, and its result would stand."""
    started: SimpleQueue[None] = SimpleQueue()
    is_answered = threading.Event()

    def count() -> int:
        started.put(None)
        assert is_answered.wait(60)
        return 3

    monkeypatch.setattr("standalone.http.metrics.REFRESH_SECONDS", 0)
    letters = DeadLetterCount(count)
    assert letters.latest() is None
    started.get(timeout=60)
    letters.latest()
    counting = [each for each in threading.enumerate() if each.name == "dead letters"]
    is_answered.set()
    for each in counting:
        each.join(60)
    assert len(counting) == 1
    assert letters.latest() == 3


def test_promtool_accepts_the_alert_rules() -> None:
    """It is Prometheus's own tool, which many systems package with the server."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    command = [promtool, "test", "rules", DEPLOY / "prometheus" / "alerts_test.yaml"]
    done = run_program(command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_lag_of_each_ended_job_is_counted_once(stage) -> None:
    """The job ended 40 seconds before it was published."""
    here = stage(WorldBuilder().run("success", seconds=60).job("a"), at=30)
    here.poll()
    here.move_to(100)
    here.poll()
    here.poll()
    (lag,) = (
        metric
        for metric in MetricsCollector(here.context, query_directly, lambda: None).collect()
        if metric.name == "runstream_job_lag_seconds"
    )
    count = {sample.labels.get("le"): sample.value for sample in lag.samples}
    assert count["+Inf"] == 1
    assert count["1.0"] == 0
