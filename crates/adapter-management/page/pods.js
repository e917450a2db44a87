// The replicas: which there are, how they do and why; and the choice of the one that is shown.

import { empty, facts, fill, h, pill, table } from "/page/dom.js";
import { count } from "/page/format.js";

/** The pods. */
export const showPods = (status) => {
  const peers = status.peers;
  if (!peers) return fill("pods-list", empty("Other pods are not known: in a cluster they are found by Kubernetes, elsewhere name them in PEERS."));
  const columns = ["Pod", "State", "Why", "Address", "Node", "Version"].map((name) => ({ name }));
  return fill("pods-list",
    facts([["Pods", count(peers.total)], ["Ready", count(peers.healthy)],
      ["Not ready", h("span", { class: peers.unhealthy ? "bad" : "" }, count(peers.unhealthy))], ["Found by", peers.source]]),
    peers.trouble && h("p", { class: "bad" }, peers.trouble),
    peers.pods.length === 0 ? empty("No pod is known.") : table("Pods", columns, peers.pods.map((pod) => ({
      key: pod.name,
      cells: [pod.self ? h("span", null, pod.name, h("span", { class: "muted" }, " (this one)")) : pod.name,
        pill(pod.ready ? "good" : "bad", pod.ready ? "ready" : "not ready"),
        pod.why ? h("span", { class: "any" }, pod.why) : "–", pod.address ? h("span", { class: "mono" }, pod.address) : "–", pod.node || "–", pod.version || "–"],
    }))));
};

/** Offers every pod for choosing, as the one that the page comes from knows them. */
export const offerPods = (status) => {
  const others = (status.peers?.pods ?? []).filter((pod) => !pod.self);
  const own = status.peers?.pods?.find((pod) => pod.self)?.name;
  fill("pod", h("option", { value: "" }, own ? `${own} (this one)` : "this pod"),
    others.map((pod) => h("option", { value: pod.name }, pod.ready ? pod.name : `${pod.name}: not ready`)));
};
