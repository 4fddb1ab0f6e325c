"""Sources bring repositories, follow them, and rest them; each is read with what may read it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ingest.adapters.sql import open_sql_state
from ingest.domain.filters import parse_filters
from ingest.domain.ledger import ActivityRecord, RepositoryRecord
from ingest.domain.source_records import FROM_COMMAND_LINE, FROM_SETTINGS
from ingest.domain.sources import parse_source, parse_sources
from ingest.errors import Rejected, RequestFailed, StateUnavailable
from ingest.ports import Answer, RepositoryList, RepositoryListQuery, StateStore
from ingest.services.context import CollectorContext, DiscoveryState
from ingest.services.dashboard.credentials import list_credential_rows
from ingest.services.monitoring.receive_webhook import receive_webhook
from ingest.services.sources.discover_sources import (
    DISCOVER_EVERY,
    MAX_RETRIES,
    discover_at_start,
    discover_sources,
    discover_when_due,
)
from ingest.services.sources.manage_sources import (
    add_sources,
    delete_source,
    make_sources_due,
    plan_removal,
    remove_source,
)
from ingest.services.sources.preview_source import GithubApis, describe_preview, preview_source
from ingest.services.sources.source_hints import MAX_LIST_LAG, SOURCES_PSEUDO_RUN
from ingest.settings import Secret
from ingest.wire.rate_limiter import BULK_MINUTE_SHARE
from support.changed_ports import Changed
from support.organizations import (
    ACME,
    ACME_SECRET,
    MANY_LABS,
    MANY_SERVICES,
    MONA,
    UMBRA,
    RefusalWitness,
    acme_services,
    build_organizations,
    github_settings,
    organization_settings,
    umbra_labs,
)
from support.webhook_headers import signed_headers
from support.world import OpenStage, Stage
from support.world_builder import FIRST_RUN, WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.repository import Repository
from standalone.sandbox.settings import InstallationSpec


class Organizations:
    """A collector of three owners."""

    def __init__(self, stage: Stage, witness: RefusalWitness) -> None:
        self.stage = stage
        self.witness = witness
        self.context = self.join()

    def join(self, *given: str) -> CollectorContext:
        github = github_settings(self.stage.server.url)
        context = self.stage.join(github=github, holder="organizations")
        return replace(context, sources=parse_sources(given))

    def poll_all(self) -> None:
        self.stage.poll_due(context=self.context)

    def collected(self) -> set[str]:
        return {each["data"]["repo"] for each in self.stage.runs()}


@pytest.fixture
def organizations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Organizations]:
    witness = RefusalWitness(monkeypatch)
    stage = Stage(build_organizations(), at=7000, settings=organization_settings())
    yield Organizations(stage, witness)
    stage.close()


@pytest.fixture
def large_organizations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Organizations]:
    witness = RefusalWitness(monkeypatch)
    world = build_organizations(services=MANY_SERVICES, labs=MANY_LABS)
    stage = Stage(world, at=7000, settings=organization_settings())
    yield Organizations(stage, witness)
    stage.close()


def test_everything_that_can_be_read_is_collected(large_organizations: Organizations) -> None:
    """Nothing is asked twice within an hour of a credential that may not."""
    organizations = large_organizations
    organizations.context = organizations.join("acme", "umbra", "mona", "!*-mirror")
    organizations.poll_all()
    organizations.poll_all()
    services, labs = acme_services(MANY_SERVICES), umbra_labs(MANY_LABS)
    expected = {*services, *ACME_SECRET, *labs, *MONA, "acme/renamed", "umbra/moved"}
    assert organizations.collected() == expected
    assert organizations.stage.errors() == []
    assert organizations.witness.repeated() == []
    about_repositories = [
        each for each in organizations.witness.refused if each.path.startswith("/repos/")
    ]
    assert about_repositories == [], "each request went to a credential that may"


def test_a_rejected_credential_is_recorded_with_the_poll_that_met_it(
    organizations: Organizations,
) -> None:
    """So is its budget, and that GitHub accepts it again once it is used."""
    organizations.context = organizations.join(*MONA)
    organizations.poll_all()
    store = organizations.context.store
    assert any(each.remaining is not None for each in store.list_credentials())

    organizations.stage.fail(Fault(path=".*", do="unauthorized"))
    organizations.stage.advance(70)
    organizations.poll_all()
    rejected = {each.name for each in store.list_credentials() if each.rejection}
    assert rejected

    organizations.stage.fail()
    organizations.stage.advance(4000)
    organizations.poll_all()
    assert {each.name for each in store.list_credentials() if each.rejection} < rejected


def test_a_rejected_credential_that_no_repository_needs_is_reported(
    organizations: Organizations,
) -> None:
    """Also where it was accepted before, and has been revoked since."""
    organizations.context = organizations.join(*ACME_SECRET)
    organizations.poll_all()
    stage = organizations.stage
    stage.server._state.tokens.revoke("Bearer tok-mona")
    stage.advance(4400)
    organizations.poll_all()
    organizations.poll_all()
    [error] = stage.state.list_errors(limit=9)
    assert "rejected the credential (401): " in error.message
    rejected = {each.owner for each in stage.state.list_credentials() if each.rejection}
    assert rejected == {"mona"}

    [token] = (each for each in organization_settings().tokens if each.value == "tok-mona")
    stage.server._state.tokens.add(token)
    organizations.context = organizations.join(*ACME_SECRET)
    stage.advance(4400)
    organizations.poll_all()
    assert not any(each.rejection for each in stage.state.list_credentials())


def test_a_restart_repeats_no_refused_request_within_an_hour(organizations: Organizations) -> None:
    """Which credential may not read which repository is kept in the state.

    Also of a repository that none of them reads.
    """
    readable = (*ACME_SECRET, *UMBRA, *MONA)
    names = (*readable, "umbra/hidden")
    organizations.context = organizations.join(*names)
    organizations.poll_all()
    refused = len(organizations.witness.refused)
    assert refused > 0
    for _ in range(3):
        organizations.context = organizations.join(*names)
        organizations.stage.advance(700)
        organizations.poll_all()
    assert organizations.collected() == set(readable)
    assert organizations.witness.repeated() == []


def test_a_new_repository_arrives_within_ten_minutes(organizations: Organizations) -> None:
    organizations.context = organizations.join("umbra")
    organizations.poll_all()
    stage = organizations.stage
    add_to_umbra(stage)
    stage.advance(595)
    organizations.poll_all()
    assert "umbra/new" in organizations.collected()


def test_a_webhook_brings_a_new_repository_within_ten_seconds(
    organizations: Organizations,
) -> None:
    organizations.context = organizations.join("umbra")
    organizations.poll_all()
    stage = organizations.stage
    add_to_umbra(stage)
    stage.use_up_minute(BULK_MINUTE_SHARE, context=organizations.context)
    body = b'{"action": "created", "repository": {"full_name": "umbra/new"}}'
    headers = signed_headers("repository", body, secret="s3cret")
    answers = [
        receive_webhook(stage.state, headers, body, secret=Secret("s3cret"), now=stage.clock.now())
        for _ in range(2)
    ]
    assert [answer.split(":")[0] for answer in answers] == ["accepted", "ignored"]
    stage.advance(9)
    organizations.poll_all()
    assert "umbra/new" in organizations.collected()


@pytest.mark.parametrize("table", ["run_hints", "deliveries"])
def test_a_webhook_of_sources_that_was_not_stored_is_accepted_when_it_is_sent_again(
    organizations: Organizations, tmp_path: Path, table: str
) -> None:
    path, now = tmp_path / "state.db", organizations.stage.clock.now()
    with closing(open_sql_state(f"sqlite:///{path}")) as state:
        add_sources(state, parse_sources(["umbra"]), origin=FROM_COMMAND_LINE, now=now)
        with closing(sqlite3.connect(path)) as other:
            other.execute(
                f"CREATE TRIGGER broken BEFORE INSERT ON {table} "
                "BEGIN SELECT RAISE(ROLLBACK, 'broken'); END"
            )
            with pytest.raises(StateUnavailable):
                deliver(state, INSTALLED, now)
            other.execute("DROP TRIGGER broken")
        assert deliver(state, INSTALLED, now).startswith("accepted")
        assert state.load_run_hints(SOURCES_PSEUDO_RUN[0])


def test_a_discovery_that_fails_is_repeated_within_a_minute(organizations: Organizations) -> None:
    """The webhook that asked for it is kept until a list was read, or the next round has come."""
    organizations.context = context = organizations.join("umbra")
    discover_when_due(context)
    stage = organizations.stage
    add_to_umbra(stage)
    deliver(stage.state, INSTALLED, stage.clock.now())
    stage.fail(Fault(path="^/(user|users|orgs|installation)/", do="error", status=502))
    before = stage.requests()
    for _ in range(20):
        stage.advance(10)
        discover_when_due(context)
    assert stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])
    assert stage.requests() - before < 80
    stage.fail()
    stage.advance(31)
    discover_when_due(context)
    assert stage.state.load_repository("umbra/new") is not None
    assert not stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])


@pytest.mark.parametrize("account", ["acme", "umbra"])
def test_an_installation_whose_list_fails_is_listed_again_within_a_minute(
    organizations: Organizations, monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    """Whether the list of the App's other installation is answered before it or after it."""
    stage, new = organizations.stage, f"{account}/new"
    of_acme, of_umbra = installations(stage)
    of_acme = replace(of_acme, repositories=frozenset([*ACME, "acme/new"]))
    install(stage, [of_acme, of_umbra])
    github = replace(github_settings(stage.server.url), tokens=())
    context = stage.join(github=github, holder="app")
    discover_at_start(context, parse_sources(["acme", "umbra"]))
    stage.server.world.add(new_repository(stage, new, run_id=777))
    fetch = context.repository_api.fetch_repositories
    failed: list[str] = []

    def fail_once(
        query: RepositoryListQuery, validator: str | None = None
    ) -> Answer[RepositoryList]:
        if query.installation_account == account and not failed:
            failed.append(account)
            raise RequestFailed("GitHub answered 502.")
        return fetch(query, validator)

    monkeypatch.setattr(context.repository_api, "fetch_repositories", fail_once)
    stage.advance(600)
    deliver(stage.state, INSTALLED, stage.clock.now())
    stage.advance(MAX_LIST_LAG.total_seconds())
    discover_when_due(context)
    assert failed
    assert stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])
    assert stage.state.load_repository(new) is None
    stage.advance(31)
    discover_when_due(context)
    assert stage.state.load_repository(new) is not None
    assert not stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])


