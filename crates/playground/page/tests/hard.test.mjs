// Texts and failures that must not stop the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Reader, best, lineOf, visits } from "./page.mjs";
import { drops } from "./samples.mjs";
import { serve } from "./server.mjs";

const visit = visits();

// The longest time in milliseconds for which the page answered nobody while something was done.
async function longestPause(page, work) {
  await page.evaluate(() => {
    window.pauses = { last: performance.now(), longest: 0, on: true };
    const look = () => {
      const { pauses } = window;
      const now = performance.now();
      pauses.longest = Math.max(pauses.longest, now - pauses.last);
      pauses.last = now;
      if (pauses.on) setTimeout(look, 5);
    };
    look();
  });
  await work();
  return page.evaluate(() => {
    window.pauses.on = false;
    return window.pauses.longest;
  });
}

const huge = (bytes) => {
  const one = `---\n${drops.trim()}\n`;
  const many = Math.ceil(bytes / one.length);
  return Array.from({ length: many }, (_, index) => one.replace("name: web", `name: web-${index}`)).join("");
};

const TEXTS = {
  "2 MB of manifests": huge(2_000_000),
  "2 MB of one line": `a: ${"x".repeat(2_000_000)}`,
  "2 MB of lines without sense": "? [ : {\n".repeat(250_000),
  "brackets in brackets": "[".repeat(200_000),
  "fields in fields": Array.from({ length: 2_000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
  "aliases of aliases": Array.from({ length: 40 }, (_, n) => `a${n}: &a${n} [${n ? `*a${n - 1}, *a${n - 1}` : "x"}]`).join("\n"),
  "characters that are none": `kind: Pod\nmetadata: {name: "\u0000\ud800\uffff"}\n`,
};

for (const [what, text] of Object.entries(TEXTS)) {
  test(`${what}: the page goes on`, async (t) => {
    const pause = await best(5_000, async () => {
      const reader = await visit.open();
      const pause = await longestPause(reader.page, async () => {
        await reader.paste("manifest", text);
        // The page is usable at once.
        await reader.tab("policy");
        await reader.tab("manifest");
      });
      await reader.paste("manifest", drops);
      await reader.finding("prestop-exceeds-grace", lineOf(drops, "sleep 45"));
      await reader.close();
      return pause;
    });
    t.diagnostic(`longest pause ${Math.round(pause)} ms`);
    assert.ok(pause < 5_000, `${pause} ms`);
  });
}

// How deep brackets are parsed is a matter of time, and what a stack holds one of how long the page has run.
test("a text is replaced by another, whatever it was", async () => {
  for (let times = 0; times < 10; times += 1) {
    const reader = await visit.open();
    await reader.paste("manifest", TEXTS["brackets in brackets"]);
    await reader.tab("policy");
    await reader.paste("manifest", drops);
    await reader.finding("prestop-exceeds-grace", lineOf(drops, "sleep 45"));
    // The colours are back.
    await reader.page.waitForSelector("#editor .cm-line span[class]");
    await reader.close();
  }
});

test("2 MB of manifests are judged while somebody types", async (t) => {
  const pause = await best(5_000, async () => {
    const reader = await visit.open();
    await reader.paste("manifest", TEXTS["2 MB of manifests"]);
    const pause = await longestPause(reader.page, () => reader.page.keyboard.type("# a comment\n", { delay: 20 }));
    await reader.page.waitForSelector("#findings .more");
    assert.ok((await reader.findings()).length > 100);
    await reader.close();
    return pause;
  });
  t.diagnostic(`longest pause ${Math.round(pause)} ms`);
  assert.ok(pause < 5_000, `${pause} ms`);
});

// Lets the worker break in answering; the next worker is whole.
const breakWorker = (page, broken) =>
  page.workers()[0].evaluate((broken) => {
    self.post ??= self.postMessage.bind(self);
    self.postMessage = ({ id }) => self.post({ id, ...broken });
  }, broken);

test("an engine that stops is started again, and it is said", async () => {
  const reader = await visit.open();
  await breakWorker(reader.page, { trap: "RuntimeError: unreachable" });
  await reader.paste("manifest", drops);
  await reader.page.waitForFunction(() => document.querySelector("#notice").textContent.includes("started again"));
  await reader.page.keyboard.type("\n");
  await reader.page.waitForSelector("#notice", { state: "hidden" });
  await reader.finding("prestop-exceeds-grace", lineOf(drops, "sleep 45"));
  await reader.close();
});

test("an answer that is no JSON does not stop what comes after it", async () => {
  const reader = await visit.open();
  await breakWorker(reader.page, { answer: "no JSON" });
  await reader.paste("manifest", drops);
  await reader.page.waitForFunction(() => document.querySelector("#notice").textContent.includes("no JSON"));
  await breakWorker(reader.page, { trap: "gone" });
  await reader.page.keyboard.type("\n");
  await reader.page.waitForFunction(() => document.querySelector("#notice").textContent.includes("started again"));
  await reader.page.keyboard.type("\n");
  await reader.finding("prestop-exceeds-grace", lineOf(drops, "sleep 45"));
  await reader.close();
});

test("an engine that cannot be loaded is said", async () => {
  const broken = await serve((name) => (name.endsWith(".wasm") ? { type: "application/wasm", body: "no engine" } : undefined));
  const reader = await Reader.open(visit.browser, broken.url);
  await reader.page.waitForFunction(() => document.querySelector("#notice").textContent.includes("could not be loaded"));
  await reader.page.close();
  await broken.close();
});
