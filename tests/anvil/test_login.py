"""Logins on the real server: wrong passwords are limited, and lock no owner out."""

from __future__ import annotations

from itertools import count
from typing import Any

import anvil.server
import anvil.users
import pytest
from anvil import _threaded_server
from anvil.tables import app_tables
from ingest.adapters.data_tables.transactions import transact
from ingest.entrypoints import accounts
from playwright.sync_api import Page, expect
from support.anvil_people import Call, first_password, signed_in
from support.anvil_server import EMAIL, AnvilApp
from support.browser import PATIENCE_MS, BrowserPage
from support.command_line import wait_until

Account = tuple[str, str]
GUEST = "guest-login@example.com"


@pytest.fixture
def guest(anvil_server: AnvilApp) -> Account:
    """Return e-mail address and password of a viewer without failed logins."""
    with signed_in(anvil_server) as call:
        if GUEST not in {each["email"] for each in call("get_settings")["accounts"]}:
            call("add_account", GUEST, "viewer")
    with anvil_server.uplink() as call:
        created = call("reset_password_from_host", GUEST)
    return created["email"], created["password"]


def refused(call: Call, email: str, password: str) -> str:
    with pytest.raises(anvil.server.AnvilWrappedError) as refusal:
        call("log_in", email, password)
    return str(refusal.value)


def test_anvils_own_functions_neither_log_in_nor_send_mail(
    anvil_server: AnvilApp, guest: Account
) -> None:
    """Browsers can call them past the app, which has no mail server."""
    with anvil_server.uplink() as call:
        for function, arguments in (
            (anvil.users.login_with_email, guest),
            (anvil.users.signup_with_email, ("new@example.com", "a password")),
            (anvil.users.send_password_reset_email, (GUEST,)),
            (anvil.users.send_token_login_email, (GUEST,)),
        ):
            with pytest.raises(
                (anvil.server.InternalError, anvil.users.AuthenticationFailed), match="not enabled"
            ):
                function(*arguments)
        assert call("get_session") is None


def test_anvils_own_reset_of_a_password_changes_no_login(
    anvil_server: AnvilApp, guest: Account
) -> None:
    """Anvil's server gives anybody a token for any account, with which a password is set."""
    with anvil_server.uplink() as call:
        token = call("anvil.private.users.generate_email_link_token", GUEST, "pw-reset")
        call("anvil.private.users.login_with_token", token)
        call("anvil.private.users.reset_password", None, "chosen by a stranger")
        assert "wrong" in refused(call, GUEST, "chosen by a stranger")
        assert call("log_in", *guest).items() >= {"email": GUEST, "role": "viewer"}.items()
        with pytest.raises(anvil.users.AuthenticationFailed):
            anvil.users.reset_password(guest[1], "a new password")
        anvil.users.logout()


def test_wrong_passwords_cost_a_pause_that_a_reset_by_the_host_ends(
    anvil_server: AnvilApp, guest: Account
) -> None:
    with anvil_server.uplink() as call:
        for _ in range(6):
            assert "wrong" in refused(call, GUEST, "not the password")
        pause = refused(call, *guest)
        assert f"Logging in as {GUEST} and " in pause
        assert "is paused for 1 minute, until " in pause

        created = call("reset_password_from_host", GUEST)

        assert "wrong" in refused(call, *guest)
        assert call("log_in", created["email"], created["password"])["email"] == GUEST
        anvil.users.logout()


def test_a_session_cannot_guess_its_password_by_changing_it(
    anvil_server: AnvilApp, guest: Account
) -> None:
    """Changes count as logins do; a new password that is too short is no guess."""
    with anvil_server.uplink() as call:
        call("log_in", *guest)
        with pytest.raises(anvil.server.AnvilWrappedError, match="at least 12 characters"):
            call("change_password", "not the password", "short")
        for _ in range(6):
            with pytest.raises(anvil.server.AnvilWrappedError, match="current password is wrong"):
                call("change_password", "not the password", "a new password")
        with pytest.raises(anvil.server.AnvilWrappedError, match="is paused for 1 minute"):
            call("change_password", guest[1], "a new password")
        call("reset_password_from_host", GUEST)
        anvil.users.logout()


def test_a_reset_ends_sessions_and_keeps_the_role(anvil_server: AnvilApp, guest: Account) -> None:
    with anvil_server.uplink() as call:
        call("log_in", *guest)
        assert call("get_session").items() >= {"email": GUEST, "role": "viewer"}.items()
        call("reset_password_from_host", GUEST)
        assert call("get_session") is None
    with signed_in(anvil_server) as call:
        accounts = {each["email"]: each for each in call("get_settings")["accounts"]}
        assert (accounts[GUEST]["role"], accounts[GUEST]["is_enabled"]) == ("viewer", True)


