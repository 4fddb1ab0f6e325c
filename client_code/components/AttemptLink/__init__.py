"""A link to one attempt of a run."""

from ... import badges, dom, routes
from ._anvil_designer import AttemptLinkTemplate


class AttemptLink(AttemptLinkTemplate):
    """A link with an attempt's number and conclusion."""

    def show(self, attempt):
        """Draw an attempt of `get_run`, with its `run` and whether it `is_shown`."""
        run = attempt["run"]
        badges.show_run(self.dom_nodes["badge"], attempt["status"], attempt["conclusion"])
        dom.fill(self, label="Attempt {}".format(attempt["run_attempt"]))
        summary = {
            "run_id": run["run_id"],
            "run_attempt": attempt["run_attempt"],
            "repository": run["repo"],
        }
        dom.set_link(self.dom_nodes["link"], routes.run_address(summary))
        current = "true" if attempt["is_shown"] else None
        dom.set_attribute(self.dom_nodes["link"], "aria-current", current)