def add_to_umbra(stage: Stage) -> None:
    """Create a repository."""
    builder = WorldBuilder(stage_time(stage))
    builder.repository("umbra/new", private=True, id=777).run()
    stage.server.world.add(builder.build().repositories[0])


def test_a_webhook_is_followed_within_a_second(organizations: Organizations) -> None:
    """It waits for no regular check, also where the list of another owner fails for good."""
    organizations.context = context = organizations.join("umbra", "mona")
    stage = organizations.stage
    stage.fail(Fault(path="^/users/mona/", do="error", status=502))
    deliver(stage.state, INSTALLED, stage.clock.now())
    while context.discovery.failures < 3:
        stage.advance(10)
        discover_when_due(context)
    add_to_umbra(stage)
    deliver(stage.state, INSTALLED + b" ", stage.clock.now())
    stage.advance(1)
    discover_when_due(context)
    assert stage.state.load_repository("umbra/new") is not None


def test_a_discovery_at_start_that_fails_is_soon_repeated(organizations: Organizations) -> None:
    """Also in a period whose regular discovery was made before the restart."""
    stage, period = organizations.stage, DISCOVER_EVERY.total_seconds()
    stage.advance(period - stage.clock.now().timestamp() % period)
    discover_at_start(organizations.join("umbra"))
    stage.fail(Fault(path="^/(user|users|orgs|installation)/", do="error", status=502))
    restarted = organizations.join("umbra")
    discover_at_start(restarted, is_forced=True)
    add_to_umbra(stage)
    stage.fail()
    stage.advance(31)
    discover_when_due(restarted)
    assert stage.state.load_repository("umbra/new") is not None


