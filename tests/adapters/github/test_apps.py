"""Apps with several installations, next to tokens, and what goes wrong with one of them."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ingest.adapters.github import GithubActions, GithubRepositories, open_token_pool
from ingest.adapters.github.credentials import InstallationToken
from ingest.adapters.github.lists import MAX_ITEMS
from ingest.adapters.github.request import Request
from ingest.domain.counters import Counters
from ingest.errors import (
    AccessDenied,
    BadCredentials,
    CredentialSuspended,
    CredentialTooNew,
    GithubUnavailable,
)
from ingest.ports import RunQuery
from ingest.settings import GithubSettings, Secret
from ingest.wire.app_manifest import PERMISSIONS
from support.stub_github import StillClock, a_page, stub_github

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
).decode()
RUNS = (200, {}, {"total_count": 0, "workflow_runs": []})
NOT_FOUND = (404, {}, {"message": "Not Found"})
SUSPENDED = (403, {}, {"message": "This installation has been suspended"})


class Github:
    """A GitHub with apps; each installation reads one owner's repositories, as each token does."""

    def __init__(self, clock, apps, tokens=None):
        self.clock = clock
        self.apps = apps
        self.tokens = dict(tokens or {})
        self.suspended = set()
        self.minted = 0
        self.wrong = []
        self.list_fails = False
        self.permissions = {}

    def __call__(self, asked):
        if asked.path.startswith("/app/"):
            return self.answer_app(asked)
        owner = asked.path.split("/")[2]
        if any(asked.token.startswith(f"ghs_{each}_") for each in self.suspended):
            return SUSPENDED
        if self.tokens.get(asked.token) == owner:
            return RUNS
        self.wrong.append((asked.token, asked.path))
        return NOT_FOUND if asked.token in self.tokens else (401, {}, {"message": "Bad"})

    def answer_app(self, asked):
        claims = jwt.decode(asked.token, options={"verify_signature": False})
        ahead = claims["iat"] - self.clock.now().timestamp()
        date = self.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        if not -600 < ahead < 0:
            return 401, {"Date": date}, {"message": "'Issued at' claim ('iat') is wrong"}
        own = self.apps[claims["iss"]]
        if asked.path == "/app/installations":
            if self.list_fails:
                return 500, {}, {"message": "Server Error"}
            listed = [
                {
                    "id": each,
                    "account": {"login": who},
                    "permissions": self.permissions,
                    "suspended_at": "2026-01-01T00:00:00Z" if each in self.suspended else None,
                }
                for each, who in own.items()
            ]
            return a_page(asked, listed, None)
        number = int(re.search(r"installations/(\d+)/", asked.path)[1])
        if number in self.suspended:
            return SUSPENDED
        self.minted += 1
        token = f"ghs_{number}_{self.minted}"
        self.tokens[token] = own[number].lower()
        expires = (self.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 201, {}, {"token": token, "expires_at": expires}


def pool_of(github, clock, *, tokens=(), app_id="9", keys=PEM, installation=None):
    settings = GithubSettings(
        api_url=github.url,
        tokens=tuple(map(Secret, tokens)),
        app_id=app_id,
        app_private_key=Secret(keys),
        app_installation_id=installation,
    )
    return open_token_pool(settings, clock=clock, counters=Counters())


def actions_of(github, clock, **options):
    return GithubActions(pool_of(github, clock, **options), Counters())


def reads(actions, *names):
    return [actions.fetch_runs(name, RunQuery()).value is not None for name in names]


def test_what_is_known_of_credentials_needs_no_list_of_installations():
    """Heartbeats and schedules read it, also while GitHub does not answer who installed the app."""
    clock = StillClock()
    with stub_github(Github(clock, {"9": {1: "octo"}})) as github:
        pool = pool_of(github, clock)
        actions, repositories = GithubActions(pool, Counters()), GithubRepositories(pool)
        pool.refresh_installations()
        listed = len(github.asked)
        actions.rate_limit_status()
        actions.note_poll_demand("octo/api", requests_per_minute=1, is_active=True)
        assert actions.has_hour_headroom("octo/api")
        actions.apply_credential_pauses(actions.credential_pauses())
        assert len(repositories.credentials()) == 1
        assert len(github.asked) == listed


def test_each_installation_reads_its_own_account():
    """Nothing is asked of another one; a token reads what no installation does."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo", 2: "Other"}}, {"tok": "third"})
    with stub_github(world) as github:
        actions = actions_of(github, clock, tokens=["tok"])
        assert all(reads(actions, "octo/a", "other/a", "octo/b", "other/b", "third/a"))
    assert world.minted == 2
    assert [path for token, path in world.wrong if token.startswith("ghs")] == []


def test_two_apps_are_used_at_once():
    """Their ids and keys are lists in the same order."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}, "10": {2: "other"}})
    one_line = PEM.strip().replace("\n", "\\n")
    with stub_github(world) as github:
        actions = actions_of(github, clock, app_id="9, 10", keys=f"{one_line},{one_line}")
        assert all(reads(actions, "octo/a", "other/a"))
        with pytest.raises(BadCredentials, match="2 apps"):
            actions_of(github, clock, app_id="9,10")


def test_a_suspended_installation_stops_no_other():
    """It is reported once, in GitHub's words; it heals when it is unsuspended."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo", 2: "other"}})
    world.suspended = {1}
    with stub_github(world) as github:
        actions = actions_of(github, clock)
        for _ in range(3):
            with pytest.raises(BadCredentials, match="suspended"):
                reads(actions, "octo/a")
            assert all(reads(actions, "other/a"))
        [error] = actions.pop_rejected_credentials().values()
        assert "unsuspend" in error.remedy
        assert actions.pop_rejected_credentials() == {}
        attempts = sum("/1/access_tokens" in asked.path for asked in github.asked)
        assert attempts == 1
        world.suspended = set()
        clock.sleep(3601)
        assert all(reads(actions, "octo/a"))


@pytest.mark.parametrize("hours", [0.1, 2])
def test_a_suspension_is_over_with_the_next_list_of_installations(hours):
    """However long it has lasted; a webhook of GitHub lets the list be read at once."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo", 2: "other"}})
    with stub_github(world) as github:
        actions = actions_of(github, clock)
        repositories = GithubRepositories(actions._tokens)
        assert all(reads(actions, "octo/a", "other/a"))
        world.suspended = {1}
        for _ in range(round(hours * 60)):
            clock.sleep(60)
            with pytest.raises(CredentialSuspended):
                reads(actions, "octo/a")
            assert all(reads(actions, "other/a"))
        before = len(github.asked)
        world.suspended = set()
        repositories.refresh_installations()
        assert all(reads(actions, "octo/a"))
        assert len(github.asked) - before <= 3


