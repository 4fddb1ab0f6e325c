"""The GraphQL endpoint; a query costs one point per hundred lists, and at least one.

https://docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, execute_sync, parse, validate

from ..answers import Answer, Refusal, error_answer, json_answer, not_found
from ..calls import Call
from ..graphql_objects import Root
from ..graphql_schema import schema

CONNECTIONS_PER_POINT = 100
_UNKNOWN_FIELD = {
    "path": ["query", "isDraft"],
    "extensions": {"code": "undefinedField", "typeName": "PullRequest", "fieldName": "isDraft"},
    "message": "Field 'isDraft' doesn't exist on type 'PullRequest'",
}
_TIMEOUT = {
    "message": "Something went wrong while executing your query. This may be the result of a "
    "timeout, or it could be a GitHub bug."
}


def graphql(call: Call) -> Answer:
    """Answer POST /graphql."""
    if call.state.settings.graphql.absent:
        raise not_found()
    if call.identity.token is None:
        raise Refusal(error_answer(401, "This endpoint requires you to be authenticated.", cost=0))
    try:
        request = json.loads(call.body)
        query, variables = str(request["query"]), request.get("variables")
    except (KeyError, TypeError, ValueError):
        raise Refusal(error_answer(400, "Problems parsing JSON")) from None
    if call.state.settings.graphql.lacks_pull_details and "isDraft" in query:
        return json_answer({"errors": [_UNKNOWN_FIELD]})
    failing = call.state.settings.graphql.failing_shas
    if any(sha in query or sha in json.dumps(variables) for sha in failing):
        return json_answer({"data": None, "errors": [_TIMEOUT]})
    root = Root(call)
    document, errors = _checked(query)
    if document is None:
        result = ExecutionResult(None, errors)
    else:
        result = execute_sync(schema(), document, root_value=root, variable_values=variables)
    cost = max(1, math.ceil(root.connections / CONNECTIONS_PER_POINT))
    return replace(json_answer(_body(result)), cost=cost)


@lru_cache(maxsize=128)
def _checked(query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """Parse and validate a query; cached, because this is slow and clients repeat queries."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, [error]
    errors = validate(schema(), document)
    return (None, errors) if errors else (document, [])


def _body(result: ExecutionResult) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if result.data is not None:
        body["data"] = result.data
    if result.errors:
        body["errors"] = [_to_json(error) for error in result.errors]
    return body


def _to_json(error: GraphQLError) -> dict[str, Any]:
    described: dict[str, Any] = dict(error.formatted)
    extensions = described.pop("extensions", None) or {}
    # GitHub puts the type of an error next to its message
    return {**extensions, **described}
