// The verdict: ready or not and why, and what else an operator should look at, the worst first.

import { at, fill, facts, h, pill, tell } from "/page/dom.js";
import { atLeast, duration, many, time } from "/page/format.js";
import { certificateLevel } from "/page/security.js";

/** A feed or a queue that is further behind than this is worth a look. */
export const LAG_WARN_SECONDS = 30;

let told = "";

/** `plane-data` is the data plane to people. */
const nameOf = (name) => (name.startsWith("plane-") ? `the ${name.slice(6)} plane` : name === "store" ? "the store" : name);

const sentence = (component) =>
  component.detail ? `${nameOf(component.name)}: ${component.detail}` : `${nameOf(component.name)} is down`;

const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Everything that is not as it should be: {level, word, text, to}. */
export const attention = (status) => {
  const found = [];
  const add = (level, word, text, to) => found.push({ level, word, text, to });
  for (const component of status.components ?? []) {
    if (component.ok) continue;
    if (component.required) add("bad", "down", upper(sentence(component)), component.name.startsWith("plane-") ? "network" : "components");
    else add("warn", "down", `${upper(sentence(component))} (ready all the same)`, "components");
  }
  for (const part of status.feed?.partitions ?? []) {
    if (part.halted) add("bad", "halted", `Partition ${part.partition} of the feed stands still until somebody decides: order-service feed status`, "kafka");
  }
  if ((status.feed?.lag_seconds ?? 0) > LAG_WARN_SECONDS) add("warn", "behind", `Kafka is ${duration(status.feed.lag_seconds)} behind the feed`, "kafka");
  const peers = status.peers;
  for (const pod of peers?.pods ?? []) {
    if (!pod.ready && !pod.self) add("warn", "pod", `${pod.name}: ${pod.why ?? "not ready"}`, "pods");
  }
  const violations = status.violations;
  if (violations?.last_24_hours) {
    const top = violations.top ? `: ${violations.top.words}` : "";
    add("bad", "leak", `${many(violations.last_24_hours, "socket")} off the plane in the last 24 hours${top}`, "isolation");
  }
  for (const certificate of status.encryption?.certificates ?? []) {
    const level = certificateLevel(certificate);
    if (level === "bad") add("bad", "expired", `The certificate of ${certificate.usage} has expired`, "encryption");
    if (level === "warn") add("warn", "expires", `The certificate of ${certificate.usage} ends in ${many(certificate.days_left, "day")}: renew it`, "encryption");
  }
  const repair = status.repair;
  if (repair?.dead_letters) add("warn", "dead", `${atLeast(repair.dead_letters, repair.capped)} dead letter${repair.dead_letters === 1 ? "" : "s"} to look at`, "repair");
  if (status.encryption?.unencrypted) add("info", "plain", `${many(status.encryption.unencrypted, "connection")} not encrypted`, "encryption");
  const order = ["bad", "warn", "info"];
  return found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
};

/** Shows the verdict on the pod. */
export const showVerdict = (status, pod) => {
  const broken = (status.components ?? []).filter((component) => component.required && !component.ok);
  const list = attention(status);
  const level = !status.ready ? "bad" : list.some((one) => one.level !== "info") ? "warn" : "good";
  const words = status.ready ? "Ready" : "Not ready";
  const rest = status.ready
    ? level === "good" ? "everything that is needed works" : "and something wants a look"
    : `${broken.map((component) => nameOf(component.name)).join(" and ") || "a component that is needed"} ${broken.length > 1 ? "are" : "is"} down`;
  at("verdict").dataset.level = level;
  fill("verdict-words",
    h("span", { class: `mark ${level}`, "aria-hidden": "true" }, level === "good" ? "✓" : level === "warn" ? "!" : "✕"),
    `${words}${status.ready ? ", " : ": "}${rest}`);
  const shown = list.slice(0, 8);
  fill("verdict-more",
    facts([
      ["Pod", status.pod?.name || pod || "not named (POD_NAME)"],
      ["Node", status.pod?.node || "not named (NODE_NAME)"],
      ["Version", status.version],
      ["Up for", duration(status.uptime_seconds)],
      ["Seen", time(status.time)],
    ]),
    shown.length > 0 && h("ul", { class: "attention", "aria-label": "What wants a look" }, shown.map((one) =>
      h("li", null, pill(one.level === "info" ? "" : one.level, one.word), h("a", { href: `#${one.to}` }, one.text)))),
    list.length > shown.length && h("p", { class: "muted" }, `and ${list.length - shown.length} more, below`));
  document.title = `${words} · ${status.pod?.name ?? status.name}`;
  const now = `${pod || status.pod?.name || "This pod"}: ${words}${status.ready ? "" : `: ${broken.map(sentence).join("; ")}`}`;
  if (now !== told) tell(now);
  told = now;
};

/** The components, needed or not. */
export const showComponents = (status, table, empty) => {
  const components = status.components ?? [];
  const columns = ["Component", "State", "Needed to be ready", "Detail"].map((name) => ({ name }));
  fill("components-list", components.length === 0 ? empty("The pod names no component.") : table("Components", columns, components.map((one) => ({
    key: one.name,
    cells: [one.name, pill(one.ok ? "good" : one.required ? "bad" : "warn", one.ok ? "up" : "down"), one.required ? "yes" : "no", h("span", { class: "any" }, one.detail || "–")],
  }))));
};
