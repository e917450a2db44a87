"""Proves the checks: each break below must be told, in the words beside it."""

import copy

from .documents import Unreadable, of_kind, parse, service


def _nad(docs, network):
    return next(doc for doc in of_kind(docs, "NetworkAttachmentDefinition") if doc["metadata"]["name"] == network)


def _text(network, old, new):
    """Puts other words into a network's configuration."""

    def change(docs):
        spec = _nad(docs, network)["spec"]
        assert old in spec["config"], f"{old} is not in {network}"
        spec["config"] = spec["config"].replace(old, new, 1)

    return change


def _named(docs, kind, wanted):
    return next(doc for doc in of_kind(docs, kind) if doc["metadata"]["name"] == wanted)


def _service(change):
    return lambda docs: change(*service(docs))


def _env(variable, value):
    def change(_doc, _pods, container):
        container["env"] = [entry for entry in container["env"] if entry["name"] != variable]
        container["env"].append({"name": variable, "value": value})

    return _service(change)


def _annotate(value):
    return _service(lambda _doc, pods, _c: pods["metadata"]["annotations"].update({"k8s.v1.cni.cncf.io/networks": value}))


def _remove(kind, wanted):
    return lambda docs: docs.remove(_named(docs, kind, wanted))


def _policy(wanted, change):
    return lambda docs: change(_named(docs, "MultiNetworkPolicy", wanted)["spec"])


