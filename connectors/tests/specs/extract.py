"""Extract what the providers' official descriptions say of the operations that the connectors use.

    python3 connectors/tests/specs/extract.py SPECS_DIR > connectors/tests/specs/operations.json

SPECS_DIR holds github/api.github.com.subset.json and github/schema.graphql, jira/jira-cloud-platform-v3.subset.json and
slack/slack_web_openapi_v2.json. Only facts are taken: methods, paths, parameters, the shape of bodies. What a description says in
words (`max 100`) is looked up in its text, and the script fails where the words are not there.
"""

import json
import re
import sys
from pathlib import Path

GITHUB = [
    ("get", "/user"),
    ("get", "/user/repos"),
    ("get", "/users/{username}"),
    ("get", "/installation/repositories"),
    ("delete", "/installation/token"),
    ("post", "/app/installations/{installation_id}/access_tokens"),
    ("get", "/orgs/{org}/members"),
    ("get", "/repos/{owner}/{repo}"),
    ("get", "/repos/{owner}/{repo}/collaborators"),
    ("get", "/repos/{owner}/{repo}/issues"),
    ("get", "/repos/{owner}/{repo}/issues/comments"),
    ("get", "/repos/{owner}/{repo}/issues/{issue_number}"),
    ("get", "/repos/{owner}/{repo}/issues/{issue_number}/comments"),
    ("get", "/repos/{owner}/{repo}/labels"),
    ("get", "/repos/{owner}/{repo}/milestones"),
    ("get", "/repos/{owner}/{repo}/pulls"),
    ("get", "/repos/{owner}/{repo}/pulls/comments"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}/commits"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}/files"),
    ("get", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"),
    ("get", "/repos/{owner}/{repo}/releases"),
    ("get", "/repos/{owner}/{repo}/teams"),
]
JIRA = [
    ("post", "/rest/api/3/changelog/bulkfetch"),
    ("post", "/rest/api/3/comment/list"),
    ("get", "/rest/api/3/data-policy"),
    ("get", "/rest/api/3/data-policy/project"),
    ("get", "/rest/api/3/group/member"),
    ("post", "/rest/api/3/issue/bulkfetch"),
    ("get", "/rest/api/3/issue/{issueIdOrKey}/comment"),
    ("get", "/rest/api/3/issue/{issueIdOrKey}/remotelink"),
    ("get", "/rest/api/3/issuesecurityschemes/level/member"),
    ("get", "/rest/api/3/myself"),
    ("get", "/rest/api/3/project/search"),
    ("get", "/rest/api/3/project/{projectIdOrKey}"),
    ("get", "/rest/api/3/project/{projectIdOrKey}/role"),
    ("get", "/rest/api/3/project/{projectIdOrKey}/role/{id}"),
    ("get", "/rest/api/3/project/{projectKeyOrId}/permissionscheme"),
    ("post", "/rest/api/3/search/approximate-count"),
    ("post", "/rest/api/3/search/jql"),
    ("get", "/rest/api/3/users/search"),
    ("get", "/rest/api/3/webhook"),
    ("post", "/rest/api/3/webhook"),
    ("put", "/rest/api/3/webhook/refresh"),
]
SLACK = [
    "/auth.test",
    "/conversations.history",
    "/conversations.list",
    "/conversations.members",
    "/conversations.replies",
    "/usergroups.list",
    "/users.list",
]
# Types whose fields the queries may select, with the types that these lead to.
GRAPHQL = [
    "Query", "Repository", "Discussion", "DiscussionCategory", "DiscussionComment", "DiscussionConnection",
    "DiscussionCommentConnection", "Issue", "IssueConnection", "Label", "LabelConnection", "Node", "PageInfo", "PullRequest", "PullRequestConnection",
    "PullRequestReview", "PullRequestReviewConnection", "ReleaseConnection", "Actor", "User", "Bot", "Mannequin",
    "IssueTimelineItemsConnection", "PullRequestTimelineItemsConnection", "AssignedEvent", "UnassignedEvent", "ConnectedEvent",
    "DisconnectedEvent", "MarkedAsDuplicateEvent", "UnmarkedAsDuplicateEvent",
]
# Of one of several types: which one, only a fragment can say.
GRAPHQL_UNIONS = ["IssueTimelineItems", "PullRequestTimelineItems", "Assignee", "ReferencedSubject", "IssueOrPullRequest"]
GRAPHQL_INPUTS = ["DiscussionOrder", "IssueFilters", "IssueOrder"]
GRAPHQL_ENUMS = ["DiscussionOrderField", "IssueOrderField", "OrderDirection", "IssueTimelineItemsItemType", "PullRequestTimelineItemsItemType"]
# Operation, name of the parameter or field, the words that say how much it takes, and where they are.
STATED = {
    "github": [(None, "per_page", r"\(max (\d+)\)")],
    "jira": [
        ("/rest/api/3/group/member", "maxResults", r"between 1 and (\d+)"),
        ("/rest/api/3/users/search", "maxResults", r"limited to (\d+)"),
        ("/rest/api/3/search/jql", "maxResults", r"returns max (\d+) issues"),
        ("/rest/api/3/issue/bulkfetch", "issueIdsOrKeys", r"up to (\d+) issues"),
    ],
    "slack": [("/conversations.list", "limit", r"integer no larger than (\d+)")],
}
KEPT = ("type", "enum", "minimum", "maximum", "minItems", "maxItems", "format")


