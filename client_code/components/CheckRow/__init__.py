"""One of the doctor's checks."""

from ... import badges, dom, statuses
from ._anvil_designer import CheckRowTemplate


class CheckRow(CheckRowTemplate):
    """A row with the subject, the finding and how to fix it."""

    def show(self, check):
        """Draw a check of `run_doctor`."""
        badges.show_state(self.dom_nodes["status"], statuses.CHECKS, check["status"])
        dom.fill(
            self,
            subject=check["subject"],
            finding=check["finding"],
            remedy=check["remedy"],
        )
