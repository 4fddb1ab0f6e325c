"""Credentials in files that other programs renew, read again while a collector runs.

botocore reads ``~/.aws/credentials`` and ``~/.aws/config`` once. Sidecars, aws-vault and cron jobs
write temporary credentials there, which expire. A renewed file takes effect without a restart.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.credentials import CredentialProvider, Credentials
    from botocore.session import Session

logger = logging.getLogger(__name__)

#: A file is read at most this often.
REREAD_SECONDS = 20

#: botocore's names of the providers that read files.
_FILES = ("shared-credentials-file", "config-file")


def follow_credential_files(session: Session, *, every_seconds: float = REREAD_SECONDS) -> Session:
    """Make a botocore session read credential files again; return it."""

    def follow(providers: list[CredentialProvider]) -> list[CredentialProvider]:
        return [
            _rereading_provider(provider, every_seconds) if provider.METHOD in _FILES else provider
            for provider in providers
        ]

    resolver = session.get_component("credential_provider")
    resolver.providers[:] = follow(resolver.providers)
    for provider in resolver.providers:
        # The one that assumes roles makes providers of its own, for the source profile.
        if (builder := getattr(provider, "_profile_provider_builder", None)) is not None:
            make = builder.providers
            builder.providers = lambda make=make, **names: follow(make(**names))
    return session


def _rereading_provider(provider: CredentialProvider, every_seconds: float) -> CredentialProvider:
    from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials

    class FileCredentials(Credentials):
        """Credentials that are loaded again from their file, at most every ``every_seconds``."""

        def __init__(self, first: Credentials) -> None:
            super().__init__(first.access_key, first.secret_key, first.token, first.method)
            self._lock = threading.Lock()
            self._next_at = time.monotonic() + every_seconds

        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            with self._lock:
                if time.monotonic() >= self._next_at:
                    self._next_at = time.monotonic() + every_seconds
                    self._reread()
                return super().get_frozen_credentials()

        def _reread(self) -> None:
            loaded = _reload(provider)
            # A file that is being replaced may be empty or incomplete: the old ones stay then.
            if loaded is not None:
                self.access_key, self.secret_key = loaded.access_key, loaded.secret_key
                self.token = loaded.token

    class RereadingProvider(CredentialProvider):
        """A provider of botocore whose credentials are read from their file again."""

        METHOD = provider.METHOD
        CANONICAL_NAME = provider.CANONICAL_NAME

        def load(self) -> Credentials | None:
            loaded = provider.load()
            return None if loaded is None else FileCredentials(loaded)

    return RereadingProvider()


def _reload(provider: CredentialProvider) -> Credentials | None:
    from botocore.exceptions import BotoCoreError

    try:
        loaded: Credentials | None = provider.load()
    except BotoCoreError as error:
        logger.warning("credential file not read", extra={"reason": str(error)})
        return None
    return loaded
