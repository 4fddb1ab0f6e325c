"""Errors, the agents' heartbeats and the audit trail."""

from anvil import get_open_form

from .. import actions, activity_texts, connection, dom
from ..components.ActivityRow import ActivityRow
from ..components.ErrorRow import ErrorRow
from ..components.HeartbeatRow import HeartbeatRow
from ._anvil_designer import ActivityPageTemplate


class ActivityPage(ActivityPageTemplate):
    """The Activity page; errors come first because they need an action."""

    title = "Activity"

    def __init__(self, **properties):
        self.init_components(**properties)
        self.error_rows = dom.Rows(self, "errors", ErrorRow)
        self.agent_rows = dom.Rows(self, "agents", HeartbeatRow)
        self.activity_rows = dom.Rows(self, "activities", ActivityRow)

    def open(self, parameters):
        """Ignore the parameters: the page has none."""

    def load(self):
        """Load the three lists."""
        return connection.call("list_activity")

    def show(self, activity):
        """Draw the three lists."""
        errors, agents, activities = activity["errors"], activity["agents"], activity["activities"]
        self.newest_error_at = errors[0]["occurred_at"] if errors else ""
        actions.clear_old_message(self)
        dom.fill(self, count=activity_texts.errors(errors))
        self.error_rows.show(errors)
        self.agent_rows.show(agents)
        self.activity_rows.show(activities)
        dom.show(self, no_errors=not errors, no_agents=not agents, no_activities=not activities)
        dom.show(self, dismiss_all_place=len(errors) > 1)

    def dismiss_all_click(self, **event):
        """Dismiss the errors that are shown, and none that are new since."""
        is_done, _ = actions.perform(self, "dismiss_all_errors", self.newest_error_at)
        if is_done:
            get_open_form().refresh()
