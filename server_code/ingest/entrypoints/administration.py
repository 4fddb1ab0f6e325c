"""The Settings page: configuration, checks, queues, webhook and accounts."""

from __future__ import annotations

from typing import Any

import anvil.server

from ..adapters.anvil_secrets import locate_setting
from ..bootstrap.doctor_target import open_doctor_target
from ..bootstrap.github_app_file import locator_with_github_app_file
from ..bootstrap.queues import queue_depth, set_up_queues
from ..domain.quotes import unquoted
from ..errors import BadSettings, IngestError, Rejected
from ..services.dashboard.agents import load_agent_rows
from ..services.dashboard.configuration import list_settings, webhook_status
from ..services.dashboard.credentials import list_credential_rows
from ..services.doctor.parts import run_checks_of_part
from ..services.time_limits import call_with_timeout
from ..settings import LocateSetting, Settings
from . import accounts
from .arguments import require_text
from .auth import login_required
from .passwords import count_password_attempt
from .request_context import RequestContext
from .roles import Role, parse_role

_QUEUE_TIMEOUT_SECONDS = 8.0


@login_required(Role.VIEWER)
def get_settings(request: RequestContext) -> dict[str, Any]:
    """Return settings with their sources, webhook, agents and accounts; asks no third party."""
    settings_errors: list[str] = []
    queues: list[dict[str, str]] = []
    locate: LocateSetting = locate_setting
    try:
        locate = locator_with_github_app_file(locate_setting)
        queues = _queue_names(request.settings)
    except BadSettings as error:
        settings_errors = error.faults
    return {
        "settings": list_settings(locate),
        "settings_errors": settings_errors,
        "queues": queues,
        "webhook": webhook_status(
            request.state.load_saved_counters(),
            has_secret=locate("GITHUB_WEBHOOK_SECRET")[0] is not None,
            origin=anvil.server.get_api_origin(),
        ),
        "github_app": unquoted(locate("GITHUB_APP_ID")[0] or "") or None,
        "credentials": list_credential_rows(request.state, now=request.now),
        "agents": load_agent_rows(request.state, now=request.now),
        "accounts": accounts.list_accounts(actor=request.actor, role=request.role),
    }


@login_required(Role.VIEWER)
def get_queue(request: RequestContext, name: object) -> dict[str, Any]:
    """Return the depth of one queue, or why it is unknown, after _QUEUE_TIMEOUT_SECONDS at most."""
    queue = require_text(name, "The queue's name")
    if queue not in request.settings.queues.names:
        raise Rejected(f"The settings name no queue {queue}.")
    settings = request.settings
    try:
        depth = call_with_timeout(
            _QUEUE_TIMEOUT_SECONDS, f"The queue {queue}", lambda: queue_depth(settings, queue)
        )
    except IngestError as error:
        return {"name": queue, "error": str(error)}
    return {
        "name": queue,
        "error": None,
        "waiting": depth.visible,
        "in_flight": depth.in_flight,
        "delayed": depth.delayed,
    }


@login_required(Role.ADMIN)
def run_doctor(request: RequestContext, part: object) -> list[dict[str, Any]]:
    """Run one part of the checks, which has a time limit."""
    with open_doctor_target(
        request.settings, clock=request.clock, open_state=lambda: request.state
    ) as target:
        return [
            check.as_json() for check in run_checks_of_part(target, require_text(part, "The part"))
        ]


@login_required(Role.ADMIN)
def create_queues(request: RequestContext) -> list[str]:
    """Create missing queues and the bucket; return what was done with each."""
    done = list(set_up_queues(request.settings))
    request.record_activity("created the queues")
    return done


@login_required(Role.ADMIN)
def add_account(request: RequestContext, email: object, role: object = "viewer") -> dict[str, Any]:
    """Create an account; its password is shown only once."""
    address = accounts.require_email(email)
    new_role = parse_role(role)
    created = accounts.create_account(address, new_role, now=request.now)
    request.record_activity(f"created the account {address} ({new_role.label})")
    return created


@login_required(Role.ADMIN)
def set_account_enabled(request: RequestContext, email: object, enabled: object) -> None:
    """Enable or disable an account."""
    address = accounts.require_email(email)
    accounts.set_enabled(address, enabled=bool(enabled), actor=request.actor)
    request.record_activity(f"{'enabled' if enabled else 'disabled'} the account {address}")


@login_required(Role.ADMIN)
def set_account_role(request: RequestContext, email: object, role: object) -> None:
    """Set the role of an account."""
    address, new_role = accounts.require_email(email), parse_role(role)
    accounts.set_role(address, new_role)
    article = "an" if new_role.label[0] in "ao" else "a"
    request.record_activity(f"made {address} {article} {new_role.label}")


@login_required(Role.ADMIN)
def reset_account_password(request: RequestContext, email: object) -> dict[str, Any]:
    """Generate a new password for an account; it is shown only once."""
    address = accounts.require_email(email)
    if address == request.actor.lower():
        raise Rejected("Use the form below to change your own password.")
    created = accounts.renew_password(address)
    request.record_activity(f"reset the password of {address}")
    return created


@login_required(Role.VIEWER)
def change_password(request: RequestContext, old: object, new: object) -> None:
    """Change one's own password; other sessions of the account end."""
    current = require_text(old, "The current password")
    chosen = accounts.require_new_password(new)
    address = request.actor.lower()
    with count_password_attempt(address, now=request.now):
        accounts.change_own_password(address, current, chosen)
    request.record_activity("changed their password")


def _queue_names(settings: Settings) -> list[dict[str, str]]:
    queues = settings.queues
    return [
        {"name": queues.metrics_queue, "purpose": "runs and jobs"},
        {"name": queues.logs_queue, "purpose": "logs"},
        {"name": queues.job_events_queue, "purpose": "work items for the Log Ingestion Agent"},
    ]