def resolve(document, value):
    while "$ref" in value:
        target = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        value = target
    return value


def shape(document, schema, depth=0):
    """A schema without its words. What objects inside a body hold is left out: the connectors send none."""
    schema = resolve(document, schema)
    kept = {key: schema[key] for key in KEPT if key in schema}
    if depth < 1 and "properties" in schema:
        kept["properties"] = {name: shape(document, one, depth + 1) for name, one in schema["properties"].items()}
        kept["required"] = schema.get("required", [])
        kept["closed"] = schema.get("additionalProperties") is False
    if depth < 3 and "items" in schema:
        kept["items"] = shape(document, schema["items"], depth + 1)
    return kept


def stated(api, path, name, words):
    """The most that a description allows in words."""
    for operation, parameter, pattern in STATED[api]:
        if operation in (None, path) and parameter == name:
            found = re.search(pattern, words)
            if found:
                return int(found.group(1))
            if operation is not None:
                sys.exit(f"{path} {name}: no words like {pattern}")
    return None


def parameter(document, api, path, one):
    one = resolve(document, one)
    # Swagger 2 writes the type beside the name.
    schema = shape(document, one.get("schema", one))
    most = stated(api, path, one["name"], one.get("description", ""))
    if most is not None:
        schema["maximum"] = most
    return {"name": one["name"], "in": one["in"], "required": bool(one.get("required")), "schema": schema}


def body(document, api, path, operation):
    content = resolve(document, operation.get("requestBody", {})).get("content", {})
    if "application/json" not in content:
        return None
    raw = resolve(document, content["application/json"]["schema"])
    kept = shape(document, raw)
    for name, schema in raw.get("properties", {}).items():
        words = resolve(document, schema).get("description", "") + " " + operation.get("description", "")
        most = stated(api, path, name, words)
        if most is not None:
            kept["properties"][name]["maxItems" if kept["properties"][name].get("type") == "array" else "maximum"] = most
    return kept


def operation(document, api, method, path, prefix=""):
    item = document["paths"][path]
    found = item[method]
    every = item.get("parameters", []) + found.get("parameters", [])
    # A Swagger 2 token is the credential, which is sent as a header in the way that all three share.
    parameters = [parameter(document, api, path, one) for one in every if resolve(document, one)["name"] != "token"]
    kept = {"api": api, "method": method.upper(), "path": prefix + path, "parameters": parameters}
    sent = body(document, api, path, found)
    if sent is not None:
        kept["body"] = sent
    return kept


