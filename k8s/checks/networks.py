"""NetworkAttachmentDefinitions: Kubernetes takes any text as their configuration, and only a pod that does not start tells."""

from ipaddress import ip_address, ip_interface, ip_network

from .documents import name, of_kind, strict_json, workloads

# Plane → its network; pools give out .100 to .200 of it.
PLANES = {"mgmt": "10.10.0.0/24", "data": "10.20.0.0/24", "storage": "10.30.0.0/24"}
MASTERS = {"mgmt": "eth1", "data": "eth2", "storage": "eth3"}
POOL = (100, 200)
# Network → what an overlay attaches it by.
FIRST = {
    "kind": lambda plane: "bridge",
    "sriov": lambda plane: "macvlan" if plane == "mgmt" else "sriov",
}
SYSCTLS = {
    "net.ipv4.conf.IFNAME.rp_filter": "1",
    "net.ipv4.conf.IFNAME.arp_ignore": "1",
    "net.ipv4.conf.IFNAME.arp_announce": "2",
    "net.ipv4.conf.IFNAME.accept_redirects": "0",
    "net.ipv4.conf.all.accept_redirects": "0",
    "net.ipv6.conf.IFNAME.accept_ra": "0",
    "net.ipv4.ip_forward": "0",
}
# Of one network alone: what the cluster's own network leaves open in the same pod.
SYSCTLS_OF = {"mgmt-net": {"net.ipv4.conf.eth0.accept_redirects": "0"}}
EVERYWHERE = {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"}


def plane_of(network):
    """The plane of a network, by its name."""
    return network.split("-")[0]


def configuration(doc):
    """What its plugins are told, or None where it cannot be read."""
    try:
        return strict_json(doc["spec"]["config"])
    except (KeyError, TypeError, ValueError):
        return None


def addresses(ipam):
    """First and last address that an IPAM gives out, the network, and whether they are fixed."""
    kind = ipam.get("type")
    if kind == "host-local":
        [[one]] = ipam["ranges"]
        first, last, net = one["rangeStart"], one["rangeEnd"], one["subnet"]
    elif kind == "whereabouts":
        first, last, net = ipam["range_start"], ipam["range_end"], ipam["range"]
    elif kind == "static":
        [one] = ipam["addresses"]
        own = ip_interface(one["address"])
        return own.ip, own.ip, own.network, True
    else:
        raise ValueError(f"IPAM {kind!r} is not known here")
    return ip_address(first), ip_address(last), ip_network(net), False


def check(overlay, docs):
    """Each network, and all of them together."""
    nads = of_kind(docs, "NetworkAttachmentDefinition")
    for plane in PLANES:
        if not any(nad["metadata"]["name"] == f"{plane}-net" for nad in nads):
            yield f"there is no network {plane}-net"
    fixed, subnets = {}, {}
    for nad in nads:
        try:
            config = strict_json(nad["spec"]["config"])
        except (KeyError, TypeError, ValueError) as error:
            yield f"{name(nad)}: config is no JSON: {error}"
            continue
        yield from (f"{name(nad)}: {message}" for message in _one(overlay, nad, config))
        try:
            first, _, net, is_fixed = addresses(config["plugins"][0]["ipam"])
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        subnets.setdefault(plane_of(nad["metadata"]["name"]), set()).add(net)
        if is_fixed and fixed.setdefault(first, name(nad)) != name(nad):
            yield f"{name(nad)}: {first} is that of {fixed[first]} too (IPD001)"
    flat = [(plane, net) for plane, nets in subnets.items() for net in nets]
    for at, (plane, net) in enumerate(flat):
        for other, theirs in flat[at + 1 :]:
            if plane != other and net.overlaps(theirs):
                yield f"the networks of {plane} and {other} overlap: {net}, {theirs} (NET008)"
    yield from _pools(docs)
    if overlay == "kind":
        yield from _by_hand(docs)


def _by_hand(docs):
    """The endpoints that are written by hand are the pool, whole: then each is some replica's."""
    for nad in of_kind(docs, "NetworkAttachmentDefinition"):
        config = configuration(nad) if nad["metadata"]["name"] == "data-net" else None
        try:
            first, last, _, _ = addresses(config["plugins"][0]["ipam"])
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        pool = {str(first + number) for number in range(int(last) - int(first) + 1)}
        listed = {
            address
            for piece in of_kind(docs, "EndpointSlice")
            if piece["metadata"]["labels"].get("kubernetes.io/service-name") == "order-service-data"
            for endpoint in piece["endpoints"]
            for address in endpoint["addresses"]
        }
        if pool != listed:
            yield f"the endpoints of order-service-data {sorted(listed)} are not the pool of data-net {sorted(pool)}"


def _one(overlay, nad, config):
    network = nad["metadata"]["name"]
    plane = plane_of(network)
    if config.get("cniVersion") != "1.0.0":
        yield f"cniVersion is {config.get('cniVersion')}, not 1.0.0"
    if config.get("name") != network:
        yield f"its configuration is called {config.get('name')}"
    plugins = config.get("plugins") or [{}]
    first, rest = plugins[0], plugins[1:]
    expected = FIRST.get(overlay, lambda plane: "macvlan")(plane)
    if first.get("type") != expected:
        yield f"the first plugin is {first.get('type')}, not {expected}"
    if expected == "macvlan" and (first.get("master"), first.get("mode")) != (MASTERS[plane], "bridge"):
        yield f"macvlan is on {first.get('master')} in mode {first.get('mode')}, not on {MASTERS[plane]} in mode bridge"
    if expected == "sriov" and not nad["metadata"].get("annotations", {}).get("k8s.v1.cni.cncf.io/resourceName"):
        yield "no resourceName says which virtual functions"
    kinds = [plugin.get("type") for plugin in rest]
    if kinds[:2] != ["tuning", "tuning"] or kinds[2:] not in ([], ["sbr"]):
        yield f"the chain goes on with {kinds}, not with tuning (ip_forward), tuning and at most sbr"
    yield from _settings([plugin.get("sysctl", {}) for plugin in rest], SYSCTLS | SYSCTLS_OF.get(network, {}))
    yield from _addresses(plane, first)


def _settings(sysctls, expected):
    together = {key: value for one in sysctls for key, value in one.items()}
    for key, value in expected.items():
        if together.get(key) != value:
            yield f"{key} is {together.get(key)}, not {value}"
    for key in together.keys() - expected.keys():
        yield f"{key} is set, and nobody here knows why"
    if sysctls and set(sysctls[0]) != {"net.ipv4.ip_forward"}:
        yield "ip_forward is not first and alone: turning it off turns accept_redirects on"


def _addresses(plane, first):
    if first.get("isGateway") or first.get("isDefaultGateway"):
        yield "the bridge is a gateway: a way off the plane"
    ipam = first.get("ipam", {})
    for route in ipam.get("routes", []):
        if route.get("dst") in EVERYWHERE:
            yield f"a default route ({route['dst']}) leads off the default plane (RTE001)"
        if "gw" not in route or ip_address(route["gw"]) not in ip_network(PLANES[plane]):
            yield f"the route to {route.get('dst')} has no gateway on the plane (RTE003)"
    if "gateway" in ipam:
        yield "ipam names a gateway: say which prefixes it is for, as routes"
    try:
        start, last, net, is_fixed = addresses(ipam)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        yield f"ipam cannot be read: {error!r}"
        return
    if net != ip_network(PLANES[plane]):
        yield f"its network is {net}, not {PLANES[plane]}"
        return
    low, high = (net.network_address + number for number in POOL)
    if is_fixed and low <= start <= high:
        yield f"the fixed address {start} is within the pool (IPD001)"
    if not is_fixed and not low == start <= last <= high:
        yield f"its pool is {start} to {last}, not within {low} to {high}"


def _pools(docs):
    """Each pool is wide enough for all who may want an address at a time."""
    for nad in of_kind(docs, "NetworkAttachmentDefinition"):
        config = configuration(nad)
        try:
            first, last, _, is_fixed = addresses(config["plugins"][0]["ipam"])
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        users = [(doc, pods) for doc, pods in workloads(docs) if nad["metadata"]["name"] in _names(pods)]
        wanted = sum(_most(docs, doc) for doc, _ in users)
        if wanted > int(last) - int(first) + 1:
            who = ", ".join(name(doc) for doc, _ in users)
            yield f"{name(nad)}: {who} may want {wanted} addresses, it has {int(last) - int(first) + 1} (NET005)"
        if is_fixed and len(users) > 1:
            yield f"{name(nad)}: {len(users)} workloads share a fixed address (IPD001)"


def _most(docs, doc):
    """How many pods of it there may be at a time."""
    if doc["kind"] in ("Job", "CronJob"):
        return 1
    most = doc["spec"].get("replicas", 1)
    for scaler in of_kind(docs, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        if (target["kind"], target["name"]) == (doc["kind"], doc["metadata"]["name"]):
            most = max(most, scaler["spec"]["maxReplicas"])
    surge = doc["spec"].get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
    return most + surge


def _names(pods):
    return [network for _, network, _ in attached(pods)]


def attached(pods):
    """What a template's pods are attached to: (namespace, network, interface); unpinned parts are None."""
    text = pods.get("metadata", {}).get("annotations", {}).get("k8s.v1.cni.cncf.io/networks", "")
    found = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        place, _, interface = entry.partition("@")
        namespace, slash, network = place.rpartition("/")
        found.append((namespace if slash else None, network, interface or None))
    return found
