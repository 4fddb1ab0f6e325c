"""People who call the app's functions, and readers of what it has published."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anvil.users
from ingest.entrypoints.roles import Role
from playwright.sync_api import Page, expect

from .anvil_server import EMAIL, ROOT, AnvilApp
from .aws_server import sqs_client, take_messages

Call = Callable[..., Any]

ENTRYPOINTS = ROOT / "server_code" / "ingest" / "entrypoints"


@contextmanager
def signed_in(app: AnvilApp, password: str | None = None) -> Iterator[Call]:
    """Call the app's functions as the first account."""
    with app.uplink() as call:
        call("log_in", EMAIL, password or first_password(app))
        try:
            yield call
        finally:
            anvil.users.logout()


def first_password(app: AnvilApp) -> str:
    """Return the password that was made with the app's first account."""
    assert app.served.account is not None
    return app.served.account.password


def sign_in(page: Page, email: str, password: str) -> None:
    """Fill the login form, see that it keeps what was typed, and send it."""
    for name, text in (("Email", email), ("Password", password)):
        page.get_by_label(name).fill(text)
    expect(page.get_by_label("Email")).to_have_value(email)
    expect(page.get_by_label("Password")).to_have_value(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


def callables_without_login() -> set[str]:
    """Return every callable that requires no login."""
    return {
        node.name
        for path in ENTRYPOINTS.glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and any("server.callable" in ast.unparse(each) for each in node.decorator_list)
    }


def guarded_functions() -> dict[str, int]:
    """Name every function that pages may call, with how many arguments it must be given."""
    return {node.name: len(node.args.args) - 1 - len(node.args.defaults) for node, _ in _guarded()}


def required_roles() -> dict[str, Role]:
    """Name every function that pages may call, with the role that it requires."""
    return {node.name: role for node, role in _guarded()}


def _guarded() -> Iterator[tuple[ast.FunctionDef, Role]]:
    for path in ENTRYPOINTS.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            for decorator in getattr(node, "decorator_list", ()):
                found = re.fullmatch(r"login_required\(Role\.(\w+)\)", ast.unparse(decorator))
                if found:
                    assert isinstance(node, ast.FunctionDef)
                    yield node, Role[found[1]]


class Published:
    """What is on the app's queues so far: read, kept and counted by event id."""

    def __init__(self, app: AnvilApp) -> None:
        self._app = app
        self._sqs = sqs_client(app.aws)
        self.messages: dict[str, dict[str, Any]] = {}
        self.received: list[str] = []

    def read(self) -> None:
        """Take all messages that there are now."""
        for setting in ("METRICS_QUEUE", "LOGS_QUEUE"):
            for message in take_messages(self._sqs, self._app.queues[setting]):
                body = json.loads(message["Body"])
                self.received.append(body["event_id"])
                self.messages[body["event_id"]] = body

    def runs(self, repository: str) -> set[int]:
        """Return the runs whose end was published."""
        return self._ids("run_id", "workflow_run_completed", repository)

    def logs(self, repository: str) -> set[int]:
        """Name the jobs whose log arrived."""
        return self._ids("job_id", "job_log_fetched", repository)

    def _ids(self, field: str, event_type: str, repository: str) -> set[int]:
        self.read()
        return {
            body["data"][field]
            for body in self.messages.values()
            if (body["event_type"], body["data"]["repo"]) == (event_type, repository)
        }


def ended_runs_of(app: AnvilApp, repository: str) -> set[int]:
    """Name the runs that GitHub shows as ended."""
    return {
        attempt["run_id"]
        for attempt in app.github.truth()
        if attempt["repo"] == repository and attempt["status"] == "completed"
    }


def jobs_with_logs_of(app: AnvilApp, repository: str) -> set[int]:
    """Name the jobs that ran, and so have logs."""
    return {
        job["job_id"]
        for attempt in app.github.truth()
        if attempt["repo"] == repository
        for job in attempt["jobs"]
        if job["conclusion"] not in (None, "skipped")
    }