def test_an_app_that_is_not_listed_for_now_stops_no_token():
    """Its installations are looked for again."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}}, {"tok": "third"})
    world.list_fails = True
    with stub_github(world) as github:
        actions = actions_of(github, clock, tokens=["tok"])
        assert all(reads(actions, "third/a"))
        world.list_fails = False
        clock.sleep(31)
        assert all(reads(actions, "octo/a"))
        alone = Github(clock, {"9": {1: "octo"}})
        alone.list_fails = True
    with stub_github(alone) as github:
        actions = actions_of(github, clock)
        with pytest.raises(GithubUnavailable):
            reads(actions, "octo/a")
        alone.list_fails = False
        clock.sleep(31)
        assert all(reads(actions, "octo/a"))


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        ((401, {}, {"message": "A JSON web token could not be decoded"}), 7),
        ((500, {}, {"message": "Server Error"}), 10),
        ((200, {}, []), 60),
    ],
    ids=["rejected", "failing", "not installed"],
)
def test_an_app_that_github_refuses_is_asked_less_and_less(answer, times):
    """A key that is not valid any more costs no request in each minute of a day."""
    clock, asked_at = StillClock(), set()

    def github_answers(asked):
        if not asked.path.startswith("/app/"):
            return RUNS
        asked_at.add(clock.now())
        return answer

    with stub_github(github_answers) as github:
        actions = actions_of(github, clock, tokens=["tok"])
        for _ in range(60):
            assert all(reads(actions, "third/a"))
            clock.sleep(60)
    assert len(asked_at) == times


def test_an_app_with_more_installations_than_are_read_says_so():
    """Once; those that are read are used."""
    clock = StillClock()
    accounts = {number: f"owner-{number}" for number in range(1, MAX_ITEMS + 2)}
    world = Github(clock, {"9": accounts})
    with stub_github(world) as github:
        actions = actions_of(github, clock)
        assert all(reads(actions, "owner-1/a", f"owner-{MAX_ITEMS}/a"))
        [error] = actions.pop_rejected_credentials().values()
        assert "more than 5,000 installations of app-9" in str(error)
        assert "GITHUB_APP_INSTALLATION_ID" in error.remedy
        assert actions.pop_rejected_credentials() == {}


def test_a_new_installation_is_found_within_ten_minutes():
    """And one that is gone is not used any more."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}})
    with stub_github(world) as github:
        actions = actions_of(github, clock)
        assert all(reads(actions, "octo/a"))
        world.apps["9"] = {2: "other"}
        clock.sleep(601)
        assert all(reads(actions, "other/a"))


