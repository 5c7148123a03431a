"""Check known paths on real corpora through the HTTP API.

usage: known_paths.py titanium    NEUROSYNC DATA_FOLDER CORPUS
       known_paths.py hyperledger NEUROSYNC DATA_FOLDER CORPUS

titanium: CORPUS holds jira/*.jsonl.gz, commits/OWNER__NAME.jsonl.gz and issue_pr_commit.json, a list of
[issue key, repository name, pull request number, merge commit]. Every triple must be a path of at most 3 edges from the
issue through that pull request to that commit, each edge with evidence that names what it joins.

hyperledger: CORPUS holds wiki/SPACE/*.md and commits/OWNER__NAME.jsonl.gz. Every GitHub issue or pull request URL in a
page whose number the repository's commit log names must be a path page -> item -> commit.

Sources that DATA_FOLDER already holds are not imported again. Prints one JSON object.
"""

import gzip
import json
import pathlib
import re
import subprocess
import sys
import urllib.parse
import urllib.request

FORMER_NAMES = {"tidev__alloy": ["appcelerator/alloy"]}


def neurosync(*arguments):
    run = subprocess.run([PROGRAM, "--data", DATA, "--json", *arguments], stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def add(known, connector, name, path, *options):
    if name not in known:
        neurosync("source", "add", connector, name, str(path), *options)


def add_sources(corpus):
    known = {source["source"]["id"] for source in neurosync("source", "list")["sources"]}
    if (corpus / "jira").is_dir():
        add(known, "jira", "jira", corpus / "jira", "--site", "titanium")
    for log in sorted((corpus / "commits").iterdir()):
        stem = log.name.split(".")[0]
        former = [part for name in FORMER_NAMES.get(stem, []) for part in ("--formerly", name)]
        add(known, "commits", stem.replace("__", "-").lower(), log, *former)
    if (corpus / "wiki").is_dir():
        for space in sorted((corpus / "wiki").iterdir()):
            add(known, "wiki", f"wiki-{space.name.lower()}", space, "--site", "hyperledger")
    neurosync("sync")


class Server:
    def __enter__(self):
        self.process = subprocess.Popen([PROGRAM, "--data", DATA, "--json", "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE)
        text = b""
        while not text.strip().endswith(b"}"):
            text += self.process.stdout.readline()
        self.base = json.loads(text)["listening"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def paths(self, **question):
        url = f"{self.base}/v1/graph/paths?" + urllib.parse.urlencode(question)
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)["paths"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise


def names(edge):
    """Whether the words of an edge name one of its ends by number, key or SHA."""
    words = edge["evidence"].lower()
    ends = [re.split(r"[#@/:]", end)[-1].lower() for end in (edge["from"], edge["to"])]
    return any(end[:7] in words for end in ends if end)


def commits(corpus):
    for log in sorted((corpus / "commits").iterdir()):
        repository = log.name.split(".")[0].replace("__", "/")
        with gzip.open(log, "rt") as lines:
            for line in lines:
                yield repository, json.loads(line)


def titanium(corpus):
    owners = {repository.split("/")[1]: repository for repository, _ in commits(corpus)}
    known = json.loads((corpus / "issue_pr_commit.json").read_text())
    found, missing = 0, []
    with Server() as server:
        for issue, name, number, sha in known:
            item = f"{owners[name]}#{number}".lower()
            paths = server.paths(**{"from": issue, "to": sha, "through": f"github:{item}", "max_hops": 3, "limit": 1})
            if paths and len(paths[0]["edges"]) <= 3 and f"github:{item}" in paths[0]["nodes"] and all(names(edge) for edge in paths[0]["edges"]):
                found += 1
            else:
                missing.append([issue, item, sha])
    return {"known": len(known), "found": found, "share": round(found / len(known), 4), "missing": missing}


def hyperledger(corpus):
    named = {}
    for repository, commit in commits(corpus):
        for number in re.findall(r"(?:#|pull request #)(\d+)", commit["message"]):
            named.setdefault((repository.lower(), int(number)), []).append(commit["sha"])
    references, resolved, missing = 0, 0, []
    url = re.compile(r"https?://github\.com/([\w.-]+/[\w.-]+)/(?:pull|issues)/(\d+)")
    with Server() as server:
        for page in sorted((corpus / "wiki").rglob("*.md")):
            targets = {(repository.lower(), int(number)) for repository, number in url.findall(page.read_text(errors="replace"))}
            found = re.search(r"_(\d+)$", page.stem)
            name = found.group(1) if found else page.stem
            key = f"wiki:hyperledger/{page.relative_to(corpus / 'wiki').parts[0]}/{name}"
            for repository, number in sorted(targets & named.keys()):
                references += 1
                item = f"github:{repository}#{number}"
                question = {"from": key, "through": item, "max_hops": 2, "limit": 1}
                if any(server.paths(to=sha, **question) for sha in named[repository, number]):
                    resolved += 1
                else:
                    missing.append([key, item])
    return {"references": references, "resolved": resolved, "share": round(resolved / max(references, 1), 4), "missing": missing}


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in ("titanium", "hyperledger"):
        sys.exit(__doc__)
    PROGRAM, DATA = sys.argv[2], sys.argv[3]
    CORPUS = pathlib.Path(sys.argv[4])
    add_sources(CORPUS)
    print(json.dumps({"titanium": titanium, "hyperledger": hyperledger}[sys.argv[1]](CORPUS), indent=1))
