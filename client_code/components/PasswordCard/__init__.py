"""The user's own password."""

from ... import actions, dom
from ._anvil_designer import PasswordCardTemplate


class PasswordCard(PasswordCardTemplate):
    """A form that changes the user's own password."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def reset(self):
        """Remove what was entered, and a message."""
        self.dom_nodes["old"].value = self.dom_nodes["new"].value = ""
        dom.fill(self, message="")

    def form_submit(self, event):
        """Change the password."""
        event.preventDefault()
        old, new = self.dom_nodes["old"], self.dom_nodes["new"]
        is_done, _ = actions.perform(
            self, "change_password", old.value, new.value, progress="Changing the password…"
        )
        if is_done:
            self.reset()
            dom.fill(self, message="Password changed.")
