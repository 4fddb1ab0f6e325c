"""One of the two agents."""

from ... import badges, clock, dom, statuses
from ._anvil_designer import AgentCardTemplate

DEEDS = {
    "Pipeline Monitoring Agent": ("Last poll", "next "),
    "Log Ingestion Agent": ("Last log", "next "),
}


class AgentCard(AgentCardTemplate):
    """Show what an agent does, when it worked last and when it will again."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, agent):
        """Draw an agent as `get_collection_status` gives it."""
        did, will = DEEDS[agent["name"]]
        dom.fill(self, name=agent["name"], did=did, note=agent["note"])
        badges.show_state(self.dom_nodes["state"], statuses.AGENTS, agent["state"])
        clock.show_time(self.dom_nodes["worked"], agent["worked_at"], missing="not yet")
        clock.show_next(self.dom_nodes["next"], agent["next_at"], will, missing="none planned")
