"""The settings of GitHub."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain.web_links import web_hosts, web_url_of
from .parsing import parse_id, parse_tokens, url_of
from .secret import Secret
from .setting import setting

GITHUB_COM_API = "https://api.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSettings:
    """The GitHub server and the credentials that read it."""

    tokens: tuple[Secret, ...] = setting(
        "GITHUB_TOKEN",
        default=(),
        parse=parse_tokens,
        is_needed=True,
        help="Token that reads GitHub. Separate several tokens with commas.",
    )
    app_id: str | None = setting(
        "GITHUB_APP_ID",
        default=None,
        help="ID of a GitHub App, used next to tokens. Separate several with commas.",
    )
    app_private_key: Secret | None = setting(
        "GITHUB_APP_PRIVATE_KEY",
        default=None,
        parse=Secret,
        help="Private key of each App (PEM, also in one line or base64), in the same order.",
    )
    app_installation_id: int | None = setting(
        "GITHUB_APP_INSTALLATION_ID",
        default=None,
        parse=parse_id,
        help="Installation to use. By default every installation of the App is used.",
    )
    api_url: str = setting(
        "GITHUB_API_URL",
        default=GITHUB_COM_API,
        parse=url_of("http", "https"),
        help="API address. For GitHub Enterprise Server: `https://HOST/api/v3`.",
    )
    webhook_secret: Secret | None = setting(
        "GITHUB_WEBHOOK_SECRET",
        default=None,
        section="webhook",
        parse=Secret,
        help="Secret that GitHub signs webhooks with. Webhooks are accepted when it is set.",
    )

    @property
    def has_credentials(self) -> bool:
        """Return whether anything but anonymous access is configured."""
        return bool(self.tokens) or self.app_id is not None

    @property
    def web_hosts(self) -> tuple[str, ...]:
        """Return the hosts whose repository URLs are accepted."""
        return web_hosts(self.api_url)

    @property
    def web_url(self) -> str:
        """Return the address of GitHub's web pages, without a password of the API's URL."""
        return web_url_of(self.api_url)
