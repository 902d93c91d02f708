// How soon there is a result. The bounds are wide, because CI has slow machines; the figures are told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { best, visits } from "./page.mjs";
import { drops } from "./samples.mjs";

const visit = visits();

async function firstResult() {
  const page = await visit.browser.newPage();
  const devtools = await visit.browser.newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector("#findings .finding")) return;
      window.firstResult = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(visit.url);
  const first = await (await page.waitForFunction(() => window.firstResult)).jsonValue();
  await page.close();
  return first;
}

test("the first result comes soon on a slow processor", async (t) => {
  const first = await best(15_000, firstResult);
  t.diagnostic(`first result after ${Math.round(first)} ms, with a processor of a quarter of the speed`);
  assert.ok(first < 15_000, `${first} ms`);
});

test("each key is judged at once", async (t) => {
  const reader = await visit.open();
  await reader.paste("manifest", drops);
  await reader.page.waitForSelector('#verdict[data-verdict="deny"]');
  await reader.page.keyboard.press("ControlOrMeta+Home");
  await reader.page.evaluate(() => {
    window.times = [];
    let typed = 0;
    addEventListener("beforeinput", () => (typed = performance.now()), { capture: true });
    new MutationObserver(() => {
      if (typed) window.times.push(performance.now() - typed);
      typed = 0;
    }).observe(document.getElementById("findings"), { childList: true });
  });
  await reader.page.keyboard.type("# a comment of some words", { delay: 80 });
  await reader.page.waitForTimeout(500);
  const times = (await reader.page.evaluate(() => window.times)).toSorted((a, b) => a - b);
  assert.ok(times.length > 10, `${times}`);
  const middle = times[Math.floor(times.length / 2)];
  t.diagnostic(`a key is judged after ${middle.toFixed(1)} ms, at most ${times.at(-1).toFixed(1)} ms`);
  assert.ok(middle < 300, `${middle} ms`);
  await reader.close();
});
