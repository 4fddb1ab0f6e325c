"""One account."""

from ... import badges, clock, dom
from ._anvil_designer import AccountRowTemplate

ENABLED_BADGE, DISABLED_BADGE = ("ok", "success", "Enabled"), ("quiet", "cancelled", "Disabled")


class AccountRow(AccountRowTemplate):
    """A row with an account; its `card` runs the actions of its controls."""

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.on(self.dom_nodes["role"], "change", self.role_change)

    def show(self, account):
        """Draw an account of `get_settings`, with the `card` that contains it."""
        self.account = account
        is_enabled, is_you = account["is_enabled"], account["is_you"]
        badges.draw(self.dom_nodes["state"], ENABLED_BADGE if is_enabled else DISABLED_BADGE)
        self.enable.text = "Disable" if is_enabled else "Enable"
        dom.fill(self, email=account["email"])
        dom.show(self, you=is_you)
        self.reset_password.visible = self.enable.visible = account["is_editable"] and not is_you
        role = self.dom_nodes["role"]
        role.value, role.disabled = account["role"], not account["is_editable"]
        dom.set_attribute(role, "aria-label", "Role of " + account["email"])
        clock.show_time(
            self.dom_nodes["last"], account["last_login"], "Last login ", missing="Never logged in"
        )

    def role_change(self, event):
        """Set the role; a refused one is reset."""
        account, role = self.account, self.dom_nodes["role"].value
        if not account["card"].perform("set_account_role", account["email"], role):
            self.show(self.account)  # not `account`: the page may have been refreshed meanwhile

    def enable_click(self, **event):
        """Enable or disable the account."""
        account = self.account
        account["card"].perform("set_account_enabled", account["email"], not account["is_enabled"])

    def reset_password_click(self, **event):
        """Reset the password."""
        self.account["card"].perform("reset_account_password", self.account["email"])
