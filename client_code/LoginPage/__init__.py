"""The login page."""

from .. import connection, dom, sentences
from ._anvil_designer import LoginPageTemplate


class LoginPage(LoginPageTemplate):
    """A login form; raises the event x-logged-in with the user."""

    title = "Log in"

    def __init__(self, **properties):
        self.init_components(**properties)
        dom.on(self.dom_nodes["form"], "submit", self.form_submit)

    def form_show(self, **event):
        """Show how to get an account here; without an answer the form still works."""
        try:
            facts = connection.call_in_session("get_login_facts")
        except Exception:  # noqa: BLE001 - logging in reports what does not work
            return
        dom.fill(self, help=sentences.login_help(facts))

    def form_submit(self, event):
        """Log in, or show why it failed."""
        event.preventDefault()
        self._set_busy(is_busy=True)
        try:
            user = connection.call_in_session(
                "log_in", self.dom_nodes["email"].value, self.dom_nodes["password"].value
            )
        except Exception as error:  # noqa: BLE001 - every error has a text for the reader
            dom.fill(self, error=connection.describe(error))
            self.dom_nodes["password"].select()
        else:
            self.raise_event("x-logged-in", user=user)
        self._set_busy(is_busy=False)

    def _set_busy(self, *, is_busy):
        self.dom_nodes["submit"].disabled = is_busy
        dom.fill(self, submit="Logging in…" if is_busy else "Log in")
        if is_busy:
            dom.fill(self, error="")
