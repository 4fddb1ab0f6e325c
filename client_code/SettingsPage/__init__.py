"""Settings, checks, queues, webhook, agents and accounts."""

from .. import connection, dom
from ..components.AgentControl import AgentControl
from ..components.ErrorNote import ErrorNote
from ..components.SettingRow import SettingRow
from ._anvil_designer import SettingsPageTemplate


class SettingsPage(SettingsPageTemplate):
    """The Settings page."""

    title = "Settings"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.fault_notes = dom.Rows(self, "faults", ErrorNote)
        self.setting_rows = dom.Rows(self, "settings", SettingRow)
        self.agent_rows = dom.Rows(self, "agents", AgentControl)

    def open(self, parameters):
        """Remove a one-time password that is still shown."""
        self.accounts.reset()

    def load(self):
        """Load everything except the checks, which run on request."""
        return connection.call("get_settings")

    def show(self, settings):
        """Draw each part."""
        self.fault_notes.show(settings["faults"])
        dom.show(self, faults_place=bool(settings["faults"]))
        self.setting_rows.show(settings["settings"])
        self.queues.show(settings["queues"])
        self.webhook.show(settings["webhook"])
        self.agent_rows.show(settings["agents"])
        self.accounts.show(settings["accounts"])
