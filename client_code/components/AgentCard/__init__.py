"""One of the two agents."""

from ... import actions, badges, clock, dom, statuses
from ._anvil_designer import AgentCardTemplate

LAST_ACTION = {
    "Pipeline Monitoring Agent": "Last poll",
    "Log Ingestion Agent": "Last log",
}

COMMANDS = {True: "start", False: "pause"}  # by whether the agent is paused
LABELS = {True: "Start", False: "Pause"}


class AgentCard(AgentCardTemplate):
    """A card with an agent's state, its last and next work, and a button to pause or start it."""

    def show(self, agent):
        """Draw an agent of `get_collection_status`."""
        self.name, self.is_paused = agent["name"], agent["state"] == "paused"
        self.control.text = LABELS[self.is_paused]
        actions.clear_old_message(self)
        dom.fill(self, name=self.name, last_action=LAST_ACTION[self.name], note=agent["note"])
        badges.show_state(self.dom_nodes["state"], statuses.AGENTS, agent["state"])
        clock.show_time(self.dom_nodes["worked"], agent["worked_at"], missing="none yet")
        clock.show_next(self.dom_nodes["next"], agent["next_at"], " · next ", missing="")

    def control_click(self, **event):
        """Pause or start the agent."""
        self.control.enabled = False
        self.control.text = "Starting…" if self.is_paused else "Pausing…"
        command = COMMANDS[self.is_paused]
        is_done, agent = actions.perform(self, "control_agent", self.name, command)
        self.control.text, self.control.enabled = LABELS[self.is_paused], True
        if is_done:
            self.show(agent)
