"""Every callable requires a role, and an account has exactly the rights of its role."""

from __future__ import annotations

import ast

import pytest
from ingest.entrypoints.roles import Role, parse_role, require_role, stored_role
from ingest.errors import Rejected
from support.anvil_people import ENTRYPOINTS, callables_without_login, required_roles

OPERATORS = {
    "check_repository",
    "configure_repository",
    "trigger_manual_collection",
    "pause_repository",
    "resume_repository",
    "pause_repositories",
    "preview_source",
    "add_source",
    "set_source_filters",
    "plan_source_removal",
    "control_agent",
    "dismiss_error",
    "dismiss_all_errors",
}
ADMINS = {
    "remove_repository",
    "remove_source",
    "begin_github_app",
    "finish_github_app",
    "save_github_app",
    "run_doctor",
    "create_queues",
    "add_account",
    "set_account_enabled",
    "set_account_role",
    "reset_account_password",
}

#: Of those, what only looks, and what only hands out a form that another one saves.
READING = {
    "check_repository",
    "preview_source",
    "plan_source_removal",
    "run_doctor",
    "begin_github_app",
}


def test_every_callable_names_its_role() -> None:
    """What an `entrypoints` module registers in another way is in the next test."""
    texts = [path.read_text(encoding="utf-8") for path in ENTRYPOINTS.glob("*.py")]
    assert sum(text.count("@login_required") for text in texts) == len(required_roles())
    assert required_roles().keys() > OPERATORS | ADMINS


def test_every_action_is_in_the_activity_list() -> None:
    """Whatever changes something notes it, itself or through a function of its file."""
    noting: set[str] = set()
    for file in ENTRYPOINTS.glob("*.py"):
        functions = [
            (node.name, ast.unparse(node))
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.FunctionDef)
        ]
        own = {name for name, text in functions if ".record_activity(" in text}
        noting |= {
            name
            for name, text in functions
            if name in own or any(f"{each}(" in text for each in own)
        }
    changing = (OPERATORS | ADMINS | {"change_password"}) - READING
    assert changing - noting == set()
    assert READING & noting == set()


def test_callables_without_a_login_are_these() -> None:
    """The last two accept a server Uplink only."""
    assert callables_without_login() == {
        "get_session",
        "get_login_facts",
        "log_in",
        "create_first_account",
        "reset_password_from_host",
    }


@pytest.mark.parametrize("function", sorted(required_roles()))
def test_each_role_may_call_what_is_listed_for_it(function: str) -> None:
    required = (
        Role.ADMIN
        if function in ADMINS
        else Role.OPERATOR
        if function in OPERATORS
        else Role.VIEWER
    )
    assert required_roles()[function] is required


@pytest.mark.parametrize("required", Role)
def test_a_role_includes_the_lower_ones(required: Role) -> None:
    for role in Role:
        if role >= required:
            require_role(role, required)
        else:
            with pytest.raises(Rejected, match=f"requires the role {required.label}"):
                require_role(role, required)


def test_accounts_of_a_release_without_roles_are_admins() -> None:
    assert stored_role(None) is Role.ADMIN


@pytest.mark.parametrize("value", ["", "Admin", "owner", 3])
def test_an_unknown_role_may_only_see(value: object) -> None:
    assert stored_role(value) is Role.VIEWER
    with pytest.raises(Rejected, match="viewer, operator or admin"):
        parse_role(value)


@pytest.mark.parametrize("role", Role)
def test_a_role_is_stored_as_its_label(role: Role) -> None:
    assert stored_role(role.label) is parse_role(role.label) is role
