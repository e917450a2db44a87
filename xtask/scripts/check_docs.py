"""Holds docs/operations.md and the guides against what they speak of.

    order-service --help | python3 xtask/scripts/check_docs.py           fails with a line for each that is wrong
    order-service --help | python3 xtask/scripts/check_docs.py --write   writes the table of settings anew

Held: every setting stands in the table with its default and meaning; every alert of
k8s/prometheus/rules.yaml has a section of its name; every log line of the table is said somewhere in
crates/*/src; metrics that are named are in METRICS.md; links and their anchors lead somewhere.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/operations.md"
PAGES = ["docs/operations.md", "docs/guide-rest.md", "docs/guide-grpc.md", "docs/guide-kafka.md", "CONTRIBUTING.md",
         "SECURITY.md"]
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"
# Metrics of others, and beginnings of names.
PREFIXES = r"(?:orders|http_server|rpc_server|kafka|db|feed|plane|tls|files|otlp|redis|process)_"


def settings(text):
    """(variable, help, default) of each setting, as `--help` prints them."""
    # What follows all flags begins at the margin.
    part = re.split(r"\n\n(?=\S)", text.split("Settings:\n", 1)[1])[0]
    for flag in re.split(r"\n\s*(?=--)", "\n" + part)[1:]:
        name, _, rest = flag.partition(" ")
        words = " ".join(rest.split("\n", 1)[1].split())
        found = re.search(r" \[default: (.*)\]$", words)
        meaning = words[: found.start()] if found else words
        yield name[2:].replace("-", "_").upper(), meaning, found.group(1) if found else ""


def topics():
    """(topic, variables) in the order of the file of all settings."""
    text = (ROOT / "crates/order-service/order-service.toml").read_text()
    for part in re.split(r"^# --- ", text, flags=re.M)[1:]:
        yield re.sub(r" -+$", "", part.split("\n", 1)[0]), [key.upper() for key in re.findall(r"^(\w+) = ", part, re.M)]


def table(helped):
    """The table of settings as Markdown."""
    known = {name: (meaning, default) for name, meaning, default in settings(helped)}
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for topic, names in topics():
        lines.append(f"| **{topic}** | | |")
        for name in names:
            meaning, default = known.pop(name)
            default = f"`{default}`" if default else "unset"
            lines.append(f"| `{name}` | {default} | {meaning.replace('|', chr(92) + '|')} |")
    if known:
        raise SystemExit(f"order-service.toml lacks {', '.join(known)}")
    return "\n".join(lines) + "\n"


def anchors(text):
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def wrong(helped):
    """What is wrong, a line each."""
    page = PAGE.read_text()
    if page.split(BEGIN, 1)[1].split(END, 1)[0] != table(helped):
        yield "docs/operations.md: the table of settings is stale; run with --write"
    rules = (ROOT / "k8s/prometheus/rules.yaml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    sections = re.findall(r"^### (Order\w+)$", page, re.M)
    for name in set(alerts) ^ set(sections):
        yield f"docs/operations.md: the alert {name} is on one side alone, of the rules and the sections"
    sources = " ".join(path.read_text() for path in ROOT.glob("crates/*/src/**/*.rs"))
    sources = re.sub(r"\\\n\s*", "", sources)
    for line in re.findall(r"^\| \w+ \| `([^`]*)` \|", page.split("## Log lines", 1)[1], re.M):
        if line not in sources:
            yield f"docs/operations.md: no program says {line!r}"
    metrics = (ROOT / "docs/METRICS.md").read_text()
    names = set(re.findall(r"\| `(\w+)`", metrics))
    for path in PAGES:
        file = ROOT / path
        text = file.read_text()
        for name in re.findall(rf"`({PREFIXES}\w+)(?:\{{[^`]*)?`", text):
            if name not in names and not re.search(rf"\b{name}\b", sources):
                yield f"{path}: {name} is not in METRICS.md"
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)):
            target, _, anchor = link.partition("#")
            if "://" in link:
                continue
            there = (file.parent / target).resolve() if target else file
            if not there.exists():
                yield f"{path}: {link} leads nowhere"
            elif anchor and anchor not in anchors(there.read_text()):
                yield f"{path}: {link} has no such heading"


def main():
    """See the module."""
    helped = sys.stdin.read()
    if sys.argv[1:] == ["--write"]:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + table(helped) + END + rest.partition(END)[2])
        return
    found = list(wrong(helped))
    print("\n".join(found) or "docs: settings, alerts, log lines, metrics and links hold")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
