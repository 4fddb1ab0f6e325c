"""The buttons that control an agent."""

from anvil import get_open_form

from ... import actions, badges, clock, dom, statuses
from ._anvil_designer import AgentControlTemplate


class AgentControl(AgentControlTemplate):
    """An agent's state with buttons to start, pause and stop it."""

    def show(self, agent):
        """Draw an agent of `get_settings`."""
        self.name = agent["name"]
        is_paused = agent["state"] == "paused"
        actions.clear_old_message(self)
        badges.show_state(self.dom_nodes["state"], statuses.AGENTS, agent["state"])
        dom.fill(self, name=self.name, note=agent["note"])
        clock.show_time(
            self.dom_nodes["heartbeat"],
            agent["heartbeat_at"],
            "Last heartbeat ",
            missing="No heartbeat yet",
        )
        self.start.visible = is_paused
        self.pause.visible = self.stop.visible = not is_paused

    def start_click(self, **event):
        """Start the agent immediately."""
        self.control("start")

    def pause_click(self, **event):
        """Let the agent finish its current work, then pause it."""
        self.control("pause")

    def stop_click(self, **event):
        """End the agent's current work; it is retried later."""
        self.control("stop")

    def control(self, command):
        """Send a command to the agent, and show its new state."""
        is_done, _ = actions.perform(self, "control_agent", self.name, command)
        if is_done:
            get_open_form().refresh()
