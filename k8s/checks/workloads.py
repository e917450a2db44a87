"""Pods: their networks are pinned, they run restricted, they stop in time, and what selects them selects them."""

import re

from .documents import environment, labels, name, of_kind, selects, service, workloads
from .networks import attached, plane_of

VARIABLES = {"MGMT_INTERFACE": "mgmt", "DATA_INTERFACE": "data", "STORAGE_INTERFACE": "storage"}
VOLUMES = {"configMap", "downwardAPI", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
# Default of the service, in seconds.
DRAIN_TIMEOUT = "25s"


def check(overlay, docs):
    """Every workload, then what goes for the service alone."""
    nads = {nad["metadata"]["name"] for nad in of_kind(docs, "NetworkAttachmentDefinition")}
    for doc, pods in workloads(docs):
        for message in (
            *_networks(overlay, pods, nads, docs),
            *_restricted(pods["spec"]),
            *_container_parts(pods["spec"]),
            *_selector(doc, pods),
        ):
            yield f"{name(doc)}: {message}"
    yield from _service(docs)
    for kind in ("PodDisruptionBudget",):
        for doc in of_kind(docs, kind):
            if not any(selects(doc["spec"]["selector"], pods) for _, pods in workloads(docs)):
                yield f"{name(doc)}: it selects no pods"


def _networks(overlay, pods, nads, docs):
    interfaces = {}
    for namespace, network, interface in attached(pods):
        if not namespace or not interface:
            yield f"{network} is not pinned: write NAMESPACE/NETWORK@INTERFACE (STA004)"
        if network not in nads:
            yield f"{network} is no network"
        if interface in interfaces:
            yield f"{interface} is named twice"
        interfaces[interface] = network
    for container in pods["spec"]["containers"]:
        env = environment(container)
        for variable, plane in VARIABLES.items():
            wanted = env.get(variable)
            if wanted and plane_of(interfaces.get(wanted, "no")) != plane:
                yield f"{variable} is {wanted}, which is {interfaces.get(wanted, 'no network of this pod')}"
        if env.get("DEFAULT_INTERFACE") not in (None, "eth0"):
            yield "DEFAULT_INTERFACE is not eth0"
    if overlay == "sriov":
        yield from _functions(pods, interfaces.values(), docs)


def _functions(pods, networks, docs):
    """As many virtual functions are asked for as there are networks of them."""
    resources = {
        nad["metadata"]["name"]: nad["metadata"].get("annotations", {}).get("k8s.v1.cni.cncf.io/resourceName")
        for nad in of_kind(docs, "NetworkAttachmentDefinition")
    }
    wanted = [resources[network] for network in networks if resources.get(network)]
    own = pods["spec"]["containers"][0].get("resources", {})
    for resource in set(wanted):
        asked = [own.get(part, {}).get(resource) for part in ("requests", "limits")]
        if asked != [str(wanted.count(resource))] * 2:
            yield f"{asked} of {resource} are asked for, its networks take {wanted.count(resource)}"


def _restricted(spec):
    """Pod Security's profile `restricted`, and what this house asks beyond it."""
    pod = spec.get("securityContext", {})
    if pod.get("runAsNonRoot") is not True or not pod.get("runAsUser"):
        yield "it may run as root: runAsNonRoot and runAsUser"
    if pod.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "seccompProfile is not RuntimeDefault"
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(key):
            yield f"{key} is set"
    if spec.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false: a Service named redis would set REDIS_PORT"
    for volume in spec.get("volumes", []):
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"volume {volume['name']} is of a kind that restricted refuses"
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield f"{container['name']} may gain privileges"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{container['name']}: capabilities are not just drop ALL"
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']} may write its root"
        for part in ("requests", "limits"):
            if not {"cpu", "memory"} <= set(container.get("resources", {}).get(part, {})):
                yield f"{container['name']}: resources.{part} lacks cpu or memory"


def _container_parts(spec):
    """Mounts have volumes, probes have ports."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        ports = {port["name"] for port in container.get("ports", [])}
        for mount in container.get("volumeMounts", []):
            claimed = mount["name"] == "data" and mount["name"] not in volumes
            if mount["name"] not in volumes and not claimed:
                yield f"{container['name']} mounts {mount['name']}, which is no volume"
            if "subPath" in mount and "secret" in volumes.get(mount["name"], {}):
                yield f"{mount['name']} is mounted by subPath: a renewed Secret never arrives (TLS002)"
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            port = container.get(probe, {}).get("httpGet", {}).get("port")
            if port is not None and port not in ports:
                yield f"{probe} asks port {port}, which is none of {sorted(ports)}"


def _selector(doc, pods):
    selector = doc["spec"].get("selector")
    if selector and not selects(selector, pods):
        yield f"its selector {selector['matchLabels']} does not select its own pods {labels(pods)}"
    for constraint in pods["spec"].get("topologySpreadConstraints", []):
        if not selects(constraint["labelSelector"], pods):
            yield "topologySpreadConstraints select other pods"


def seconds(text):
    """A duration of the service, as far as manifests use them."""
    found = re.fullmatch(r"(\d+)(ms|s|m)", text)
    if not found:
        raise ValueError(f"{text!r} is no duration")
    return int(found[1]) * {"ms": 0.001, "s": 1, "m": 60}[found[2]]


def _service(docs):
    doc, pods, container = service(docs)
    if labels(pods).get("architecture") != "hexagonal" or labels(pods).get("app") != "order-service":
        yield f"{name(doc)}: labels app and architecture are missing"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    if ports != {"http": 8080, "grpc": 9090, "metrics": 9091}:
        yield f"{name(doc)}: ports are {ports}"
    sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    drain = seconds(environment(container).get("DRAIN_TIMEOUT") or DRAIN_TIMEOUT)
    grace = pods["spec"].get("terminationGracePeriodSeconds", 30)
    if grace <= sleep + drain:
        yield f"{name(doc)}: killed after {grace} s, while preStop ({sleep} s) and DRAIN_TIMEOUT ({drain} s) take longer"
    for scaler in of_kind(docs, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) != (doc["kind"], doc["metadata"]["name"]):
            yield f"{name(scaler)}: scales {target['kind']}/{target['name']}, which is not here"
    status = environment(container).get("NETWORK_STATUS_FILE", "")
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    for volume in pods["spec"]["volumes"]:
        for item in volume.get("downwardAPI", {}).get("items", []):
            if f"{mounts[volume['name']]['mountPath']}/{item['path']}" == status:
                return
    yield f"{name(doc)}: NETWORK_STATUS_FILE ({status}) is no file of a downward-API volume (STA001)"
