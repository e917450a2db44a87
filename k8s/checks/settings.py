"""The environment of the service's containers: each name is a setting, and files are where something is mounted."""

import re
import tomllib
from pathlib import Path

from .documents import environment, name, of_kind, workloads

DEFAULTS = Path(__file__).parents[2] / "crates" / "order-service" / "order-service.toml"
ROLES = {"read", "place", "change", "fact", "admin"}
# Settings that can be read from a file (secrets): the service's table marks them.
SECRETS = {"DATABASE_URL", "DATABASE_PASSWORD", "REDIS_URL", "REDIS_PASSWORD"}


def known():
    """Every variable that the service reads."""
    keys = re.findall(r"^([a-z_]+) = ", DEFAULTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {key.upper() for key in keys} | {f"{key}_FILE" for key in SECRETS}


def check(_overlay, docs):
    """Of every container that runs the service's image."""
    variables = known()
    for doc, pods in workloads(docs):
        for container in pods["spec"]["containers"]:
            if container["image"].rpartition("/")[2].split(":")[0] != "order-service":
                continue
            for message in (*_names(container, variables), *_files(container), *_tls(container)):
                yield f"{name(doc)}: {message}"
    for doc in of_kind(docs, "ConfigMap"):
        for file, text in doc.get("data", {}).items():
            if file == "callers.toml":
                yield from (f"{file}: {message}" for message in _callers(text))


def _callers(text):
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield f"no TOML: {error}"
        return
    if set(table) != {"callers"}:
        yield f"{sorted(table)}: [callers] is the one table"
    for caller, roles in table.get("callers", {}).items():
        if not roles or not set(roles) <= ROLES:
            yield f"{caller} has {roles}, of {sorted(ROLES)}"


def _names(container, variables):
    names = [entry["name"] for entry in container.get("env", [])]
    for variable in names:
        if variable not in variables:
            yield f"{variable} is no setting of the service"
        if names.count(variable) > 1:
            yield f"{variable} is set twice"


def _files(container):
    mounts = [mount["mountPath"].rstrip("/") + "/" for mount in container.get("volumeMounts", [])]
    for variable, value in environment(container).items():
        if variable.endswith("_FILE") and value and not any(value.startswith(mount) for mount in mounts):
            yield f"{variable} is {value}, where nothing is mounted"


def _tls(container):
    env = environment(container)
    for variable, mode in env.items():
        peer = re.fullmatch(r"([A-Z]+)_TLS_MODE", variable)
        if not peer or mode != "mtls":
            continue
        for part in ("CERT", "KEY", "CA"):
            if not env.get(f"{peer[1]}_TLS_{part}_FILE"):
                yield f"{variable} is mtls, without {peer[1]}_TLS_{part}_FILE"
