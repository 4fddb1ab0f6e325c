"""The Settings page: what is configured, the doctor's checks, queues, webhook, accounts."""

from __future__ import annotations

from typing import Any

import anvil.server

from ..adapters.anvil_secrets import find
from ..bootstrap import open_doctor_target, queue_depths, set_up_queues
from ..errors import BadSettings, IngestError
from ..services.dashboard.agents import load_agent_rows
from ..services.dashboard.configuration import list_settings, webhook_facts
from ..services.doctor import is_well, run_checks
from ..settings import Settings
from . import accounts
from .arguments import require_text
from .auth import login_required
from .request_context import RequestContext


@login_required
def get_settings(request: RequestContext) -> dict[str, Any]:
    """Tell what is configured and from where, and how queues, webhook, agents and accounts are."""
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
        "agents": load_agent_rows(request.state, now=request.now),
        "accounts": accounts.list_accounts(you=request.actor),
    }


@login_required
def run_doctor(request: RequestContext) -> dict[str, Any]:
    """Look at everything that collecting needs; takes some seconds."""
    with open_doctor_target(
        request.settings, clock=request.clock, open_state=lambda: request.state
    ) as patient:
        checks = list(run_checks(patient))
    return {"checks": [check.as_json() for check in checks], "is_well": is_well(checks)}


@login_required
def set_up_aws(request: RequestContext) -> list[str]:
    """Make the queues and the bucket that are missing; say of each what was done."""
    done = list(set_up_queues(request.settings.aws))
    request.note("set the queues up")
    return done


@login_required
def add_account(request: RequestContext, email: object) -> dict[str, Any]:
    """Make an account; its password is shown this once."""
    address = accounts.require_email(email)
    made = accounts.create_account(address)
    request.note(f"made the account {address}")
    return made


@login_required
def set_account_enabled(request: RequestContext, email: object, enabled: object) -> None:
    """Let somebody in, or no more."""
    address = accounts.require_email(email)
    accounts.set_enabled(address, enabled=bool(enabled), you=request.actor)
    request.note(f"{'enabled' if enabled else 'disabled'} the account {address}")


@login_required
def reset_account_password(request: RequestContext, email: object) -> dict[str, Any]:
    """Give somebody a new password, which is shown this once."""
    address = accounts.require_email(email)
    made = accounts.renew_password(address, you=request.actor)
    request.note(f"gave {address} a new password")
    return made


@login_required
def change_password(request: RequestContext, old: object, new: object) -> None:
    """Change one's own password; other sessions of the account end."""
    accounts.change_own_password(
        require_text(old, "The old password"), require_text(new, "The new password")
    )
    request.note("changed the own password")


def _queue_rows(settings: Settings) -> list[dict[str, Any]]:
    purposes = {
        settings.aws.metrics_queue: "runs and jobs",
        settings.aws.logs_queue: "logs",
        settings.aws.job_events_queue: "work between the agents",
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
        for name, depth in queue_depths(settings.aws).items()
    ]
