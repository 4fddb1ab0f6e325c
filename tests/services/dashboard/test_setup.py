"""The three steps to the first message, derived from the settings alone."""

from __future__ import annotations

import pytest
from ingest.services.dashboard.setup import (
    GITHUB_REMEDY,
    OTHER_BUS_REMEDY,
    QUEUES_REMEDY,
    missing_setup_steps,
    setup_steps,
)
from ingest.settings import (
    AwsSettings,
    AzureSettings,
    GithubSettings,
    QueueSettings,
    Secret,
    Settings,
)

TOKEN = GithubSettings(tokens=(Secret("ghp_secret"),))
KEYS = {"access_key_id": Secret("AKIA"), "secret_access_key": Secret("hidden")}
AWS = AwsSettings(region="eu-central-1", **KEYS)


def steps(settings: Settings, *, has_repository: bool = True) -> dict[str, dict]:
    rows = setup_steps(settings, has_repository=has_repository)
    assert [row["step"] for row in rows] == ["token", "queues", "repository"]
    for row in rows:
        assert (row["remedy"] is None) is row["is_done"]
        assert "secret" not in row["finding"]
        assert "hidden" not in row["finding"]
    return {row["step"]: row for row in rows}


@pytest.mark.parametrize(
    ("github", "finding"),
    [
        (TOKEN, "1 token set."),
        (GithubSettings(tokens=(Secret("a"), Secret("b"))), "2 tokens set."),
        (GithubSettings(app_id="12", app_private_key=Secret("k")), "GitHub App 12"),
    ],
)
def test_any_credentials_connect_github(github, finding):
    """A token, several, or an app."""
    step = steps(Settings(github=github))["token"]
    assert step["is_done"]
    assert finding in step["finding"]


def test_credentials_that_github_has_not_seen_are_not_called_good():
    """A wrong token is set, too."""
    settings = Settings(github=TOKEN)
    before = steps(settings, has_repository=False)["token"]
    after = steps(settings, has_repository=True)["token"]
    assert "GitHub checks it" in before["finding"]
    assert "GitHub checks" not in after["finding"]
    assert (before["is_checked"], after["is_checked"]) == (False, True)


def test_queues_that_are_set_are_not_called_good():
    """Nothing was sent to them yet; the checks of the settings page try it."""
    step = steps(Settings(aws=AWS))["queues"]
    assert (step["is_done"], step["is_checked"]) == (True, False)
    assert step["finding"].endswith("The checks under Settings test them.")


def test_github_without_credentials_reports_what_to_do():
    """Anonymous access shows no logs."""
    step = steps(Settings())["token"]
    assert (step["is_done"], step["remedy"]) == (False, GITHUB_REMEDY)


@pytest.mark.parametrize(
    ("aws", "finding"),
    [
        (AWS, "Set for ci_cd_metrics_queue and ci_cd_logs_queue."),
        (AwsSettings(endpoint_url="http://127.0.0.1:1", **KEYS), "Set for"),
        (AwsSettings(region="eu-central-1"), "own role"),
    ],
)
def test_a_region_connects_sqs(aws, finding):
    """With keys, or with the machine's own role."""
    step = steps(Settings(aws=aws))["queues"]
    assert step["is_done"]
    assert finding in step["finding"]


@pytest.mark.parametrize(
    ("aws", "missing"),
    [(AwsSettings(), "access key and no region"), (AwsSettings(**KEYS), "region")],
)
def test_keys_alone_are_no_place_for_queues(aws, missing):
    """The region is missing."""
    step = steps(Settings(aws=aws))["queues"]
    assert (step["is_done"], step["remedy"]) == (False, QUEUES_REMEDY)
    assert step["finding"] == f"No AWS {missing} is set."


@pytest.mark.parametrize(
    ("bus", "settings"),
    [
        ("servicebus", {"azure": AzureSettings(servicebus_namespace="octo-ci")}),
        ("servicebus", {"azure": AzureSettings(servicebus_connection=Secret("hidden"))}),
        ("pubsub", {"queues": QueueSettings(event_bus="pubsub", google_project="octo-ci")}),
    ],
)
def test_other_buses_are_connected_by_their_own_settings(bus, settings):
    """An AWS key is no matter of theirs."""
    chosen = {"queues": QueueSettings(event_bus=bus), "aws": AWS}
    step = steps(Settings(**chosen))["queues"]
    assert (step["is_done"], step["remedy"]) == (False, OTHER_BUS_REMEDY)
    step = steps(Settings(**{**chosen, **settings}))["queues"]
    assert step["is_done"]
    assert "Set for" in step["finding"]


@pytest.mark.parametrize("has_repository", [True, False])
def test_a_repository_is_the_last_step(has_repository):
    """Any one will do."""
    step = steps(Settings(), has_repository=has_repository)["repository"]
    assert step["is_done"] is has_repository


def test_what_a_host_lacks_to_collect_is_reported_with_what_to_do():
    """A repository is not the host's business."""
    assert missing_setup_steps(Settings(github=TOKEN, aws=AWS)) == []
    [github, queues] = missing_setup_steps(Settings())
    assert github.endswith(GITHUB_REMEDY)
    assert queues.endswith(QUEUES_REMEDY)
