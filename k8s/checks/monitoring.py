"""One source for the alerts, one expression that finds the management address, and it finds it."""

import json
import re
from pathlib import Path

from .documents import of_kind, parse

FOLDER = Path(__file__).parents[1]
RULES = FOLDER / "prometheus" / "rules.yaml"
COPY = FOLDER / "components" / "prometheus-operator" / "prometheusrule.yaml"
SCRAPE = FOLDER / "prometheus" / "scrape.yaml"
ANNOTATION = "__meta_kubernetes_pod_annotation_k8s_v1_cni_cncf_io_network_status"
HEAD = """\
# Written by `python3 k8s/check.py --write` from k8s/prometheus/rules.yaml: change that.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: order-service
  namespace: orders
  labels:
    app: order-service
spec:
"""
# As Multus writes it.
STATUS = json.dumps(
    [
        {"name": "cbr0", "interface": "eth0", "ips": ["10.244.1.7"], "mac": "0a:58:0a:f4:01:07", "default": True, "dns": {}},
        {"name": "orders/mgmt-net", "interface": "net1", "ips": ["10.10.0.101"], "mac": "66:1c:c4:4e:a6:9b", "dns": {}},
        {"name": "orders/data-net", "interface": "net2", "ips": ["10.20.0.102"], "mac": "66:1c:c4:4e:a6:9c", "dns": {}},
    ],
    indent=4,
)


def operators_copy():
    """The rules as the operator has them."""
    lines = RULES.read_text(encoding="utf-8").splitlines()
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines)


def write():
    """Writes the operator's copy."""
    COPY.write_text(operators_copy(), encoding="utf-8")


def check(_overlay, docs):
    """Copies are copies; relabelling finds the address."""
    [wanted] = parse(RULES.read_text(encoding="utf-8"))
    for rule in of_kind(docs, "PrometheusRule"):
        if rule["spec"] != wanted:
            yield "PrometheusRule differs from prometheus/rules.yaml: python3 k8s/check.py --write"
    texts = [doc["data"] for doc in of_kind(docs, "ConfigMap") if doc["metadata"]["name"] == "order-service-prometheus"]
    if [text.get("rules.yaml") for text in texts] != [RULES.read_text(encoding="utf-8")]:
        yield "ConfigMap order-service-prometheus is not prometheus/rules.yaml"
    relabels = [_relabel(one, "source_labels") for text in texts for one in parse(text["scrape.yaml"])[0]["scrape_configs"][0]["relabel_configs"]]
    relabels += [_relabel(one, "sourceLabels") for doc in of_kind(docs, "ScrapeConfig") for one in doc["spec"]["relabelings"]]
    expressions = [one for one in relabels if one]
    if len(set(expressions)) != 1:
        yield f"not one expression finds the management address, but {len(set(expressions))}"
    for expression, replacement in set(expressions):
        for status in (STATUS, json.dumps(json.loads(STATUS)), json.dumps(json.loads(STATUS)[::-1], indent=2)):
            # Prometheus anchors at both ends, and . does not match a line's end.
            found = re.fullmatch(expression, status)
            if found and found.re.groups != 1:
                found = None
            if not found or found.expand(replacement.replace("$", "\\")) != "10.10.0.101:9091":
                yield "relabelling does not find net1's address in a network-status"
    for doc in of_kind(docs, "PodMonitor", "ServiceMonitor"):
        yield f"{doc['kind']} scrapes eth0, where nobody listens on 9091"


def _relabel(one, key):
    """Expression and replacement, where the rule is for Multus' annotation."""
    return (one["regex"], one["replacement"]) if one.get(key) == [ANNOTATION] else None
