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
            if created:  # a password that is shown only once stays while roles are changed
                self.show_password(created)
            get_open_form().refresh()
        return is_done

    def reset(self):
        """Remove a generated password and a message."""
        self.show_password(None)
        dom.fill(self, message="")

    def show_password(self, account):
        """Show a generated password, with the email that it belongs to; None removes them."""
        email, password = (account["email"], account["password"]) if account else ("", "")
        text = "Password of {} (shown only once):".format(email)
        dom.fill(self, password_of=text, password=password)
        dom.show(self, created=account is not None)
        self.copy.show(password)
