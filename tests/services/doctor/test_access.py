"""What `doctor` reports of the access of each credential, and of a source that brings nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.adapters.github import GithubActions, GithubRepositories, open_token_pool
from ingest.domain.counters import Counters
from ingest.domain.source_records import (
    CredentialRecord,
    CredentialRefusal,
    StoredList,
)
from ingest.domain.sources import parse_source
from ingest.errors import IngestError
from ingest.services.doctor.github import check_access
from ingest.services.sources.preview_source import GithubApis, preview_source
from ingest.settings import GithubSettings, Secret
from support.stub_github import Asked, Reply, StillClock, stub_github

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def test_a_denied_list_is_a_warning_and_another_is_none() -> None:
    denied = CredentialRefusal(
        scope="acme/*", until=NOW + timedelta(hours=1), reason="Protected by SAML.", remedy="Ask."
    )
    records = [
        CredentialRecord(name="a", kind="token", updated_at=NOW, refusals=(denied,)),
        CredentialRecord(
            name="b",
            kind="token",
            updated_at=NOW,
            repository_lists=(StoredList(owner="*"),),
        ),
        CredentialRecord(name="c", kind="token", updated_at=NOW),
    ]
    found = {each.subject: each for each in check_access(records, now=NOW)}
    assert found.keys() == {"access of a", "access of b"}
    denial = found["access of a"]
    assert (denial.status, denial.remedy) == ("warning", "Ask.")
    assert "Protected by SAML." in denial.finding
    assert found["access of b"].status == "ok"


NOT_FOUND: Reply = (404, {}, {"message": "Not Found"})
NEEDS_SSO: Reply = (
    403,
    {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=1"},
    {"message": "Resource protected by organization SAML enforcement."},
)
SUSPENDED: Reply = (403, {}, {"message": "This installation has been suspended"})
UNAUTHORIZED: Reply = (401, {}, {"message": "Bad credentials"})


@pytest.mark.parametrize(
    ("of_owner", "of_other", "words"),
    [
        (NEEDS_SSO, SUSPENDED, "single sign-on"),
        (NOT_FOUND, SUSPENDED, "suspended"),
        (NOT_FOUND, UNAUTHORIZED, "404"),
    ],
    ids=["sso", "suspended", "not found"],
)
@pytest.mark.parametrize("names", ["rejected accepted", "accepted rejected"])
def test_the_most_telling_error_is_why_a_source_brings_nothing(
    names: str, of_owner: Reply, of_other: Reply, words: str
) -> None:
    """What the owner denies one credential comes first, and that another is rejected last."""

    def answer(asked: Asked) -> Reply:
        if asked.token == "rejected":
            return of_other
        return of_owner if "/acme/" in asked.path else (200, {}, [])

    with stub_github(answer) as github:
        tokens = tuple(Secret(name) for name in names.split())
        settings = GithubSettings(api_url=github.url, tokens=tokens)
        clock, counters = StillClock(), Counters()
        pool = open_token_pool(settings, clock=clock, counters=counters)
        lister = GithubApis(GithubRepositories(pool), GithubActions(pool, counters))
        with pytest.raises(IngestError) as raised:
            preview_source(lister, parse_source("acme"), [], log_mode="live", now=clock.now())
    assert words in f"{raised.value} {raised.value.remedy}"
