// Dead letters and parked facts: how many, and for administrators each of them, to look at, redrive and drop.

import { ask, dialog, hasToken, useToken } from "/page/ask.js";
import { at, empty, facts, fill, h, table } from "/page/dom.js";
import { atLeast, many, time } from "/page/format.js";

const PAGE = 50;
const FORBIDDEN = [401, 403];

const KINDS = {
  "dead-letters": { title: "Dead letters", one: "dead letter", list: "dead_letters", what: "Facts whose order never came, and messages that could not be understood." },
  parked: { title: "Parked facts", one: "parked fact", list: "parked", what: "Facts that came before their order. They are applied when it is placed." },
};

/** What is known of each list: {items, next, loading, why, absent}. */
const lists = { "dead-letters": {}, parked: {} };
let repair = null;
/** The list that the token was asked for. */
let wanted = "";

const whenOf = ({ at: since, fact }) => since ?? fact?.parked_at;

/** What it is: a message by its place, a fact by its type, id and order. */
const whatOf = ({ id, message, fact }) => {
  if (message) return `${message.topic}, partition ${message.partition}, offset ${message.offset}`;
  if (!fact) return id;
  const order = fact.order_id ? `order ${fact.order_id}` : fact.external_id && `external id ${fact.external_id}`;
  return [fact.data?.type, `${fact.source} ${fact.id}`, order].filter(Boolean).join(", ");
};

/** Why it is here, in words. */
const whyOf = (kind, item) => item.reason ?? (kind !== "parked" ? "–" : item.order_known ? "Its order is known by now: redrive it" : "Its order is not known yet");

/** Bytes as they are told: as text, or as Base64 where they are none. */
const bytesOf = (value) => (value === null || value === undefined ? null : value.text ?? `${value.base64} (Base64)`);

const button = (kind, item, act, word, look) =>
  h("button", { type: "button", class: `small ${look}`, "data-act": act, "data-kind": kind, "data-id": item.id, "aria-label": `${word} ${KINDS[kind].one} ${item.id}` }, word);

const rows = (kind, items) => {
  const columns = [{ name: "What" }, { name: "Why" }, { name: "Since" }, { name: "Actions", acts: true }];
  return table(KINDS[kind].title, columns, items.map((item) => ({
    key: `${kind} ${item.id}`,
    cells: [h("span", { class: "mono" }, whatOf(item)), h("span", { class: "any" }, whyOf(kind, item)), h("span", { class: "whole" }, time(whenOf(item))),
      h("div", { class: "buttons" }, button(kind, item, "look", "Look", "quiet"), button(kind, item, "redrive", "Redrive", ""), button(kind, item, "drop", "Drop", "danger"))],
  })));
};

const show = (kind) => {
  const { title, one, what } = KINDS[kind];
  const known = lists[kind];
  const number = repair && (kind === "parked" ? repair.parked : repair.dead_letters);
  const total = number === null || number === undefined ? "" : `: ${atLeast(number, repair.capped && number >= 10000)}`;
  const word = known.items ? "Look again" : `Show ${title.toLowerCase()}`;
  fill(kind,
    h("div", { class: "head" }, h("h3", null, `${title}${total}`),
      !known.absent && h("button", { type: "button", class: "small quiet", "data-act": "list", "data-kind": kind, disabled: known.loading }, known.loading ? "Loading" : word)),
    h("p", { class: "muted" }, what),
    known.absent && empty("This version of the service does not list them."),
    known.why && h("p", { class: "bad" }, known.why),
    known.items && (known.items.length === 0 ? empty(`There is no ${one}.`) : rows(kind, known.items)),
    known.next && h("button", { type: "button", class: "small quiet", "data-act": "more", "data-kind": kind }, "Show more"));
};

/** The counts of this moment. */
export const showRepair = (status) => {
  repair = status.repair;
  for (const kind of Object.keys(KINDS)) show(kind);
};

const say = (words) => {
  at("repair-result").textContent = words;
};

/** Nobody, or somebody who may not: the token is asked for. */
const askForToken = (kind, answer) => {
  wanted = kind;
  const had = hasToken();
  useToken("", false);
  at("token").hidden = false;
  at("token-why").textContent = answer.status === 403 || had ? answer.why
    : "Looking at messages, redriving and dropping them takes the role admin: come with a client certificate that has it, or type the token of ADMIN_TOKEN_FILE.";
  at("token-text").value = "";
  at("token-text").focus();
  say(had ? "The token was not accepted." : "This is for administrators: a token is needed.");
};

