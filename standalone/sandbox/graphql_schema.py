"""The part of GitHub's GraphQL schema about commits, their pull requests, and check suites.

https://docs.github.com/graphql/reference/objects
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
  node(id: ID!): Node
}
interface Node { id: ID! }
enum CheckRunType { ALL LATEST }
enum CheckAnnotationLevel { FAILURE NOTICE WARNING }
input CheckRunFilter { checkType: CheckRunType }
type CheckSuite implements Node {
  id: ID! databaseId: Int
  checkRuns(first: Int, last: Int, after: String, filterBy: CheckRunFilter): CheckRunConnection
}
type CheckRunConnection { nodes: [CheckRun] totalCount: Int! }
type CheckRun implements Node {
  id: ID! name: String! databaseId: Int
  annotations(first: Int, last: Int, after: String): CheckAnnotationConnection
}
type CheckAnnotationConnection { nodes: [CheckAnnotation] totalCount: Int! }
type CheckAnnotation {
  annotationLevel: CheckAnnotationLevel blobUrl: URI! databaseId: Int
  location: CheckAnnotationSpan! message: String! path: String! rawDetails: String title: String
}
type CheckAnnotationSpan { start: CheckAnnotationPosition! end: CheckAnnotationPosition! }
type CheckAnnotationPosition { line: Int! column: Int }
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
  createdAt: DateTime! closedAt: DateTime
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
