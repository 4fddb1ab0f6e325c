"""What this Runstream is set up with, whether that works, and who may use it."""

from .. import connection, dom
from ..components.AgentControl import AgentControl
from ..components.ErrorNote import ErrorNote
from ..components.SettingRow import SettingRow
from ._anvil_designer import SettingsPageTemplate


class SettingsPage(SettingsPageTemplate):
    """Show settings, checks, queues, webhook, agents and accounts."""

    title = "Settings"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.fault_notes = dom.Rows(self, "faults", ErrorNote)
        self.setting_rows = dom.Rows(self, "settings", SettingRow)
        self.agent_rows = dom.Rows(self, "agents", AgentControl)

    def open(self, parameters):
        """Begin anew: a password that was shown once is gone."""
        self.accounts.forget()

    def load(self):
        """Ask for all but the checks, which take their time."""
        return connection.ask("get_settings")

    def show(self, settings):
        """Draw each part."""
        self.fault_notes.show(settings["faults"])
        dom.show(self, faults_place=bool(settings["faults"]))
        self.setting_rows.show(settings["settings"])
        self.queues.show(settings["queues"])
        self.webhook.show(settings["webhook"])
        self.agent_rows.show(settings["agents"])
        self.accounts.show(settings["accounts"])
