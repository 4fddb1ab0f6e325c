"""The webhook configuration for GitHub."""

from ... import badges, clock, dom
from ._anvil_designer import WebhookCardTemplate

SECRET_TEXTS = {
    True: "The value of GITHUB_WEBHOOK_SECRET.",
    False: "Not set. Store it as the App Secret github_webhook_secret, then enter it on GitHub.",
}
BADGES = {  # tone, icon, label
    "received": ("ok", "success", "Receiving"),
    "ready": ("quiet", "waiting", "No delivery yet"),
    "closed": ("quiet", "neutral", "Not set up"),
}


class WebhookCard(WebhookCardTemplate):
    """A card with the values to enter on GitHub, and the last delivery."""

    def show(self, webhook):
        """Draw the webhook of `get_settings`."""
        badge = "received" if webhook["last_received_at"] else "ready"
        badges.draw(
            self.dom_nodes["state"], BADGES[badge if webhook["secret_is_set"] else "closed"]
        )
        dom.fill(
            self,
            url=webhook["url"],
            content_type=webhook["content_type"],
            secret=SECRET_TEXTS[webhook["secret_is_set"]],
            events=", ".join(webhook["events"]),
        )
        self.copy.show(webhook["url"])
        clock.show_time(self.dom_nodes["last"], webhook["last_received_at"], missing="never")
