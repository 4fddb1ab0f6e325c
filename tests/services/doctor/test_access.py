"""What `doctor` reports of the access of each credential, and of a source that brings nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from ingest.domain.source_records import CredentialList, CredentialRecord, CredentialRefusal
from ingest.domain.sources import parse_source
from ingest.errors import IngestError
from ingest.services.doctor.github import check_access
from ingest.services.sources.preview_source import SourceLister, preview_source
from support.world import OpenStage
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault

NOW = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)


def test_a_denied_list_is_a_warning_and_another_is_none() -> None:
    denied = CredentialRefusal(
        what="acme/*", until=NOW + timedelta(hours=1), reason="Protected by SAML.", remedy="Ask."
    )
    records = [
        CredentialRecord(name="a", kind="token", updated_at=NOW, refusals=(denied,)),
        CredentialRecord(
            name="b", kind="token", updated_at=NOW, lists=(CredentialList(owner="*"),)
        ),
        CredentialRecord(name="c", kind="token", updated_at=NOW),
    ]
    found = {each.subject: each for each in check_access(records, now=NOW)}
    assert found.keys() == {"access of a", "access of b"}
    denial = found["access of a"]
    assert (denial.status, denial.remedy) == ("warning", "Ask.")
    assert "Protected by SAML." in denial.finding
    assert found["access of b"].status == "ok"


@pytest.mark.parametrize(
    ("of_owner", "of_all", "words"),
    [
        ("sso", "suspended", "single sign-on"),
        ("missing", "suspended", "suspended"),
        ("missing", "unauthorized", "404"),
    ],
)
def test_the_most_telling_error_is_why_a_source_brings_nothing(
    stage: OpenStage, of_owner: str, of_all: str, words: str
) -> None:
    """What the owner denies comes first, and a rejected credential last."""
    here = stage(WorldBuilder().run(), at=600)
    here.fail(
        Fault(path="/(orgs|users)/acme/repos$", do=of_owner), Fault(path="^/user/repos$", do=of_all)
    )
    assert here.context.repositories is not None
    lister = SourceLister(here.context.repositories, here.context.github)
    with pytest.raises(IngestError) as raised:
        preview_source(lister, parse_source("acme"), [], log_mode="live", now=here.clock.now())
    assert words in f"{raised.value} {raised.value.remedy}"
