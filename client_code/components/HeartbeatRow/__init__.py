"""An agent on one host."""

from ... import activity_texts, badges, clock, dom, statuses
from ._anvil_designer import HeartbeatRowTemplate


class HeartbeatRow(HeartbeatRowTemplate):
    """A row with an agent's last heartbeat and counters on one host."""

    def show(self, agent):
        """Draw an agent of `list_activity`."""
        badges.show_state(self.dom_nodes["state"], statuses.AGENTS, agent["state"])
        dom.fill(
            self,
            name=agent["name"],
            host="on " + agent["host"],
            counts=activity_texts.counts(agent["counts"]),
            note=agent["note"],
        )
        clock.show_time(self.dom_nodes["heartbeat"], agent["heartbeat_at"], "Last heartbeat ")
        clock.show_time(self.dom_nodes["started"], agent["started_at"], "Started ")
