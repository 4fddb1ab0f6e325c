"""A GitHub with three owners, read with two tokens and an App with two installations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ingest.settings import GithubSettings, Secret

from standalone.sandbox import server as sandbox_server
from standalone.sandbox.answers import Answer
from standalone.sandbox.faults import Fault
from standalone.sandbox.github_api import GithubApi
from standalone.sandbox.incoming import Request
from standalone.sandbox.settings import AppSpec, InstallationSpec, Limits, Settings, TokenSpec
from standalone.sandbox.times import UnixSeconds, iso

from .world_builder import WorldBuilder

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
APP_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
).decode()
_PUBLIC_KEY = (
    _KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)

#: More than a page of services, and as many labs as one turn of polls takes.
MANY_SERVICES, MANY_LABS = 110, 20


def acme_services(count: int) -> list[str]:
    """Name so many repositories of acme, which is behind single sign-on for mona's token."""
    return [f"acme/service-{number:03}" for number in range(count)]


def umbra_labs(count: int) -> list[str]:
    """Name so many repositories of umbra, which can be read by the App alone."""
    return [f"umbra/lab-{number:02}" for number in range(count)]


ACME, UMBRA = acme_services(8), umbra_labs(3)
ACME_SECRET = ["acme/secret-a", "acme/secret-b"]
MONA = ["mona/notes", "mona/blog"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that GitHub refused."""

    token: str
    path: str
    status: int
    at: UnixSeconds


def build_organizations(*, services: int = len(ACME), labs: int = len(UMBRA)) -> WorldBuilder:
    """Build services, labs and eight other repositories; each has one run that has ended."""
    builder = WorldBuilder(iso(time.time() - 7200))
    names = [*acme_services(services), *ACME_SECRET, *umbra_labs(labs), *MONA, "acme/old-mirror"]
    private = {*ACME_SECRET, *umbra_labs(labs), "mona/notes"}
    archived = {"acme/service-007", "mona/blog"}
    for name in names:
        builder.repository(name, private=name in private, archived=name in archived)
        builder.run()
    builder.repository("acme/renamed", former_names=["acme/before"]).run()
    builder.repository("umbra/moved", private=True, former_names=["acme/gone"]).run()
    builder.repository("other/public").run()
    return builder


def organization_settings() -> Settings:
    """Return which credential may read what."""
    of_acme = {*acme_services(MANY_SERVICES), *ACME_SECRET, "acme/renamed", "acme/old-mirror"}
    big = {"limit": 10**6, "graphql_limit": 10**6}
    return Settings(
        tokens=(
            TokenSpec(value="tok-acme", login="ann", repositories=frozenset(of_acme), **big),
            TokenSpec(
                value="tok-mona",
                login="mona",
                repositories=frozenset(MONA),
                sso_unauthorized_owners=frozenset({"acme"}),
                **big,
            ),
        ),
        app=AppSpec(
            id=9,
            public_key=_PUBLIC_KEY,
            installations=(
                InstallationSpec(
                    id=1, account="acme", repositories=frozenset(ACME[:5]), limit=10**6
                ),
                InstallationSpec(
                    id=2,
                    account="umbra",
                    repositories=frozenset([*umbra_labs(MANY_LABS), "umbra/moved", "umbra/new"]),
                    limit=10**6,
                ),
            ),
        ),
        users=frozenset({"mona"}),
        limits=Limits(points_per_minute=0, graphql_points_per_minute=0),
        threads=16,
    )


def github_settings(api_url: str) -> GithubSettings:
    """Return the credentials of the collector."""
    return GithubSettings(
        api_url=api_url,
        tokens=(Secret("tok-acme"), Secret("tok-mona")),
        app_id="9",
        app_private_key=Secret(APP_KEY),
    )


class RefusalWitness:
    """Notes every request that a sandbox refuses which is opened meanwhile."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refused: list[Refused] = []
        refused = self.refused

        class Witnessed(GithubApi):
            def _answer(self, incoming: Request, fault: Fault | None, now: UnixSeconds) -> Answer:
                answer = super()._answer(incoming, fault, now)
                if answer.status >= 400:
                    token = (incoming.authorization or "").split()[-1]
                    refused.append(Refused(token, incoming.path, answer.status, now))
                return answer

        monkeypatch.setattr(sandbox_server, "GithubApi", Witnessed)

    def repeated(self) -> list[tuple[Refused, Refused]]:
        """Return pairs of the same refused request that came within an hour."""
        last: dict[tuple[str, str], Refused] = {}
        found: list[tuple[Refused, Refused]] = []
        for each in self.refused:
            key = (each.token, each.path)
            before = last.get(key)
            if before is not None and each.at - before.at < 3600:
                found.append((before, each))
            last[key] = each
        return found


def moment(timestamp: UnixSeconds) -> datetime:
    """Return a time of the sandbox as a datetime."""
    return datetime.fromtimestamp(timestamp).astimezone()
