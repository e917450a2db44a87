// The dashboard of the real service: what it gathers of itself reaches the page.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { accessible, close, finish, fits, freePort, open, PHONE, shot, start } from "./harness.mjs";

after(finish);

const has = (page, selector, words) => page.locator(selector).filter({ hasText: words }).first().waitFor();

const order = (number) => JSON.stringify({
  customer_id: "customer-1", currency: "EUR", lines: [{ sku: `sku-${number}`, quantity: 1, unit_price: 1200 }],
});

const TOKEN = "0123456789abcdef0123456789abcdef";

const serve = async (folder, ports) => start(process.env.BROWSER_SERVICE, ["serve"], {
  ADMIN_TOKEN_FILE: join(folder, "token"),
  DATABASE_URL: `sqlite:${join(folder, "orders.db")}`, LOG_FORMAT: "json", POD_NAME: "order-service-real", NODE_NAME: "here",
  HTTP_LISTEN_ADDR: `127.0.0.1:${ports[0]}`, GRPC_LISTEN_ADDR: `127.0.0.1:${ports[1]}`, MGMT_LISTEN_ADDR: `127.0.0.1:${ports[2]}`,
}, "stderr", /"message":"started"/);

test("a real service shows what it does, is lost when it stops, and comes back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dashboard-"));
  try {
    writeFileSync(join(folder, "token"), TOKEN);
    const ports = [await freePort(), await freePort(), await freePort()];
    let service = await serve(folder, ports);
    const expected = [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /401/];
    const page = await open(`http://127.0.0.1:${ports[2]}/`, { expected });
    await has(page, "#verdict-words", "Ready");
    await has(page, "#verdict-more", "order-service-real");
    await has(page, "#sockets", "REST listener");
    await has(page, "#interfaces", "No plane has an interface of its own");
    await has(page, "#feed", "Kafka is not configured: set KAFKA_BROKERS");
    // Until the page has seen it: rates are of the last seconds.
    const placed = page.locator("#traffic-tiles dl").first();
    let number = 0;
    const seen = async () => !/^(–|0)/.test((await placed.locator("dd").first().innerText()).trim());
    for (const deadline = Date.now() + 20_000; !(await seen()); number += 1) {
      assert.ok(Date.now() < deadline, "placed orders are not shown");
      const answer = await fetch(`http://127.0.0.1:${ports[0]}/v1/orders`, {
        method: "POST", headers: { "content-type": "application/json", "idempotency-key": `key-${number}` }, body: order(number),
      });
      assert.equal(answer.status, 201, await answer.text());
    }
    await has(page, "#edges", "REST");
    await shot(page, "real");
    await accessible(page, "the real service");
    await page.setViewportSize(PHONE);
    await fits(page, "the real service on a phone");
    // The service asks for a token before it shows what is for administrators.
    await page.getByRole("button", { name: "Show dead letters" }).click();
    await has(page, "#repair-result", "This is for administrators");

    await service.stop();
    await has(page, "#live-words", "Lost");
    service = await serve(folder, ports);
    await has(page, "#live-words", "Live");
    await has(page, "#verdict-words", "Ready");
    await service.stop();
    assert.equal(service.child.exitCode, 0, service.lines.join("\n"));
    await close(page);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a fact without its order is seen, tried in vain, and dropped by a real service", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dashboard-"));
  try {
    writeFileSync(join(folder, "token"), TOKEN);
    const ports = [await freePort(), await freePort(), await freePort()];
    const service = await serve(folder, ports);
    const answer = await fetch(`http://127.0.0.1:${ports[0]}/v1/facts`, {
      method: "POST", headers: { "content-type": "application/cloudevents+json" },
      body: JSON.stringify({
        specversion: "1.0", id: "fact-1", source: "/payments", type: "payment.authorized.v1",
        data: { external_id: "W-1001", payment_id: "pay-1", amount: 1200, currency: "EUR" },
      }),
    });
    assert.equal((await answer.json()).outcome, "PARKED");
    const page = await open(`http://127.0.0.1:${ports[2]}/`, { expected: [/401/, /409/] });
    await page.getByRole("button", { name: "Show parked facts" }).click();
    await page.locator("#token-text").fill(TOKEN);
    await page.getByRole("button", { name: "Use token" }).click();
    await has(page, "#parked", "W-1001");
    await page.locator("#repair").scrollIntoViewIfNeeded();
    await shot(page, "real-parked-before");
    await page.getByRole("button", { name: /^Redrive parked fact p/ }).click();
    await page.locator("#dialog-yes").click();
    await has(page, "#repair-result", "Tried, and it is still wrong");
    await page.getByRole("button", { name: /^Drop parked fact p/ }).click();
    await page.locator("#dialog-yes").click();
    await has(page, "#parked", "There is no parked fact");
    await shot(page, "real-parked-after");
    assert.match(service.lines.join("\n"), /bearer of the token/, "the log says who did it");
    await close(page);
    await service.stop();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
