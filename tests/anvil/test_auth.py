"""Nobody without an enabled account reads or changes anything."""

from __future__ import annotations

import anvil.secrets
import anvil.server
import anvil.users
import pytest
from support.anvil_people import guarded_functions, signed_in
from support.anvil_server import EMAIL, AnvilApp

from standalone.app_server.accounts import connected

ARGUMENTS = ("octo/api", 1, "text")


def test_every_function_is_refused_without_a_login(anvil_server: AnvilApp) -> None:
    """Also those that are added later: they are found in the code."""
    functions = guarded_functions()
    assert {"get_collection_status", "configure_repository", "trigger_manual_collection"} <= set(
        functions
    )
    assert {"get_recent_metrics", "get_job_logs"} <= set(functions)
    with anvil_server.uplink() as call:
        for name, count in functions.items():
            with pytest.raises(anvil.users.AuthenticationFailed):
                call(name, *ARGUMENTS[:count])


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_a_wrong_password_is_refused(anvil_server: AnvilApp, email: str) -> None:
    """And says no more than that."""
    with (
        anvil_server.uplink() as call,
        pytest.raises(anvil.server.AnvilWrappedError, match="email or password is wrong"),
    ):
        call("log_in", email, "not the password")


def test_a_disabled_account_loses_its_open_session(anvil_server: AnvilApp) -> None:
    """Disabling requires no access to the session; enabling restores it."""
    with signed_in(anvil_server) as call:
        made = call("add_account", "Guest@example.com")
        assert made["email"] == "guest@example.com"
        call("log_in", made["email"], made["password"])
        guest = anvil.users.get_user()
        assert call("get_repositories")["repositories"] == []
        guest["enabled"] = False
        for name, count in guarded_functions().items():
            with pytest.raises(anvil.server.PermissionDenied):
                call(name, *ARGUMENTS[:count])
        guest["enabled"] = True
        assert call("get_repositories")["repositories"] == []


def test_a_new_account_leaves_its_maker_signed_in(anvil_server: AnvilApp) -> None:
    with signed_in(anvil_server) as call:
        call("add_account", "colleague@example.com")
        accounts = {each["email"]: each for each in call("get_settings")["accounts"]}
        assert accounts[EMAIL]["is_you"]
        assert accounts["colleague@example.com"]["is_enabled"]
        assert accounts["colleague@example.com"]["last_login"] is None
        call("set_account_enabled", "colleague@example.com", False)
        accounts = {each["email"]: each for each in call("get_settings")["accounts"]}
        assert not accounts["colleague@example.com"]["is_enabled"]
        with pytest.raises(anvil.server.AnvilWrappedError, match="cannot disable your own"):
            call("set_account_enabled", EMAIL, False)
        with pytest.raises(anvil.server.AnvilWrappedError, match="already has an account"):
            call("add_account", "colleague@example.com")


def test_sign_up_is_closed_to_browsers(anvil_server: AnvilApp) -> None:
    """What a page asks for as nobody is refused; the first account cannot be made twice."""
    with anvil_server.uplink() as call:
        assert call("create_first_account", "second@example.com") is None


def test_invalid_input_is_rejected_with_a_sentence(anvil_server: AnvilApp) -> None:
    """The answer to any input is readable."""
    with signed_in(anvil_server) as call:
        for name, arguments, sentence in (
            ("configure_repository", ["https://gitlab.com/a/b"], "is on gitlab.com"),
            ("configure_repository", [""], "is missing"),
            ("configure_repository", [{"a": 1}], "must be a text"),
            ("configure_repository", ["octo/not-there"], "Check the repository's name"),
            ("get_run", ["12a"], "digits only"),
            ("get_run", [424242], "was not collected"),
            ("get_job_logs", [424242, 1], "was not collected"),
            ("get_recent_metrics", ["many"], "must be a number"),
            ("control_agent", ["Coffee Agent", "start"], "Coffee Agent does not exist"),
            ("control_agent", ["Log Ingestion Agent", "dance"], "start, pause or stop"),
            ("pause_repository", ["octo/not-there"], "is not watched"),
            ("trigger_manual_collection", ["octo/not-there"], "is not watched"),
            ("get_collection_progress", ["none"], "no longer available"),
        ):
            with pytest.raises(anvil.server.AnvilWrappedError, match=sentence):
                call(name, *arguments)


def test_no_secret_is_shown(anvil_server: AnvilApp) -> None:
    """Settings say that a secret is set, and where."""
    with signed_in(anvil_server) as call:
        printed = repr(call("get_settings")) + repr(call("run_doctor", "GitHub"))
        settings = {each["name"]: each for each in call("get_settings")["settings"]}
    assert settings["GITHUB_TOKEN"]["value"] == "set"
    assert settings["GITHUB_WEBHOOK_SECRET"]["value"] == "set"
    for secret in ("ghp_SandboxToken", "the webhooks' secret"):
        assert secret not in printed


@pytest.mark.parametrize("function", ["get_secret", "encrypt_with_key", "decrypt_with_key"])
def test_an_uplink_key_reads_no_app_secret(anvil_server: AnvilApp, function: str) -> None:
    """The app has this secret, as its settings show; who holds the key does not get it."""
    ask = getattr(anvil.secrets, function)
    more = () if function == "get_secret" else ("x",)
    with (
        connected(anvil_server.served.uplink),
        pytest.raises(anvil.secrets.SecretError, match="cannot access secrets"),
    ):
        ask("github_token", *more)
