// The line between the dashboard and its pod: lost and back, refused, silent; and what a service says that will
// not or cannot answer.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessible, close, components, Fake, finish, fits, open, PATIENCE, PHONE, scene, shot } from "./harness.mjs";

after(finish);

const has = (page, selector, words) => page.locator(selector).filter({ hasText: words }).first().waitFor();
const refused = [/ERR_CONNECTION_REFUSED/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/];
const problem = (status, detail) => (route) => route.fulfill({ status, contentType: "application/problem+json", body: JSON.stringify({ status, detail }) });

test("a pod that is lost is told so and followed again when it is back", async () => {
  let fake = await Fake.start();
  const page = await open(fake.url, { expected: refused });
  await has(page, "#live-words", "Live");
  await fake.stop();
  await has(page, "#live-words", "Lost: it does not answer. Trying again in");
  await has(page, "#notice", "What is shown below is what it told last");
  await has(page, "#told", "The pod is lost");
  await has(page, "#verdict-words", "Ready");
  assert.equal(await page.title(), "Lost · order-service");
  await shot(page, "lost");
  await accessible(page, "a page that has lost its pod");
  fake = await Fake.start(fake.port);
  await has(page, "#live-words", "Live");
  await page.waitForFunction(() => document.getElementById("notice").childElementCount === 0);
  // And frames come again.
  fake.show({ snapshot: { ...scene(), pod: { name: "back-again", node: null } } });
  await has(page, "#verdict-more", "back-again");
  await fake.stop();
  // At once, for who does not want to wait.
  await has(page, "#live-words", "Lost");
  fake = await Fake.start(fake.port);
  await page.locator("#retry").click();
  await has(page, "#live-words", "Live");
  await fake.stop();
  await close(page);
});

test("where no more streams are open, asking has to do", async () => {
  const fake = await Fake.start();
  const page = await open(fake.url, { expected: [/503/], before: (page) => page.route("**/api/status/stream", problem(503, "32 streams are open")) });
  await has(page, "#live-words", "Live");
  fake.show({ snapshot: { ...scene(), pod: { name: "asked-for", node: null } } });
  await has(page, "#verdict-more", "asked-for");
  await fake.stop();
  await close(page);
});

test("a page that is loaded while the pod answers with errors says what it says", async () => {
  const fake = await Fake.start();
  for (const [status, detail] of [[401, "This is for administrators."], [403, "CN=somebody lacks the role admin."], [503, "The pod is overloaded."]]) {
    const page = await open(fake.url, {
      viewport: PHONE,
      expected: [new RegExp(`${status}`)],
      before: (page) => page.route("**/api/status", problem(status, detail)),
    });
    await has(page, "#verdict-words", "The pod cannot be seen");
    await has(page, "#verdict-more", detail);
    await fits(page, "an error");
    if (status === 503) await shot(page, "error-phone");
    await accessible(page, `an answer of ${status}`);
    await page.unroute("**/api/status");
    await has(page, "#live-words", "Live");
    await close(page);
  }
  await fake.stop();
});

test("netcheck: findings by severity, none, and a build without it", async () => {
  const fake = await Fake.start();
  fake.show({ components: components() });
  const findings = [
    { id: "SYS003", severity: "warning", subject: "data plane (net2)", evidence: "net.ipv4.conf.net2.arp_ignore = 0", advice: "set arp_ignore=1 and arp_announce=2 by the tuning plugin" },
    { id: "RTE001", severity: "critical", subject: "management plane (net1)", evidence: "default via 10.10.0.1 dev net1 beside eth0's", advice: "remove 0.0.0.0/0 from the NetworkAttachmentDefinition" },
    { id: "SYS007", severity: "information", subject: "pod", evidence: "net.ipv4.ping_group_range = 1 0", advice: "ICMP is off; TCP probes are used" },
  ];
  const page = await open(fake.url, { expected: [/503|404/] });
  let answer = (route) => route.fulfill({ json: { findings, cannot_tell: [{ id: "NBR002", reason: "no peer is configured" }] } });
  await page.route("**/api/netcheck", (route) => answer(route));
  await page.locator("#netcheck-run").click();
  await has(page, "#netcheck-result", "3 findings, 1 critical");
  assert.match(await page.locator("#netcheck-findings tbody tr").first().innerText(), /RTE001/);
  await has(page, "#netcheck-findings", "1 check could not be made here");
  await page.locator("#netcheck").scrollIntoViewIfNeeded();
  await shot(page, "netcheck");
  await accessible(page, "findings");
  answer = (route) => route.fulfill({ json: { findings: [] } });
  await page.locator("#netcheck-run").click();
  await has(page, "#netcheck-result", "Nothing is wrong");
  answer = problem(503, "The kernel does not answer.");
  await page.locator("#netcheck-run").click();
  await has(page, "#netcheck-result", "It did not run: The kernel does not answer.");
  answer = problem(404, "There is nothing at /api/netcheck.");
  await page.locator("#netcheck-run").click();
  await page.locator("#netcheck").waitFor({ state: "hidden", timeout: PATIENCE });
  await has(page, "#told", "no netcheck");
  await close(page);
  await fake.stop();
});