def test_an_interrupted_reset_leaves_the_account(
    anvil_server: AnvilApp, guest: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever call of the tables it ends: no account is lost, none is there twice."""
    ask = _threaded_server.do_call
    with anvil_server.uplink():
        before = app_tables.passwords.get(key=GUEST)["digest"]
    for lost_at in count(1):
        asked = count(1)

        def ask_until(args: Any, kwargs: Any, fn_name: Any = None, **rest: Any) -> Any:
            if next(asked) == lost_at:  # noqa: B023 - used within its round only
                raise SystemExit
            return ask(args, kwargs, fn_name=fn_name, **rest)

        with anvil_server.uplink(), monkeypatch.context() as changed:
            changed.setattr(_threaded_server, "do_call", ask_until)
            try:
                created = accounts.renew_password(GUEST)
                break
            except SystemExit:
                pass
        with anvil_server.uplink():
            wait_until(is_unlocked)
            assert [row["role"] for row in app_tables.users.search(email=GUEST)] == ["viewer"]
            assert app_tables.passwords.get(key=GUEST)["digest"] == before
    assert lost_at > 4
    with anvil_server.uplink() as call:
        assert "wrong" in refused(call, *guest)
        assert call("log_in", GUEST, created["password"])["role"] == "viewer"
        anvil.users.logout()


def is_unlocked() -> bool:
    """Return whether the guest's row can be written: a lost transaction keeps it for a while."""
    try:
        transact(lambda: app_tables.users.get(email=GUEST).update(last_login=None))
    except (anvil.server.AnvilWrappedError, anvil.server.InternalError):
        return False
    return True


def test_a_viewer_is_refused_what_the_role_does_not_permit(
    anvil_server: AnvilApp, guest: Account
) -> None:
    with anvil_server.uplink() as call:
        call("log_in", *guest)
        assert [each["email"] for each in call("get_settings")["accounts"]] == [GUEST]
        for function, arguments in (
            ("pause_repository", ["octo/api"]),
            ("control_agent", ["Log Ingestion Agent", "pause"]),
            ("remove_repository", ["octo/api"]),
            ("set_account_role", [GUEST, "admin"]),
            ("reset_account_password", [EMAIL]),
        ):
            with pytest.raises(anvil.server.AnvilWrappedError, match="Your role is viewer"):
                call(function, *arguments)
        anvil.users.logout()


def test_the_last_admin_stays(anvil_server: AnvilApp, guest: Account) -> None:
    with signed_in(anvil_server) as call:
        with pytest.raises(anvil.server.AnvilWrappedError, match="last admin"):
            call("set_account_role", EMAIL, "viewer")
        call("set_account_role", GUEST, "admin")
        call("set_account_role", GUEST, "viewer")
        what = [each["what"] for each in call("list_activity")["activities"]]
    assert {f"made {GUEST} an admin", f"made {GUEST} a viewer"} <= set(what)


def test_a_login_page_reports_wrong_from_right_and_stays_logged_in(
    login_page: Page, browser_page: BrowserPage, anvil_server: AnvilApp, guest: Account
) -> None:
    page = login_page
    page.get_by_label("Email").fill(GUEST)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("The email or password is wrong.")

    page.get_by_label("Password").fill(guest[1])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible(timeout=PATIENCE_MS)
    page.reload()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible(timeout=PATIENCE_MS)

    page.goto(f"{anvil_server.url}/#settings?part=accounts")
    expect(page.get_by_role("combobox", name=f"Role of {GUEST}")).to_be_disabled()
    expect(page.get_by_role("link", name="Checks")).not_to_be_visible()
    page.goto(f"{anvil_server.url}/#settings?part=agents")
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).not_to_be_visible()
    assert browser_page.errors == []


def test_sign_ins_are_in_the_activity_list(page: Page, anvil_server: AnvilApp) -> None:
    page.goto(f"{anvil_server.url}/#activity")
    expect(page.get_by_text(f"{EMAIL} signed in").first).to_be_visible()
    with signed_in(anvil_server, first_password(anvil_server)) as call:
        activities = call("list_activity")["activities"]
    assert {"actor": EMAIL, "what": "signed in"}.items() <= activities[0].items()


def test_the_form_is_never_hidden_while_somebody_types(
    anvil_server: AnvilApp, browser_page: BrowserPage
) -> None:
    """A letter that is typed into a hidden field is lost; the help comes while people type."""
    page = browser_page.page
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(
        """window.hidings = 0
        new MutationObserver(changes => {
            for (const { target } of changes)
                if (target.querySelector("[type=email]") && target.hasAttribute("data-loading"))
                    window.hidings += 1
        }).observe(document, { subtree: true, attributeFilter: ["data-loading"] })"""
    )
    page.goto(anvil_server.url)

    expect(page.locator('[anvil-name="help"]')).not_to_be_empty(timeout=PATIENCE_MS)
    page.get_by_label("Email").press_sequentially(EMAIL)
    expect(page.get_by_label("Email")).to_have_value(EMAIL)
    assert page.evaluate("window.hidings") == 0
