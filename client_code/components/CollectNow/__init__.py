"""Collect at once, and see what comes of it."""

from ... import connection, dom, formatting, sentences
from ._anvil_designer import CollectNowTemplate

PROGRESS_SECONDS = 1.5


class CollectNow(CollectNowTemplate):
    """A button, and below it how far the collection is and what it has found."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.collection_id = None

    def collect_click(self, **event):
        """Start a collection; one that runs already is shown instead."""
        self.collect.enabled = False
        self.collect.text = "Starting…"
        try:
            self.show(connection.ask("trigger_manual_collection"))
        except connection.QUIET:
            self.show(None)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has a sentence
            self.show(None)
            dom.fill(self, sentence=str(error), counts="")

    def progress_timer_tick(self, **event):
        """Ask how far it is."""
        try:
            self.show(connection.ask("get_collection_progress", self.collection_id))
        except connection.QUIET:
            pass  # the next tick asks again

    def show(self, collection):
        """Draw a collection as the server's callables give it; None means that none runs."""
        is_running = bool(collection) and collection["state"] == "running"
        self.collect.enabled = not is_running
        self.collect.text = "Collecting…" if is_running else "Collect now"
        self.progress_timer.interval = PROGRESS_SECONDS if is_running else 0
        dom.show(self, counters=is_running)
        if collection:
            self._draw(collection)

    def _draw(self, collection):
        self.collection_id = collection["collection_id"]
        done, total = collection["repositories_done"], collection["repositories_total"]
        dom.fill(
            self,
            sentence=sentences.collection(collection),
            counts=sentences.collection_counts(collection),
        )
        self.dom_nodes["bar"].style.width = "{:.0f}%".format(formatting.share(done, total))
