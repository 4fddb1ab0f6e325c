"""What went wrong, where, how often, and what to do about it."""

from anvil import get_open_form

from ... import activities, activity_words, clock, dom
from ._anvil_designer import ErrorRowTemplate


class ErrorRow(ErrorRowTemplate):
    """Show an error, and let it be dismissed."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, error):
        """Draw an error as `list_activity` gives it: equal ones are one."""
        self.error = error
        dom.fill(
            self,
            what=error["what"],
            remedy=error["remedy"],
            place=activity_words.place(error),
            repeated=activity_words.repeated(error),
        )
        clock.show_time(self.dom_nodes["at"], error["occurred_at"])
        is_repeated = error["times"] > 1
        clock.show_time(
            self.dom_nodes["first_at"], error["first_at"] if is_repeated else None, missing=""
        )

    def dismiss_click(self, **event):
        """Forget it; should it come again, it is shown again."""
        error = self.error
        is_done, _ = activities.attempt(
            self.say, "dismiss_error", error["agent"], error["repository"], error["what"]
        )
        if is_done:
            self.say("")
            get_open_form().refresh()

    def say(self, sentence):
        """Say what went wrong."""
        dom.fill(self, trouble=sentence)