def test_an_installation_that_one_listing_lacks_remains_in_use():
    """It moves up a page when another one is removed while the list is read."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo", 2: "other"}})
    with stub_github(world) as github:
        pool = pool_of(github, clock)
        actions = GithubActions(pool, Counters())
        assert all(reads(actions, "octo/a", "other/a"))
        lost = world.apps["9"].pop(2)
        clock.sleep(601)
        assert all(reads(actions, "octo/a", "other/a"))
        world.apps["9"][2] = lost
        clock.sleep(31)
        assert all(reads(actions, "octo/a", "other/a"))
        assert world.minted == 2
        del world.apps["9"][2]
        clock.sleep(601)
        reads(actions, "octo/a")
        clock.sleep(31)
        reads(actions, "octo/a")
        assert [each.name for each in pool.clients()] == ["installation-1"]


def test_what_an_app_was_given_is_not_missing_any_more():
    """The request that was refused, as that for annotations, may not be sent again for days."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}})
    world.permissions = dict.fromkeys(PERMISSIONS, "read") | {"checks": None}
    refused = Request.to("/repos/{}/check-runs/{}/annotations", "octo/a", 1)
    needed = {"X-Accepted-GitHub-Permissions": "checks=read"}

    def answer(asked):
        if "/check-runs/" in asked.path:
            return 403, needed, {"message": "Resource not accessible by integration"}
        return world(asked)

    with stub_github(answer) as github:
        pool = pool_of(github, clock)
        (client,) = pool.clients()
        with pytest.raises(AccessDenied):
            client.get(refused)
        assert client.missing_permissions == ("checks=read",)
        world.permissions["checks"] = "write"
        clock.sleep(601)
        assert pool.clients() == [client]
        assert client.missing_permissions == ()


class GrantedLater:
    """A GitHub that denies what a token's installation was not given when the token was minted."""

    def __init__(self, world):
        self.world = world
        self.is_granted = False
        self.granted_tokens = set()

    def grant(self):
        self.is_granted = True
        self.world.permissions = {"actions": "read"}

    def __call__(self, asked):
        answer = self.world(asked)
        if asked.path.endswith("/access_tokens") and self.is_granted:
            self.granted_tokens.add(answer[2]["token"])
        if asked.path.startswith("/repos/") and asked.token not in self.granted_tokens:
            return 403, {}, {"message": "Resource not accessible by integration"}
        return answer


def test_a_permission_is_used_as_soon_as_it_is_listed():
    """A token keeps the permissions of its minting; GitHub tells of the grant by a webhook."""
    clock = StillClock()
    world = GrantedLater(Github(clock, {"9": {1: "octo"}}))
    with stub_github(world) as github:
        actions = actions_of(github, clock)
        for _ in range(10):
            with pytest.raises(AccessDenied):
                reads(actions, "octo/a")
            clock.sleep(30)
        assert world.world.minted == 1
        world.grant()
        GithubRepositories(actions._tokens).refresh_installations()
        assert all(reads(actions, "octo/a"))
        assert world.world.minted == 2


def test_an_old_token_that_is_denied_access_is_replaced():
    """The permissions of an installation that the settings name are not listed."""
    clock = StillClock()
    world = GrantedLater(Github(clock, {"9": {1: "octo"}}))
    with stub_github(world) as github:
        [client] = pool_of(github, clock, installation=1).clients()
        runs = Request.to("/repos/{}/actions/runs", "octo/a")
        for seconds, minted in ((0, 1), (300, 1), (310, 2), (10, 2)):
            clock.sleep(seconds)
            with pytest.raises(AccessDenied):
                client.get(runs)
            assert world.world.minted == minted
        world.grant()
        clock.sleep(601)
        assert client.get(runs).status == 200
        assert world.world.minted == 3


