"""The doctor's checks."""

from ... import clock, connection, dom, settings_parts
from ..CheckRow import CheckRow
from ._anvil_designer import ChecksCardTemplate

START_DELAY_SECONDS = 0.05  # so that the page is drawn first


class ChecksCard(ChecksCardTemplate):
    """A card that runs the checks part by part, and lists each result as it comes."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.rows = dom.Rows(self, "checks", CheckRow)

    def set_shown(self, *, is_shown):
        """Run the checks whenever they are opened."""
        if is_shown:
            self.start_timer.interval = START_DELAY_SECONDS

    def start_timer_tick(self, **event):
        """Run the checks after the page is drawn."""
        self.start_timer.interval = 0
        self.begin_click()

    def begin_click(self, **event):
        """Run the checks part by part; an error of one part does not stop the others."""
        if not self.begin.enabled:
            return
        self.begin.enabled, checks = False, []
        clock.show_time(self.dom_nodes["checked"], clock.now_iso(), before="Started ")
        self.rows.show(checks)  # earlier results may no longer hold
        dom.fill(self, message="")
        for part in settings_parts.CHECKS:
            subject = part if part == "GitHub" else "the " + part
            dom.fill(self, progress="Checking {}…".format(subject))
            results = self.run(part)
            if results is None:
                break
            checks += results
            dom.fill(self, message=settings_parts.checks_text(checks, is_done=False))
            self.rows.show(checks)
        self.begin.enabled = True
        text = settings_parts.checks_text(checks, is_done=True, is_interrupted=results is None)
        dom.fill(self, progress="", message=text)

    def run(self, part):
        """Return the checks of one part, or a failed one with the error.

        Returns None without a connection.
        """
        try:
            return connection.call("run_doctor", part)
        except connection.ALREADY_SHOWN:
            return None
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            return [{"subject": part, "status": "failed", "finding": str(error), "remedy": ""}]
