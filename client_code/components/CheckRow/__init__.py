"""One of the doctor's checks."""

from ... import badges, dom, statuses
from ._anvil_designer import CheckRowTemplate


class CheckRow(CheckRowTemplate):
    """Say what was looked at, what was found, and how to mend it."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, check):
        """Draw a check as `run_doctor` gives it."""
        badges.show_state(self.dom_nodes["status"], statuses.CHECKS, check["status"])
        subject = check["subject"]
        dom.fill(
            self,
            subject=subject[:1].upper() + subject[1:],
            finding=check["finding"],
            remedy=check["remedy"],
        )
