"""MultiNetworkPolicies and NetworkPolicies: each network of each pod has one, and it lets through what the settings need."""

from ipaddress import ip_address, ip_network

from .documents import environment, name, of_kind, selects, service, workloads
from .networks import PLANES, attached, configuration, plane_of

FOR = "k8s.v1.cni.cncf.io/policy-for"


def networks_of(policy):
    """The networks that a policy is for, without namespaces."""
    text = policy["metadata"].get("annotations", {}).get(FOR, "")
    return [part.strip().rpartition("/")[2] for part in text.split(",") if part.strip()]


def check(_overlay, docs):
    """Coverage, shape, and what must pass."""
    nads = {nad["metadata"]["name"]: nad for nad in of_kind(docs, "NetworkAttachmentDefinition")}
    policies = of_kind(docs, "MultiNetworkPolicy")
    for policy in policies:
        yield from (f"{name(policy)}: {message}" for message in _one(policy, nads, docs))
    for doc, pods in workloads(docs):
        for _, network, _ in attached(pods):
            count = len(_policies(policies, pods, network))
            if count != 1:
                yield f"{name(doc)}: {count} MultiNetworkPolicies for {network}, not one"
    yield from _passes(docs, policies)
    yield from _clients(docs, policies)
    yield from _default_plane(docs)


def _policies(policies, pods, network):
    return [one for one in policies if network in networks_of(one) and selects(one["spec"]["podSelector"], pods)]


def _one(policy, nads, docs):
    spec, networks = policy["spec"], networks_of(policy)
    if not networks:
        yield f"no {FOR}: it would be for no network"
    if sorted(spec.get("policyTypes", [])) != ["Egress", "Ingress"]:
        yield "it is not for both directions"
    if not any(selects(spec["podSelector"], pods) for _, pods in workloads(docs)):
        yield "it selects no pods"
    for network in networks:
        if network not in nads:
            yield f"{network} is no network"
    allowed = [ip_network(prefix) for network in networks for prefix in _prefixes(network, nads)]
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction, []):
            yield from (f"{direction}: {message}" for message in _rule(rule, side, allowed))


def _prefixes(network, nads):
    """What a network reaches: itself, and what it has routes to."""
    config = configuration(nads[network]) if network in nads else None
    routes = config["plugins"][0].get("ipam", {}).get("routes", []) if config else []
    # Where an overlay has no route to the monitoring network the rule for it lets nobody in, and does no harm.
    return [PLANES[plane_of(network)], *(route["dst"] for route in routes), *(["10.11.0.0/24"] if network == "mgmt-net" else [])]


def _rule(rule, side, allowed):
    if not rule.get(side):
        yield f"a rule is open to everybody (no {side})"
    if not rule.get("ports"):
        yield "a rule is open for every port"
    for port in rule.get("ports", []):
        if "protocol" not in port or "port" not in port:
            yield f"{port} names no protocol or no port (the reference implementation needs both)"
    for peer in rule.get(side) or []:
        if set(peer) != {"ipBlock"}:
            yield f"{sorted(peer)}: only ipBlock is sure to work on another network"
        elif set(peer["ipBlock"]) != {"cidr"}:
            yield f"{peer['ipBlock']}: except drops in the reference implementation"
        elif not any(ip_network(peer["ipBlock"]["cidr"]).subnet_of(prefix) for prefix in allowed):
            yield f"{peer['ipBlock']['cidr']} is not of the network"


def allows(rules, side, address, port):
    """Whether rules let an address and port through."""
    for rule in rules:
        near = any(ip_address(address) in ip_network(peer["ipBlock"]["cidr"]) for peer in rule.get(side) or [] if "ipBlock" in peer)
        if near and any(entry.get("port") == port for entry in rule.get("ports", [])):
            return True
    return False


def peers(docs):
    """What the service is configured to reach: (setting, network of its side, address, port)."""
    _, _, container = service(docs)
    env = environment(container)
    found = [
        ("DATABASE_HOST", "storage-net", env.get("DATABASE_HOST"), int(env.get("DATABASE_PORT") or 5432)),
        ("REDIS_HOST", "storage-net", env.get("REDIS_HOST"), int(env.get("REDIS_PORT") or 6379)),
    ]
    for broker in (env.get("KAFKA_BROKERS") or "").split(","):
        host, _, port = broker.rpartition(":")
        found.append(("KAFKA_BROKERS", "data-net", host, int(port or 0)))
    return [one for one in found if one[2]]


def _clients(docs, policies):
    """Jobs that go to the database are let out to it."""
    for doc, pods in workloads(docs):
        env = environment(pods["spec"]["containers"][0])
        host = env.get("DATABASE_HOST") or env.get("PGHOST")
        for policy in _policies(policies, pods, "storage-net") if host else []:
            if not allows(policy["spec"].get("egress", []), "to", host, 5432):
                yield f"{name(policy)}: does not let {name(doc)} to {host}:5432 (PEER001)"


def _passes(docs, policies):
    """The service's own peers are let through at both ends."""
    _, pods, _ = service(docs)
    fixed = {}
    for doc, theirs in workloads(docs):
        for _, network, _ in attached(theirs):
            fixed.setdefault(network, theirs)
    owners = {}
    for nad in of_kind(docs, "NetworkAttachmentDefinition"):
        config = configuration(nad)
        ipam = config["plugins"][0].get("ipam", {}) if config else {}
        for one in ipam.get("addresses", []):
            owners[one["address"].split("/")[0]] = nad["metadata"]["name"]
    for setting, network, host, port in peers(docs):
        if ip_address(host) not in ip_network(PLANES[plane_of(network)]):
            yield f"{setting}: {host} is not on {network} (RTE003)"
        for policy in _policies(policies, pods, network):
            if not allows(policy["spec"].get("egress", []), "to", host, port):
                yield f"{name(policy)}: does not let the service to {setting} {host}:{port} (PEER001)"
        theirs = owners.get(host)
        if theirs is None or theirs not in fixed:
            yield f"{setting}: no workload has the address {host}"
            continue
        pool = str(ip_network(PLANES[plane_of(network)]).network_address + 100)
        for policy in _policies(policies, fixed[theirs], theirs):
            if not allows(policy["spec"].get("ingress", []), "from", pool, port):
                yield f"{name(policy)}: does not let the service in at {host}:{port} (PEER001)"


def _default_plane(docs):
    policies = of_kind(docs, "NetworkPolicy")
    denies = [
        one
        for one in policies
        if one["spec"].get("podSelector") == {}
        and sorted(one["spec"].get("policyTypes", [])) == ["Egress", "Ingress"]
        and not one["spec"].get("ingress")
        and not one["spec"].get("egress")
    ]
    if not denies:
        yield "no NetworkPolicy denies everything on eth0 that another does not allow"
    for policy in policies:
        for direction, side in (("ingress", "from"), ("egress", "to")):
            for rule in policy["spec"].get(direction, []):
                if not rule.get(side) or not rule.get("ports"):
                    yield f"{name(policy)}: {direction} is open to everybody, or for every port"
        if not any(selects(policy["spec"]["podSelector"], pods) for _, pods in workloads(docs)):
            yield f"{name(policy)}: it selects no pods"