def test_a_regular_discovery_that_fails_is_soon_repeated(organizations: Organizations) -> None:
    """At most MAX_RETRIES times: a rejected credential must not be asked every half minute."""
    organizations.context = context = organizations.join("umbra")
    discover_when_due(context)
    stage = organizations.stage
    stage.fail(Fault(path="^/(user|users|orgs|installation)/", do="error", status=502))
    stage.advance(600)
    discover_when_due(context)
    assert context.discovery.failures == 1
    add_to_umbra(stage)
    stage.fail()
    stage.advance(31)
    discover_when_due(context)
    assert stage.state.load_repository("umbra/new") is not None
    stage.fail(Fault(path="^/(user|users|orgs|installation)/", do="error", status=502))
    period = DISCOVER_EVERY.total_seconds()
    stage.advance(period - stage.clock.now().timestamp() % period)
    for _ in range(10):
        discover_when_due(context)
        stage.advance(31)
    assert context.discovery.failures == 1 + MAX_RETRIES


def told_by_webhook(organizations: Organizations) -> tuple[CollectorContext, Stage]:
    """Discover one organization; then a webhook says that its repositories may have changed."""
    organizations.context = context = organizations.join("umbra")
    discover_when_due(context)
    stage = organizations.stage
    deliver(stage.state, INSTALLED, stage.clock.now())
    return context, stage


def test_lists_that_lag_behind_a_webhook_are_read_again(organizations: Organizations) -> None:
    """The webhook counts until GitHub had time to list what it speaks of."""
    context, stage = told_by_webhook(organizations)
    stage.advance(1)
    discover_when_due(context)
    add_to_umbra(stage)
    stage.advance(5)
    discover_when_due(context)
    assert stage.state.load_repository("umbra/new") is not None
    assert stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])
    stage.advance(MAX_LIST_LAG.total_seconds())
    discover_when_due(context)
    assert not stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])


def test_a_discovery_that_fails_for_long_waits_for_its_turn(organizations: Organizations) -> None:
    context, stage = told_by_webhook(organizations)
    stage.fail(Fault(path="^/(user|users|orgs|installation)/", do="error", status=502))
    stage.advance(600)
    discover_when_due(context)
    assert not stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])


def test_a_webhook_is_forgotten_without_sources(organizations: Organizations) -> None:
    """The last of them was removed before its lists were read again."""
    context, stage = told_by_webhook(organizations)
    delete_source(stage.state, "umbra/*")
    stage.advance(MAX_LIST_LAG.total_seconds())
    discover_when_due(context)
    assert not stage.state.load_run_hints(SOURCES_PSEUDO_RUN[0])


def test_the_regular_discovery_comes_also_after_the_clock_was_set_back(
    organizations: Organizations,
) -> None:
    """Processes have claimed the discoveries of the day that comes again."""
    organizations.context = context = organizations.join("umbra")
    stage, period = organizations.stage, DISCOVER_EVERY.total_seconds()
    stage.clock.ahead_seconds = 3 * period
    for _ in range(4):
        discover_when_due(context)
        stage.advance(period)
    stage.clock.ahead_seconds = 0
    discover_when_due(context)
    add_to_umbra(stage)
    stage.advance(period)
    discover_when_due(context)
    assert stage.state.load_repository("umbra/new") is not None


