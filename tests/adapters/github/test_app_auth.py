"""A GitHub App's installations as credentials."""

from __future__ import annotations

import base64
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ingest.adapters.github.request import Request
from ingest.domain.sources import parse_sources
from ingest.errors import BadCredentials, GithubUnavailable
from ingest.services.sources.discover_sources import discover_at_start, discover_when_due
from ingest.settings import GithubSettings, Secret
from support.world import GENEROUS, Stage, assert_all_published
from support.world_builder import WorldBuilder

from standalone.sandbox.faults import Fault
from standalone.sandbox.settings import AppSpec, InstallationSpec

RUNS = Request.to("/repos/{}/actions/runs", "octo/api")


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def app(stage, key):
    """Open a stage whose collector signs in as an app; the sandbox checks the real time."""
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    plan = AppSpec(
        id=77, public_key=public.decode(), installations=(InstallationSpec(id=5, account="octo"),)
    )
    start = datetime.fromtimestamp(time.time() - 700, timezone.utc)
    world = WorldBuilder(start.isoformat(timespec="seconds").replace("+00:00", "Z"))
    world.run(seconds=60).job("a").job("b")

    def join(**changes) -> tuple[Stage, object]:
        here = stage(world, at=700, settings=replace(GENEROUS, app=plan))
        return here, here.join(github=settings_of(here, key, **changes))

    return join


def settings_of(here: Stage, key, **changes) -> GithubSettings:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    own = GithubSettings(
        api_url=here.server.url,
        app_id="77",
        app_private_key=Secret(private.decode()),
        app_installation_id=5,
    )
    return replace(own, **changes)


def test_one_token_is_minted_for_all_threads(app):
    """Threads wait for the one that mints."""
    here, world = app()
    client = world.github._tokens.client_for("octo/api")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(client.get, [RUNS] * 64))
    assert {answer.status for answer in answers} == {200}
    assert here.server.stats()["minted"] == 1


def test_the_installations_are_found_where_none_is_configured(app):
    """Each is a credential of its own."""
    here, world = app(app_installation_id=None)
    assert [client.name for client in world.github._tokens.clients()] == ["installation-5"]
    assert here.poll(context=world) is None
    assert_all_published(here)


def test_an_app_that_is_installed_nowhere_reports_it(app):
    """A person must install it."""
    with pytest.raises(BadCredentials, match="installed"):
        app(app_installation_id=6)[1].github._tokens.client_for("octo/api").get(RUNS)


def test_a_source_waits_for_the_installations_of_an_app(app, key):
    """As long as none is known, the source says why, and is listed again soon."""
    here, _ = app()
    here.state.remove_repository("octo/api")
    here.fail(Fault(path="^/app/installations$", do="error"))
    context = here.join(github=settings_of(here, key, app_installation_id=None))
    context = replace(context, sources=parse_sources(["octo"]))
    result = discover_at_start(context)
    assert "502 for /app/installations" in str(result.errors["octo/*"])
    [source] = here.state.list_sources()
    assert "502 for /app/installations" in source.last_error
    here.fail()
    for _ in range(10):
        here.advance(6)
        discover_when_due(context)
    assert [each.full_name for each in here.state.list_repositories()] == ["octo/api"]
    [source] = here.state.list_sources()
    assert source.last_error is None


def test_a_public_key_is_no_private_one(app, key):
    """It is named when the collector starts."""
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    here, _ = app()
    github = settings_of(here, key)
    with pytest.raises(BadCredentials, match="GITHUB_APP_PRIVATE_KEY"):
        here.join(github=replace(github, app_private_key=Secret(public.decode())))


@pytest.mark.parametrize("form", ["TraditionalOpenSSL", "PKCS8"])
def test_a_key_with_a_password_is_named_as_such(app, key, form):
    """The header of one form has commas, which separate the keys of several apps."""
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        getattr(serialization.PrivateFormat, form),
        serialization.BestAvailableEncryption(b"password"),
    )
    here, _ = app()
    github = settings_of(here, key)
    encoded = base64.b64encode(encrypted)
    for given in (encrypted, encoded, encoded + b"," + encoded):
        with pytest.raises(BadCredentials, match="encrypted with a password"):
            here.join(github=replace(github, app_private_key=Secret(given.decode())))


def test_a_wrong_key_is_a_matter_for_people(app):
    """GitHub refuses the app's signature."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    here, _ = app()
    with pytest.raises(BadCredentials):
        here.join(github=settings_of(here, other, app_installation_id=None))
    world = here.join(github=settings_of(here, other))
    assert isinstance(here.poll(context=world), BadCredentials)


@pytest.mark.parametrize(
    "fault",
    [{"do": "error", "status": 502}, {"do": "error", "status": 500, "html": True}, {"do": "reset"}],
)
def test_a_github_that_is_busy_while_minting_is_asked_again_later(app, fault):
    """That is no fault of the app's."""
    here, world = app()
    here.fail(Fault(path="/access_tokens", **fault))
    assert isinstance(here.poll(context=world), GithubUnavailable)
    here.fail()
    here.advance(1)
    assert here.poll(context=world) is None
    assert_all_published(here)


def test_a_token_revoked_during_many_requests_is_minted_once_more(app):
    """Every rejected request is sent again with the new token, whichever thread minted it."""
    here, world = app()
    client = world.github._tokens.client_for("octo/api")
    client.get(RUNS)
    here.advance(90)
    here.fail(Fault(path="/actions/runs$", do="revoked", count=1))
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(client.get, [RUNS] * 64))
    assert {answer.status for answer in answers} == {200}
    assert here.server.stats()["minted"] == 2


@pytest.mark.parametrize("place", ["/actions/runs$", "/jobs$", "/graphql", "/logs$"])
def test_a_token_that_is_revoked_in_the_middle_of_a_poll_loses_nothing(app, place):
    """Its next request mints a new one; no person is bothered."""
    here, world = app()
    world.github._tokens.client_for("octo/api").get(RUNS)
    here.advance(90)
    here.fail(Fault(path=place, do="revoked", count=1))
    assert here.poll(context=world) is None
    here.ingest(context=world)
    assert_all_published(here)
    assert here.context.store.list_errors(limit=9) == []
    assert here.server.stats()["minted"] == 2


def test_a_key_that_was_replaced_is_tried_at_the_next_start(app, key):
    """That the one before was rejected says nothing of it."""
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    here, _ = app()
    for _ in range(6):
        here.advance(300)
        world = here.join(github=settings_of(here, other))
        assert isinstance(here.poll(context=world), BadCredentials)
    world = here.join(github=settings_of(here, key))
    discover_when_due(world)
    assert here.poll(context=world) is None
    assert_all_published(here)


def test_signing_adds_nothing_to_the_log(app):
    """PyGithub, which signs, installs a handler of its own when it is imported."""
    app()
    assert logging.getLogger("github").handlers == []
