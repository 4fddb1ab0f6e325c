"""What went wrong, how the agents are, and what people did."""

from .. import activity_words, connection, dom
from ..components.DeedRow import DeedRow
from ..components.ErrorRow import ErrorRow
from ..components.HostRow import HostRow
from ._anvil_designer import ActivityPageTemplate


class ActivityPage(ActivityPageTemplate):
    """Errors first, for they ask for something to be done."""

    title = "Activity"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.error_rows = dom.Rows(self, "errors", ErrorRow)
        self.agent_rows = dom.Rows(self, "agents", HostRow)
        self.deed_rows = dom.Rows(self, "deeds", DeedRow)

    def open(self, parameters):
        """Take nothing: there is one list."""

    def load(self):
        """Ask for all of it."""
        return connection.ask("list_activity")

    def show(self, activity):
        """Draw the three lists."""
        errors, agents, deeds = activity["errors"], activity["agents"], activity["deeds"]
        dom.fill(self, count=activity_words.errors(errors))
        self.error_rows.show(errors)
        self.agent_rows.show(agents)
        self.deed_rows.show(deeds)
        dom.show(self, no_errors=not errors, no_agents=not agents, no_deeds=not deeds)
