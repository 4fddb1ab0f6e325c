"""Add a repository: checked while it is typed, by its shape here and then by GitHub."""

from ... import badges, connection, dom, repository_names
from ._anvil_designer import AddRepositoryTemplate

CHECK_SECONDS = 0.6  # after the last key


class AddRepository(AddRepositoryTemplate):
    """A field, a button and what GitHub says; raises the event `added`."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.form_node = self.dom_nodes["form"]
        dom.on(self.form_node, "submit", lambda event: event.preventDefault())
        self.say("quiet", repository_names.hint(""), None)

    def address_change(self, **event):
        """Check the shape at once, and ask GitHub when the typing rests."""
        self.add.enabled = False
        is_whole = repository_names.is_whole(self.address.text)
        self.check_timer.interval = CHECK_SECONDS if is_whole else 0
        if is_whole:
            self.say("busy", "Asking GitHub…", None)
        else:
            self.say("quiet", repository_names.hint(self.address.text), None)

    def check_timer_tick(self, **event):
        """Ask GitHub about what is typed now."""
        self.check_timer.interval = 0
        asked = self.address.text
        try:
            check = connection.ask("check_repository", asked)
        except connection.QUIET:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
            self.say("bad", str(error), None)
            return
        if asked == self.address.text:
            self.show_check(check)

    def show_check(self, check):
        """Say what GitHub says, and offer to add what can be added."""
        self.add.enabled = check["can_be_added"]
        tone = "ok" if check["is_ok"] else "warn" if check["can_be_added"] else "bad"
        self.say(tone, check["finding"], check["remedy"])

    def add_click(self, **event):
        """Add it, and be ready for the next."""
        if not self.add.enabled:
            return
        self.add.enabled = False
        try:
            repository = connection.ask("configure_repository", self.address.text)
        except connection.QUIET:
            self.add.enabled = True
        except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
            self.say("bad", str(error), None)
        else:
            self.address.text = ""
            self.say("ok", repository["full_name"] + " is watched from now on.", None)
            self.raise_event("added")

    def say(self, tone, finding, remedy):
        """Say a finding below the field."""
        icons = {"ok": "success", "busy": "running", "warn": "warning", "bad": "failure"}
        badges.draw(self.dom_nodes["finding"], (tone, icons.get(tone, "neutral"), finding))
        dom.fill(self, remedy=remedy)
