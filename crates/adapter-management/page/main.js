// The dashboard: follows a pod and shows it, section by section. No framework, nothing from elsewhere.

import { at, empty, fill, h, keep, kept, table, tell } from "/page/dom.js";
import { Live } from "/page/live.js";
import { forgetRates, showInterfaces, showSockets } from "/page/network.js";
import { offerNetcheck, startNetcheck } from "/page/netcheck.js";
import { showEdges, showKafka, showStates, showTiles } from "/page/orders.js";
import { offerPods, showPods } from "/page/pods.js";
import { showRepair, startRepair } from "/page/repair.js";
import { showCertificates, showCoverage, showPolicies, showViolations } from "/page/security.js";
import { showComponents, showVerdict } from "/page/verdict.js";

const THEME = "order-service theme";
/** When the first status was on the page, for whoever measures it. */
const SHOWN = "status shown";

const SECTIONS = [
  showTiles, showStates, showEdges, showInterfaces, showSockets, showKafka, showPods, showPolicies,
  showViolations, showCoverage, showCertificates, (status) => showComponents(status, table, empty),
];

let state = "loading";

const show = (status) => {
  const pod = at("pod").value;
  showVerdict(status, pod);
  // Until it was looked at, nothing can be said of what is configured and what is not.
  for (const section of status.time ? SECTIONS : []) section(status);
  // Shared by all pods, and asked of the one that the page comes from.
  if (!pod) showRepair(status);
  // Another pod is the first one to itself.
  if (!pod) offerPods(status);
  offerNetcheck(pod);
  if (performance.getEntriesByName(SHOWN).length === 0) performance.mark(SHOWN);
};

/** Says how the line to the pod is. */
const say = ({ state: now, why, seconds }) => {
  const words = { loading: "Loading", live: "Live", lost: `Lost: ${why}. Trying again in ${seconds} s` };
  at("live").dataset.state = now;
  at("live-words").textContent = words[now];
  at("retry").hidden = now !== "lost";
  document.body.classList.toggle("stale", now === "lost");
  if (now === "lost" && state !== "lost") {
    tell(`The pod is lost: ${why}. What is shown is old.`);
    fill("notice", h("p", { class: "notice bad" }, `The pod is lost: ${why}. What is shown below is what it told last; it is asked again until it answers.`));
    document.title = "Lost · order-service";
  }
  if (now === "live" && state === "lost") tell("The pod answers again.");
  if (now === "live") fill("notice");
  if (now === "lost" && at("verdict").dataset.level === "wait") {
    at("verdict-words").textContent = "The pod cannot be seen";
    fill("verdict-more", h("p", null, why));
  }
  state = now;
};

const themed = (theme) => {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
};

const start = () => {
  const live = new Live(show, say);
  const theme = kept("localStorage", THEME);
  at("theme").value = theme;
  themed(theme);
  at("theme").addEventListener("change", ({ target }) => {
    keep("localStorage", THEME, target.value);
    themed(target.value);
  });
  at("pod").addEventListener("change", ({ target }) => {
    forgetRates();
    live.follow(target.value);
  });
  at("retry").addEventListener("click", () => live.now());
  startRepair();
  startNetcheck();
  live.follow("");
};

start();
