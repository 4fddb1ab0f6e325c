"""What every test gets: a clean environment, and the servers of the session on request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from ingest.settings import SETTINGS
from playwright.sync_api import Browser
from support.aws_server import LocalAws
from support.browser import open_browser
from support.collecting import (
    pytest_collect_directory,
    pytest_collection,
    pytest_collection_finish,
    pytest_collection_modifyitems,
)
from support.parsed_once import parse_once
from support.postgres_server import PostgresServer, postgres_folder

__all__ = [
    "pytest_collect_directory",
    "pytest_collection",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
]

parse_once()

# No test is timed; a slow machine is not a failure. Each run draws other examples, and every night
# the profile "thorough" draws many.
_OPTIONS: dict[str, Any] = {"deadline": None, "print_blob": True}
hypothesis.settings.register_profile("runstream", max_examples=30, **_OPTIONS)
hypothesis.settings.register_profile("thorough", max_examples=1000, **_OPTIONS)
hypothesis.settings.load_profile("runstream")

_PREFIXES = ("AWS_", "GITHUB_", "ANVIL_", "RUNSTREAM_")
_NAMES = frozenset(setting.name for setting in SETTINGS)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the developer's own settings and credentials from every test."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name in _NAMES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    """Start SQS and S3 once; tests share it and name their own queues and buckets."""
    with LocalAws() as local:
        yield local


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start PostgreSQL once; a test takes `new_database_url()` for itself."""
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(name="postgres_folder")
def open_postgres_folder() -> Iterator[Path]:
    """Provide a temporary folder for a PostgreSQL of the test's own."""
    with postgres_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the browser once: Playwright allows one at a time in a thread."""
    with open_browser() as started:
        yield started