def test_a_failed_discovery_is_not_repeated_without_sources(organizations: Organizations) -> None:
    """What is known of credentials is then saved at the regular times only."""
    organizations.context = context = organizations.join("umbra")
    stage = organizations.stage
    stage.fail(Fault(path="^/(user|users|orgs|installation)/", do="error", status=502))
    discover_when_due(context)
    assert context.discovery.failures == 1
    delete_source(stage.state, "umbra/*")
    # To the beginning of a period, so that the next half a minute is of the same one.
    period = DISCOVER_EVERY.total_seconds()
    stage.advance(2 * period - stage.clock.now().timestamp() % period)
    discover_when_due(context)
    saved = stage.state.list_credentials()
    stage.advance(31)
    discover_when_due(context)
    assert stage.state.list_credentials() == saved


@pytest.mark.parametrize("fault", [{"do": "suspended"}, {"do": "error", "status": 502}])
def test_an_app_whose_list_fails_is_the_error_of_each_source(
    organizations: Organizations, fault: dict[str, Any]
) -> None:
    """It is the only credential; the next round lists again."""
    stage = organizations.stage
    github = replace(github_settings(stage.server.url), tokens=())
    context = stage.join(github=github, holder="app")
    stage.fail(Fault(path="^/installation/repositories", **fault))
    result = discover_at_start(context, parse_sources(["umbra"]))
    assert result is not None
    assert list(result.errors) == ["umbra/*"]
    [source] = stage.state.list_sources()
    assert source.last_error == str(result.errors["umbra/*"])
    stage.fail()
    stage.advance(600)
    discover_when_due(context)
    [source] = stage.state.list_sources()
    assert source.last_error is None
    assert (source.found or 0) >= len(UMBRA)


def test_a_rejection_says_nothing_of_the_list_that_met_it(organizations: Organizations) -> None:
    """The next round lists again, and a new repository is watched."""
    stage = organizations.stage
    github = replace(github_settings(stage.server.url), tokens=(Secret("tok-acme"),), app_id=None)
    context = stage.join(github=github, holder="token")
    stage.fail(Fault(path="^/(user|orgs)/", do="unauthorized"))
    result = discover_at_start(context, parse_sources(["acme"]))
    assert result is not None
    assert "GITHUB_TOKEN" in (result.errors["acme/*"].remedy or "")
    stage.fail()
    stage.advance(600)
    discover_when_due(context)
    [source] = stage.state.list_sources()
    assert source.last_error is None
    assert (source.found or 0) >= len(ACME)


def test_a_suspended_installation_is_the_error_of_its_owners_source(
    organizations: Organizations,
) -> None:
    """And not that GitHub rejects a token which cannot list the owner either."""
    stage = organizations.stage
    tokens = (Secret("tok-revoked"),)
    github = replace(github_settings(stage.server.url), tokens=tokens)
    context = stage.join(github=github, holder="app")
    stage.fail(Fault(path="^/installation/repositories", do="suspended"))
    discover_at_start(context, parse_sources(["umbra", "mona"]))
    errors = {each.pattern: each.last_error or "" for each in stage.state.list_sources()}
    assert "suspended" in errors["umbra/*"]
    assert "401" in errors["mona/*"]


INSTALLED = b'{"action": "created", "installation": {"id": 2, "account": {"login": "umbra"}}}'


def deliver(state: StateStore, body: bytes, now: datetime) -> str:
    """Deliver an installation webhook."""
    headers = signed_headers("installation", body, secret="s3cret", delivery=f"d-{len(body)}")
    return receive_webhook(state, headers, body, secret=Secret("s3cret"), now=now)


def test_a_source_that_one_credential_is_denied_says_why_nothing_was_found(
    organizations: Organizations,
) -> None:
    """Also while the refusal is believed, and though another credential was answered."""
    organizations.context = organizations.join("acme/none-*")
    for _ in range(3):
        organizations.poll_all()
        [source] = organizations.stage.state.list_sources()
        assert source.found == 0
        assert "SAML" in str(source.last_error)
        organizations.stage.advance(600)
    rows = list_credential_rows(organizations.stage.state, now=organizations.stage.clock.now())
    assert [each["owner"] for each in rows if "SAML" in each["finding"]] == ["mona"]


def test_a_new_installation_is_used_at_once(organizations: Organizations) -> None:
    """GitHub sends a webhook for it; its repositories are read seconds later."""
    stage = organizations.stage
    install(stage, installations(stage)[:1])
    organizations.context = organizations.join("*")
    organizations.poll_all()
    assert not set(UMBRA) & organizations.collected()
    install(stage, installations(stage))
    deliver(stage.state, INSTALLED, stage.clock.now())
    stage.advance(9)
    organizations.poll_all()
    assert set(UMBRA) <= organizations.collected()


