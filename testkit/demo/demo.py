"""The demonstration: connect to simulated providers by OAuth, read them over HTTP, ask; then `neurosync demo`.

    python3 testkit/demo/demo.py NEUROSYNC SANDBOX DATA [ARGUMENTS OF neurosync demo]

Starts neurosync-sandbox, which plays GitHub, Jira, Confluence and Slack of an invented organisation on this machine. What a
person does in a browser this script does: it opens the address and follows to where it leads.
"""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

REDIRECT = "http://127.0.0.1:7711/callback"
PORT = 7720
CONSENTS = ["github", "jira", "slack"]


def start_sandbox(program):
    """The sandbox on its usual port, or on any that are free, and what it says of itself."""
    for port in [["--port", str(PORT)], []]:
        command = [program, "--json", "--size", "60", "--redirect", REDIRECT, *port]
        # Ctrl-C is for the product: the sandbox is stopped after it.
        sandbox = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        if line := sandbox.stdout.readline():
            return sandbox, json.loads(line)
        sandbox.wait()
    sys.exit("neurosync-sandbox does not start")


def configure(data, told):
    """Lead the product to the sandbox instead of the providers, unless the folder is configured otherwise."""
    config = data / "neurosync.toml"
    mark = "# Written by the demonstration.\n"
    if config.exists() and not config.read_text().startswith(mark):
        sys.exit(f"{config} is not the demonstration's: name another folder")
    github, atlassian, slack = told["github"], told["atlassian"], told["slack"]
    apps = {
        "github": (github, [("authorize", f"{github['web']}/login/oauth/authorize"), ("token", f"{github['web']}/login/oauth/access_token"), ("api", f"{github['api']}/")]),
        "atlassian": (atlassian, [("authorize", f"{atlassian['auth']}/authorize"), ("token", f"{atlassian['auth']}/oauth/token"), ("api", f"{atlassian['api']}/")]),
        "slack": (slack, [("authorize", f"{slack['web']}/oauth/v2/authorize"), ("token", f"{slack['api']}/oauth.v2.access"), ("api", f"{slack['api']}/")]),
    }
    text = mark + f"[network]\nallow = [\"127.0.0.1\"]\n[keys]\nfile = {json.dumps(str(data.parent / 'demo.key'))}\n"
    for name, (place, addresses) in apps.items():
        secret = data / f"{name}.secret"
        secret.write_text(place["application"]["client_secret"])
        secret.chmod(0o600)
        fields = [("client_id", place["application"]["client_id"]), ("client_secret_file", str(secret)), ("redirect", REDIRECT), *addresses]
        text += f"[apps.{name}]\n" + "".join(f"{field} = {json.dumps(value)}\n" for field, value in fields)
    config.write_text(text)


def connect(neurosync, service):
    """Consent as the person who is signed in at the provider."""
    print(f"\n$ neurosync connect {service}", flush=True)
    waiting = subprocess.Popen([*neurosync, "connect", service], stderr=subprocess.PIPE, text=True)
    for line in waiting.stderr:
        print(line, end="", flush=True)
        if line.strip().startswith("http"):
            urllib.request.urlopen(line.strip(), timeout=60).read()
            break
    rest = waiting.stderr.read()
    if waiting.wait() != 0:
        sys.exit(rest)


def show(neurosync, *arguments):
    """Run a command as a person would, and show it."""
    print(f"\n$ neurosync {' '.join(arguments)}", flush=True)
    subprocess.run([*neurosync, *arguments], check=True)


def read_live(neurosync):
    """Connect to all four, add a source of each, read them over HTTP, and ask."""
    for service in CONSENTS:
        connect(neurosync, service)
    listed = subprocess.run([*neurosync, "--json", "connections"], check=True, stdout=subprocess.PIPE).stdout
    atlassian = next(one for one in json.loads(listed)["connections"] if one["name"] == "atlassian")
    site = atlassian["sites"][0]["url"]
    for kind, connection, place in [
        ("github", "github", "https://github.com/"),
        ("jira", "atlassian", site),
        ("confluence", "atlassian", site),
        ("slack", "slack", "https://acme.slack.com"),
    ]:
        show(neurosync, "source", "add", kind, f"live-{kind}", place, "--connection", connection)
    show(neurosync, "sync")
    show(neurosync, "search", "which customers lose their carts", "--limit", "2")


def main():
    program, sandbox, data, *rest = sys.argv[1:]
    # Whoever ends this script ends the sandbox with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = Path(data).absolute()
    # The invented organisations of the sandbox and of the sample have names in common.
    live = data.with_name(data.name + "-live")
    for folder in [data, live]:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox, told = start_sandbox(sandbox)
    try:
        configure(live, told)
        read_live([program, "--data", str(live)])
    finally:
        sandbox.terminate()
        sandbox.wait()
    print("\n$ neurosync demo", flush=True)
    # From here on Ctrl-C is for the product alone.
    demo = subprocess.Popen([program, "--data", str(data), "demo", *rest])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(demo.wait())


if __name__ == "__main__":
    main()
