"""The queues that Runstream publishes to."""

from anvil import get_open_form

from ... import actions, connection, dom
from ..QueueRow import QueueRow
from ._anvil_designer import QueuesCardTemplate

START_DELAY_SECONDS = 0.05  # so that the page is drawn first


class QueuesCard(QueuesCardTemplate):
    """A card with the depth of each queue as it answers, and a button that creates missing ones."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "queues", QueueRow)
        self.queues, self.depths, self.round = [], {}, 0
        self.is_shown, self.is_asking = False, False

    def set_shown(self, *, is_shown):
        """Ask the queues only while they are on the page, all of them whenever it is opened."""
        self.is_shown, self.depths = is_shown, {}

    def show(self, queues):
        """Draw the queues of `get_settings` with what is known, then ask for each."""
        self.queues = queues
        dom.show(self, unknown=not queues)
        self.draw()
        if queues and self.is_shown and not self.is_asking:
            self.ask_timer.interval = START_DELAY_SECONDS

    def draw(self):
        """Draw the queues with their newest answers."""
        self.rows.show([dict(each, **self.depths.get(each["name"], {})) for each in self.queues])
        errors = [depth["error"] for depth in self.depths.values() if depth["error"]]
        dom.show(self, create_place=bool(errors))

    def ask_timer_tick(self, **event):
        """Ask every queue at first, then one at each refresh, so that a slow queue delays none."""
        self.ask_timer.interval, self.is_asking = 0, True
        depths = self.depths  # what is asked before they are forgotten is not drawn
        unknown = [queue for queue in self.queues if queue["name"] not in depths]
        self.round += 1
        try:
            for queue in unknown or [self.queues[self.round % len(self.queues)]]:
                depths[queue["name"]] = self.ask(queue["name"])
                self.draw()
        except connection.ALREADY_SHOWN:
            return
        finally:
            self.is_asking = False
        if self.is_shown and depths is not self.depths:
            self.ask_timer.interval = START_DELAY_SECONDS

    def ask(self, name):
        """Return the depth of a queue, or the error of reading it."""
        try:
            return connection.call("get_queue", name)
        except connection.ALREADY_SHOWN:
            raise
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            return {"error": str(error)}

    def create_click(self, **event):
        """Create missing queues, and show what was done."""
        self.create.enabled = False
        is_done, done = actions.perform(self, "create_queues", progress="Creating the queues…")
        self.create.enabled = True
        if is_done:
            dom.fill(self, message=" ".join(done))
            self.depths = {}
            get_open_form().refresh()
