"""A credential that GitHub rejects is asked by one request now and then until it works again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ingest.domain.source_records import CredentialRecord
from ingest.errors import StateUnavailable
from ingest.services.collections.manual_collection import CollectionRound, start_collection
from ingest.services.sources.record_credentials import record_refusals_and_limits
from support.world import (
    GENEROUS,
    OpenStage,
    Stage,
    assert_all_published,
    assert_nothing_twice,
)
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import TokenSpec

NAMES = [f"octo/repository-{number}" for number in range(15)]
POLL_SECONDS = 15
TOKEN = GENEROUS.tokens[0]
OTHER = replace(TOKEN, value="other-token")


def active_world(*names: str) -> WorldBuilder:
    """Build repositories in each of which a run begins every two minutes."""
    builder = WorldBuilder()
    for place, name in enumerate(names or NAMES):
        builder.repository(name)
        for number in range(3):
            builder.run(created=number * 120 + place, seconds=50).job(seconds=40)
    return builder


def count_rejections(here: Stage) -> int:
    """Count the requests that were answered 401."""
    kinds = here.server.stats()["endpoints"].values()
    return sum(each["statuses"].get("401", 0) for each in kinds)


def failing(here: Stage) -> list[str]:
    """List the repositories whose last poll failed."""
    return [each.full_name for each in here.state.list_repositories() if each.failed_polls]


def revoke(here: Stage, *tokens: TokenSpec) -> None:
    """Let GitHub reject tokens until they are added again."""
    for token in tokens:
        here.server._state.tokens.revoke(f"Bearer {token.value}")


def assert_works_again(here: Stage, token: TokenSpec, *, seconds: float) -> None:
    """Let GitHub accept a token; so much later no poll fails, and nothing is missing."""
    here.server._state.tokens.add(token)
    here.poll_when_due(seconds, every=5)
    assert failing(here) == []
    assert_all_published(here)


def open_with_two_tokens(stage: OpenStage) -> Stage:
    return stage(
        active_world(*NAMES[:10]),
        settings=replace(GENEROUS, tokens=(TOKEN, OTHER)),
        tokens=(TOKEN.value, OTHER.value),
        poll_seconds=POLL_SECONDS,
    )


def test_one_request_finds_out_for_all_repositories_whether_a_token_works_again(
    stage: OpenStage,
) -> None:
    """Of 15 repositories that only this token reads; its own reason is everybody's error."""
    here = stage(active_world(), poll_seconds=POLL_SECONDS)
    here.poll_when_due(60)
    revoke(here, TOKEN)
    here.poll_when_due(75)
    assert 3 <= count_rejections(here) <= 5
    assert len(failing(here)) == len(NAMES)
    for record in here.state.list_repositories():
        assert "GitHub rejected the credential (401" in (record.last_error or "")
    [error] = here.state.list_errors(limit=9)
    assert "GITHUB_TOKEN" in error.remedy
    here.server._state.tokens.add(TOKEN)
    here.poll_when_due(25)
    assert failing(here) == []
    here.poll_when_due(200)
    assert_all_published(here)
    assert_nothing_twice(here)


def test_a_token_that_is_rejected_for_good_is_asked_once_an_hour(stage: OpenStage) -> None:
    """And not by each repository; it is accepted within that time."""
    here = stage(active_world(*NAMES[:10]), poll_seconds=POLL_SECONDS)
    here.poll_when_due(20)
    revoke(here, TOKEN)
    here.poll_when_due(600, every=5)
    assert count_rejections(here) <= 7
    for hour in range(1, 4):
        here.poll_when_due(3600, every=5)
        assert count_rejections(here) <= 7 + hour
    assert_works_again(here, TOKEN, seconds=3601)


def test_a_person_who_asks_for_one_repository_finds_out_for_all(stage: OpenStage) -> None:
    """Though the token is not to be asked for most of an hour."""
    here = stage(active_world(*NAMES[:10]), poll_seconds=POLL_SECONDS)
    here.poll_when_due(20)
    revoke(here, TOKEN)
    here.poll_when_due(900, every=5)
    here.server._state.tokens.add(TOKEN)
    here.poll_when_due(30)
    assert len(failing(here)) == 10
    asked = start_collection(here.state, "asked", repository=NAMES[3], now=here.clock.now())
    CollectionRound(here.context, asked, seconds=5).run()
    here.poll_when_due(5)
    assert failing(here) == []
    here.poll_when_due(60)
    assert_all_published(here)


