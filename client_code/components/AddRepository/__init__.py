"""A form that adds a repository or a source, checked during typing."""

import time

from ... import badges, connection, dom, repository_names
from ._anvil_designer import AddRepositoryTemplate

CHECK_SECONDS = 0.6  # after the last key
PREVIEW_SECONDS = 1.2  # a source costs more requests
RETRY_SECONDS = 5  # while the server cannot be reached
CONFIRMED_SECONDS = 5  # at least


class AddRepository(AddRepositoryTemplate):
    """A field, a button and GitHub's answer; raises the event `added`."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.added_at = None
        dom.on(self.dom_nodes["form"], "submit", lambda event: event.preventDefault())
        self.show_finding("quiet", repository_names.HINT, None)

    def address_change(self, **event):
        """Check the syntax immediately, and GitHub after a pause in typing."""
        self.add.enabled = False
        is_source = repository_names.is_source(self.address.text)
        is_complete = is_source or repository_names.has_owner_and_name(self.address.text)
        pause = PREVIEW_SECONDS if is_source else CHECK_SECONDS
        self.check_timer.interval = pause if is_complete else 0
        self.show_names(None)
        if is_complete:
            self.show_finding("busy", "Checking on GitHub…", None)
        else:
            self.show_finding("quiet", repository_names.HINT, None)

    def check_timer_tick(self, **event):
        """Check the entered repository on GitHub."""
        self.check_timer.interval = 0
        asked = self.address.text
        try:
            is_source = repository_names.is_source(asked)
            check = connection.call("preview_source" if is_source else "check_repository", asked)
        except connection.LoggedOut:
            self.show_finding("quiet", repository_names.HINT, None)
            return
        except connection.ConnectionLost:
            if asked == self.address.text:
                self.check_timer.interval = RETRY_SECONDS
                self.show_finding("warn", "The server did not respond.", "It is asked again.")
            return
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            if asked == self.address.text:
                is_retried = isinstance(error, connection.ServerFailed)
                self.check_timer.interval = RETRY_SECONDS if is_retried else 0
                self.show_finding("warn" if is_retried else "bad", str(error), None)
            return
        if asked == self.address.text:
            self.show_check(check)

    def show_check(self, check):
        """Show the result, and enable the button if the repository can be added."""
        self.add.enabled = check["can_be_added"]
        tone = "ok" if check["is_ok"] else "warn" if check["can_be_added"] else "bad"
        self.show_finding(tone, check["finding"], check["remedy"])
        self.show_names(check if check.get("is_source") else None)

    def show_names(self, preview):
        """Show which repositories a source matches and leaves out; None hides them."""
        matched, left_out = (preview["matched"], preview["left_out"]) if preview else ([], [])
        more = ["and {} more".format(preview["more"])] if preview and preview["more"] else []
        dom.show(self, matched_section=bool(matched), left_out_section=bool(left_out))
        dom.fill(self, matched=", ".join([*matched, *more]), left_out="; ".join(left_out))

    def add_click(self, **event):
        """Add the repository and clear the field, unless something else was typed meanwhile."""
        if not self.add.enabled:
            return
        self.add.enabled = False
        self.show_finding("busy", "Adding…", None)
        asked = self.address.text
        try:
            name = "add_source" if repository_names.is_source(asked) else "configure_repository"
            repository = connection.call(name, asked)
        except connection.LoggedOut:
            self.show_failure(asked, "quiet", repository_names.HINT, None)
        except connection.ConnectionLost:
            self.show_failure(asked, "warn", "The server did not respond.", "Add it again.")
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            self.show_failure(asked, "bad", str(error), None)
        else:
            is_unchanged = asked == self.address.text
            if is_unchanged:
                self.address.text, self.check_timer.interval = "", 0
                self.show_names(None)
            self.raise_event("added")  # first: the list must contain what was added
            if is_unchanged:
                self.show_finding("ok", repository["full_name"] + " was added.", None)
                self.added_at = time.time()

    def show_failure(self, asked, tone, finding, remedy):
        """Show why a repository was not added; it can be added again unless the text changed."""
        self.add.enabled = self.add.enabled or asked == self.address.text
        self.show_finding(tone, finding, remedy)

    def clear_old_confirmation(self):
        """Hide an old confirmation: the list shows what was added."""
        if self.added_at is not None and time.time() - self.added_at > CONFIRMED_SECONDS:
            self.show_finding("quiet", repository_names.HINT, None)

    def show_finding(self, tone, finding, remedy):
        """Show a finding below the field."""
        icons = {"ok": "success", "busy": "running", "warn": "warning", "bad": "failure"}
        self.added_at = None
        badges.draw(self.dom_nodes["finding"], (tone, icons.get(tone, "neutral"), finding))
        dom.fill(self, remedy=remedy)
