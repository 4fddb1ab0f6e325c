"""Errors, the agents' heartbeats and the audit trail."""

from .. import activity_texts, connection, dom
from ..components.ActivityRow import ActivityRow
from ..components.ErrorRow import ErrorRow
from ..components.HostRow import HostRow
from ._anvil_designer import ActivityPageTemplate


class ActivityPage(ActivityPageTemplate):
    """The Activity page; errors come first because they need an action."""

    title = "Activity"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.error_rows = dom.Rows(self, "errors", ErrorRow)
        self.agent_rows = dom.Rows(self, "agents", HostRow)
        self.activity_rows = dom.Rows(self, "activities", ActivityRow)

    def open(self, parameters):
        """Ignore the parameters: the page has none."""

    def load(self):
        """Load the three lists."""
        return connection.call("list_activity")

    def show(self, activity):
        """Draw the three lists."""
        errors, agents, activities = activity["errors"], activity["agents"], activity["activities"]
        dom.fill(self, count=activity_texts.errors(errors))
        self.error_rows.show(errors)
        self.agent_rows.show(agents)
        self.activity_rows.show(activities)
        dom.show(self, no_errors=not errors, no_agents=not agents, no_activities=not activities)
