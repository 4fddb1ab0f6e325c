"""Who may log in."""

from anvil import get_open_form

from ... import activities, dom
from ..AccountRow import AccountRow
from ._anvil_designer import AccountsCardTemplate


class AccountsCard(AccountsCardTemplate):
    """Add accounts, enable and disable them, give new passwords."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "accounts", AccountRow)
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def show(self, accounts):
        """Draw the accounts as `get_settings` gives them."""
        self.rows.show([dict(account, card=self) for account in accounts])

    def form_submit(self, event):
        """Add an account."""
        event.preventDefault()
        if self.do("add_account", self.dom_nodes["email"].value):
            self.dom_nodes["email"].value = ""

    def do(self, activity, *arguments):
        """Do it, show a password that came of it, and return whether it was done."""
        self.say("")
        is_done, made = activities.attempt(self.say, activity, *arguments)
        self.made.show(made)
        if is_done:
            get_open_form().refresh()
        return is_done

    def forget(self):
        """Take a password off the page."""
        self.made.show(None)
        self.say("")

    def say(self, sentence):
        """Say what went wrong."""
        dom.fill(self, said=sentence)
