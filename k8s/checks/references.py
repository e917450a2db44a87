"""What documents name exists: in the overlay, made by cert-manager, or given by the platform and said so here."""

from ipaddress import ip_address
from pathlib import Path

from .documents import environment, name, of_kind, service, workloads
from .policies import peers

# What an overlay expects to be there already; the README lists the same.
GIVEN = {
    "kind": {"Secret": set()},
    "macvlan-whereabouts": {"Secret": {"db-credentials"}},
    "sriov": {"Secret": {"db-credentials"}},
    "mesh": {"Secret": {"db-credentials"}},
}
# Keys of Secrets that are not in the overlay.
KEYS = {"db-credentials": {"database", "username", "password"}}
# Made by a script instead of cert-manager.
SCRIPT = Path(__file__).parents[1] / "overlays" / "kind" / "certificates.sh"


def check(overlay, docs):
    """Everything that is named."""
    there = {kind: {doc["metadata"]["name"] for doc in of_kind(docs, kind)} for kind in
             ("ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim", "Service", "Role")}
    there["Secret"] |= GIVEN[overlay]["Secret"]
    there["Secret"] |= {doc["spec"]["secretName"] for doc in of_kind(docs, "Certificate")}
    if overlay == "kind":
        there["Secret"] |= _scripted()
    keys = {doc["metadata"]["name"]: set(doc.get("data", {})) for doc in of_kind(docs, "Secret", "ConfigMap")}
    for doc, pods in workloads(docs):
        for kind, wanted, key in _wanted(doc, pods):
            if wanted not in there[kind]:
                yield f"{name(doc)}: {kind} {wanted} is nowhere"
            elif key and wanted in (keys.keys() | KEYS.keys()) and key not in keys.get(wanted, KEYS.get(wanted)):
                yield f"{name(doc)}: {kind} {wanted} has no {key}"
    for doc in of_kind(docs, "EndpointSlice"):
        if doc["metadata"].get("labels", {}).get("kubernetes.io/service-name") not in there["Service"]:
            yield f"{name(doc)}: is of no Service"
    for doc in of_kind(docs, "Service"):
        if doc["spec"].get("selector") or doc["spec"].get("clusterIP") != "None":
            yield f"{name(doc)}: a selector or a cluster address leads to eth0, where nobody serves"
    for doc in of_kind(docs, "RoleBinding"):
        if doc["roleRef"]["name"] not in there["Role"]:
            yield f"{name(doc)}: Role {doc['roleRef']['name']} is nowhere"
        for subject in doc["subjects"]:
            if subject.get("namespace") == "orders" and subject["name"] not in there["ServiceAccount"]:
                yield f"{name(doc)}: ServiceAccount {subject['name']} is nowhere"
    yield from _read_only(docs)
    yield from _certificates(docs)


def _wanted(doc, pods):
    spec = pods["spec"]
    if doc["kind"] == "StatefulSet":
        yield "Service", doc["spec"]["serviceName"], None
    if spec.get("serviceAccountName"):
        yield "ServiceAccount", spec["serviceAccountName"], None
    for volume in spec.get("volumes", []):
        if "secret" in volume:
            items = volume["secret"].get("items") or [{"key": None}]
            yield from (("Secret", volume["secret"]["secretName"], item["key"]) for item in items)
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"], None
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], None
    for container in spec["containers"]:
        for entry in container.get("env", []):
            for source, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                if source in entry.get("valueFrom", {}):
                    yield kind, entry["valueFrom"][source]["name"], entry["valueFrom"][source]["key"]


def _scripted():
    """Secrets that the script of the overlay for one machine makes: its lines `make NAME …`."""
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    return {line.split()[1] for line in lines if line.startswith("make ")}


def _read_only(docs):
    for role in of_kind(docs, "Role", "ClusterRole"):
        for rule in role["rules"]:
            more = set(rule["verbs"]) - {"get", "list", "watch"}
            if more or "secrets" in rule["resources"] or "*" in rule["resources"]:
                yield f"{name(role)}: it may more than look ({sorted(more)}, {rule['resources']})"


def _certificates(docs):
    """Whom the service connects to by address has that address in a certificate."""
    certificates = of_kind(docs, "Certificate")
    if not certificates:
        return
    vouched = {ip_address(one) for doc in certificates for one in doc["spec"].get("ipAddresses", [])}
    for setting, _, host, _ in peers(docs):
        if ip_address(host) not in vouched:
            yield f"{setting}: no certificate vouches for {host}, and the service connects to nobody else"
    _, _, container = service(docs)
    if environment(container).get("MGMT_TLS_MODE") not in ("tls", "mtls"):
        return
    for scrape in of_kind(docs, "ScrapeConfig"):
        wanted = scrape["spec"]["tlsConfig"]["serverName"]
        first = [doc["spec"]["dnsNames"][0] for doc in certificates if doc["metadata"]["name"] == "order-service-mgmt"]
        if first != [wanted]:
            yield f"{name(scrape)}: asks for {wanted}, the management certificate begins with {first} (replicas ask for that)"
