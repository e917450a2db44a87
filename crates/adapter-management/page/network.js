// The planes: their interfaces with what goes by them, and their sockets.

import { empty, fill, h, pill, svg, table } from "/page/dom.js";
import { byteRate, bytes, count, many } from "/page/format.js";

const VARIABLES = { default: "DEFAULT_INTERFACE", management: "MGMT_INTERFACE", data: "DATA_INTERFACE", storage: "STORAGE_INTERFACE" };
// Two minutes at a frame every 2 s.
const SAMPLES = 60;
const [WIDTH, HEIGHT] = [120, 26];

/** What went by each plane, as far back as this page has looked. */
const seen = new Map();

/** Another pod is looked at: its past is not known. */
export const forgetRates = () => seen.clear();

const remember = (key, value) => {
  const samples = seen.get(key) ?? [];
  samples.push(value ?? 0);
  if (samples.length > SAMPLES) samples.shift();
  seen.set(key, samples);
  return samples;
};

const sparkline = (samples, words) => {
  const peak = Math.max(1, ...samples);
  const step = WIDTH / (SAMPLES - 1);
  const from = WIDTH - step * (samples.length - 1);
  const points = samples.map((value, nth) => `${(from + nth * step).toFixed(1)} ${(HEIGHT - 1 - (value / peak) * (HEIGHT - 3)).toFixed(1)}`);
  const line = `M${points.join("L")}`;
  return svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
    svg("path", { class: "base", d: `M0 ${HEIGHT - 0.5}H${WIDTH}` }),
    samples.length > 1 && svg("path", { class: "area", d: `${line}L${WIDTH} ${HEIGHT}L${from.toFixed(1)} ${HEIGHT}Z` }),
    samples.length > 1 && svg("path", { d: line }));
};

const direction = (plane, kind, name, value) => {
  const samples = value === null || value === undefined ? seen.get(`${plane} ${kind}`) ?? [0] : remember(`${plane} ${kind}`, value);
  const words = `${name} ${byteRate(value)}, at most ${byteRate(Math.max(...samples))} in the last ${samples.length * 2} seconds`;
  return h("div", { class: `rate ${kind}` },
    h("span", { class: "name" }, name), sparkline(samples, words), h("span", { class: "number" }, byteRate(value)));
};

const card = (one) => {
  const level = one.up ? "good" : "bad";
  const packets = one.errors_total === null && one.dropped_total === null ? null
    : h("p", { class: "muted detail" },
      h("span", { class: one.errors_total ? "warn" : "" }, `${count(one.errors_total)} errors`), ", ",
      h("span", { class: one.dropped_total ? "warn" : "" }, `${count(one.dropped_total)} dropped`),
      `, ${bytes(one.receive_bytes_total)} in, ${bytes(one.transmit_bytes_total)} out since it came up`);
  return h("article", { class: "plane", "data-key": one.plane, "data-level": level, "aria-label": `${one.plane} plane` },
    h("header", null, h("h3", null, one.plane), one.interface && h("code", null, one.interface),
      one.interface ? pill(level, one.up ? "up" : "down") : pill("", "not bound")),
    !one.up && h("p", { class: "bad detail" }, one.detail || "It cannot be used."),
    one.interface
      ? [
        h("p", { class: "detail" }, h("span", { class: "mono" }, one.addresses.join(" ") || "no address"), one.mtu ? h("span", { class: "muted whole" }, ` MTU ${one.mtu}`) : null),
        direction(one.plane, "receive", "Receives", one.receive_bytes_per_second),
        direction(one.plane, "transmit", "Sends", one.transmit_bytes_per_second),
        packets,
      ]
      : h("p", { class: "muted detail" }, one.detail || `Its sockets go where the routing table says: set ${VARIABLES[one.plane] ?? "its variable"}.`));
};

/** The interfaces. */
export const showInterfaces = (status) => {
  const all = status.interfaces;
  if (!all) return fill("interfaces", h("p", { class: "empty alone" }, "Interfaces are not known: the kernel was not asked yet, or does not tell."));
  if (all.every((one) => !one.interface)) {
    const names = Object.values(VARIABLES).join(", ");
    return fill("interfaces", h("p", { class: "empty alone" }, `No plane has an interface of its own here: all sockets go where the routing table says. In a pod with several networks set ${names}.`));
  }
  return fill("interfaces", all.map(card));
};

/** The sockets. */
export const showSockets = (status) => {
  const sockets = status.sockets;
  if (!sockets) return fill("sockets", empty("Sockets are not known: the kernel was not asked yet, or does not tell."));
  if (sockets.total === 0) return fill("sockets", empty("The pod has no socket."));
  const columns = ["Plane", "Role", "Local", "Peer", "Interface", "State"].map((name) => ({ name }));
  const rows = sockets.shown.map((one) => ({
    key: `${one.role} ${one.local} ${one.peer ?? ""}`,
    cells: [one.plane ?? "–", one.role, h("span", { class: "mono" }, one.local), one.peer ? h("span", { class: "mono" }, one.peer) : "–",
      one.interface ? h("code", null, one.interface) : "not bound", one.state],
  }));
  const shown = rows.slice(0, 200);
  const left = sockets.total - shown.length;
  return fill("sockets",
    h("details", { open: sockets.total <= 12 },
      h("summary", null, many(sockets.total, "socket"), h("span", { class: "muted" }, summary(sockets.shown))),
      table("Sockets of the planes", columns, shown),
      left > 0 && h("p", { class: "muted" }, `and ${count(left)} more`)));
};

const summary = (shown) => {
  const listening = shown.filter((one) => one.state === "listening").length;
  const planes = new Map();
  for (const one of shown) planes.set(one.plane ?? "no plane", (planes.get(one.plane ?? "no plane") ?? 0) + 1);
  return `, ${listening} of them listening; ${[...planes].map(([plane, number]) => `${plane} ${number}`).join(", ")}`;
};
