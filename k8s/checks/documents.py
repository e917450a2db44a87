"""Renders overlays and reads what comes out, strictly. What every other check asks of documents is here too."""

import json
import shutil
import subprocess

import yaml

NAMESPACE = "orders"
CLUSTER_WIDE = {"Namespace"}
# Where each kind keeps its pods' template.
TEMPLATES = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}


class Unreadable(Exception):
    """A document that is not what it says."""


class Strict(yaml.SafeLoader):
    """YAML in which a key that stands twice is a mistake."""


def _mapping(loader, node):
    seen = {}
    for key, value in node.value:
        name = loader.construct_object(key, deep=True)
        if name in seen:
            raise Unreadable(f"{name!r} stands twice{key.start_mark}")
        seen[name] = loader.construct_object(value, deep=True)
    return seen


Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse(text):
    """All documents of a text."""
    try:
        return [doc for doc in yaml.load_all(text, Loader=Strict) if doc is not None]
    except yaml.YAMLError as error:
        raise Unreadable(f"no YAML: {error}") from error


def strict_json(text):
    """JSON in which a key that stands twice is a mistake. Raises ValueError."""

    def pairs(items):
        keys = [key for key, _ in items]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ValueError(f"{sorted(twice)} twice")
        return dict(items)

    return json.loads(text, object_pairs_hook=pairs)


def render(folder):
    """The documents of an overlay, as kustomize makes them."""
    if shutil.which("kustomize"):
        command = ["kustomize", "build", str(folder)]
    elif shutil.which("kubectl"):
        command = ["kubectl", "kustomize", str(folder)]
    else:
        raise Unreadable("neither kustomize nor kubectl is in the PATH: install one of them")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unreadable(f"{' '.join(command)}: {done.stderr.strip()}")
    return parse(done.stdout)


def name(doc):
    """How messages call a document."""
    return f"{doc.get('kind')}/{doc.get('metadata', {}).get('name')}"


def of_kind(docs, *kinds):
    """Documents of these kinds."""
    return [doc for doc in docs if doc.get("kind") in kinds]


def template(doc):
    """The template of a document's pods, or None."""
    for key in TEMPLATES.get(doc.get("kind"), ()):
        doc = doc.get(key, {})
    return doc if "spec" in doc and "containers" in doc["spec"] else None


def workloads(docs):
    """Documents that make pods, each with its template."""
    return [(doc, template(doc)) for doc in docs if doc.get("kind") in TEMPLATES]


def labels(pods):
    """The labels of a template's pods."""
    return pods.get("metadata", {}).get("labels", {})


def selects(selector, pods):
    """Whether a selector, of matchLabels alone, selects a template's pods."""
    return (selector.get("matchLabels") or {}).items() <= labels(pods).items()


def environment(container):
    """The environment's literal values; None for those that come from elsewhere."""
    return {entry["name"]: entry.get("value") for entry in container.get("env", [])}


def service(docs):
    """The Deployment of the service, its template and container."""
    for doc, pods in workloads(docs):
        if doc["kind"] == "Deployment" and doc["metadata"]["name"] == "order-service":
            return doc, pods, pods["spec"]["containers"][0]
    raise Unreadable("there is no Deployment order-service")


def check(_overlay, docs):
    """Each document says what and where it is, once."""
    seen = set()
    for doc in docs:
        if not isinstance(doc, dict) or not all(doc.get(key) for key in ("apiVersion", "kind", "metadata")):
            yield f"a document has no apiVersion, kind or metadata: {str(doc)[:80]}"
            continue
        place = doc["metadata"].get("namespace")
        expected = None if doc["kind"] in CLUSTER_WIDE else NAMESPACE
        if place != expected:
            yield f"{name(doc)}: namespace is {place}, not {expected}"
        identity = (doc["apiVersion"].split("/")[0], name(doc))
        if identity in seen:
            yield f"{name(doc)} stands twice"
        seen.add(identity)
