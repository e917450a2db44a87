"""Holds what is of Kubernetes itself against its schemas, of several versions; a member that they do not know is a mistake."""

import functools
import json

import kubernetes_validate

from .documents import name

# The oldest that k8s/README.md promises, the one that an API server was tried of, and the newest that there are schemas of.
VERSIONS = ["1.30", "1.34", "1.37"]
# What others define: only an API server with their definitions can tell (k8s/README.md, "Checking").
OF_OTHERS = {
    "cert-manager.io",
    "k8s.cni.cncf.io",
    "monitoring.coreos.com",
    "security.istio.io",
}


@functools.cache
def _wrong(text):
    """By the text of a document, since most are the same in all overlays. Each as (version, message)."""
    doc, told = json.loads(text), []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(doc, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            told.append((version, f"{'.'.join(str(part) for part in error.path)}: {error.message}"))
        except kubernetes_validate.SchemaNotFoundError as error:
            told.append((version, error.message))
    return told


def check(_overlay, docs):
    """Each document is one that Kubernetes knows, as far as it is of Kubernetes itself."""
    for doc in docs:
        # documents.py tells of those that lack one.
        if not (doc.get("kind") and doc.get("apiVersion")) or doc["apiVersion"].split("/")[0] in OF_OTHERS:
            continue
        for version, message in _wrong(json.dumps(doc, sort_keys=True)):
            yield f"{name(doc)}: Kubernetes {version}: {message}"