# Overlay, what is broken, how, and words of the message.
BREAKS = [
    ("kind", "no JSON", _text("data-net", "{", ""), "no JSON"),
    ("kind", "a member twice", _text("data-net", '"cniVersion"', '"name": "x", "cniVersion"'), "twice"),
    ("kind", "another CNI version", _text("data-net", "1.0.0", "0.3.1"), "cniVersion"),
    ("kind", "another name", _text("data-net", '"name": "data-net"', '"name": "net"'), "is called"),
    ("mesh", "another plugin", _text("mgmt-net", '"macvlan"', '"ipvlan"'), "first plugin"),
    ("mesh", "another master", _text("mgmt-net", '"eth1"', '"eth2"'), "not on eth1"),
    ("mesh", "a default route", _text("mgmt-net", "10.11.0.0/24", "0.0.0.0/0"), "RTE001"),
    ("mesh", "a gateway off the plane", _text("mgmt-net", "10.10.0.1\"", "10.20.0.1\""), "RTE003"),
    ("mesh", "another range", _text("data-net", "10.20.0.100", "10.20.0.40"), "its pool is"),
    ("mesh", "an overlap", _text("data-net", "10.20.0.0/24", "10.30.0.0/24"), "NET008"),
    ("mesh", "no rp_filter", _text("data-net", "rp_filter\": \"1", "rp_filter\": \"2"), "rp_filter is 2"),
    ("mesh", "forwarding", _text("data-net", '{"net.ipv4.ip_forward": "0"}', "{}"), "ip_forward"),
    ("kind", "a bridge as a gateway", _text("data-net", '"bridge": "br-data"', '"bridge": "br-data", "isGateway": true'), "gateway"),
    ("mesh", "a fixed address in the pool", _text("storage-db-net", "10.30.0.10/", "10.30.0.110/"), "within the pool"),
    ("mesh", "a fixed address twice", _text("storage-redis-net", "10.30.0.20/", "10.30.0.10/"), "is that of"),
    ("kind", "a pool that is too small", _text("data-net", "10.20.0.102", "10.20.0.101"), "NET005"),
    ("sriov", "no resource", lambda d: _nad(d, "data-net")["metadata"].pop("annotations"), "resourceName"),
    ("sriov", "no function asked for", _service(lambda _d, _p, c: c["resources"]["limits"].pop("example.com/orders_data")), "are asked for"),
    ("kind", "no network", _remove("NetworkAttachmentDefinition", "storage-net"), "no network storage-net"),
    ("kind", "unpinned", _annotate("mgmt-net,orders/data-net@net2,orders/storage-net@net3"), "STA004"),
    ("kind", "planes swapped", _annotate("orders/data-net@net1,orders/mgmt-net@net2,orders/storage-net@net3"), "MGMT_INTERFACE is net1"),
    ("kind", "no policy for a network", _remove("MultiNetworkPolicy", "data-service"), "0 MultiNetworkPolicies for data-net"),
    ("kind", "two policies", _policy("storage-migrate", lambda s: s["podSelector"].update(matchLabels={"app": "order-service"})), "2 MultiNetworkPolicies"),
    ("kind", "one direction", _policy("data-service", lambda s: s.update(policyTypes=["Ingress"])), "both directions"),
    ("kind", "a policy for nobody", _policy("data-kafka", lambda s: s["podSelector"].update(matchLabels={"app": "kafka"})), "selects no pods"),
    ("kind", "open to everybody", _policy("data-service", lambda s: s["ingress"][0].pop("from")), "open to everybody"),
    ("kind", "every port", _policy("data-service", lambda s: s["ingress"][0].pop("ports")), "every port"),
    ("kind", "another plane's address", _policy("data-service", lambda s: s["ingress"][0]["from"].append({"ipBlock": {"cidr": "10.30.0.0/24"}})), "not of the network"),
    ("kind", "a selector", _policy("data-service", lambda s: s["ingress"][0]["from"].append({"podSelector": {}})), "only ipBlock"),
    ("kind", "no way to the database", _policy("storage-service", lambda s: s["egress"].pop(0)), "DATABASE_HOST"),
    ("kind", "no way into Kafka", _policy("data-kafka", lambda s: s["ingress"].pop(0)), "PEER001"),
    ("kind", "eth0 open", _remove("NetworkPolicy", "default-deny"), "denies everything"),
    ("kind", "an unknown setting", _env("DATABASE_HOSTS", "a"), "no setting"),
    ("kind", "a file that is not mounted", _env("CALLERS_FILE", "/etc/callers.toml"), "nothing is mounted"),
    ("kind", "half of mTLS", _env("GRPC_TLS_CA_FILE", ""), "without GRPC_TLS_CA_FILE"),
    ("kind", "a long drain", _env("DRAIN_TIMEOUT", "60s"), "killed after"),
    ("kind", "a database elsewhere", _env("DATABASE_HOST", "10.20.0.10"), "RTE003"),
    ("mesh", "an address without a certificate", lambda d: _named(d, "Certificate", "order-db")["spec"].pop("ipAddresses"), "vouches for"),
    ("mesh", "another first name", lambda d: _named(d, "Certificate", "order-service-mgmt")["spec"]["dnsNames"].reverse(), "begins with"),
    ("mesh", "no certificate", _remove("Certificate", "order-service-data"), "Secret order-service-data-tls is nowhere"),
    ("kind", "no ConfigMap", _remove("ConfigMap", "order-service-callers"), "ConfigMap order-service-callers is nowhere"),
    ("kind", "no ServiceAccount", _remove("ServiceAccount", "order-service"), "ServiceAccount order-service is nowhere"),
    ("kind", "no claim", _remove("PersistentVolumeClaim", "order-db-pvc"), "order-db-pvc is nowhere"),
    ("kind", "no key in a Secret", lambda d: _named(d, "Secret", "db-credentials")["data"].pop("username"), "has no username"),
    ("kind", "no Service", _remove("Service", "order-db"), "is of no Service"),
    ("kind", "a Service with a selector", lambda d: _named(d, "Service", "order-service-data")["spec"].update(selector={"app": "order-service"}), "leads to eth0"),
    ("kind", "a Role that writes", lambda d: _named(d, "Role", "order-service")["rules"][0]["verbs"].append("delete"), "more than look"),
    ("kind", "another selector", _service(lambda doc, _p, _c: doc["spec"]["selector"]["matchLabels"].update(app="x")), "does not select its own"),
    ("kind", "root", _service(lambda _d, pods, _c: pods["spec"]["securityContext"].pop("runAsNonRoot")), "run as root"),
    ("kind", "a capability", _service(lambda _d, _p, c: c["securityContext"]["capabilities"].update(add=["NET_RAW"])), "drop ALL"),
    ("kind", "a root that can be written", _service(lambda _d, _p, c: c["securityContext"].pop("readOnlyRootFilesystem")), "write its root"),
    ("kind", "no limits", _service(lambda _d, _p, c: c["resources"].pop("limits")), "limits lacks"),
    ("kind", "a Secret by subPath", _service(lambda _d, _p, c: c["volumeMounts"][1].update(subPath="x")), "subPath"),
    ("kind", "a probe of no port", _service(lambda _d, _p, c: c["livenessProbe"]["httpGet"].update(port="probe")), "asks port probe"),
    ("kind", "no network-status", _service(lambda _d, pods, _c: pods["spec"]["volumes"].pop(0)), "STA001"),
    ("kind", "service links", _service(lambda _d, pods, _c: pods["spec"].pop("enableServiceLinks")), "enableServiceLinks"),
    ("kind", "a budget for nobody", lambda d: _named(d, "PodDisruptionBudget", "order-service")["spec"]["selector"]["matchLabels"].update(app="x"), "selects no pods"),
    ("mesh", "an autoscaler of nothing", lambda d: _named(d, "HorizontalPodAutoscaler", "order-service")["spec"]["scaleTargetRef"].update(name="x"), "which is not here"),
    ("mesh", "a rule changed in the copy", lambda d: _named(d, "PrometheusRule", "order-service")["spec"]["groups"][0]["rules"].pop(), "differs from"),
    ("mesh", "two expressions", lambda d: _named(d, "ScrapeConfig", "order-service")["spec"]["relabelings"][3].update(regex=".*net1.*"), "not one expression"),
    ("kind", "no way out for the backup", _policy("storage-backup", lambda s: s["egress"].clear()), "CronJob/order-db-backup to"),
    ("kind", "an endpoint less", lambda d: _named(d, "EndpointSlice", "order-service-data-kind")["endpoints"].pop(), "are not the pool"),
    ("kind", "a role that is none", lambda d: _named(d, "ConfigMap", "order-service-callers").update(data={"callers.toml": '[callers]\na = ["write"]'}), "a has ['write']"),
    ("kind", "another namespace", lambda d: _named(d, "Service", "order-db")["metadata"].update(namespace="default"), "namespace is default"),
    ("kind", "a document twice", lambda d: d.append(copy.deepcopy(_named(d, "Service", "order-db"))), "stands twice"),
    ("kind", "no chain", _text("data-net", '"type": "tuning"', '"type": "bandwidth"'), "the chain goes on with"),
    ("kind", "a setting more", _text("data-net", '"net.ipv4.conf.all.accept_redirects"', '"net.ipv4.conf.all.forwarding": "1", "net.ipv4.conf.all.accept_redirects"'), "nobody here knows why"),
    ("kind", "a gateway of IPAM", _text("data-net", '"ranges"', '"gateway": "10.20.0.1", "ranges"'), "ipam names a gateway"),
    ("kind", "redirects on eth0", _text("mgmt-net", 'eth0.accept_redirects": "0"', 'eth0.accept_redirects": "1"'), "eth0.accept_redirects is 1"),
    ("kind", "another IPAM", _text("data-net", '"host-local"', '"dhcp"'), "ipam cannot be read"),
    ("kind", "a fixed address shared", lambda d: _named(d, "StatefulSet", "order-redis")["spec"]["template"]["metadata"]["annotations"].update({"k8s.v1.cni.cncf.io/networks": "orders/storage-db-net@net3"}), "share a fixed address"),
    ("kind", "a policy for no network", lambda d: _named(d, "MultiNetworkPolicy", "storage-db")["metadata"].pop("annotations"), "for no network"),
    ("kind", "no protocol", _policy("data-service", lambda s: s["ingress"][0]["ports"][0].pop("protocol")), "names no protocol"),
    ("kind", "except", _policy("data-service", lambda s: s["ingress"][0]["from"][0]["ipBlock"].update({"except": ["10.20.0.9/32"]})), "except drops"),
    ("kind", "eth0 open to everybody", lambda d: _named(d, "NetworkPolicy", "order-service")["spec"]["egress"][0].pop("to"), "egress is open"),
    ("kind", "a NetworkPolicy for nobody", lambda d: _named(d, "NetworkPolicy", "order-service")["spec"]["podSelector"]["matchLabels"].update(app="x"), "NetworkPolicy/order-service: it selects no pods"),
    ("kind", "no Role", _remove("Role", "order-service"), "Role order-service is nowhere"),
    ("kind", "no callers' file", lambda d: _named(d, "ConfigMap", "order-service-callers").update(data={"callers.toml": "[callers"}), "no TOML"),
    ("kind", "another table", lambda d: _named(d, "ConfigMap", "order-service-callers").update(data={"callers.toml": "[caller]"}), "the one table"),
    ("kind", "a setting twice", _service(lambda _d, _p, c: c["env"].append({"name": "REDIS_HOST", "value": "10.30.0.20"})), "set twice"),
    ("kind", "an interface twice", _annotate("orders/mgmt-net@net1,orders/data-net@net2,orders/storage-net@net2"), "net2 is named twice"),
    ("kind", "another default interface", _env("DEFAULT_INTERFACE", "net1"), "DEFAULT_INTERFACE is not eth0"),
    ("kind", "no seccomp", _service(lambda _d, pods, _c: pods["spec"]["securityContext"].pop("seccompProfile")), "seccompProfile"),
    ("kind", "the host's network", _service(lambda _d, pods, _c: pods["spec"].update(hostNetwork=True)), "hostNetwork is set"),
    ("kind", "the host's files", _service(lambda _d, pods, _c: pods["spec"]["volumes"].append({"name": "h", "hostPath": {"path": "/"}})), "restricted refuses"),
    ("kind", "privileges", _service(lambda _d, _p, c: c["securityContext"].pop("allowPrivilegeEscalation")), "may gain privileges"),
    ("kind", "a spread of others", _service(lambda _d, pods, _c: pods["spec"]["topologySpreadConstraints"][0]["labelSelector"].update(matchLabels={"app": "x"})), "select other pods"),
    ("kind", "no architecture", _service(lambda _d, pods, _c: pods["metadata"]["labels"].pop("architecture")), "labels app and architecture"),
    ("kind", "another port", _service(lambda _d, _p, c: c["ports"][1].update(containerPort=50051)), "ports are"),
    ("kind", "no kind", lambda d: d.append({"apiVersion": "v1", "metadata": {"name": "x"}}), "no apiVersion, kind or metadata"),
    ("kind", "a member of another name", _service(lambda _d, _p, c: c.update(lifecycel=c.pop("lifecycle"))), "Kubernetes 1.34: spec.template.spec.containers.0: Additional properties"),
    ("kind", "a number for a text", _env("DATABASE_HOST", 10), "is not of type"),
    ("mesh", "a kind of another version", lambda d: _named(d, "CronJob", "order-db-backup").update(apiVersion="batch/v1beta1"), "CronJob/order-db-backup: Kubernetes 1.30"),
    ("kind", "a rule changed in the file", lambda d: _named(d, "ConfigMap", "order-service-prometheus")["data"].update({"rules.yaml": "groups: []"}), "is not prometheus/rules.yaml"),
    ("kind", "a PodMonitor", lambda d: d.append({"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "x", "namespace": "orders"}}), "scrapes eth0"),
]

# What no document may be, and words of the message.
TEXTS = [
    ("a key twice", "a: 1\na: 2\n", "twice"),
    ("no YAML", "a: [\n", "no YAML"),
]


def run(rendered, wrong):
    """Exit code: 1 where a break is not told, or an overlay is wrong before anything is broken."""
    missed = 0
    for overlay, docs in rendered.items():
        if wrong(overlay, docs):
            print(f"{overlay}: is wrong already; run without --prove")
            return 1
    for overlay, what, change, words in BREAKS:
        docs = copy.deepcopy(rendered[overlay])
        change(docs)
        told = wrong(overlay, docs)
        if not any(words in message for message in told):
            missed += 1
            print(f"{overlay}: {what}: nobody says {words!r}, but {told[:3]}")
    for what, text, words in TEXTS:
        try:
            told = f"{len(parse(text))} documents"
        except Unreadable as error:
            told = str(error)
        if words not in told:
            missed += 1
            print(f"{what}: nobody says {words!r}, but {told}")
    print(f"{len(BREAKS) + len(TEXTS)} breaks, {missed} not told")
    return 1 if missed else 0
