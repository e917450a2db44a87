// Dead letters and parked facts, kept in the test: what /api/dead-letters and /api/parked answer to an
// administrator. Whoever comes without the token is left to the service itself.

import { TOKEN } from "./harness.mjs";

const PATH = /\/api\/(dead-letters|parked)(?:\/([^/:?]+))?(?::(redrive|drop))?(?:\?.*)?$/;

export const letters = () => ({
  "dead-letters": [
    { id: "dl-1", kind: "message", topic: "payments.events.v1", partition: 3, offset: 4711, key: "0197a0aa", reason: "unknown event type payment.captured.v9", at: "2026-11-28T09:58:00Z", value: "{\"type\":\"payment.captured.v9\",\"amount\":1200,\"note\":\"<b>not markup</b>\",\"more\":\"a text that is long enough to be shown apart\"}" },
    { id: "dl-2", kind: "fact", source: "/warehouse/1", fact_id: "f-77", order_id: "0197a0aa-0000-7000-8000-000000000002", reason: "no order within 72 h", at: "2026-11-28T08:00:00Z" },
  ],
  parked: [{ id: "p-1", kind: "payment.captured.v1", source: "/bank", fact_id: "f-1", external_id: "W-1001", at: "2026-11-28T10:00:00Z" }],
});

/** Answers on behalf of the service; `kept` is what there is, and changes. `asked` has every change asked for. */
export const repairing = async (page, kept, asked = []) => {
  await page.route(PATH, async (route) => {
    const request = route.request();
    const [, kind, id, verb] = PATH.exec(request.url());
    if (request.headers().authorization !== `Bearer ${TOKEN}`) return route.continue();
    const json = (body, status = 200) => route.fulfill({ status, contentType: status < 400 ? "application/json" : "application/problem+json", body: JSON.stringify(body) });
    const name = kind === "parked" ? "parked" : "dead_letters";
    if (!id) return json({ [name]: kept[kind], next_page_token: "" });
    const item = kept[kind].find((item) => item.id === decodeURIComponent(id));
    if (!item) return json({ detail: `There is nothing with the id ${id}.` }, 404);
    if (!verb) return json(item);
    asked.push(`${request.method()} ${kind}/${id}:${verb}`);
    if (item.stubborn) {
      item.reason = item.stubborn;
      return json({ outcome: "STILL_WRONG", reason: item.reason });
    }
    kept[kind] = kept[kind].filter((other) => other !== item);
    return json({ outcome: "APPLIED" });
  });
  return asked;
};