const load = async (kind, page) => {
  const known = lists[kind];
  known.loading = true;
  show(kind);
  const more = page ? `&page_token=${encodeURIComponent(page)}` : "";
  const answer = await ask(`/api/${kind}?page_size=${PAGE}${more}`);
  known.loading = false;
  known.why = null;
  if (answer.ok) {
    const items = answer.body[KINDS[kind].list] ?? [];
    known.items = page ? [...(known.items ?? []), ...items] : items;
    known.next = answer.body.next_page_token || null;
    at("token").hidden = true;
  } else if (FORBIDDEN.includes(answer.status)) {
    known.items = null;
    askForToken(kind, answer);
  } else if (answer.status === 404) known.absent = true;
  else known.why = `They cannot be shown: ${answer.why}`;
  show(kind);
  return answer.ok;
};

const look = async (kind, item) => {
  const whole = await ask(`/api/${kind}/${encodeURIComponent(item.id)}`);
  const told = whole.ok ? whole.body : item;
  const { message, fact } = told;
  const block = (name, text) => text !== null && text !== undefined && h("figure", null,
    h("figcaption", { class: "muted" }, name), h("pre", { tabindex: "0", "aria-label": name }, text));
  const headers = message?.headers?.map(({ name, value }) => `${name}: ${bytesOf(value) ?? ""}`).join("\n");
  await dialog({
    title: `${KINDS[kind].title.replace(/s$/, "")} ${told.id}`,
    body: [
      facts([
        ["What", whatOf(told)], ["Why", whyOf(kind, told)], ["Since", time(whenOf(told))],
        ["Key", bytesOf(message?.key)], ["Caller", fact?.caller], ["Trace", fact?.traceparent],
        ["Size", message && `${message.value_bytes} bytes`],
        ["Not kept", message?.omitted_bytes ? `${message.omitted_bytes} bytes: it was too large, and cannot be redriven` : null],
      ], "facts tall"),
      block("Headers", headers || null),
      block(message?.value_cut ? "Value, its beginning" : "Value", bytesOf(message?.value)),
      block("Fact", fact && JSON.stringify(fact.data ?? {}, null, 2)),
    ],
  });
};

const QUESTIONS = {
  redrive: ["Redrive", "is done again now, as if it had just come. If that works it leaves this list."],
  drop: ["Drop", "is gone for good: nothing keeps it after this. The log names who did it."],
};

const act = async (kind, item, verb) => {
  const [word, meaning] = QUESTIONS[verb];
  const { one } = KINDS[kind];
  const sure = await dialog({
    title: `${word} this ${one}?`,
    body: [h("p", { class: "mono" }, whatOf(item)), h("p", null, `The ${one} ${meaning}`)],
    yes: word,
    danger: verb === "drop",
  });
  if (!sure) return;
  say(`${word}: under way`);
  const answer = await ask(`/api/${kind}/${encodeURIComponent(item.id)}:${verb}`, "POST");
  if (FORBIDDEN.includes(answer.status)) return askForToken(kind, answer);
  await load(kind);
  const still = (lists[kind].items ?? []).find((other) => other.id === item.id);
  const done = verb === "drop" ? "dropped" : "redriven";
  if (answer.status === 409) say(`Tried, and it is still wrong: ${answer.why}`);
  else if (!answer.ok) say(`Not ${done}: ${answer.why}`);
  else if (still) say(`It is still listed: ${whyOf(kind, still)}`);
  else say(`The ${one} was ${done}; ${many(lists[kind].items?.length ?? 0, "more", "more")} listed.`);
  if (!still) (at(kind).querySelector("[data-act=redrive]") ?? at("repair-title")).focus();
};

/** Hears the buttons and the form. */
export const startRepair = () => {
  at("repair").addEventListener("click", (event) => {
    const pressed = event.target.closest("button[data-act]");
    if (!pressed) return;
    const { act: verb, kind, id } = pressed.dataset;
    if (verb === "list") return load(kind);
    if (verb === "more") return load(kind, lists[kind].next);
    const item = lists[kind].items?.find((item) => String(item.id) === id);
    if (!item) return;
    if (verb === "look") look(kind, item);
    else act(kind, item, verb);
  });
  at("token").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = at("token-text").value.trim();
    if (!text) return;
    useToken(text, at("token-keep").checked);
    if (!(await load(wanted))) return;
    say("The token is accepted.");
    at(wanted).querySelector("button")?.focus();
  });
};
