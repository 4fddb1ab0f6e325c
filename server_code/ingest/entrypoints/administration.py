"""The Settings page: configuration, checks, queues, webhook and accounts."""

from __future__ import annotations

from typing import Any

import anvil.server

from ..adapters.anvil_secrets import find
from ..bootstrap import open_doctor_target, queue_depths, set_up_queues
from ..errors import BadSettings, IngestError, Rejected
from ..services.dashboard.agents import load_agent_rows
from ..services.dashboard.configuration import list_settings, webhook_facts
from ..services.dashboard.credentials import list_credential_rows
from ..services.doctor import is_well, run_checks
from ..settings import Settings
from . import accounts
from .arguments import require_text
from .auth import login_required
from .request_context import RequestContext
from .roles import parse_role


@login_required
def get_settings(request: RequestContext) -> dict[str, Any]:
    """Return settings with their sources, queues, webhook, agents and accounts."""
    faults: list[str] = []
    settings = Settings()
    try:
        settings = request.settings
    except BadSettings as error:
        faults = error.faults
    return {
        "settings": list_settings(find),
        "faults": faults,
        "queues": [] if faults else _queue_rows(settings),
        "webhook": webhook_facts(
            settings, request.state.load_message_counts(), origin=anvil.server.get_api_origin()
        ),
        "credentials": list_credential_rows(request.state, now=request.now),
        "agents": load_agent_rows(request.state, now=request.now),
        "accounts": accounts.list_accounts(you=request.actor, role=request.role),
    }


@login_required
def run_doctor(request: RequestContext) -> dict[str, Any]:
    """Run all checks; takes some seconds."""
    with open_doctor_target(
        request.settings, clock=request.clock, open_state=lambda: request.state
    ) as target:
        checks = list(run_checks(target))
    return {"checks": [check.as_json() for check in checks], "is_well": is_well(checks)}


@login_required
def create_queues(request: RequestContext) -> list[str]:
    """Create missing queues and the bucket; return what was done with each."""
    done = list(set_up_queues(request.settings))
    request.note("created the queues")
    return done


@login_required
def add_account(request: RequestContext, email: object, role: object = "viewer") -> dict[str, Any]:
    """Create an account; its password is shown only once."""
    address = accounts.require_email(email)
    given = parse_role(role)
    created = accounts.create_account(address, given)
    request.note(f"created the account {address} ({given.word})")
    return created


@login_required
def set_account_enabled(request: RequestContext, email: object, enabled: object) -> None:
    """Enable or disable an account."""
    address = accounts.require_email(email)
    accounts.set_enabled(address, enabled=bool(enabled), you=request.actor)
    request.note(f"{'enabled' if enabled else 'disabled'} the account {address}")


@login_required
def set_account_role(request: RequestContext, email: object, role: object) -> None:
    """Set the role of an account."""
    address, given = accounts.require_email(email), parse_role(role)
    accounts.set_role(address, given)
    request.note(f"made {address} {'an' if given.word[0] in 'ao' else 'a'} {given.word}")


@login_required
def reset_account_password(request: RequestContext, email: object) -> dict[str, Any]:
    """Generate a new password for an account; it is shown only once."""
    address = accounts.require_email(email)
    if address == request.actor.lower():
        raise Rejected("Use the form below to change your own password.")
    created = accounts.renew_password(address)
    request.note(f"reset the password of {address}")
    return created


@login_required
def change_password(request: RequestContext, old: object, new: object) -> None:
    """Change one's own password; other sessions of the account end."""
    accounts.change_own_password(
        require_text(old, "The current password"), require_text(new, "The new password")
    )
    request.note("changed their password")


def _queue_rows(settings: Settings) -> list[dict[str, Any]]:
    purposes = {
        settings.queues.metrics_queue: "runs and jobs",
        settings.queues.logs_queue: "logs",
        settings.queues.job_events_queue: "work items for the Log Ingestion Agent",
    }
    return [
        {"name": name, "purpose": purposes[name], "error": str(depth)}
        if isinstance(depth, IngestError)
        else {
            "name": name,
            "purpose": purposes[name],
            "error": None,
            "waiting": depth.visible,
            "in_flight": depth.in_flight,
            "delayed": depth.delayed,
        }
        for name, depth in queue_depths(settings).items()
    ]
