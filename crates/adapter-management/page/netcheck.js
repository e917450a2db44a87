// Netcheck on demand: what is wrong with the pod's networks, and what to do.

import { ask } from "/page/ask.js";
import { at, empty, fill, h, pill, table } from "/page/dom.js";
import { many } from "/page/format.js";

const SEVERITIES = ["critical", "warning", "information"];
const LEVELS = { critical: "bad", warning: "warn" };

let absent = false;

const severityOf = (finding) => {
  const said = String(finding.severity ?? "").toLowerCase();
  return SEVERITIES.find((severity) => severity.startsWith(said.slice(0, 1)) && said !== "") ?? "information";
};

/** Checks that could not be made: they say nothing. */
const unknown = (checks) => checks.length > 0 && h("details", null,
  h("summary", null, `${many(checks.length, "check")} could not be made here`),
  table("Checks that could not be made", [{ name: "Check" }, { name: "Why" }], checks.map((check, nth) => ({
    key: `${check.id} ${nth} unknown`, cells: [h("code", null, check.id), check.reason ?? "–"],
  }))));

const run = async () => {
  const button = at("netcheck-run");
  const result = at("netcheck-result");
  button.disabled = true;
  result.textContent = "Looking";
  const answer = await ask("/api/netcheck");
  button.disabled = false;
  if (answer.status === 404) {
    absent = true;
    at("netcheck").hidden = true;
    at("told").textContent = "This version of the service has no netcheck.";
    at("main").focus();
    return;
  }
  if (!answer.ok) {
    result.textContent = `It did not run: ${answer.why}`;
    return;
  }
  const findings = [...(answer.body.findings ?? [])];
  findings.sort((a, b) => SEVERITIES.indexOf(severityOf(a)) - SEVERITIES.indexOf(severityOf(b)));
  const bad = findings.filter((finding) => severityOf(finding) === "critical").length;
  result.textContent = findings.length === 0 ? "Nothing is wrong with the networks of this pod." : `${many(findings.length, "finding")}, ${bad} critical`;
  const columns = ["Check", "Severity", "What", "Seen", "Advice"].map((name) => ({ name }));
  fill("netcheck-findings", findings.length === 0 ? empty("Every check that can be made from inside the pod passed.")
    : table("Findings of netcheck", columns, findings.map((finding, nth) => ({
      key: `${finding.id} ${nth}`,
      cells: [h("code", null, finding.id), pill(LEVELS[severityOf(finding)] ?? "", severityOf(finding)), finding.subject ?? finding.plane ?? "–", h("span", { class: "any" }, finding.evidence ?? "–"), finding.advice ?? "–"],
    }))), unknown(answer.body.cannot_tell ?? []));
};

/** Only the pod that the page comes from is looked at. */
export const offerNetcheck = (otherPod) => {
  at("netcheck").hidden = absent || Boolean(otherPod);
};

/** Hears the button. */
export const startNetcheck = () => at("netcheck-run").addEventListener("click", run);
