"""``make screenshots``: the dashboard as it is, for README and docs.

The real app server serves the app; it collects a sandbox of GitHub for a while, and the system's
Chromium takes the pictures into ``docs/images``.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import Settings, TokenSpec
from standalone.sandbox.simulation import simulated_world

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "server_code")]

from ingest.adapters.aws.provision import ensure_queues  # noqa: E402 - the path is set above
from support.anvil_people import first_password, sign_in, signed_in  # noqa: E402 - the path is set above
from support.anvil_server import EMAIL, TOKEN, AnvilApp, serving_anvil  # noqa: E402
from support.aws_server import LocalAws, sqs_client  # noqa: E402
from support.browser import open_browser, visit  # noqa: E402
from support.postgres_server import PostgresServer  # noqa: E402

IMAGES = ROOT / "docs" / "images"
REPOSITORIES = ("octo/api", "octo/web")
QUEUES = {
    "METRICS_QUEUE": "ci_cd_metrics_queue",
    "LOGS_QUEUE": "ci_cd_logs_queue",
    "JOB_EVENTS_QUEUE": "ci_cd_job_events_queue",
}
LOOKS = (("light", 1440, 900), ("dark", 1440, 900), ("light", 390, 844))

#: How long is collected before the first picture, and how long a page may take to settle.
COLLECTING_SECONDS = 150.0
SETTLING_SECONDS = 6.0

#: How long the overview waits until everything is collected.
CATCHING_UP_SECONDS = 300.0


def main() -> None:
    """Serve, collect, and take every picture."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        aws = opened.enter_context(LocalAws())
        metrics, logs, job_events = QUEUES.values()
        ensure_queues(sqs_client(aws), metrics=metrics, logs=logs, job_events=job_events)
        postgres = PostgresServer()
        opened.callback(postgres.close)
        app = opened.enter_context(
            serving_anvil(
                folder,
                postgres=postgres,
                aws=aws,
                github=a_living_github,
                settings={"TASK_SECONDS": "50", "POLL_SECONDS": "30", **QUEUES},
            )
        )
        browser = opened.enter_context(open_browser())
        take(browser, app, "first-visit", "overview", LOOKS[:1])
        places = collect(app)
        for name, place in places.items():
            if name == "overview":
                wait_until_healthy(app)
            take(browser, app, name, place, LOOKS if name in ("overview", "log") else LOOKS[:2])


@contextmanager
def a_living_github() -> Iterator[SandboxServer]:
    """Serve repositories in which something happens."""
    now = time.time()
    world = simulated_world(
        start=now, repositories=REPOSITORIES, runs_per_hour=6, history_days=0.8, seed=3
    )
    settings = Settings(tokens=(TokenSpec(value=TOKEN),), threads=16)
    with SandboxServer(world, settings=settings) as sandbox:
        yield sandbox


def collect(app: AnvilApp) -> dict[str, str]:
    """Collect for a while; name the pages and their addresses."""
    with signed_in(app) as call:
        for name in REPOSITORIES:
            call("configure_repository", name)
        time.sleep(COLLECTING_SECONDS)
        run, job_id = newest_failure_with_a_log(call)
    return {
        "repositories": "repositories",
        "runs": "runs",
        "workflows": "workflows",
        "run": f"run?run_id={run['run_id']}",
        "log": f"log?run_id={run['run_id']}&job_id={job_id}",
        "activity": "activity",
        "settings": "settings",
        "overview": "overview",
    }


def wait_until_healthy(app: AnvilApp) -> None:
    """Wait until all is collected, or for long enough."""
    end = time.monotonic() + CATCHING_UP_SECONDS
    with signed_in(app) as call:
        while time.monotonic() < end:
            if call("get_collection_status")["health"]["state"] == "healthy":
                return
            time.sleep(5)


def newest_failure_with_a_log(call: Any) -> tuple[dict[str, Any], str]:
    """Find what a visitor would look for."""
    for run in call("get_recent_metrics", limit=100, conclusion="failure")["runs"]:
        shown = call("get_run", run["run_id"])
        for job in shown["run"]["jobs"]:
            log = shown["logs"].get(str(job["job_id"]), {})
            if job["conclusion"] == "failure" and log.get("state") == "fetched":
                return run, str(job["job_id"])
    sys.exit("No log of a failed job was collected in time: collect for longer.")


def take(browser: Browser, app: AnvilApp, name: str, place: str, looks: tuple[Any, ...]) -> None:
    """Take a page's pictures, in every look."""
    for scheme, width, height in looks:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            device_scale_factor=1,
            locale="en-GB",
        )
        page = context.new_page()
        visit(page, app.url)
        sign_in(page, EMAIL, first_password(app))
        page.wait_for_timeout(SETTLING_SECONDS * 1000)
        before = page.title()
        page.evaluate("place => { location.hash = place }", place)
        if place != "overview":
            page.wait_for_function("before => document.title !== before", arg=before)
        page.wait_for_selector(".page:not([data-loading]) h1")
        page.mouse.move(0, 0)  # away from what it would highlight
        if name == "settings":
            expect(page.get_by_role("button", name="Run again")).to_be_enabled()
        page.wait_for_timeout(SETTLING_SECONDS * 1000)
        file = IMAGES / f"{name}-{scheme}-{width}.png"
        page.screenshot(path=file)
        print(file.relative_to(ROOT), flush=True)
        context.close()


if __name__ == "__main__":
    main()
