// What the tests in a browser share: a Chromium, a service that only seems to be (or a real one), and checks
// that hold for whatever is shown. Programs and folders come by the environment, from `cargo xtask browser`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

const required = (name) => process.env[name] ?? assert.fail(`${name} is not set: run these tests by \`cargo xtask browser\``);
const packages = createRequire(join(required("BROWSER_PACKAGES"), "package.json"));
const { chromium } = packages("playwright-core");
const AXE = readFileSync(packages.resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = required("BROWSER_SHOTS");
mkdirSync(SHOTS, { recursive: true });

/** No wait is longer; one that is has failed. */
export const PATIENCE = 15_000;
/** What the fake service takes. */
export const TOKEN = "the token of an administrator";

export const WIDE = { width: 1280, height: 900 };
export const PHONE = { width: 360, height: 740 };

/** Every section filled, and nothing wrong; each test changes its own. */
export const scene = () => JSON.parse(readFileSync(new URL("scene.json", import.meta.url), "utf8"));

/** All that a pod of `scene` depends on. */
export const components = () => [
  { name: "store", ok: true, required: true, detail: "PostgreSQL at 10.30.0.10:5432" },
  { name: "plane-default", ok: true, required: true, detail: "eth0" },
  { name: "plane-management", ok: true, required: true, detail: "net1" },
  { name: "plane-data", ok: true, required: true, detail: "net2" },
  { name: "plane-storage", ok: true, required: true, detail: "net3" },
  { name: "kafka", ok: true, required: false, detail: "10.20.0.20:9093; feed partitions published here: 2" },
  { name: "redis", ok: true, required: false, detail: "10.30.0.12:6379" },
];

/** A port of loopback that was free a moment ago. */
export const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
};

/** Whatever was started and not stopped ends with the tests. */
const running = new Set();

/** Starts a program and waits for the line that says it listens. */
export const start = async (program, args, environment, stream, says) => {
  const child = spawn(program, args, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  const lines = [];
  const heard = new Promise((done, failed) => {
    for (const name of ["stdout", "stderr"]) {
      createInterface({ input: child[name] }).on("line", (line) => {
        lines.push(line);
        if (name === stream && says.test(line)) done(line);
      });
    }
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`${program} ended with ${code}: ${lines.join("\n")}`)));
    setTimeout(() => failed(new Error(`${program} does not start: ${lines.join("\n")}`)), PATIENCE).unref();
  });
  const line = await heard;
  const stop = async (signal = "SIGTERM") => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return { line, lines, child, stop };
};

/** A service that only seems to be: `show` changes what it shows. */
export class Fake {
  static async start(port) {
    const fake = new Fake();
    fake.port = port ?? (await freePort());
    fake.process = await start(required("BROWSER_DASHBOARD"), [`127.0.0.1:${fake.port}`], {}, "stdout", /^listening on /);
    return fake;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  show(told) {
    this.process.child.stdin.write(`${JSON.stringify(told)}\n`);
  }

  stop() {
    return this.process.stop("SIGKILL");
  }
}

let browser;

/** A page of its own, in which every error of a script and every message of the console is kept. */
export const open = async (url, { viewport = WIDE, scheme = "light", expected = [], before } = {}) => {
  browser ??= await chromium.launch({
    executablePath: required("BROWSER_CHROMIUM"),
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const context = await browser.newContext({ viewport, colorScheme: scheme, reducedMotion: "reduce", deviceScaleFactor: 1 });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.wrong = [];
  const wrong = (text) => expected.some((pattern) => pattern.test(text)) || page.wrong.push(text);
  page.on("pageerror", (error) => wrong(`${error}`));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong(`${message.text()} (${message.location().url})`));
  await before?.(page);
  await page.goto(url);
  await page.locator('#live[data-state="live"], #live[data-state="lost"]').waitFor();
  return page;
};

/** Ends the page; nothing may have gone wrong in it meanwhile. */
export const close = async (page) => {
  await page.context().close();
  assert.deepEqual(page.wrong, []);
};

/** Ends all that is left. */
export const finish = async () => {
  await browser?.close();
  for (const child of running) child.kill("SIGKILL");
};

export const shot = (page, name) => page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });

/** What axe finds: WCAG 2.2 A and AA, and its own best practices. */
export const accessible = async (page, what) => {
  // A script tag is what the page's policy forbids; this comes by the browser's own line.
  await page.evaluate(`${AXE}; undefined`);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `    ${node.html} ${node.failureSummary}`).join("\n")}`);
  assert.deepEqual(told, [], `${what} is not accessible`);
};

/** Nothing is wider than the screen, and nothing stands out of it. */
export const fits = async (page, what) => {
  const { content, screen, out } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
    out: [...document.querySelectorAll("main *, header *, nav *, footer *, dialog[open] *")]
      .filter((one) => !one.closest(".unseen, thead") && one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
      .map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`),
  }));
  assert.ok(content <= screen, `${what} scrolls sideways: ${content} > ${screen}`);
  assert.deepEqual(out, [], `${what} stands out of the screen`);
};

/**
 * The least contrast of any text with what is behind it (WCAG 2.2, section 1.4.3), and where. What is half
 * transparent is laid over what is behind it first.
 */
export const leastContrast = (page) => page.evaluate(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  canvas.canvas.width = canvas.canvas.height = 1;
  const read = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((part, nth) => part * a + under[nth] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.unshift(read(getComputedStyle(one).backgroundColor));
    return layers.reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  let least = { contrast: 21, where: "" };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest(".unseen, .skip, noscript, script, dialog:not([open])") || !element.checkVisibility()) continue;
    const behind = ground(element);
    const [a, b] = [light(over(read(getComputedStyle(element).color), behind)), light(behind)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < least.contrast) least = { contrast, where: `${element.tagName} ${element.className}: ${texts.currentNode.data.trim().slice(0, 40)}` };
  }
  return least;
});