@pytest.mark.parametrize("is_told", [False, True])
def test_a_suspension_that_ends_is_over_within_minutes(
    organizations: Organizations, *, is_told: bool
) -> None:
    """However long it has lasted, next to credentials that are accepted."""
    stage = organizations.stage
    of_acme, of_umbra = installations(stage)
    organizations.context = organizations.join("umbra", "mona")
    organizations.poll_all()
    install(stage, [of_acme, replace(of_umbra, is_suspended=True)])
    for _ in range(3 * 12):
        stage.advance(300)
        organizations.poll_all()
    asked = [each for each in organizations.witness.refused if each.status == 403]
    assert 3 <= len(asked) <= 12
    assert "umbra" in {each.full_name.split("/")[0] for each in failing(stage)}
    install(stage, [of_acme, of_umbra])
    if is_told:
        deliver(stage.state, INSTALLED, stage.clock.now())
    for _ in range(6 if is_told else 16):
        stage.advance(60)
        organizations.poll_all()
    assert failing(stage) == []


def failing(stage: Stage) -> list[RepositoryRecord]:
    """List the repositories whose last poll failed."""
    return [each for each in stage.state.list_repositories() if each.failed_polls]


def installations(stage: Stage) -> Sequence[InstallationSpec]:
    """List where the sandbox's App is installed from the start."""
    app = stage.server.settings.app
    assert app is not None
    return app.installations


def install(stage: Stage, installations: Sequence[InstallationSpec]) -> None:
    """Let the sandbox's App be installed on these accounts alone."""
    settings = stage.server._state.settings
    assert settings.app is not None
    app = replace(settings.app, installations=tuple(installations))
    stage.server._state.settings = replace(settings, app=app)


def test_unchanged_lists_are_free(large_organizations: Organizations) -> None:
    """Also one of several pages."""
    organizations = large_organizations
    organizations.context = organizations.join("acme", "umbra")
    discover_when_due(organizations.context)
    stage = organizations.stage
    before = stage.server.stats()["endpoints"]
    stage.advance(600)
    discover_when_due(organizations.context)
    stats = stage.server.stats()["endpoints"]
    for kind in ("list_user_repositories", "list_organization_repositories"):
        assert stats[kind]["requests"] > before[kind]["requests"]
        assert stats[kind]["charged"] == before[kind]["charged"]


def test_a_start_lists_once(organizations: Organizations) -> None:
    """What it has listed is not listed again before the next regular time."""
    organizations.context = context = organizations.join("acme", "umbra")
    stage = organizations.stage
    every = DISCOVER_EVERY.total_seconds()
    stage.advance(every - stage.clock.now().timestamp() % every)
    discover_when_due(context)
    listed = stage.requests()
    for _ in range(17):
        stage.advance(30)
        discover_when_due(context)
    assert stage.requests() == listed
    stage.advance(60)
    discover_when_due(context)
    assert stage.requests() > listed


def test_what_was_learned_is_recalled_by_the_next_process(organizations: Organizations) -> None:
    """The next process asks no credential that was refused, and reads no unchanged list."""
    organizations.context = organizations.join("acme", "umbra", "mona")
    organizations.poll_all()
    refused = len(organizations.witness.refused)
    organizations.context = organizations.join("acme", "umbra", "mona")
    organizations.stage.advance(600)
    organizations.poll_all()
    assert organizations.witness.refused[refused:] == []


