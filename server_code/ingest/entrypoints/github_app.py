"""The registration of a GitHub App from the Settings page."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import anvil.server

from ..adapters.anvil_secrets import get_setting
from ..bootstrap.github import exchange_app_code
from ..bootstrap.github_app_file import (
    GITHUB_APP_SETTINGS,
    REQUIRED_APP_SETTINGS,
    github_app_file,
    require_can_save_app,
    save_app,
)
from ..errors import IngestError, Rejected, StateUnavailable
from ..services.sources.register_app import (
    issue_registration_state,
    require_registration_state,
    use_up_registration_state,
)
from ..wire.app_manifest import AppRegistration
from .arguments import optional_text, require_text
from .auth import login_required
from .request_context import RequestContext
from .roles import Role

_MAX_KEY_CHARACTERS = 10_000


@login_required(Role.ADMIN)
def begin_github_app(request: RequestContext, organization: object = None) -> dict[str, str]:
    """Return the form that registers an App on GitHub: its address, and the manifest."""
    file = _private_file()
    if file is not None:
        require_can_save_app(file)
    owner = optional_text(organization, "The organization")
    home = f"{anvil.server.get_app_origin().rstrip('/')}/"
    registration = AppRegistration(
        redirect_url=home,
        setup_url=home,
        webhook_url=f"{anvil.server.get_api_origin().rstrip('/')}/github/webhook",
        name=f"runstream-{owner or secrets.token_hex(3)}",
        organization=owner,
    )
    state = issue_registration_state(request.state, actor=request.actor, now=request.now)
    return {
        "action": registration.registration_url(request.settings.github.web_url, state),
        "manifest": json.dumps(registration.as_manifest()),
    }


@login_required(Role.ADMIN)
def finish_github_app(request: RequestContext, code: object, state: object) -> dict[str, Any]:
    """Exchange GitHub's code for the App, and keep it where this host keeps secrets.

    A host without a private file returns the App Secrets to create; they are shown once. A host
    that cannot write its file returns them too, with the reason in ``save_error``, because GitHub
    sends the key only once.
    """
    app_code = require_text(code, "The code")
    registration_state = require_text(state, "The state")
    require_registration_state(
        request.state, registration_state, actor=request.actor, now=request.now
    )
    github = request.settings.github
    app = exchange_app_code(app_code, api_url=github.api_url, clock=request.clock)
    file, values, save_error = _private_file(), app.as_settings(), None
    try:
        if file is not None:
            save_app(file, values)
    except IngestError as error:
        save_error = str(error)
    with suppress(StateUnavailable):  # the code is used up in any case, and the key is not lost
        use_up_registration_state(
            request.state, registration_state, actor=request.actor, now=request.now
        )
    request.record_activity(f"created the GitHub App {app.name}")
    is_kept = file is not None and save_error is None
    shown = {} if is_kept else values
    return {
        "name": app.name,
        "installation_url": app.installation_url(github.web_url),
        "secrets": [{"name": name.lower(), "value": value} for name, value in shown.items()],
        "save_error": save_error,
    }


@login_required(Role.ADMIN)
def save_github_app(request: RequestContext, received: object) -> None:
    """Save an App that could not be saved when it was received."""
    file = _private_file()
    if file is None or not isinstance(received, list):
        raise Rejected("This host has no private file: create the App Secrets instead.")
    given = {each.get("name"): each.get("value") for each in received if isinstance(each, dict)}
    values = {
        name: require_text(given.get(name.lower()), name, max_chars=_MAX_KEY_CHARACTERS)
        for name in GITHUB_APP_SETTINGS
        if name in REQUIRED_APP_SETTINGS or given.get(name.lower())
    }
    save_app(file, values)
    request.record_activity(f"saved the GitHub App {values['GITHUB_APP_ID']}")


def _private_file() -> Path | None:
    """Return the file in which this host keeps the App; None where it has App Secrets only."""
    return github_app_file(get_setting)
