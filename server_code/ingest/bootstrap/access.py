"""Access to AWS and GitHub from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..settings import AwsSettings, Secret

if TYPE_CHECKING:
    from ..adapters.aws.clients import AwsAccess

#: Requests to GitHub that one collector sends at once; GitHub allows 100 for one token.
GITHUB_THREADS = 8


def aws_access(aws: AwsSettings) -> AwsAccess:
    """Return the configured access to AWS; boto3 finds the rest."""
    from ..adapters.aws.clients import AwsAccess

    return AwsAccess(
        region=aws.region,
        endpoint_url=aws.endpoint_url,
        access_key_id=_reveal(aws.access_key_id),
        secret_access_key=_reveal(aws.secret_access_key),
        session_token=_reveal(aws.session_token),
        max_pool_connections=2 * GITHUB_THREADS,
    )


def _reveal(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()
