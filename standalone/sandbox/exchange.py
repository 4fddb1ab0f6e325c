"""Answer one request: check its token and the limits, call its handler, compare the ETags."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from urllib.parse import urlsplit

from .answers import Answer, Headers, Refusal, json_bytes, not_found
from .calls import Call
from .fault_answers import block_by_fault, break_redirect, damage_answer
from .faults import NO_FAULT, Fault
from .headers import budget_headers, common_headers, identity_headers
from .identities import Identity, require_active
from .incoming import Request
from .limits import Budget
from .log_host import LogHost
from .repository import Repository
from .routes import Route
from .state import State
from .times import UnixSeconds

APP_ENDPOINTS = frozenset({"list_installations", "mint_token"})
JOB_ENDPOINTS = frozenset({"get_job", "list_run_jobs", "list_attempt_jobs"})
WRITE_POINTS = 5


class Exchange:
    """The handling of one request."""

    def __init__(self, state: State, incoming: Request, route: Route, now: UnixSeconds) -> None:
        self._state = state
        self._incoming = incoming
        self._route = route
        self._now = now

    def answer(self, fault: Fault) -> Answer:
        """Return the answer, or a refusal if a limit is exceeded, and count the request."""
        if fault.do == "revoked":
            self._state.tokens.revoke(self._incoming.authorization)
        try:
            identity = self._identity()
        except Refusal as refusal:
            return self._finish(refusal.answer)
        with self._state.limiter.in_flight(identity.key, self._now) as overload_refusal:
            limit_refusal = self._limit_refusal(identity, overload_refusal, fault)
            if limit_refusal is not None:
                return self._finish(limit_refusal, identity_headers(identity))
            return self._answer_within_budget(identity, fault)

    def _identity(self) -> Identity:
        if self._route.endpoint in APP_ENDPOINTS:
            # these endpoints are authenticated by a JWT, which their handlers check
            return Identity(key="app", login="app", token=None, limit=5000)
        identity = self._state.tokens.identify(self._incoming.authorization, self._now)
        if identity.token is not None:
            require_active(self._state.settings.app, identity.token.installation)
        return identity

    def _limit_refusal(
        self, identity: Identity, overload_refusal: Answer | None, fault: Fault
    ) -> Answer | None:
        limiter = self._state.limiter
        blocked = None if overload_refusal else limiter.block_refusal(identity.key, self._now)
        if blocked is not None:
            answer, is_violation = blocked
            if is_violation:
                self._count_violation("blocked by a secondary limit")
            return answer
        points = 1 if self._incoming.method == "GET" or self._is_graphql else WRITE_POINTS
        return (
            overload_refusal
            or block_by_fault(fault, limiter, identity.key, self._now)
            or limiter.count_points(identity.key, self._route.endpoint, points, self._now)
        )

    def _answer_within_budget(self, identity: Identity, fault: Fault) -> Answer:
        limiter = self._state.limiter
        budget = self._budget(identity)
        taken = 0 if self._route.endpoint == "rate_limit" else 1
        if taken and not limiter.take(budget, taken):
            if limiter.has_reported_zero(budget):
                self._count_violation("nothing remained")
            refusal = limiter.primary_refusal(budget, self._now, identity.login)
            # charge nothing, but note that this answer reports zero remaining: the client knows
            # it from now on, and its next request counts as a violation
            limiter.settle(budget, 0, 0)
            if self._is_graphql:
                refusal = _graphql_limited(refusal)
            return self._finish(refusal, self._headers(identity, budget))
        handled = damage_answer(fault, self._call_handler(identity, fault))
        answer = self._apply_precondition(handled, identity, fault)
        cost = answer.cost if taken else 0
        if fault.do == "direct_log" and answer.status == 302:
            answer = self._log_at(dict(answer.headers)["Location"])
        limiter.settle(budget, taken, cost)
        answer = break_redirect(fault, answer, self._state.closed_port_url)
        return self._finish(answer, self._headers(identity, budget), cost)

    def _call_handler(self, identity: Identity, fault: Fault) -> Answer:
        is_late = fault.do == "late_jobs" and self._route.endpoint in JOB_ENDPOINTS
        try:
            call = Call(
                **vars(self._incoming),
                state=self._state,
                now=self._now - (fault.seconds if is_late else 0),
                params=self._route.params,
                identity=identity,
                repository_or_none=self._repository(identity),
            )
            return self._route.handler(call)
        except Refusal as refusal:
            return refusal.answer

    def _log_at(self, location: str) -> Answer:
        """Answer with the log itself, as a server does that has no separate host for logs."""
        return LogHost(self._state).content(urlsplit(location).path, NO_FAULT, self._now)

    def _repository(self, identity: Identity) -> Repository | None:
        params, world = self._route.params, self._state.world
        if "repository_id" in params:
            found = world.by_id(int(str(params["repository_id"])))
        elif "name" in params:
            name = f"{params['owner']}/{params['name']}"
            found = world.by_name(name)
            moved = world.by_former_name(name) if found is None else None
            if moved is not None and identity.sees(moved):
                raise Refusal(self._moved(moved))
        else:
            return None
        if found is None or not identity.sees(found):
            raise not_found()
        identity.require_sso(found.spec.owner)
        found.plan_until(self._now)
        return found

    def _moved(self, repository: Repository) -> Answer:
        tail = "/".join(self._incoming.path.split("/")[4:])
        url = f"{self._incoming.base}/repositories/{repository.spec.id}"
        url += f"/{tail}" if tail else ""
        url += f"?{self._incoming.query}" if self._incoming.query else ""
        docs = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api"
        body = {"message": "Moved Permanently", "url": url, "documentation_url": docs}
        return Answer(status=301, body=json_bytes(body), headers=(("Location", url),))

    def _apply_precondition(self, answer: Answer, identity: Identity, fault: Fault) -> Answer:
        condition = self._incoming.if_none_match
        if condition and fault.do == "unchanged":
            return Answer(status=304, headers=(("ETag", condition),), cost=0)
        if answer.digest is None:
            return answer
        etag = _etag_of(answer.digest, identity.key, self._incoming.accept)
        headers = (*answer.headers, ("ETag", etag))
        if _matches(condition, etag):
            return Answer(status=304, headers=headers, cost=0)
        return replace(answer, headers=headers)

    def _budget(self, identity: Identity) -> Budget:
        if self._is_graphql:
            limit = identity.token.graphql_limit if identity.token else 60
            return self._state.limiter.budget(identity.key, "graphql", limit, self._now)
        return self._state.limiter.budget(identity.key, "core", identity.limit, self._now)

    def _headers(self, identity: Identity, budget: Budget) -> Headers:
        return (*identity_headers(identity), *budget_headers(budget))

    def _finish(self, answer: Answer, headers: Headers = (), cost: int = 0) -> Answer:
        """Count the request with its cost, and add the headers to its answer."""
        self._state.statistics.count_request(self._route.endpoint, answer.status, cost)
        return replace(answer, headers=(*answer.headers, *headers, *common_headers()))

    def _count_violation(self, why: str) -> None:
        detail = f"{self._incoming.method} {self._incoming.path} though {why}"
        self._state.statistics.count_event("violations", detail)

    @property
    def _is_graphql(self) -> bool:
        return self._route.endpoint == "graphql"


def _etag_of(digest: str, token: str, accept: str) -> str:
    """Return the weak ETag of a body for one token and one `Accept`."""
    mixed = hashlib.sha256(f"{digest}\n{token}\n{accept}".encode()).hexdigest()
    return f'W/"{mixed}"'


def _matches(condition: str, etag: str) -> bool:
    """Return whether an `If-None-Match` names the ETag, compared weakly."""
    wanted = etag.removeprefix("W/")
    return any(item.strip().removeprefix("W/") == wanted for item in condition.split(","))


def _graphql_limited(refusal: Answer) -> Answer:
    # GraphQL reports an exceeded limit in an answer with status 200
    body = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user."}]}
    return Answer(body=json_bytes(body), headers=refusal.headers, cost=0)
