"""GitHub's rate limit."""

from ... import clock, dom, formatting, sentences
from ...formatting import number
from ..CredentialBudget import CredentialBudget
from ._anvil_designer import BudgetCardTemplate

LOW_PERCENT = 10  # of the limit is left


class BudgetCard(BudgetCardTemplate):
    """A card with the remaining requests, and how many were charged or free."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.credential_rows = dom.Rows(self, "credentials", CredentialBudget)

    def show(self, github):
        """Draw `github` of `get_collection_status`."""
        left = formatting.share(github["remaining"], github["limit"])
        requests = github["charged"] + github["free"]
        dom.fill(
            self,
            remaining=number(github["remaining"]),
            limit=sentences.budget(github["limit"]),
            charged=number(github["charged"]),
            free=number(github["free"]),
            share="{:.0f} %".format(formatting.share(github["free"], requests)),
        )
        self.credential_rows.show(github["credentials"] if len(github["credentials"]) > 1 else [])
        self.dom_nodes["bar"].style.width = "{:.1f}%".format(left)
        is_low = github["limit"] is not None and left < LOW_PERCENT
        dom.set_attribute(self.dom_nodes["bar"], "data-tone", "warn" if is_low else None)
        dom.set_attribute(self.dom_nodes["remaining"], "data-tone", "warn" if is_low else None)
        dom.set_attribute(self.dom_nodes["meter"], "aria-label", "{:.0f} % left".format(left))
        clock.show_next(self.dom_nodes["resets"], github["reset_at"], "resets ", missing="")
