"""The registration of a GitHub App, which takes the user to two pages of GitHub."""

from ... import actions, dom, github_redirect
from ..SecretRow import SecretRow
from ._anvil_designer import GithubAppCardTemplate

CREATE_SECRETS = "Create these App Secrets in the Anvil editor. They are shown only once."
NOT_SAVED = (
    " Correct it and save the App again, or copy these values into the settings of the same names. "
    "GitHub shows the key only once."
)
START_DELAY_SECONDS = 0.05  # so that the page is drawn first


class GithubAppCard(GithubAppCardTemplate):
    """A card with a button that opens GitHub; it continues when GitHub redirects back."""

    def __init__(self, **properties):
        self.init_components(**properties)
        self.secrets = dom.Rows(self, "secrets", SecretRow)
        self.code_and_state = None

    def show(self, app_id):
        """Draw whether an App is used; after GitHub's redirect, finish the registration."""
        dom.show(self, used=bool(app_id), none=not app_id)
        dom.fill(self, used="Runstream uses the GitHub App {}.".format(app_id))
        code_and_state = github_redirect.take_code()
        if code_and_state:
            self.code_and_state = code_and_state
            self.finish_timer.interval = START_DELAY_SECONDS

    def finish_timer_tick(self, **event):
        """Finish the registration after the page is drawn."""
        self.finish_timer.interval = 0
        self.finish()

    def create_click(self, **event):
        """Post the manifest to GitHub, which asks for confirmation."""
        self.create.enabled = False
        is_done, form = actions.perform(self, "begin_github_app", self.organization.text)
        self.create.enabled = True
        if is_done:
            dom.post(form["action"], "manifest", form["manifest"])

    def retry_click(self, **event):
        """Exchange the code again: GitHub accepts it for an hour."""
        self.finish()

    def finish(self):
        """Exchange the code; then GitHub shows where to install the App."""
        code, state = self.code_and_state["code"], self.code_and_state["state"]
        self.retry.visible = False
        progress = "Receiving the App from GitHub…"
        is_done, app = actions.perform(self, "finish_github_app", code, state, progress=progress)
        self.retry.visible = not is_done
        if not is_done:
            return
        self.app = app
        if not app["secrets"]:
            dom.leave_for(app["installation_url"])
            return
        dom.show(self, secrets_place=True)
        self.secrets.show(app["secrets"])
        what_to_do = app["save_error"] + NOT_SAVED if app["save_error"] else CREATE_SECRETS
        dom.fill(self, created="{} was created.".format(app["name"]), what_to_do=what_to_do)
        dom.set_link(self.dom_nodes["install"], app["installation_url"])
        self.save.visible = bool(app["save_error"])

    def save_click(self, **event):
        """Save the App that could not be saved; then GitHub shows where to install it."""
        is_done, _ = actions.perform(self, "save_github_app", self.app["secrets"])
        if is_done:
            dom.leave_for(self.app["installation_url"])