@pytest.mark.parametrize("requests", [1, 2])
def test_a_rejection_that_passes_delays_no_poll_by_more_than_seconds(
    stage: OpenStage, requests: int
) -> None:
    """GitHub's incidents answer 401 for a moment."""
    here = stage(active_world(*NAMES[:10]), poll_seconds=POLL_SECONDS)
    here.poll_when_due(60)
    here.fail(Fault(path="/actions/runs$", do="unauthorized", count=requests))
    here.poll_when_due(POLL_SECONDS + 10)
    assert count_rejections(here) == requests
    assert failing(here) == []
    now = here.clock.now()
    for record in here.state.list_repositories():
        assert record.last_polled_at is not None
        assert (now - record.last_polled_at).total_seconds() <= 2 * POLL_SECONDS
    here.poll_when_due(400)
    assert_all_published(here)


def test_another_token_goes_on_while_one_is_rejected(stage: OpenStage) -> None:
    """Nothing is missing after five minutes, and no repository's poll fails."""
    here = open_with_two_tokens(stage)
    here.poll_when_due(60)
    revoke(here, OTHER)
    here.poll_when_due(300)
    assert 1 <= count_rejections(here) <= 6
    assert failing(here) == []
    here.poll_when_due(300)
    assert_all_published(here)


def test_two_rejected_tokens_are_asked_as_a_single_one_is(stage: OpenStage) -> None:
    """Where none is accepted, either is asked once an hour at last."""
    here = open_with_two_tokens(stage)
    here.poll_when_due(60)
    revoke(here, TOKEN, OTHER)
    here.poll_when_due(3600, every=5)
    assert count_rejections(here) <= 2 * 7
    assert_works_again(here, OTHER, seconds=3601)


def test_a_restart_asks_no_sooner_with_a_rejected_token(
    stage: OpenStage, caplog: pytest.LogCaptureFixture
) -> None:
    """And reports it once: each process in its log, all of them in one error that people see."""
    here = stage(active_world(*NAMES[:5]), poll_seconds=POLL_SECONDS)
    here.poll_when_due(20)
    revoke(here, TOKEN)
    here.poll_when_due(1200, every=5)
    before = count_rejections(here)
    for _ in range(12):
        here.context = here.join(poll_seconds=POLL_SECONDS)
        caplog.clear()
        record_refusals_and_limits(here.context)  # as a task of the other agent does
        assert all(each.rejection for each in here.state.list_credentials())
        here.poll_when_due(50)
        assert "GitHub rejected the credential (401" in caplog.text
    assert count_rejections(here) == before
    [error] = here.state.list_errors(limit=9)
    assert error.message.startswith("Credential token-")
    assert_works_again(here, TOKEN, seconds=3601)


def test_a_token_that_was_replaced_is_tried_at_once_and_reported_no_more(stage: OpenStage) -> None:
    """From the next start on; that it was rejected says nothing of the new one."""
    here = stage(active_world(*NAMES[:5]), poll_seconds=POLL_SECONDS)
    here.poll_when_due(20)
    revoke(here, TOKEN)
    here.poll_when_due(60)
    [rejected] = here.state.list_credentials()
    assert rejected.rejection is not None
    here.server._state.tokens.add(OTHER)
    before = count_rejections(here)
    here.context = here.join(poll_seconds=POLL_SECONDS, tokens=[OTHER.value])
    here.poll_when_due(2)
    assert failing(here) == []
    assert count_rejections(here) == before
    [replaced] = here.state.list_credentials()
    assert (replaced.name == rejected.name, replaced.rejection) == (False, None)


def test_what_ended_while_the_state_failed_is_saved_later(
    stage: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart would otherwise respect a rejection that is over."""
    here = stage(active_world(NAMES[0]), settings=GENEROUS)
    here.watch(NAMES[0])
    revoke(here, TOKEN)
    here.poll_when_due(60, every=5)
    [credential] = here.state.list_credentials()
    assert "*" in {each.scope for each in credential.refusals}

    def fail(_records: object) -> None:
        raise StateUnavailable("the database restarts")

    here.server._state.tokens.add(TOKEN)
    access = here.context.github._tokens.access  # type: ignore[attr-defined]
    access.note_accepted(credential.name)
    with monkeypatch.context() as broken:
        broken.setattr(here.context.store, "save_credentials", fail)
        with pytest.raises(StateUnavailable):
            record_refusals_and_limits(here.context)
    record_refusals_and_limits(here.context)
    [credential] = here.state.list_credentials()
    assert "*" not in {each.scope for each in credential.refusals}


def test_one_thread_at_a_time_saves_the_limits_of_credentials(
    stage: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one that has read them before could overwrite a refusal that was just saved."""
    here = stage(active_world(NAMES[0]), settings=GENEROUS)
    store, calls = here.context.store, []

    def list_while_another_thread_polls() -> list[CredentialRecord]:
        calls.append(len(calls))
        record_refusals_and_limits(here.context)
        return []

    monkeypatch.setattr(store, "list_credentials", list_while_another_thread_polls)
    record_refusals_and_limits(here.context)
    assert calls == [0]
