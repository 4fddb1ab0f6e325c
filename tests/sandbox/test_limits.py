"""Limits, conditions and tokens: what a request costs, and when it is refused."""

from __future__ import annotations

import socket
import threading
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from support.world_builder import WorldBuilder

from standalone.sandbox.server import SandboxServer
from standalone.sandbox.settings import AppSpec, InstallationSpec, Limits, TokenSpec

RUNS = "/repos/octo/api/actions/runs"


def world() -> WorldBuilder:
    """Build a small world."""
    return WorldBuilder().repository("octo/api").run(id=1, created=990)


def test_an_unchanged_list_is_free(serve):
    """A 304 has no body and costs nothing; a change brings a new ETag."""
    api = serve(world())
    first = api.get(RUNS)
    assert first.headers["ETag"].startswith('W/"')
    again = api.get(RUNS, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers.get("Connection") != "close", "GitHub keeps the connection"
    assert again.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"] == "1"
    api.server.advance(60)
    assert api.get(RUNS, If_None_Match=first.headers["ETag"]).status_code == 200
    stats = api.server.stats()["endpoints"]["list_runs"]
    assert (stats["requests"], stats["charged"], stats["free"]) == (3, 2, 1)


def test_etags_belong_to_a_token_and_an_accept(serve):
    """What has not changed for one token is new to another."""
    api = serve(world(), tokens=(TokenSpec(value="a"), TokenSpec(value="b")))
    etag = api.get(RUNS, token="a").headers["ETag"]
    assert api.get(RUNS, token="b", If_None_Match=etag).status_code == 200
    assert api.get(RUNS, token="a", If_None_Match=etag, Accept="text/x").status_code == 200
    assert api.get(RUNS, token="a", If_None_Match=f'"x", {etag[2:]}').status_code == 304


@pytest.mark.parametrize(("status", "retry_after"), [(403, False), (429, True)])
def test_the_primary_limit_refuses_and_counts_who_asks_on(serve, status, retry_after):
    """At zero the answer is a refusal; asking on is a violation; an hour later all is well."""
    limits = Limits(status=status, retry_after=retry_after)
    api = serve(world(), tokens=(TokenSpec(limit=2),), limits=limits)
    assert [api.get(RUNS).headers["X-RateLimit-Remaining"] for _ in range(2)] == ["1", "0"]
    refused = api.get(RUNS)
    assert refused.status_code == status
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert ("Retry-After" in refused.headers) is retry_after
    assert api.server.stats()["violations"] == 1
    assert api.get("/rate_limit").json()["resources"]["core"]["remaining"] == 0
    api.server.advance(3600)
    assert api.get(RUNS).status_code == 200


def test_nobody_has_sixty_requests(serve):
    """Without a token the limit is 60."""
    headers = serve(world()).get(RUNS, token=None).headers
    assert headers["X-RateLimit-Limit"] == "60"
    assert headers["X-RateLimit-Resource"] == "core"


def test_too_many_points_a_minute_block_for_a_while(serve):
    """The secondary limit refuses, blocks every endpoint, and ends."""
    api = serve(world(), limits=Limits(points_per_minute=3))
    codes = [api.get(RUNS).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 403]
    assert api.server.stats()["violations"] == 0
    refused = api.get("/repos/octo/api")
    assert refused.status_code == 403
    assert "secondary rate limit" in refused.json()["message"]
    assert "Retry-After" in refused.headers
    assert api.server.stats()["violations"] == 1
    api.server.advance(61)
    assert api.get(RUNS).status_code == 200


def test_too_many_requests_at_once_are_refused(serve):
    """Concurrency is bounded."""
    api = serve(world(), limits=Limits(concurrent=2))
    account = api.server._state.limiter
    with account.in_flight("token:sandbox-token", 0), account.in_flight("token:sandbox-token", 0):
        assert api.get(RUNS).status_code == 403
    api.server.advance(61)
    assert api.get(RUNS).status_code == 200


def test_answers_report_scopes_and_the_end_of_a_token(serve):
    """Classic tokens show scopes; a token that ends says when, and is refused after."""
    builder = world()
    token = TokenSpec(expires_at=builder.start + 2000)
    api = serve(builder, tokens=(token,))
    headers = api.get(RUNS).headers
    assert headers["X-OAuth-Scopes"] == "admin:repo_hook, repo, workflow"
    assert headers["github-authentication-token-expiration"] == "2026-01-05 08:33:20 UTC"
    assert headers["X-GitHub-Request-Id"] != api.get(RUNS).headers["X-GitHub-Request-Id"]
    api.server.advance(1000)
    assert api.get(RUNS).status_code == 401


def test_an_unknown_token_is_refused(serve):
    """Bad credentials answer 401 in GitHub's words."""
    refused = serve(world()).get(RUNS, token="nonsense")
    assert (refused.status_code, refused.json()["message"]) == (401, "Bad credentials")


def test_a_private_repository_hides_from_who_may_not_see_it(serve):
    """No access looks like no repository."""
    builder = WorldBuilder().repository("octo/secret", private=True).run(id=1)
    tokens = (TokenSpec(value="in"), TokenSpec(value="out", scopes=("public_repo",)))
    api = serve(builder, tokens=tokens)
    assert api.get("/repos/octo/secret", token="in").status_code == 200
    assert api.get("/repos/octo/secret", token="out").status_code == 404
    assert api.get("/repos/octo/secret/actions/runs", token=None).status_code == 404


def test_a_missing_permission_is_named(serve):
    """A fine-grained token that lacks a permission gets its name."""
    token = TokenSpec(kind="fine-grained", permissions=frozenset({"contents", "metadata"}))
    refused = serve(world(), tokens=(token,)).get(RUNS)
    assert refused.status_code == 403
    assert refused.headers["X-Accepted-GitHub-Permissions"] == "actions=read"


def test_a_renamed_repository_redirects_to_its_number(serve):
    """301 leads to the numeric address, path and query kept."""
    builder = WorldBuilder().repository("octo/new", id=77, former_names=["octo/old"]).run(id=1)
    api = serve(builder)
    moved = api.get("/repos/octo/old/actions/runs?per_page=1")
    target = f"{api.server.url}/repositories/77/actions/runs?per_page=1"
    assert (moved.status_code, moved.headers["Location"]) == (301, target)
    assert api.get(target).json()["total_count"] == 1


def test_an_app_mints_tokens_that_live_an_hour(serve):
    """A JWT signed by the app's key mints a token; the token sees its repositories, and ends."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    installation = InstallationSpec(id=5, account="octo", repositories=frozenset({"octo/api"}))
    other = InstallationSpec(id=6, account="hubot", repositories=frozenset())
    app = AppSpec(id=99, public_key=public.decode(), installations=(installation, other))
    builder = world().repository("octo/secret", private=True)
    api = serve(builder, app=app)
    now = int(time.time())
    claims = {"iat": now - 10, "exp": now + 500, "iss": "99"}
    signed = jwt.encode(claims, key, algorithm="RS256")
    page = api.get("/app/installations?per_page=1", token=signed)
    assert [item["id"] for item in page.json()] == [5]
    assert [each["id"] for each in api.get(page.links["next"]["url"], token=signed).json()] == [6]
    minted = api.post("/app/installations/5/access_tokens", token=signed)
    assert minted.status_code == 201
    token = minted.json()["token"]
    listed = api.get("/installation/repositories", token=token).json()
    assert [item["full_name"] for item in listed["repositories"]] == ["octo/api"]
    assert api.get("/repos/octo/secret", token=token).status_code == 404
    assert api.server.stats()["minted"] == 1
    api.server.advance(3600)
    assert api.get("/installation/repositories", token=token).status_code == 401
    assert api.get("/app/installations", token="a.b.c").status_code == 401
    stale = jwt.encode({**claims, "exp": now - 5}, key, algorithm="RS256")
    assert api.get("/app/installations", token=stale).status_code == 401


def test_an_address_of_ipv6_is_in_brackets():
    """Without them the colon before the port would be one of the address."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with SandboxServer(world().build(), host="::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert requests.get(f"{server.url}{RUNS}", timeout=60).status_code == 200


def test_a_closed_server_leaves_no_thread(serve):
    """Closing ends every thread."""
    before = set(threading.enumerate())
    api = serve(WorldBuilder().repository("octo/api").hook("http://127.0.0.1:9/").run())
    api.get(RUNS)
    api.close()
    assert set(threading.enumerate()) <= before
