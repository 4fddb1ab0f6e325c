"""Manual collection."""

import time

from ... import actions, connection, dom, formatting, sentences
from ._anvil_designer import CollectNowTemplate

PROGRESS_SECONDS = 1.5


class CollectNow(CollectNowTemplate):
    """A button that starts a collection, with its progress and result."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.collection_id, self.started_at = None, ""
        self.is_starting, self.failed_at = False, None

    def collect_click(self, **event):
        """Start a collection, or show the running one."""
        self.is_starting, self.collect.enabled = True, False
        self.collect.text = "Starting…"
        collection, reason, self.failed_at = None, None, None
        try:
            collection = connection.call("trigger_manual_collection")
        except connection.ALREADY_SHOWN:
            pass  # the page shows it already
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            reason = str(error)
        self.is_starting = False
        if reason:
            self.fail(reason)
        else:
            self.show(collection)

    def fail(self, reason):
        """Show why a collection cannot start, or its progress cannot be read."""
        self._show_state(is_running=False)
        dom.fill(self, sentence=reason, counts="")
        self.failed_at = time.time()

    def progress_timer_tick(self, **event):
        """Load the progress."""
        try:
            self.show(connection.call("get_collection_progress", self.collection_id))
        except connection.ALREADY_SHOWN:
            pass  # the next tick tries again
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            self.fail(str(error))

    def show(self, collection):
        """Draw a collection or None, unless another is being started, or a newer one runs."""
        if self.is_starting or self._is_overtaken(collection):
            return
        self._show_state(is_running=bool(collection) and collection["state"] == "running")
        if collection:
            self._draw(collection)
        elif self.failed_at is None or time.time() - self.failed_at > actions.ERROR_SECONDS:
            dom.fill(self, sentence="", counts="")

    def _is_overtaken(self, collection):
        """Return whether the page asked for a collection before the one that runs was started."""
        if self.progress_timer.interval == 0:
            return False
        if collection is None:
            return True
        # Two people may start one: each browser is first told the time of its own request.
        is_another = collection["collection_id"] != self.collection_id
        return is_another and collection["started_at"] < self.started_at

    def _show_state(self, *, is_running):
        self.collect.enabled = not is_running
        self.collect.text = "Collecting…" if is_running else "Collect now"
        self.progress_timer.interval = PROGRESS_SECONDS if is_running else 0
        dom.show(self, meter=is_running)

    def _draw(self, collection):
        self.collection_id, self.started_at = collection["collection_id"], collection["started_at"]
        done, total = collection["repositories_done"], collection["repositories_total"]
        dom.fill(
            self,
            sentence=sentences.collection(collection),
            counts=sentences.collection_counts(collection),
        )
        self.dom_nodes["bar"].style.width = "{:.0f}%".format(formatting.share(done, total))
