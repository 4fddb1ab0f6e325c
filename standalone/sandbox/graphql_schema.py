"""The part of GitHub's GraphQL schema about commits and their pull requests.

https://docs.github.com/graphql/reference/objects#commit
"""

from __future__ import annotations

from functools import lru_cache

from graphql import GraphQLSchema, build_schema

SDL = """
scalar GitObjectID
scalar DateTime
scalar URI
scalar BigInt
enum PullRequestState { OPEN CLOSED MERGED }
type Query {
  repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
  rateLimit(dryRun: Boolean = false): RateLimit
  viewer: User!
}
type RateLimit {
  cost: Int! limit: Int! nodeCount: Int! remaining: Int! resetAt: DateTime! used: Int!
}
interface GitObject { oid: GitObjectID! abbreviatedOid: String! }
type Repository {
  databaseId: Int nameWithOwner: String! name: String!
  object(oid: GitObjectID, expression: String): GitObject
}
type Commit implements GitObject {
  oid: GitObjectID! abbreviatedOid: String! message: String! messageHeadline: String!
  additions: Int! deletions: Int! changedFilesIfAvailable: Int changedFiles: Int!
  committedDate: DateTime! author: GitActor
  associatedPullRequests(first: Int, last: Int, after: String): PullRequestConnection
}
type GitActor { name: String email: String date: DateTime user: User }
type User implements Actor { login: String! databaseId: Int }
type PullRequestConnection { nodes: [PullRequest] totalCount: Int! }
type PullRequest {
  databaseId: Int fullDatabaseId: BigInt number: Int! url: URI! title: String!
  headRefOid: GitObjectID! headRefName: String! baseRefName: String! state: PullRequestState!
  headRepository: Repository author: Actor isDraft: Boolean!
  labels(first: Int, last: Int, after: String): LabelConnection
}
interface Actor { login: String! }
type LabelConnection { nodes: [Label] totalCount: Int! }
type Label { name: String! }
"""


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """Return the schema."""
    return build_schema(SDL)
