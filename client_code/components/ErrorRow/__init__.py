"""One error with its remedy."""

from anvil import get_open_form

from ... import actions, activity_texts, clock, dom
from ._anvil_designer import ErrorRowTemplate


class ErrorRow(ErrorRowTemplate):
    """An error with place, time and remedy, and a button to dismiss it."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.row_key = None

    def show(self, error):
        """Draw an error of `list_activity`; equal errors are one row."""
        row_key = error["agent"], error["repository"], error["what"]
        if row_key != self.row_key:
            self.row_key = row_key
            dom.fill(self, message="")
        actions.clear_old_message(self)
        dom.fill(
            self,
            what=error["what"],
            remedy=error["remedy"],
            place=activity_texts.place(error),
            repeated=activity_texts.repeated(error),
        )
        clock.show_time(self.dom_nodes["at"], error["occurred_at"])
        is_repeated = error["times"] > 1
        clock.show_time(
            self.dom_nodes["first_at"], error["first_at"] if is_repeated else None, missing=""
        )

    def dismiss_click(self, **event):
        """Dismiss the error; it is shown again if it occurs again."""
        is_done, _ = actions.perform(self, "dismiss_error", *self.row_key)
        if is_done:
            get_open_form().refresh()
