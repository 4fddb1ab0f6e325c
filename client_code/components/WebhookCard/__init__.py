"""How GitHub is told to send webhooks here."""

from ... import badges, clock, dom
from ._anvil_designer import WebhookCardTemplate

SAID = {
    True: "The one that is stored here as GITHUB_WEBHOOK_SECRET.",
    False: "Store one here as the App Secret github_webhook_secret, and enter it on GitHub.",
}
LOOKS = {
    "received": ("ok", "success", "Receiving"),
    "ready": ("quiet", "waiting", "Nothing received yet"),
    "closed": ("quiet", "neutral", "Not set up"),
}


class WebhookCard(WebhookCardTemplate):
    """Show what to enter on GitHub, and whether anything has come."""

    def __init__(self, **properties):
        self.init_components(**properties)

    def show(self, webhook):
        """Draw the webhook as `get_settings` gives it."""
        state = "received" if webhook["last_received_at"] else "ready"
        badges.draw(self.dom_nodes["state"], LOOKS[state if webhook["secret_is_set"] else "closed"])
        dom.fill(
            self,
            url=webhook["url"],
            content_type=webhook["content_type"],
            secret=SAID[webhook["secret_is_set"]],
            events=", ".join(webhook["events"]),
        )
        self.copy.show(webhook["url"])
        clock.show_time(self.dom_nodes["last"], webhook["last_received_at"], missing="nothing yet")
