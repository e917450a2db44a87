// Dead letters and parked facts, kept in the test: what /api/dead-letters and /api/parked answer to an
// administrator. Whoever comes without the token is left to the service itself.

import { TOKEN } from "./harness.mjs";

const PATH = /\/api\/(dead-letters|parked)(?:\/([^/:?]+))?(?::(redrive|drop))?(?:\?.*)?$/;

export const letters = () => ({
  "dead-letters": [
    {
      id: "m1", kind: "message", at: "2026-11-28T09:58:00.000Z", reason: "unknown event type payment.captured.v9",
      message: {
        topic: "payments.events.v1", partition: 3, offset: 4711, key: { text: "0197a0aa" }, headers: [{ name: "ce_id", value: { text: "p-77" } }, { name: "odd", value: { base64: "AP8=" } }],
        value: { text: "{\"type\":\"payment.captured.v9\",\"amount\":1200,\"note\":\"<b>not markup</b>\"}" }, value_bytes: 71, value_cut: false, omitted_bytes: 0,
      },
    },
    {
      id: "f2", kind: "fact", at: "2026-11-28T08:00:00.000Z", reason: "no order within 72 h",
      fact: { source: "/warehouse/1", id: "w-77", order_id: "0197a0aa-0000-7000-8000-000000000002", parked_at: "2026-11-25T08:00:00.000Z", data: { type: "stock.reserved.v1", reservation_id: "r-1" } },
    },
  ],
  parked: [{ id: "p1", order_known: false, fact: { source: "/bank", id: "b-1", external_id: "W-1001", parked_at: "2026-11-28T10:00:00.000Z", data: { type: "payment.captured.v1", amount: 1200, currency: "EUR" } } }],
});

/** Answers on behalf of the service; `kept` is what there is, and changes. `asked` has every change asked for. */
export const repairing = async (page, kept, asked = []) => {
  await page.route(PATH, async (route) => {
    const request = route.request();
    const [, kind, id, verb] = PATH.exec(request.url());
    if (request.headers().authorization !== `Bearer ${TOKEN}`) return route.continue();
    const json = (body, status = 200) => route.fulfill({ status, contentType: status < 400 ? "application/json" : "application/problem+json", body: JSON.stringify(body) });
    const name = kind === "parked" ? "parked" : "dead_letters";
    if (!id) return json({ [name]: kept[kind] });
    const item = kept[kind].find((item) => item.id === decodeURIComponent(id));
    if (!item) return json({ detail: `There is nothing with the id ${id}.` }, 404);
    if (!verb) return json(item);
    asked.push(`${request.method()} ${kind}/${id}:${verb}`);
    if (item.stubborn) {
      item.reason = item.stubborn;
      return json({ code: "still_wrong", detail: item.reason }, 409);
    }
    kept[kind] = kept[kind].filter((other) => other !== item);
    return json({ id, outcome: verb === "drop" ? "DROPPED" : "APPLIED" });
  });
  return asked;
};
