"""The role that each callable requires."""

from __future__ import annotations

from enum import IntEnum

from ..errors import Rejected


class Role(IntEnum):
    """The role of an account; a higher one includes the lower ones."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """Return the role as it is stored and shown."""
        return self.name.lower()


REQUIRED_ROLES = {
    "get_collection_status": Role.VIEWER,
    "get_recent_metrics": Role.VIEWER,
    "get_job_logs": Role.VIEWER,
    "get_collection_progress": Role.VIEWER,
    "get_repositories": Role.VIEWER,
    "get_run": Role.VIEWER,
    "find_in_log": Role.VIEWER,
    "get_workflows": Role.VIEWER,
    "get_log_parts": Role.VIEWER,
    "outline_log": Role.VIEWER,
    "download_log": Role.VIEWER,
    "list_activity": Role.VIEWER,
    "get_settings": Role.VIEWER,
    "get_queue": Role.VIEWER,
    "change_password": Role.VIEWER,
    "check_repository": Role.OPERATOR,
    "configure_repository": Role.OPERATOR,
    "trigger_manual_collection": Role.OPERATOR,
    "pause_repository": Role.OPERATOR,
    "pause_repositories": Role.OPERATOR,
    "preview_source": Role.OPERATOR,
    "add_source": Role.OPERATOR,
    "set_source_filters": Role.OPERATOR,
    "plan_source_removal": Role.OPERATOR,
    "resume_repository": Role.OPERATOR,
    "control_agent": Role.OPERATOR,
    "dismiss_error": Role.OPERATOR,
    "remove_repository": Role.ADMIN,
    "remove_source": Role.ADMIN,
    "begin_github_app": Role.ADMIN,
    "finish_github_app": Role.ADMIN,
    "save_github_app": Role.ADMIN,
    "run_doctor": Role.ADMIN,
    "create_queues": Role.ADMIN,
    "add_account": Role.ADMIN,
    "set_account_enabled": Role.ADMIN,
    "set_account_role": Role.ADMIN,
    "reset_account_password": Role.ADMIN,
}


def parse_role(value: object) -> Role:
    """Return a role by its word. Raises Rejected."""
    for role in Role:
        if value == role.word:
            return role
    raise Rejected("The role must be viewer, operator or admin.")


def stored_role(value: object) -> Role:
    """Return the role of an account's row.

    An account of a release without roles has none, and could do everything. An unknown role, as of
    a later release, may only see.
    """
    if value is None:
        return Role.ADMIN
    return next((role for role in Role if value == role.word), Role.VIEWER)


def require_role(role: Role, function: str) -> None:
    """Raise Rejected if a role is not enough for a callable."""
    required = REQUIRED_ROLES[function]
    if role < required:
        raise Rejected(
            f"This action requires the role {required.word}. Your role is {role.word}. "
            "An admin can change it on the Settings page."
        )
