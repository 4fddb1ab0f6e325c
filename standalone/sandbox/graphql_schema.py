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
type Query {
  repository(owner: String!, name: String!): Repository
  node(id: ID!): Node
  rateLimit: RateLimit
}
type RateLimit { cost: Int! }
interface Node { id: ID! }
enum CheckRunType { ALL LATEST }
enum CheckAnnotationLevel { FAILURE NOTICE WARNING }
input CheckRunFilter { checkType: CheckRunType }
type CheckSuite implements Node {
  id: ID!
  checkRuns(first: Int!, filterBy: CheckRunFilter): CheckRunConnection
}
type CheckRunConnection { nodes: [CheckRun] totalCount: Int! }
type CheckRun implements Node {
  id: ID! name: String!
  annotations(first: Int!): CheckAnnotationConnection
}
type CheckAnnotationConnection { nodes: [CheckAnnotation] totalCount: Int! }
type CheckAnnotation {
  annotationLevel: CheckAnnotationLevel
  location: CheckAnnotationSpan! message: String! path: String! rawDetails: String title: String
}
type CheckAnnotationSpan { start: CheckAnnotationPosition! end: CheckAnnotationPosition! }
type CheckAnnotationPosition { line: Int! column: Int }
interface GitObject { oid: GitObjectID! }
type Repository {
  databaseId: Int nameWithOwner: String!
  object(oid: GitObjectID!): GitObject
}
type Commit implements GitObject {
  oid: GitObjectID! message: String! additions: Int! deletions: Int! changedFilesIfAvailable: Int
  author: GitActor
  associatedPullRequests(first: Int!): PullRequestConnection
}
type GitActor { name: String user: User }
type User implements Actor { login: String! }
type PullRequestConnection { nodes: [PullRequest] totalCount: Int! }
type PullRequest {
  fullDatabaseId: BigInt number: Int! url: URI! title: String!
  headRefOid: GitObjectID! headRefName: String! baseRefName: String!
  headRepository: Repository author: Actor isDraft: Boolean!
  createdAt: DateTime! closedAt: DateTime
  labels(first: Int!): LabelConnection
}
interface Actor { login: String! }
type LabelConnection { nodes: [Label] totalCount: Int! }
type Label { name: String! }
"""


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """Return the schema."""
    return build_schema(SDL)
