"""``github-app``: register a GitHub App from the command line."""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
import webbrowser
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import click
from ingest.domain.web_links import api_url_of
from ingest.errors import IngestError, Rejected
from ingest.settings import GithubSettings
from ingest.wire.app_manifest import (
    MAX_NAME_LENGTH,
    RegisteredApp,
    is_reachable,
    require_organization,
)

from ..command import RunstreamCommand, examples
from ..environment import read_environment
from ..output import print_result
from ..stopping import stopped_by_signals

#: GitHub accepts the code for one hour.
WAIT_SECONDS = 3600.0


@click.group("github-app")
def github_app() -> None:
    """Create a GitHub App to use instead of a token."""


@github_app.command(
    "create",
    cls=RunstreamCommand,
    epilog=examples(
        "runstream github-app create --organization octo",
        "runstream github-app create --webhook-url https://example.com/github/webhook",
    ),
)
@click.option("--organization", metavar="NAME", help="The App belongs to this organization.")
@click.option("--host", metavar="HOST", help="GitHub Enterprise Server, such as git.example.com.")
@click.option("--name", metavar="NAME", help="The App's name, which is unique on GitHub.")
@click.option(
    "--webhook-url", metavar="URL", help="Where GitHub sends webhooks; without it, none are sent."
)
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
def create(
    *,
    organization: str | None,
    host: str | None,
    name: str | None,
    webhook_url: str | None,
    no_browser: bool,
) -> int:
    """Create a GitHub App in the browser, and save its key.

    The App may read actions, checks, contents, metadata and pull requests, and write nothing. Its
    id, key and webhook secret are saved in .runstream/github-app.json, or GITHUB_APP_FILE. GitHub
    then shows where to install it. All commands use the file if GITHUB_APP_ID is not set.
    """
    from ingest.bootstrap.github_app_file import require_can_save_app

    from ..app_registration import RegistrationPages

    _require_valid(organization, name, webhook_url)
    github = _github_at(host)
    file = _app_file()
    require_can_save_app(file)
    registration = RegistrationPages(
        web_url=github.web_url,
        exchange_code=lambda code: _exchange_code(code, github, file),
        organization=organization,
        webhook_url=webhook_url,
        name=name or f"runstream-{organization or secrets.token_hex(3)}",
    )
    with stopped_by_signals() as stop, closing(registration.open()):
        address = f"{registration.base_url}{registration.start_path}"
        if no_browser or not webbrowser.open(address):
            print_result(f"Open this page in a browser on this machine: {address}")
        app = _await_app(registration.app, stop.event)
        if app is None:
            return stop.exit_code
    print_result(f"Created the GitHub App {app.name}. Its key is in {file}, for this user only.")
    print_result(
        f"Install it, if the browser does not show it: {app.installation_url(github.web_url)}"
    )
    if urlsplit(github.api_url).hostname != "api.github.com":
        print_result(f"Set GITHUB_API_URL={github.api_url} for all commands.")
    print_result("Then check it: runstream doctor")
    return 0


def _app_file() -> Path:
    """Return the file that keeps the App."""
    from ingest.bootstrap.github_app_file import DEFAULT_GITHUB_APP_FILE, github_app_file

    return github_app_file(os.environ.get) or Path(DEFAULT_GITHUB_APP_FILE)


def _require_valid(organization: str | None, name: str | None, webhook_url: str | None) -> None:
    """Reject values that GitHub would reject only after the browser was opened."""
    if len(name or "") > MAX_NAME_LENGTH:
        raise click.UsageError(f"--name {name}: GitHub allows {MAX_NAME_LENGTH} characters.")
    if webhook_url is not None and not is_reachable(webhook_url):
        raise click.UsageError(f"--webhook-url {webhook_url}: GitHub cannot reach this address.")
    if organization is not None:
        require_organization(organization)


def _github_at(host: str | None) -> GithubSettings:
    """Return the settings of GitHub at the given host; without one, those of the environment."""
    if host is None:
        return read_environment().github
    api_url = api_url_of((host.partition("://")[2] or host).rstrip("/"))
    if api_url is None:
        raise Rejected(f"--host {host} is not a host, such as git.example.com.")
    return GithubSettings(api_url=api_url)


def _exchange_code(code: str, github: GithubSettings, file: Path) -> RegisteredApp:
    """Exchange GitHub's code for the App, and save it. Raises IngestError."""
    from ingest.adapters.system_clock import SystemClock
    from ingest.bootstrap.github import exchange_app_code
    from ingest.bootstrap.github_app_file import save_app

    clock = SystemClock(threading.Event())
    app = exchange_app_code(code, api_url=github.api_url, clock=clock)
    try:
        save_app(file, app.as_settings())
    except IngestError as error:
        fallback = Path(tempfile.mkdtemp(prefix="runstream-")) / file.name
        save_app(fallback, app.as_settings())
        raise Rejected(
            f"{error} GitHub gives the key only once: it is in {fallback}, for this user only. "
            f"Move it to {file}, then install the App: {app.installation_url(github.web_url)}"
        ) from error
    return app


def _await_app(app: Future[RegisteredApp], stop: threading.Event) -> RegisteredApp | None:
    """Return the App when GitHub has answered; None if ``stop`` is set before."""
    app.add_done_callback(lambda _: stop.set())
    if not stop.wait(WAIT_SECONDS):
        raise Rejected("GitHub did not answer in time. Start the command again.")
    return app.result() if app.done() else None