def blocks(text, kind, name):
    found = re.search(rf"^{kind} {name}\b[^{{]*\{{(.*?)^\}}", text, re.S | re.M)
    if not found:
        sys.exit(f"{kind} {name} is not in the schema")
    return re.sub(r'"""(?:.|\n)*?"""|#.*|=\s*(?:\{[^}]*\}|\w+)', "", found.group(1))


def fields(text, kind, name):
    listed = {}
    for found in re.finditer(r"(\w+)\s*(?:\(([^)]*)\))?\s*:\s*([\[\]!\w]+)", blocks(text, kind, name)):
        arguments = dict(re.findall(r"(\w+)\s*:\s*([\[\]!\w]+)", found.group(2) or ""))
        listed[found.group(1)] = {"type": found.group(3), "arguments": arguments}
    return listed


def graphql(text):
    kinds = {name: "interface" if name in ("Node", "Actor") else "type" for name in GRAPHQL}
    types = {name: fields(text, kind, name) for name, kind in kinds.items()}
    # Of the large types only the fields that the queries name are facts of interest; the rest would be a copy.
    used = {"Query": ["repository", "node", "nodes"], "Repository": ["databaseId", "discussions", "issues", "nameWithOwner", "pullRequests", "releases"],
            "User": ["login"], "Bot": ["login"], "Mannequin": ["login"]}
    for name, wanted in used.items():
        types[name] = {field: types[name][field] for field in wanted}
    for name in ("Issue", "PullRequest", "Discussion", "DiscussionComment", "PullRequestReview", "Label", "DiscussionCategory"):
        simple = {"number", "reviews", "fullDatabaseId", "id", "databaseId", "title", "body", "url", "closed", "isAnswered", "isAnswer",
                  "createdAt", "updatedAt", "deletedAt", "author", "category", "labels", "comments", "replies", "name", "repository",
                  "closingIssuesReferences", "timelineItems"}
        types[name] = {field: told for field, told in types[name].items() if field in simple}
    types |= {name: {} for name in GRAPHQL_UNIONS if re.search(rf"^union {name}\b", text, re.M)}
    inputs = {name: {f: t["type"] for f, t in fields(text, "input", name).items()} for name in GRAPHQL_INPUTS}
    enums = {name: re.findall(r"\b[A-Z_]+\b", blocks(text, "enum", name)) for name in GRAPHQL_ENUMS}
    return {"types": types, "inputs": inputs, "enums": enums}


def lines(table):
    """The table as JSON with one operation, type or source in a line."""
    def part(value):
        if isinstance(value, list):
            return "[\n" + ",\n".join("  " + json.dumps(one, sort_keys=True) for one in value) + "\n ]"
        return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(one, sort_keys=True)}" for name, one in value.items()) + "\n }"
    return "{\n" + ",\n".join(f" {json.dumps(name)}: {part(value)}" for name, value in table.items()) + "\n}"


def main():
    specs = Path(sys.argv[1])
    load = lambda path: json.loads((specs / path).read_text())
    github, jira = load("github/api.github.com.subset.json"), load("jira/jira-cloud-platform-v3.subset.json")
    slack = load("slack/slack_web_openapi_v2.json")
    operations = [operation(github, "github", method, path) for method, path in GITHUB]
    operations += [operation(jira, "jira", method, path) for method, path in JIRA]
    for path in SLACK:
        method = next(iter(set(slack["paths"][path]) & {"get", "post"}))
        operations.append(operation(slack, "slack", method, path, "/api"))
    table = {
        "sources": {
            "github": f"{github['info']['title']} {github['info']['version']}; GraphQL: GitHub's public schema",
            "jira": f"{jira['info']['title']} {jira['info']['version']}",
            "slack": f"{slack['info']['title']} {slack['info']['version']}",
        },
        "operations": operations,
        **graphql((specs / "github/schema.graphql").read_text()),
    }
    print(lines(table))


main()
