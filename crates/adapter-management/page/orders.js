// What callers ask and how fast it is answered, orders by state, and how far Kafka is behind.

import { empty, fill, h, pill, svg, table } from "/page/dom.js";
import { atLeast, count, duration, latency, many, rate } from "/page/format.js";
import { LAG_WARN_SECONDS } from "/page/verdict.js";

const EDGES = { rest: "REST", grpc: "gRPC" };
const LEVELS = { PENDING: "", CONFIRMED: "", COMPLETED: "good", CANCELLING: "warn", CANCELLED: "", REJECTED: "bad", EXPIRED: "warn" };

const sum = (list, name) => {
  const known = (list ?? []).map((one) => one[name]).filter((value) => value !== null && value !== undefined);
  return known.length ? known.reduce((all, one) => all + one, 0) : null;
};

const worst = (list, name) => {
  const known = (list ?? []).map((one) => one[name]).filter((value) => value !== null && value !== undefined);
  return known.length ? Math.max(...known) : null;
};

const tile = (name, value, unit, more, level = "") =>
  h("dl", { class: "tile", "data-key": name }, h("div", null, h("dt", null, name),
    h("dd", { class: `value ${level}` }, value, unit && h("small", null, ` ${unit}`)), more && h("dd", { class: "more" }, more)));

/** The numbers that say at a glance how the pod does. */
export const showTiles = (status) => {
  const traffic = status.traffic;
  const [requests, errors] = [sum(traffic, "requests_per_second"), sum(traffic, "errors_per_second")];
  const lag = status.feed?.lag_seconds;
  const consumer = status.kafka?.consumer_lag_messages;
  fill("traffic-tiles",
    tile("Orders placed", rate(sum(traffic, "placed_per_second")), "/s", "those of batches apart"),
    tile("Requests", rate(requests), "/s", `${count(sum(traffic, "active"))} being answered`),
    tile("Errors", rate(errors), "/s", requests ? `${((errors / requests) * 100).toFixed(2)} % of requests` : "failures of ours", errors ? "bad" : ""),
    tile("99 of 100 within", latency(worst(traffic, "p99_seconds")), "", `half within ${latency(worst(traffic, "p50_seconds"))}`),
    tile("Kafka behind feed", status.feed ? (lag === null ? "–" : latency(lag)) : "–", "", status.feed ? (lag === null ? "another pod publishes" : "oldest unpublished event") : "no Kafka", lag > LAG_WARN_SECONDS ? "warn" : ""),
    tile("To be read", consumer === null || consumer === undefined ? "–" : count(consumer), "", status.kafka ? "messages of Kafka" : "no Kafka"));
};

/** REST and gRPC apart. */
export const showEdges = (status) => {
  if (!status.traffic?.length) return fill("edges", empty("Rates are not known yet: they take two looks."));
  const number = (name) => ({ name, number: true });
  const columns = [{ name: "Edge" }, number("Requests/s"), number("Placed/s"), number("Errors/s"), number("Half within"), number("99 % within"), number("Active")];
  return fill("edges",
    table("Traffic by edge", columns, status.traffic.map((one) => ({
      key: one.edge,
      cells: [EDGES[one.edge] ?? one.edge, rate(one.requests_per_second), rate(one.placed_per_second),
        h("span", { class: one.errors_per_second ? "bad" : "" }, rate(one.errors_per_second)),
        latency(one.p50_seconds), latency(one.p99_seconds), count(one.active)],
    }))),
    h("p", { class: "muted" }, "Times are of the last minute, or of as long as somebody looks."));
};

/** Orders by state. */
export const showStates = (status) => {
  const orders = status.orders;
  if (!orders) return fill("orders-states", empty("Orders by state are not counted here."));
  if (orders.states.every((one) => one.count === 0)) return fill("orders-states", empty("There is no order yet."));
  const most = Math.max(1, ...orders.states.map((one) => one.count));
  return fill("orders-states",
    h("ul", { class: "bars" }, orders.states.map((one) =>
      h("li", { "data-key": one.state }, h("span", null, one.state),
        svg("svg", { class: `bar-line ${LEVELS[one.state] ?? ""}`, viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
          svg("rect", { width: Math.max(one.count ? 1 : 0, (one.count / most) * 100), height: 4, rx: 1 })),
        h("span", { class: "number" }, atLeast(one.count, one.capped))))),
    h("p", { class: "muted" }, orders.held === null ? "" : `${many(orders.held, "order")} on hold; `, `counted ${duration(orders.counted_seconds_ago)} ago`));
};

const card = (key, title, ...body) => h("div", { class: "card", "data-key": key }, h("h3", null, title), body);

const partitions = (feed) => {
  const columns = [{ name: "Partition" }, { name: "State" }, { name: "Behind", number: true }, { name: "Events", number: true }];
  return table("Partitions of the feed that this pod publishes", columns, feed.partitions.map((one) => ({
    key: `partition ${one.partition}`,
    cells: [String(one.partition), pill(one.halted ? "bad" : "good", one.halted ? "halted" : "going"), latency(one.lag_seconds), count(one.lag_events)],
  })));
};

/** The feed and what is read from Kafka. */
export const showKafka = (status) => {
  const { feed, kafka } = status;
  if (!feed && !kafka) {
    return fill("feed", h("div", { class: "card" }, empty("Kafka is not configured: set KAFKA_BROKERS. The feed is kept and can be watched, nothing is published.")));
  }
  return fill("feed",
    card("out", "Out: the feed to Kafka", !feed ? empty("Nothing is published by this pod.")
      : feed.partitions.length ? partitions(feed) : empty("Other pods publish all partitions of the feed.")),
    card("in", "In: facts and commands",
      !kafka ? empty("Nothing is read by this pod.")
        : [
          kafka.trouble && h("p", { class: "bad" }, kafka.trouble),
          kafka.consumer_lag_messages === null ? empty("How much is to be read is not known yet.")
            : h("p", null, `${many(kafka.consumer_lag_messages, "message")} of this pod's partitions to be done`),
        ]));
};
