// What keeps the networks apart, and how much is encrypted.

import { empty, facts, fill, h, pill, svg, table } from "/page/dom.js";
import { count, many, time } from "/page/format.js";

const WARN_DAYS = 7;
const WARN_PERCENT = 20;

/** `bad` when it has expired, `warn` when it ends soon: less than a week, or a fifth of its life. */
export const certificateLevel = (certificate) =>
  certificate.days_left < 0 ? "bad" : certificate.days_left < WARN_DAYS || certificate.life_left_percent < WARN_PERCENT ? "warn" : "good";

/** The cluster's policies. */
export const showPolicies = (status) => {
  const policies = status.policies;
  if (!policies) return fill("policies", empty("Policies are not known: outside a cluster there are none, inside one the service account may not ask (k8s/base/rbac.yaml)."));
  const level = { yes: "good", no: "bad" }[policies.enforced] ?? "warn";
  const known = (value) => (typeof value === "number" ? count(value) : value ?? "not known");
  return fill("policies",
    facts([["NetworkPolicy", known(policies.network_policies)], ["MultiNetworkPolicy", known(policies.multi_network_policies)],
      ["NetworkAttachmentDefinition", known(policies.network_attachment_definitions)]], "facts tall"),
    h("p", null, "Enforced: ", pill(level, policies.enforced), policies.why && h("span", { class: "muted" }, ` ${policies.why}`)));
};

/** Sockets that were not on their plane. */
export const showViolations = (status) => {
  const violations = status.violations;
  if (!violations) return fill("violations", empty("No plane is bound to an interface, so no socket can be off it."));
  if (violations.last_24_hours === 0) return fill("violations", h("p", null, pill("good", "none"), " Every socket was on its plane."));
  return fill("violations",
    h("p", null, pill("bad", count(violations.last_24_hours)), ` ${violations.last_24_hours === 1 ? "socket was" : "sockets were"} where they must not be.`),
    violations.top && h("p", null, `Most often: ${violations.top.words} (${many(violations.top.count, "time")}).`),
    h("p", { class: "muted" }, "The log names each with its owner (SOC001, SOC002); those of this service were ended."));
};

const share = (name, part, all, level) => {
  const percent = all === 0 ? 0 : (part / all) * 100;
  return h("li", { "data-key": name }, h("span", null, name),
    svg("svg", { class: `bar-line ${level}`, viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { width: percent, height: 4, rx: 1 })),
    h("span", { class: "number" }, `${percent === 100 ? 100 : Math.floor(percent)} %`));
};

/** Encryption of the connections. */
export const showCoverage = (status) => {
  const encryption = status.encryption;
  if (!encryption) return fill("coverage", empty("Connections are not counted yet."));
  const { connections, encrypted, with_client_certificate: proved, unencrypted } = encryption;
  if (connections === 0) return fill("coverage", empty("No connection stands now."));
  return fill("coverage",
    h("ul", { class: "bars" }, share("Encrypted", encrypted, connections, encrypted === connections ? "good" : "warn"),
      share("Mutual TLS", proved, connections, proved === connections ? "good" : "warn")),
    h("p", null, `${many(connections, "connection")}: ${count(encrypted)} encrypted, ${count(proved)} with a client certificate, `,
      h("span", { class: unencrypted ? "warn" : "" }, `${count(unencrypted)} not encrypted.`)));
};

/** The certificates. */
export const showCertificates = (status) => {
  const certificates = status.encryption?.certificates ?? [];
  if (certificates.length === 0) return fill("certificates", empty("The service shows no certificate: set HTTP_TLS_MODE, GRPC_TLS_MODE, MGMT_TLS_MODE."));
  const columns = [{ name: "Plane" }, { name: "Of" }, { name: "Subject" }, { name: "Ends" }, { name: "Left", number: true }];
  return fill("certificates", table("Certificates", columns, certificates.map((one) => {
    const level = certificateLevel(one);
    const left = level === "bad" ? "expired" : many(one.days_left, "day");
    return { key: `${one.plane} ${one.usage}`, cells: [one.plane, one.usage, h("span", { class: "mono" }, one.subject), h("span", { class: "whole" }, time(one.not_after).slice(0, 10)), pill(level, `${left}${level === "bad" ? "" : `, ${one.life_left_percent} %`}`)] };
  })));
};
