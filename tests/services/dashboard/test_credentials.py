"""Credentials as the Settings page and `doctor` show them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.domain.source_records import (
    CredentialRecord,
    CredentialRefusal,
    StoredList,
)
from ingest.services.dashboard.credentials import credential_row, list_credential_rows
from ingest.services.sources.discover_sources import discover_when_due
from support.world import OpenStage
from support.world_builder import WorldBuilder

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def row(**facts: object) -> dict[str, object]:
    given = {"name": "token-1", "kind": "classic token", "updated_at": NOW, **facts}
    record = CredentialRecord(**given)  # type: ignore[arg-type]
    return credential_row(record, now=NOW)


def a_refusal(scope: str, *, error: str = "AccessDenied") -> CredentialRefusal:
    until = NOW + timedelta(minutes=30)
    return CredentialRefusal(
        scope=scope, until=until, reason="It is protected by SAML.", error=error
    )


@pytest.mark.parametrize(
    ("facts", "status", "words"),
    [
        ({}, "ok", ""),
        ({"expires_at": NOW + timedelta(days=30)}, "ok", "It expires on 2026-05-31."),
        ({"expires_at": NOW + timedelta(days=13)}, "warning", "It expires in 13 days"),
        ({"expires_at": NOW + timedelta(hours=3)}, "warning", "It expires today, on 2026-05-01."),
        ({"expires_at": NOW + timedelta(hours=13)}, "warning", "in 1 day, on 2026-05-02."),
        (
            {"expires_at": (NOW + timedelta(hours=1)).astimezone(timezone(timedelta(hours=12)))},
            "warning",
            "today, on 2026-05-02.",
        ),
        ({"expires_at": NOW + timedelta(hours=37)}, "warning", "in 2 days, on 2026-05-03."),
        ({"expires_at": NOW - timedelta(hours=3)}, "failed", "It expired on 2026-05-01."),
        ({"missing_permissions": ("checks=read",)}, "warning", "Missing permissions: checks=read."),
        ({"rejection": "GitHub rejected it (401)"}, "failed", "GitHub rejected it (401)"),
        (
            {"rejection": "Bad credentials", "expires_at": NOW - timedelta(days=3)},
            "failed",
            "It expired on 2026-04-28.",
        ),
        ({"limit": 5000, "remaining": 12}, "warning", "Less than a tenth"),
        ({"limit": 5000, "remaining": 12, "reset_at": NOW - timedelta(minutes=1)}, "ok", ""),
        ({"minute_interval_factor": 2.52}, "warning", "between polls is up to 2.5 times as long"),
        ({"minute_interval_factor": 1.04}, "ok", ""),
        ({"minute_interval_factor": 2.5, "updated_at": NOW - timedelta(minutes=6)}, "ok", ""),
        ({"refusals": (a_refusal("octo/*"),)}, "warning", "protected by SAML"),
        ({"refusals": (a_refusal("*/*"), a_refusal("octo/api"))}, "ok", ""),
        ({"refusals": (a_refusal("octo/*", error="NotFound"),)}, "ok", ""),
    ],
)
def test_the_most_urgent_fault_comes_with_its_remedy(
    facts: dict[str, object], status: str, words: str
) -> None:
    found = row(**facts)
    assert (found["status"], words in str(found["finding"])) == (status, True)
    assert (found["remedy"] is None) == (status == "ok")


def test_a_suspended_installation_is_not_to_be_replaced() -> None:
    """It works again once its owner unsuspends it."""
    refusal = "GitHub refused /repos/octo/api (403): This installation has been suspended."
    assert "unsuspend it" in str(row(rejection=refusal)["remedy"])
    assert "Replace it" in str(row(rejection="GitHub rejected it (401)")["remedy"])


def test_repositories_are_counted_once() -> None:
    lists = (
        StoredList(owner="*", names=("octo/a",)),
        StoredList(owner="octo", names=("octo/a", "octo/b")),
    )
    assert row(repository_lists=lists)["repositories"] == 2
    assert row()["repositories"] is None, "nothing was listed"


def test_credentials_are_recorded_also_without_sources(stage: OpenStage) -> None:
    """One request finds the owner, once; the budget is that of the last answers."""
    here = stage(WorldBuilder().run(), at=600)
    for _ in range(3):
        discover_when_due(here.context)
        here.advance(600)
    [found] = list_credential_rows(here.state, now=here.clock.now())
    assert found["owner"] == "octocat"
    assert here.requests("get_user") == 1
    assert found["remaining"] is not None


def test_a_credential_that_is_used_is_not_asked_again_whose_it_is(stage: OpenStage) -> None:
    """Also at the moment when the hour of its limit is over and the next one has not begun."""
    here = stage(WorldBuilder().run(), at=600)
    discover_when_due(here.context)
    for _ in range(3600 // 30):
        here.poll()
        here.advance(30)
    discover_when_due(here.context)
    assert here.requests("get_user") == 1
