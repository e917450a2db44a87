#!/usr/bin/env python3
"""Holds the manifests against themselves and against the service, without a cluster.

    python3 k8s/check.py            renders every overlay and checks it; exit 1 where something is wrong
    python3 k8s/check.py --write    writes components/prometheus-operator/prometheusrule.yaml from prometheus/rules.yaml
    python3 k8s/check.py --prove    breaks one thing after the other, in memory, and fails where a break is not noticed

Needs Python 3.11, kubernetes-validate (which brings PyYAML), and `kustomize` or `kubectl` in the PATH; `cargo xtask ci` gets
both. What it cannot know: whether an API server takes the manifests (kubectl apply --dry-run=server --validate=strict), and
whether anything of it works.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from checks import documents, monitoring, networks, policies, prove, references, schemas, settings, workloads  # noqa: E402

FOLDER = Path(__file__).parent
OVERLAYS = ["kind", "macvlan-whereabouts", "sriov", "mesh"]
CHECKS = [
    documents.check,
    schemas.check,
    networks.check,
    policies.check,
    workloads.check,
    settings.check,
    references.check,
    monitoring.check,
]


def wrong(overlay, docs):
    """Everything that is wrong with an overlay's documents."""
    return [message for check in CHECKS for message in check(overlay, docs)]


def main(arguments):
    if arguments == ["--write"]:
        monitoring.write()
        return 0
    rendered = {name: documents.render(FOLDER / "overlays" / name) for name in OVERLAYS}
    if arguments == ["--prove"]:
        return prove.run(rendered, wrong)
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    found = 0
    # Not for applying by itself, so only its form is looked at.
    for message in schemas.check("base", documents.render(FOLDER / "base")):
        found += 1
        print(f"base: {message}")
    for name, docs in rendered.items():
        messages = wrong(name, docs)
        found += len(messages)
        for message in messages:
            print(f"{name}: {message}")
        print(f"{name}: {len(docs)} documents, {len(messages)} mistakes")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except documents.Unreadable as error:
        print(error, file=sys.stderr)
        sys.exit(1)
