"""One of the two agents."""

from ... import badges, clock, connection, dom, statuses
from ._anvil_designer import AgentCardTemplate

DEEDS = {
    "Pipeline Monitoring Agent": "Last poll",
    "Log Ingestion Agent": "Last log",
}

WISHES = {True: "start", False: "pause"}  # by whether it is paused
LABELS = {True: "Start", False: "Pause"}


class AgentCard(AgentCardTemplate):
    """Show what an agent does, when it worked last and will again; pause or start it."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, agent):
        """Draw an agent as `get_collection_status` gives it."""
        self.name, self.is_paused = agent["name"], agent["state"] == "paused"
        self.control.text = LABELS[self.is_paused]
        dom.fill(self, name=self.name, did=DEEDS[self.name], note=agent["note"])
        badges.show_state(self.dom_nodes["state"], statuses.AGENTS, agent["state"])
        clock.show_time(self.dom_nodes["worked"], agent["worked_at"], missing="none yet")
        clock.show_next(self.dom_nodes["next"], agent["next_at"], " · next ", missing="")

    def control_click(self, **event):
        """Pause it after what is in hand, or start it again."""
        self.control.enabled = False
        self.control.text = "Starting…" if self.is_paused else "Pausing…"
        try:
            self.show(connection.ask("control_agent", self.name, WISHES[self.is_paused]))
        except connection.QUIET:
            self.control.text = LABELS[self.is_paused]
        finally:
            self.control.enabled = True
