"""One credential, and what it may read."""

from ... import badges, clock, dom, sentences
from ._anvil_designer import CredentialRowTemplate

#: The badge of each status: its tone, its icon and its label.
BADGES = {
    "ok": ("ok", "success", "OK"),
    "warning": ("warn", "warning", "Warning"),
    "failed": ("bad", "failure", "Rejected"),
}


class CredentialRow(CredentialRowTemplate):
    """A row with a credential's kind, owner, repositories, budget, and what is wrong with it."""

    def show(self, credential):
        """Draw a credential of `get_settings`."""
        badges.draw(self.dom_nodes["state"], BADGES[credential["status"]])
        dom.fill(
            self,
            name=credential["name"],
            what=sentences.credential_note(credential),
            budget=sentences.credential_budget(credential),
            finding=credential["finding"],
            remedy=credential["remedy"],
        )
        dom.show(self, finding=bool(credential["finding"]), remedy=bool(credential["remedy"]))
        clock.show_time(self.dom_nodes["updated"], credential["updated_at"], missing="never")
