"""SECURITY.md names tests for what it claims: they are there. And some that no other place has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ingest.domain.login_limits import (
    ALLOWED_FAILURES_OF_ACCOUNT,
    ALLOWED_FAILURES_OF_ADDRESS,
    MAX_PAUSE,
)
from ingest.wire.app_manifest import PERMISSIONS

from standalone.http.limits import SECONDS_PER_REQUEST

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "SECURITY.md").read_text()
CLAIMED = re.findall(r"`(test_\w+)`", PAGE)
THREATS = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
ALL_TESTS = {
    name
    for file in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^\s*def (test_\w+)\(", file.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("name", CLAIMED)
def test_a_test_that_proves_a_claim_is_there(name: str) -> None:
    """A renamed test takes its name on the page with it."""
    assert name in ALL_TESTS


@pytest.mark.parametrize("threat", [each for each in THREATS if each.startswith(("A ", "Leaked"))])
def test_every_threat_has_its_proof(threat: str) -> None:
    """What it can do is said as well as what it cannot."""
    section = PAGE.partition(f"## {threat}\n")[2].partition("\n## ")[0]
    assert re.search(r"`test_\w+`", section)
    assert "**Can**" in section
    assert "**Cannot**" in section


def test_the_numbers_of_the_page_are_those_of_the_code() -> None:
    """A reader plans with them."""
    assert f"a request has {SECONDS_PER_REQUEST} seconds" in PAGE
    assert ALLOWED_FAILURES_OF_ACCOUNT == 5
    assert f"({ALLOWED_FAILURES_OF_ADDRESS} for all accounts)" in PAGE
    minutes = f"{MAX_PAUSE.total_seconds() / 60:.0f}"
    assert "try five passwords for an account from one address" in PAGE
    assert f"after pauses that grow to {minutes} minutes" in PAGE


def test_no_text_becomes_markup_in_the_dashboard() -> None:
    """Forms write text as text: markup is made for icons alone, whose names are our own."""
    client = ROOT / "client_code"
    makers = {
        f"{file.relative_to(client)}: {line.strip()}"
        for file in client.rglob("*.py")
        for line in file.read_text().splitlines()
        if re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|RichText|\.html\s*=", line
        )
    }
    assert makers == {"dom.py: holder.innerHTML = ("}
    templates = "\n".join(each.read_text() for each in client.rglob("form_template.yaml"))
    assert "RichText" not in templates
    assert "onclick=" not in templates


def test_every_permission_that_the_guides_ask_for_is_to_read() -> None:
    """Of a token, of an App that is made by hand or from the manifest, and of one that we make."""
    guides = ROOT / "docs/guides"
    token, app = ((guides / name).read_text() for name in ("github-token.md", "github-app.md"))
    assert "**Permissions**, all *Read-only*" in token
    granted = re.findall(r"[&?](?:actions|contents|checks|pull_requests|metadata)=(\w+)", app)
    granted += re.findall(r'"(?:actions|contents|checks|pull_requests|metadata)": "(\w+)"', app)
    assert len(granted) == 2 * len(PERMISSIONS)
    assert {*granted, *PERMISSIONS.values()} == {"read"}


def test_nothing_but_reading_is_requested_from_github() -> None:
    """POST carries queries of GraphQL, and exchanges an App's key or code for its credentials."""
    sources = {
        file.name: file.read_text()
        for file in (ROOT / "server_code/ingest/adapters/github").glob("*.py")
    }
    whole = "\n".join(sources.values())
    assert not re.search(r"""["'](PUT|PATCH|DELETE)["']|\.(put|patch|delete)\(""", whole)
    assert not re.search(r"\bmutation\b", whole)
    assert {name for name, text in sources.items() if ".post(" in text} == {"apps.py"}