def test_an_app_that_is_installed_again_is_used_at_once():
    """Its installation has another number, and the tokens of the former one are revoked."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}})

    def answer(asked):
        if "/installations/1/" in asked.path and 1 not in world.apps["9"]:
            return NOT_FOUND
        return world(asked)

    with stub_github(answer) as github:
        actions = actions_of(github, clock)
        assert all(reads(actions, "octo/a"))
        clock.sleep(120)
        world.tokens.clear()
        world.apps["9"] = {5: "octo"}
        with pytest.raises(BadCredentials, match="not installed"):
            reads(actions, "octo/a")
        assert all(reads(actions, "octo/a"))


def test_a_listing_that_waits_for_a_token_which_cannot_be_minted_goes_on(monkeypatch):
    """The installation gets another permission while its token is refused."""
    clock, is_discarding = StillClock(), threading.Event()
    world = Github(clock, {"9": {1: "octo"}})
    discard = InstallationToken.discard

    def answer(asked):
        if asked.path.endswith("/access_tokens") and world.permissions:
            assert is_discarding.wait(60)
            return NOT_FOUND
        return world(asked)

    def noted_discard(token):
        is_discarding.set()
        discard(token)

    monkeypatch.setattr(InstallationToken, "discard", noted_discard)
    with stub_github(answer) as github, ThreadPoolExecutor() as threads:
        pool = pool_of(github, clock)
        [client] = pool.clients()
        runs = Request.to("/repos/{}/actions/runs", "octo/a")
        assert client.get(runs).status == 200
        world.permissions = {"actions": "read"}
        clock.sleep(3600)
        read, listing = threads.submit(client.get, runs), threads.submit(pool.clients)
        assert listing.result(60) == [client]
        with pytest.raises(BadCredentials, match="not installed"):
            read.result(60)


def test_a_token_that_is_revoked_early_is_minted_again():
    """A new one that is not known yet is a failure that passes."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}})
    with stub_github(world) as github:
        actions = actions_of(github, clock, installation=1)
        assert all(reads(actions, "octo/a"))
        world.tokens.clear()
        with pytest.raises(CredentialTooNew):
            reads(actions, "octo/a")
        clock.sleep(90)
        assert all(reads(actions, "octo/a"))
        assert world.minted == 2
        clock.sleep(3600)
        assert all(reads(actions, "octo/a"))
        assert world.minted == 3


def test_a_github_that_fails_to_mint_is_asked_once_and_not_for_smaller_pages():
    """The list that needs the token is not what GitHub fails at."""
    clock = StillClock()
    with stub_github(lambda _: (502, {}, {"message": "Server Error"})) as github:
        actions = actions_of(github, clock, installation=1)
        with pytest.raises(GithubUnavailable, match="502"):
            reads(actions, "octo/a")
        assert [asked.path for asked in github.asked] == ["/app/installations/1/access_tokens"]


def test_a_new_token_that_is_not_known_yet_is_tried_by_one_request_for_all_repositories():
    """It is no rejection that people read of, unless it lasts for more than a minute."""
    clock, is_known = StillClock(), False
    world = Github(clock, {"9": {1: "octo"}})

    def answers(asked):
        is_read = asked.path.startswith("/repos/")
        return (401, {}, {"message": "Bad"}) if is_read and not is_known else world(asked)

    with stub_github(answers) as github:
        pool = pool_of(github, clock, installation=1)
        actions, lists = GithubActions(pool, Counters()), GithubRepositories(pool)
        for _ in range(20):
            for name in "abcdefgh":
                with pytest.raises(CredentialTooNew, match="new token"):
                    reads(actions, f"octo/{name}")
            clock.sleep(1)
        assert github.count("/repos/") == 3  # at once, after 1 and after 5 s
        assert [each.rejection for each in lists.credentials()] == [None]
        clock.sleep(2)
        is_known = True
        assert all(reads(actions, "octo/a"))
        assert actions.pop_rejected_credentials() == {}


def test_new_tokens_that_are_never_accepted_are_a_matter_for_people():
    """Once, however many are minted."""
    clock = StillClock()
    world = Github(clock, {"9": {1: "octo"}})
    rejections = []

    def answers(asked):
        return (401, {}, {"message": "Bad"}) if asked.path.startswith("/repos/") else world(asked)

    with stub_github(answers) as github:
        actions = actions_of(github, clock, installation=1)
        for _ in range(1800):
            with pytest.raises(BadCredentials):
                reads(actions, "octo/a")
            rejections += actions.pop_rejected_credentials().values()
            clock.sleep(1)
        [rejection] = rejections
        assert type(rejection) is BadCredentials
        assert "still installed" in rejection.remedy
        assert world.minted <= 10


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-2), timedelta(hours=2)])
def test_a_wrong_clock_does_not_lock_an_app_out(wrong_by):
    """It signs by GitHub's clock as soon as it is known."""
    clock, here = StillClock(), StillClock()
    here.time += wrong_by
    world = Github(clock, {"9": {1: "octo"}})
    with stub_github(world) as github:
        assert all(reads(actions_of(github, here), "octo/a"))
