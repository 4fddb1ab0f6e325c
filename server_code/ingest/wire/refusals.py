"""Refusals that only the message of GitHub distinguishes, and what to do about each.

https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..domain.clock_errors import CLOCK_REMEDY, is_clock_error
from ..errors import AccessDenied, BadCredentials, CredentialSuspended, RepositoryUnavailable
from .reasons import https_link, printable


@dataclass(frozen=True, slots=True)
class RefusalPattern:
    """A kind of refusal, which is recognized by ``phrases`` in its message (lower case)."""

    phrases: tuple[str, ...]
    error: type[AccessDenied | BadCredentials | RepositoryUnavailable]
    remedy: str


REFUSAL_PATTERNS = (
    RefusalPattern(
        ("installation has been suspended", "installation is suspended"),
        CredentialSuspended,
        "The GitHub App's installation is suspended: unsuspend it in the account's settings under "
        "GitHub Apps. Collection then resumes by itself.",
    ),
    RefusalPattern(
        ("account was suspended", "account has been suspended", "account is suspended"),
        CredentialSuspended,
        "The account of the credential is suspended: use another account's token.",
    ),
    RefusalPattern(
        ("ip allow list",),
        AccessDenied,
        "Add this machine's IP address to the organization's IP allow list.",
    ),
    RefusalPattern(
        ("saml", "single sign-on"),
        AccessDenied,
        "Authorize the token for the organization's single sign-on (SSO): "
        "https://github.com/settings/tokens.",
    ),
    RefusalPattern(
        ("forbids access via", "token's lifetime"),
        AccessDenied,
        "Create a token that meets the organization's policy, and set GITHUB_TOKEN.",
    ),
    RefusalPattern(
        ("actions is disabled", "actions are disabled", "actions has been disabled"),
        RepositoryUnavailable,
        "Enable Actions in the repository's settings, or remove the repository.",
    ),
    RefusalPattern(
        ("access blocked", "dmca", "unavailable due to"),
        RepositoryUnavailable,
        "GitHub has blocked the repository: remove it, or wait until its owner has settled it with "
        "GitHub.",
    ),
)

_ID = re.compile(r"\b\d{1,19}\b", re.ASCII)
_SSO_LINK = re.compile(r"url=(https://[^\s;,]+)")


def find_refusal_by_message(message: str) -> RefusalPattern | None:
    """Return the refusal that a message of GitHub describes; None if it is not a known one."""
    if is_clock_error(message):
        return RefusalPattern((), BadCredentials, CLOCK_REMEDY)
    lowered = message.lower()
    return next(
        (each for each in REFUSAL_PATTERNS if any(w in lowered for w in each.phrases)), None
    )


def requires_sso(headers: Mapping[str, str]) -> bool:
    """Return whether a refusal (403 or 404) is due to a missing single sign-on."""
    return headers.get("x-github-sso", "").startswith("required")


def hidden_organizations_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ids of organizations whose part of a list a missing single sign-on hides.

    https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    """
    header = headers.get("x-github-sso", "")
    return tuple(_ID.findall(header)) if header.startswith("partial-results") else ()


def sso_remedy(headers: Mapping[str, str]) -> str | None:
    """Return how to authorize a token for an organization's single sign-on, with the link."""
    header = headers.get("x-github-sso", "")
    if not header:
        return None
    match = _SSO_LINK.search(header)
    link = https_link(match.group(1)) if match else None
    where = link or "https://github.com/settings/tokens"
    return f"Authorize the token for the organization's single sign-on (SSO): {where}"


def sufficient_permissions_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return permissions that would have sufficed, as ``actions=read``: GitHub's first choice."""
    accepted = printable(headers.get("x-accepted-github-permissions", "")).partition(";")[0]
    return tuple(part.strip() for part in accepted.split(",") if "=" in part)


def permission_remedy(headers: Mapping[str, str]) -> str:
    """Return which permission would have sufficed, as GitHub names it.

    ``actions=read; actions=write,contents=read``: ``;`` separates alternatives, ``,`` the
    permissions of one.
    """
    accepted = printable(headers.get("x-accepted-github-permissions", ""))
    if accepted:
        return f"Give the credential read access: GitHub names the permission {accepted}."
    return "Give the credential read access to actions, contents and pull requests."
