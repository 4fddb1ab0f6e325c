"""GitHub's web pages for the registration of an App: manifest, creation, installation.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from .answers import Answer
from .incoming import Request
from .registrations import PendingApp
from .settings import InstallationSpec
from .state import State

_NEW = re.compile(r"(?:/organizations/(?P<owner>[^/]+))?/settings/apps/new")
_CREATE = re.compile(r"/settings/apps/create")
_INSTALL = re.compile(r"/apps/(?P<slug>[^/]+)/installations/new")
_INSTALLATIONS = re.compile(r"/apps/(?P<slug>[^/]+)/installations")

#: The user who is logged in.
USER = "octocat"

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>{title} · GitHub sandbox</title></head>
<body style="font: 16px sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em">
<h1>{title}</h1>{body}</body></html>"""

PageHandler = Callable[[State, Request, "dict[str, str]"], Answer]


def web_answer(state: State, incoming: Request) -> Answer | None:
    """Answer a request for a web page; None for any other."""
    for method, pattern, page in _PAGES:
        match = pattern.fullmatch(incoming.path)
        if match is not None and incoming.method == method:
            return page(state, incoming, match.groupdict(default=""))
    return None


def _show_manifest(_state: State, incoming: Request, params: dict[str, str]) -> Answer:
    """Show the permissions that the App requests, with a button that creates the App."""
    try:
        manifest = json.loads(_form(incoming).get("manifest", ""))
        wanted = ", ".join(f"{k}: {v}" for k, v in manifest["default_permissions"].items())
        hook_url = str(manifest["hook_attributes"]["url"])
        is_active = manifest["hook_attributes"].get("active", True)
        is_hook_local = _is_local(hook_url)
    except (AttributeError, KeyError, TypeError, ValueError):
        return _page(422, "Invalid manifest", "<p>The manifest is not valid.</p>")
    if is_active and is_hook_local and not _is_local(incoming.base):
        return _page(422, "Invalid manifest", "<p>Hook url is not reachable.</p>")
    owner = params["owner"] or USER
    registration_state = dict(parse_qsl(incoming.query)).get("state", "")
    body = f"""<form method="post" action="/settings/apps/create">
<p><label>GitHub App name <input name="name" value="{html.escape(str(manifest.get("name", "")))}">
</label></p><p>Repository permissions: {html.escape(wanted)}</p>
<p>Webhook: {html.escape(hook_url)} {"" if is_active else "(inactive)"}</p>
<input type="hidden" name="manifest" value="{html.escape(json.dumps(manifest))}">
<input type="hidden" name="state" value="{html.escape(registration_state)}">
<input type="hidden" name="owner" value="{html.escape(owner)}">
<button>Create GitHub App for {html.escape(owner)}</button></form>"""
    return _page(200, "Create GitHub App", body)


def _create(state: State, incoming: Request, _params: dict[str, str]) -> Answer:
    """Register the App, and redirect to the manifest's address with a code for it."""
    form = _form(incoming)
    try:
        name, owner, manifest = form["name"], form["owner"], json.loads(form["manifest"])
        redirect_url = str(manifest["redirect_url"])
    except (KeyError, TypeError, ValueError):
        return _page(422, "Invalid form", "<p>Show the manifest first.</p>")
    code = secrets.token_hex(20)
    state.registrations[code] = PendingApp(
        name=name, owner=owner, manifest=manifest, confirmed_at=state.clock.now()
    )
    query = urlencode({"code": code, "state": form.get("state", "")})
    return _redirect(f"{redirect_url}?{query}")


def _show_installation(state: State, _incoming: Request, params: dict[str, str]) -> Answer:
    """Show the accounts on which the App can be installed."""
    app = state.settings.app
    if app is None or app.slug != params["slug"]:
        return _page(404, "Page not found", "")
    owners = sorted({each.spec.owner for each in state.world.repositories})
    choices = "".join(f"<option>{html.escape(owner)}</option>" for owner in owners)
    body = f"""<form method="post" action="/apps/{html.escape(app.slug)}/installations">
<p><label>Account <select name="account">{choices}</select></label></p>
<p>All repositories</p><button>Install</button></form>"""
    return _page(200, f"Install {html.escape(app.slug)}", body)


def _install(state: State, incoming: Request, params: dict[str, str]) -> Answer:
    """Install the App on all repositories of an account; redirect to its setup URL, if any."""
    app, account = state.settings.app, _form(incoming).get("account", "")
    if app is None or app.slug != params["slug"]:
        return _page(404, "Page not found", "")
    names = frozenset(
        each.spec.full_name for each in state.world.repositories if each.spec.owner == account
    )
    installation_id = 1 + max((each.id for each in app.installations), default=0)
    new = InstallationSpec(id=installation_id, account=account, repositories=names)
    others = tuple(each for each in app.installations if each.account != account)
    state.settings = replace(state.settings, app=replace(app, installations=(*others, new)))
    if state.setup_url is None:
        return _page(200, "Installed", f"<p>Installed on {html.escape(account)}.</p>")
    query = urlencode({"installation_id": installation_id, "setup_action": "install"})
    return _redirect(f"{state.setup_url}?{query}")


def _form(incoming: Request) -> dict[str, Any]:
    fields = parse_qs(incoming.body.decode(), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _is_local(url: str) -> bool:
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def _page(status: int, title: str, body: str) -> Answer:
    text = _PAGE.format(title=title, body=body)
    return Answer(status=status, body=text.encode(), content_type="text/html; charset=utf-8")


def _redirect(location: str) -> Answer:
    return Answer(status=302, body=b"", headers=(("Location", location),))


_PAGES: tuple[tuple[str, re.Pattern[str], PageHandler], ...] = (
    ("POST", _NEW, _show_manifest),
    ("POST", _CREATE, _create),
    ("GET", _INSTALL, _show_installation),
    ("POST", _INSTALLATIONS, _install),
)
