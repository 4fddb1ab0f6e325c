"""The accounts that can log in."""

from anvil import get_open_form

from ... import actions, dom
from ..AccountRow import AccountRow
from ._anvil_designer import AccountsCardTemplate


class AccountsCard(AccountsCardTemplate):
    """A card that lists accounts, adds them, and runs the actions of its rows."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "accounts", AccountRow)
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def show(self, accounts):
        """Draw the accounts of `get_settings`."""
        self.rows.show([dict(account, card=self) for account in accounts])

    def form_submit(self, event):
        """Add an account."""
        event.preventDefault()
        email, role = self.dom_nodes["email"], self.dom_nodes["role"]
        if self.perform("add_account", email.value, role.value):
            email.value = ""

    def perform(self, name, *arguments):
        """Call the server, show a generated password, and return whether it succeeded."""
        is_done, created = actions.perform(self, name, *arguments)
        if is_done:
            self.password.show(created)
            get_open_form().refresh()
        return is_done

    def reset(self):
        """Remove a generated password and a message."""
        self.password.show(None)
        dom.fill(self, message="")
