"""GitHub's pages that register an App: what others than Runstream send them as well."""

from __future__ import annotations

import json
import socket
import threading
from html import unescape

import pytest
import requests
from support.world_builder import WorldBuilder

from standalone.sandbox.server import SandboxServer

MANIFEST = {
    "name": "Octo",
    "url": "https://example.com",
    "redirect_url": "http://127.0.0.1:9/created",
    "hook_attributes": {"url": "https://example.com/hook", "active": False},
    "default_permissions": {"actions": "read"},
}


@pytest.fixture
def url(serve):
    return serve(WorldBuilder()).server.url


def post(address: str, **fields: str) -> requests.Response:
    return requests.post(address, data=fields, allow_redirects=False, timeout=60)


def test_a_registration_needs_no_state(url):
    """Without it the callback has none to compare."""
    page = post(f"{url}/settings/apps/new", manifest=json.dumps(MANIFEST))
    assert json.dumps(MANIFEST) in unescape(page.text)
    fields = {"manifest": json.dumps(MANIFEST), "name": "Octo", "owner": "octocat", "state": ""}
    done = post(f"{url}/settings/apps/create", **fields)
    assert (done.status_code, "code=" in done.headers["Location"]) == (302, True)


@pytest.mark.parametrize("permissions", [["actions"], "read", None])
def test_a_manifest_whose_permissions_are_no_object_is_invalid(url, permissions):
    manifest = json.dumps({**MANIFEST, "default_permissions": permissions})
    page = post(f"{url}/settings/apps/new", manifest=manifest)
    assert (page.status_code, "The manifest is not valid." in page.text) == (422, True)


def test_a_manifest_whose_webhook_has_no_address_is_invalid(url):
    manifest = json.dumps({**MANIFEST, "hook_attributes": {"url": "http://[x"}})
    page = post(f"{url}/settings/apps/new", manifest=manifest)
    assert (page.status_code, "The manifest is not valid." in page.text) == (422, True)


@pytest.mark.parametrize("missing", ["name", "owner", "manifest"])
def test_an_app_is_not_created_from_an_incomplete_form(url, missing):
    fields = {"manifest": json.dumps(MANIFEST), "name": "Octo", "owner": "octocat"}
    del fields[missing]
    assert post(f"{url}/settings/apps/create", **fields).status_code == 422


def test_a_sandbox_that_cannot_start_keeps_no_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine refuses a thread to its second server."""
    start, names = threading.Thread.start, []

    def refuse_second(thread: threading.Thread) -> None:
        names.extend([thread.name] if thread.name.startswith("sandbox ") else [])
        if len(names) == 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse_second)
    with pytest.raises(RuntimeError, match="new thread"):
        SandboxServer(WorldBuilder().build())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(names[0].split()[1])), timeout=60)
