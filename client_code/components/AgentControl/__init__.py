"""Tell an agent what to do."""

from anvil import get_open_form

from ... import activities, badges, clock, dom, statuses
from ._anvil_designer import AgentControlTemplate


class AgentControl(AgentControlTemplate):
    """Start an agent, pause it after what is in hand, or stop it at once."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, agent):
        """Draw an agent as `get_settings` gives it."""
        self.name = agent["name"]
        is_paused = agent["state"] == "paused"
        badges.show_state(self.dom_nodes["state"], statuses.AGENTS, agent["state"])
        dom.fill(self, name=self.name, note=agent["note"])
        clock.show_time(
            self.dom_nodes["heartbeat"], agent["heartbeat_at"], "last sign ", missing="no sign yet"
        )
        self.start.visible = is_paused
        self.pause.visible = self.stop.visible = not is_paused

    def start_click(self, **event):
        """Let it work again, at once."""
        self.tell("start")

    def pause_click(self, **event):
        """Let it end what is in hand, and rest."""
        self.tell("pause")

    def stop_click(self, **event):
        """End what it does now; what was in hand is taken up again later."""
        self.tell("stop")

    def tell(self, wish):
        """Tell it, and show how it is then."""
        is_done, _ = activities.attempt(self.say, "control_agent", self.name, wish)
        if is_done:
            self.say("")
            get_open_form().refresh()

    def say(self, sentence):
        """Say what went wrong."""
        dom.fill(self, said=sentence)