class TestOneOwner:
    @pytest.fixture
    def stage(self, stage: OpenStage) -> Stage:
        builder = WorldBuilder()
        for name in ("acme/a", "acme/b", "acme/web-c"):
            builder.repository(name).run().jobs(1)
        return stage(builder, at=600, watches=False)

    def reasons(self, stage: Stage) -> dict[str, str | None]:
        """Return why each repository is suspended."""
        known = stage.state.list_discovered_repositories()
        return {each.full_name: each.suspension_reason for each in known}

    def discover(self, stage: Stage, *given: str) -> list[str]:
        patterns = parse_sources(given)
        add_sources(stage.state, patterns, origin=FROM_COMMAND_LINE, now=stage.clock.now())
        discover_sources(stage.context)
        return [each.full_name for each in stage.state.list_repositories() if not each.paused]

    def test_patterns_bring_and_leave_out(self, stage: Stage) -> None:
        assert self.discover(stage, "acme", "!acme/b") == ["acme/a", "acme/web-c"]
        source = next(each for each in stage.state.list_sources() if each.pattern == "acme/*")
        assert (source.found, source.left_out, source.last_error) == (2, 1, None)
        known = stage.state.list_discovered_repositories()
        assert {each.full_name: each.source for each in known} == {
            "acme/a": "acme/*",
            "acme/web-c": "acme/*",
        }

    def test_what_is_left_out_later_rests_and_comes_back(self, stage: Stage) -> None:
        self.discover(stage, "acme")
        assert self.discover(stage, "!acme/web-*") == ["acme/a", "acme/b"]
        assert "!acme/web-*" in str(self.reasons(stage)["acme/web-c"])
        stage.state.remove_source("!acme/web-*")
        assert self.discover(stage) == ["acme/a", "acme/b", "acme/web-c"]

    def test_a_removed_source_rests_what_no_other_brings(self, stage: Stage) -> None:
        self.discover(stage, "acme", "acme/a")
        stage.state.remove_source("acme/*")
        assert self.discover(stage) == ["acme/a"]

    def test_a_removal_is_announced_and_rests_at_once(self, stage: Stage) -> None:
        """Also the last source's repositories rest, for then nothing is discovered any more."""
        self.discover(stage, "acme", "acme/web-*")
        planned = plan_removal(stage.state, "ACME/*")
        assert (planned.suspended, planned.kept) == (("acme/a", "acme/b"), ())
        assert "2 repositories are no longer polled (acme/a, acme/b)" in planned.sentence
        assert plan_removal(stage.state, "acme/web-*").kept == (("acme/web-c", "acme/*"),)
        assert remove_source(stage.state, "acme/web-*").suspended == ()
        assert remove_source(stage.state, "acme/*").suspended == ("acme/a", "acme/b", "acme/web-c")
        assert stage.state.list_sources() == []
        assert all(each.paused for each in stage.state.list_repositories())

    def test_a_source_of_the_settings_is_not_removed_elsewhere(self, stage: Stage) -> None:
        discover_at_start(replace(stage.context, sources=parse_sources(["acme"])))
        with pytest.raises(Rejected, match="set in REPOSITORIES"):
            remove_source(stage.state, "acme/*")

    def test_a_preview_counts_and_changes_nothing(self, stage: Stage) -> None:
        stage.server.world.change("acme/b", archived=True)
        add_sources(
            stage.state,
            parse_sources(["!*/web-*"]),
            origin=FROM_COMMAND_LINE,
            now=stage.clock.now(),
        )
        preview = preview_source(
            GithubApis(stage.context.repository_api, stage.context.github),
            parse_sources(["acme"])[0],
            [parse_source(each.pattern) for each in stage.state.list_sources()],
            log_mode="economy",
            now=stage.clock.now(),
        )
        assert preview.matched == ("acme/a",)
        assert dict(preview.left_out) == {
            "acme/b": "archived: collected once, then not polled",
            "acme/web-c": "left out by !*/web-*",
        }
        assert (preview.active_count, preview.runs_per_hour) == (1, pytest.approx(1 / 168))
        assert "1 repository (0 private), 2 left out" in describe_preview(preview)
        assert stage.state.list_repositories() == []

    def test_the_repositories_with_the_last_pushes_are_polled_first(self, stage: Stage) -> None:
        stage.server.world.change("acme/a", archived=False)
        stage.server.world.add(new_repository(stage, "acme/new", run_id=778))
        stage.advance(60)
        self.discover(stage, "acme")
        due = sorted(
            (each.next_poll_at, each.full_name)
            for each in stage.state.list_repositories()
            if each.next_poll_at is not None
        )
        assert due[0][1] == "acme/new"

    def test_a_repository_without_a_late_push_is_polled_slowly_from_the_start(
        self, stage: Stage
    ) -> None:
        """Also right after an organization is added; one that is named is polled as usual."""
        stage.advance(86_400)
        self.discover(stage, "acme/a*", "acme/b")
        pauses = {}
        for name in ("acme/a", "acme/b"):
            assert stage.poll(name) is None
            pauses[name] = (stage.record(name).next_poll_at - stage.clock.now()).total_seconds()
        assert pauses["acme/a"] >= 500
        assert pauses["acme/b"] <= 2 * 30

    def test_a_renamed_repository_is_followed_and_not_added_again(self, stage: Stage) -> None:
        self.discover(stage, "acme")
        stage.server.world.change("acme/a", full_name="acme/z")
        assert self.discover(stage) == ["acme/a", "acme/b", "acme/web-c"]
        known = {
            each.full_name: each.new_name for each in stage.state.list_discovered_repositories()
        }
        assert known["acme/a"] == "acme/z"
        discover_sources(stage.context)
        assert len(stage.state.list_repositories()) == 3, "also while its list does not change"
        assert stage.poll("acme/a") is None
        assert [each["data"]["repo"] for each in stage.runs()] == ["acme/a"]

    def test_a_repository_that_is_named_as_it_was_before_is_watched_once(
        self, stage: Stage
    ) -> None:
        """Whether another source lists it, names it too, or the command line has added it."""
        stage.server.world.change("acme/a", full_name="acme/z")
        assert self.discover(stage, "acme/a", "acme/z", "acme") == [
            "acme/b",
            "acme/web-c",
            "acme/z",
        ]
        discover_sources(stage.context)
        assert len(stage.state.list_repositories()) == 3, "also while its list does not change"

        stage.server.world.change("acme/b", full_name="acme/y")
        for name in ("acme/b", "acme/z"):
            stage.state.remove_repository(name)
        stage.watch("acme/y")
        assert self.discover(stage, "acme/b") == ["acme/web-c", "acme/y", "acme/z"]

    @pytest.mark.parametrize("seconds", [0, 1200])
    def test_the_name_of_a_renamed_repository_may_go_to_a_new_one(
        self, stage: Stage, seconds: float
    ) -> None:
        """Both are collected from the next discovery on, also where the redirect was followed."""
        self.discover(stage, "acme")
        stage.poll_due()
        stage.server.world.change("acme/a", full_name="acme/z")
        stage.advance(seconds)
        stage.poll_due()
        stage.server.world.add(new_repository(stage, "acme/a", run_id=901))
        stage.advance(700)
        stage.poll_due()
        assert {("acme/a", 901), ("acme/z", FIRST_RUN + 1)} <= collected_runs(stage)
        stage.server.world.change("acme/z", full_name="acme/y")
        assert self.discover(stage) == ["acme/a", "acme/b", "acme/web-c", "acme/z"]

    def test_repositories_may_swap_their_names(self, stage: Stage) -> None:
        self.discover(stage, "acme")
        for name, new_name in (("a", "tmp"), ("b", "a"), ("tmp", "b")):
            stage.server.world.change(f"acme/{name}", full_name=f"acme/{new_name}")
        assert self.discover(stage) == ["acme/a", "acme/b", "acme/web-c"]
        ids = {
            each.full_name: each.repository_id
            for each in stage.state.list_discovered_repositories()
        }
        assert ids["acme/b"] < ids["acme/a"] < ids["acme/web-c"]

    def test_a_source_that_overlaps_a_listed_one_knows_what_is_archived(self, stage: Stage) -> None:
        """It is added while a collector runs, and the lists have not changed."""
        stage.server.world.change("acme/a", archived=True)
        self.discover(stage, "acme/b")
        self.discover(stage, "acme/web-*")
        self.discover(stage, "acme/a*")
        known = {each.full_name: each for each in stage.state.list_discovered_repositories()}
        assert known["acme/a"].is_archived
        before = stage.requests("list_organization_repositories", "charged")
        self.discover(stage)
        assert stage.requests("list_organization_repositories", "charged") == before

    def test_an_archived_repository_rests_once_it_is_collected(self, stage: Stage) -> None:
        stage.server.world.change("acme/a", archived=True)
        assert self.discover(stage, "acme") == ["acme/a", "acme/b", "acme/web-c"]
        assert stage.poll("acme/a") is None
        assert self.discover(stage) == ["acme/b", "acme/web-c"]
        stage.server.world.change("acme/a", archived=False)
        assert self.discover(stage) == ["acme/a", "acme/b", "acme/web-c"]

    def test_a_deleted_repository_rests_and_reports_why(self, stage: Stage) -> None:
        self.discover(stage, "acme")
        stage.server.world.remove("acme/b")
        assert self.discover(stage) == ["acme/a", "acme/web-c"]
        assert "GitHub does not show it any more" in str(self.reasons(stage)["acme/b"])

    @pytest.mark.parametrize("is_failing", [False, True])
    def test_repositories_that_left_their_list_are_checked_in_turn(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, is_failing: bool
    ) -> None:
        """One that GitHub still shows, or fails to show, keeps no other from its check."""
        monkeypatch.setattr("ingest.services.sources.apply_discovery.MAX_CHECKS", 1)
        self.discover(stage, "acme")
        stage.server.world.change("acme/a", full_name="umbra/a")
        stage.server.world.remove("acme/b")
        if is_failing:
            stage.fail(Fault(path="^/repos/acme/a$", do="error"))
        self.discover(stage)
        assert self.discover(stage) == ["acme/a", "acme/web-c"]

    def test_a_poll_that_finds_a_repository_deleted_starts_a_discovery(self, stage: Stage) -> None:
        """It rests seconds later; a repository that was created meanwhile comes first."""
        self.discover(stage, "acme")
        assert stage.poll("acme/b") is None
        stage.server.world.remove("acme/b")
        stage.server.world.add(new_repository(stage, "acme/new", run_id=778))
        assert stage.poll("acme/b") is not None
        stage.advance(5)
        discover_when_due(stage.context)
        assert self.reasons(stage)["acme/a"] is None
        assert "GitHub does not show it any more" in str(self.reasons(stage)["acme/b"])
        first = stage.state.claim_repository(holder="h", now=stage.clock.now(), lease_seconds=60)
        assert first is not None
        assert first.full_name == "acme/new"

    def test_a_webhook_that_arrives_during_a_discovery_starts_another(self, stage: Stage) -> None:
        class WithWebhook(type(stage.clock)):  # type: ignore[misc]
            def now(self) -> datetime:
                is_begun = all(each.listed_at for each in stage.state.list_sources())
                if is_begun and stage.state.list_repositories() == []:
                    make_sources_due(stage.state)
                return super().now()

        stage.context = replace(stage.context, clock=WithWebhook(stage.server))
        assert len(self.discover(stage, "acme")) == 3
        assert [each.listed_at for each in stage.state.list_sources()] == [None]

    def test_a_first_listing_that_was_killed_is_done_by_the_next_start(self, stage: Stage) -> None:
        add_sources(
            stage.state, parse_sources(["acme"]), origin=FROM_SETTINGS, now=stage.clock.now()
        )
        killed = [replace(e, listed_at=stage.clock.now()) for e in stage.state.list_sources()]
        stage.state.save_sources(killed)
        context = replace(stage.context, sources=parse_sources(["acme"]))
        discover_when_due(context)
        assert len(stage.state.list_repositories()) == 3

    def test_what_a_person_paused_stays_paused(self, stage: Stage) -> None:
        self.discover(stage, "acme")
        stage.state.set_paused("acme/b", paused=True)
        self.discover(stage, "!acme/b")
        stage.state.remove_source("!acme/b")
        assert self.discover(stage) == ["acme/a", "acme/web-c"]

    def test_what_a_person_resumed_and_paused_again_stays_paused(self, stage: Stage) -> None:
        self.discover(stage, "acme")
        assert self.discover(stage, "!acme/b") == ["acme/a", "acme/web-c"]
        stage.state.set_paused("acme/b", paused=False)
        assert self.discover(stage) == ["acme/a", "acme/b", "acme/web-c"]
        stage.state.set_paused("acme/b", paused=True)
        stage.state.remove_source("!acme/b")
        assert self.discover(stage) == ["acme/a", "acme/web-c"]

    @pytest.mark.parametrize("is_removal", [False, True])
    def test_what_a_cut_short_suspension_paused_is_resumed(
        self, stage: Stage, *, is_removal: bool
    ) -> None:
        """A database that goes away, or a kill: what was paused is not taken for a person's."""

        def set_paused(full_name: str, *, paused: bool) -> None:
            if full_name == "acme/b":
                raise StateUnavailable("gone")
            stage.state.set_paused(full_name, paused=paused)

        self.discover(stage, "acme")
        broken: Any = Changed(stage.state, set_paused=set_paused)
        exclusion = () if is_removal else parse_sources(["!acme/*"])
        add_sources(broken, exclusion, origin=FROM_SETTINGS, now=stage.clock.now())
        context = replace(stage.context, store=broken)
        with pytest.raises(StateUnavailable):
            _ = delete_source(broken, "acme/*") if is_removal else discover_sources(context)
        assert stage.state.load_repository("acme/a").paused
        assert self.discover(stage) == []
        stage.state.remove_source("!acme/*")
        assert self.discover(stage, "acme") == ["acme/a", "acme/b", "acme/web-c"]

    def test_an_owner_that_does_not_exist_is_an_error_of_its_source(self, stage: Stage) -> None:
        assert self.discover(stage, "nobody", "acme/a") == ["acme/a"]
        errors = {each.pattern: each.last_error for each in stage.state.list_sources()}
        assert "404" in str(errors["nobody/*"]) or "Not Found" in str(errors["nobody/*"])
        assert errors["acme/a"] is None

    def test_sources_of_the_settings_come_and_go(self, stage: Stage) -> None:
        first = replace(stage.context, sources=parse_sources(["acme"]))
        assert discover_at_start(first) is not None
        assert discover_at_start(first) is None, "nothing has changed"
        fewer = replace(first, sources=parse_sources(["acme/web-*"]), discovery=DiscoveryState())
        discover_when_due(fewer)
        watched = [each.full_name for each in stage.state.list_repositories() if not each.paused]
        assert watched == ["acme/web-c"]
        [said] = stage.state.list_activities(limit=5)
        assert "2 repositories are no longer polled (acme/a, acme/b)" in said.action
        assert "1 repository is still watched because of acme/web-*" in said.action

    def test_a_source_that_another_start_removes_at_once_is_gone_for_both(
        self, stage: Stage
    ) -> None:
        """Processes whose REPOSITORIES has changed start together."""
        discover_at_start(replace(stage.context, sources=parse_sources(["acme"])))

        def add_activity(record: ActivityRecord) -> None:
            stage.state.add_activity(record)
            stage.state.remove_source("acme/*")

        store: Any = Changed(stage.state, add_activity=add_activity)
        assert discover_at_start(replace(stage.context, store=store, sources=())) is not None
        assert stage.state.list_sources() == []

    def test_a_changed_filter_of_the_settings_is_reported_once(self, stage: Stage) -> None:
        def start(**texts: str) -> list[str]:
            filters = parse_filters(texts)
            settings = replace(stage.context.settings, filters=filters)
            discover_at_start(replace(stage.context, settings=settings))
            return [each.action for each in stage.state.list_activities(limit=9)]

        assert start() == []
        assert "BRANCHES main (before: none)" in start(branches="main")[0]
        assert len(start(branches="main")) == 1
        assert (
            "BRANCHES main; LOGS failed (before: BRANCHES main)"
            in start(branches="main", logs="failed")[0]
        )
        assert "none (before: BRANCHES main; LOGS failed)" in start()[0]
        assert len(start()) == 3


def new_repository(stage: Stage, name: str, *, run_id: int) -> Repository:
    """Build a repository that was created just now."""
    builder = WorldBuilder(stage_time(stage))
    builder.repository(name, id=run_id).run(id=run_id).job(id=run_id)
    return builder.build().repositories[0]


def collected_runs(stage: Stage) -> set[tuple[str, int]]:
    return {(each["data"]["repo"], each["data"]["run_id"]) for each in stage.runs()}


def stage_time(stage: Stage) -> str:
    return stage.clock.now().isoformat().replace("+00:00", "Z")
