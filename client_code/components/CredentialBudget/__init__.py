"""The rate limit of one credential."""

from ... import dom, formatting, sentences
from ...formatting import number
from ._anvil_designer import CredentialBudgetTemplate


class CredentialBudget(CredentialBudgetTemplate):
    """A row with what is left of a credential's limit."""

    def show(self, credential):
        """Draw a credential of `get_collection_status`."""
        percent_left = formatting.share(credential["remaining"], credential["limit"])
        text = sentences.budget(credential["limit"])
        if credential["limit"] is not None:
            text = "{} {}".format(number(credential["remaining"]), text)
        dom.fill(self, name=credential["name"], requests_left=text)
        self.dom_nodes["bar"].style.width = "{:.1f}%".format(percent_left)
        dom.set_attribute(self.dom_nodes["meter"], "aria-label", text)
