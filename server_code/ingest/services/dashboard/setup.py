"""The three setup steps, derived from the settings."""

from __future__ import annotations

from typing import Any

from ...settings import Settings

GITHUB_REMEDY = (
    "Create a token with read access to Actions, contents, metadata and pull requests, and store "
    "it as the App Secret github_token (or the environment variable GITHUB_TOKEN)."
)
QUEUES_REMEDY = (
    "Store aws_access_key_id, aws_secret_access_key and aws_default_region as App Secrets (or in "
    "the environment), then create the queues under Settings."
)

OTHER_BUS_REMEDY = (
    "Set SERVICEBUS_CONNECTION_STRING or SERVICEBUS_NAMESPACE for Azure, GOOGLE_CLOUD_PROJECT for "
    "Google Cloud, then create the queues under Settings."
)


def setup_steps(settings: Settings, *, has_repository: bool) -> list[dict[str, Any]]:
    """Return each step, whether it is done, whether that was checked, and how to do it."""
    return [
        _token(settings, has_repository=has_repository),
        _queues(settings),
        _repository(has_repository=has_repository),
    ]


def missing_setup_steps(settings: Settings) -> list[str]:
    """Return what is missing for collection; empty if nothing is."""
    steps = setup_steps(settings, has_repository=True)
    return [f"{step['finding']} {step['remedy']}" for step in steps if not step["is_done"]]


def _token(settings: Settings, *, has_repository: bool) -> dict[str, Any]:
    """Return which credentials are set; GitHub checks them with the first repository."""
    github = settings.github
    if github.app_id is not None:
        finding = f"GitHub App {github.app_id} is set."
    elif github.tokens:
        finding = f"{len(github.tokens)} token{'s' if len(github.tokens) > 1 else ''} set."
    else:
        finding = "No GitHub token is set. GitHub requires one to read logs."
    is_done = github.has_credentials
    if is_done and not has_repository:
        finding += " GitHub checks it when you add a repository."
    step = _step("token", "Connect GitHub", finding, GITHUB_REMEDY, is_done=is_done)
    return {**step, "is_checked": has_repository}


def _queues(settings: Settings) -> dict[str, Any]:
    aws, queues = settings.aws, settings.queues
    is_done, is_sqs = settings.has_queue_location, queues.event_bus == "sqs"
    if is_done and is_sqs and aws.access_key_id is None:
        finding = "No AWS key is set. The machine's own role is used."
    elif is_done:
        finding = f"Set for {queues.metrics_queue} and {queues.logs_queue}."
    elif is_sqs:
        access_key = "access key and no " if aws.access_key_id is None else ""
        finding = f"No AWS {access_key}region is set."
    else:
        finding = f"The settings of EVENT_BUS={queues.event_bus} are missing."
    remedy = QUEUES_REMEDY if is_sqs else OTHER_BUS_REMEDY
    if is_done:
        finding += " The checks under Settings test them."
    step = _step("queues", "Connect the queues", finding, remedy, is_done=is_done)
    return {**step, "is_checked": False}


def _repository(*, has_repository: bool) -> dict[str, Any]:
    finding = (
        "At least one repository is watched." if has_repository else "No repository is watched yet."
    )
    remedy = "Enter its URL below. It is checked before it is added."
    return _step("repository", "Add a repository", finding, remedy, is_done=has_repository)


def _step(step: str, title: str, finding: str, remedy: str, *, is_done: bool) -> dict[str, Any]:
    return {
        "step": step,
        "title": title,
        "is_done": is_done,
        "is_checked": True,
        "finding": finding,
        "remedy": None if is_done else remedy,
    }
