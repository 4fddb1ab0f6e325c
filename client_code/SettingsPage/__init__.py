"""The Settings page: one part at a time, named by the address."""

from anvil.js.window import document

from .. import connection, dom, settings_parts
from ..components.AgentControl import AgentControl
from ..components.CredentialRow import CredentialRow
from ..components.ErrorNote import ErrorNote
from ._anvil_designer import SettingsPageTemplate


class SettingsPage(SettingsPageTemplate):
    """Checks, sources, credentials, event bus, webhook, agents, accounts and one's own login."""

    title = "Settings"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.settings_error_notes = dom.Rows(self, "settings_errors", ErrorNote)
        self.credential_rows = dom.Rows(self, "credential_rows", CredentialRow)
        self.agent_rows = dom.Rows(self, "agents", AgentControl)

    def open(self, parameters):
        """Show the part that the address names, without passwords that were typed before."""
        self.accounts.reset()
        self.password.reset()
        is_admin = document.querySelector(".shell").getAttribute("data-role") == "admin"
        self.part = settings_parts.chosen(parameters, is_admin)
        for link in self.dom_nodes["parts"].querySelectorAll("a"):
            is_current = link.getAttribute("href") == settings_parts.address(self.part)
            dom.set_attribute(link, "aria-current", "page" if is_current else None)
        for section in self.dom_nodes["sections"].children:
            dom.set_hidden(section, section.getAttribute("data-part") != self.part)
        self.checks.set_shown(is_shown=self.part == "checks")
        self.queues.set_shown(is_shown=self.part == "event-bus")

    def load(self):
        """Load what is stored; the cards of checks and queues load the rest."""
        return connection.call("get_settings")

    def show(self, settings):
        """Draw each part."""
        self.settings_error_notes.show(settings["settings_errors"])
        dom.show(self, settings_errors_place=bool(settings["settings_errors"]))
        for part in settings_parts.WITH_SETTINGS:
            rows = settings_parts.settings_of(part, settings["settings"])
            getattr(self, part.replace("-", "_") + "_settings").show(rows)
        self.github_app.show(settings["github_app"])
        self.credential_rows.show(settings["credentials"])
        dom.show(self, no_credentials=not settings["credentials"])
        self.queues.show(settings["queues"])
        self.webhook.show(settings["webhook"])
        self.agent_rows.show(settings["agents"])
        self.accounts.show(settings["accounts"])
