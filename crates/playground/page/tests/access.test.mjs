// Keyboard, screen reader, colours, small screens, and what the page may do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { visits } from "./page.mjs";
import { drops } from "./samples.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const visit = visits();

async function open() {
  const reader = await visit.open();
  await reader.page.waitForSelector("#picture img");
  return reader;
}

for (const colours of ["light", "dark"]) {
  test(`axe finds nothing in ${colours}`, async () => {
    const reader = await open();
    await reader.page.emulateMedia({ colorScheme: colours, reducedMotion: "reduce" });
    await reader.page.waitForTimeout(300);
    await reader.page.evaluate(axe);
    const look = async () => {
      const { violations } = await reader.page.evaluate(() => window.axe.run());
      return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
    };
    assert.deepEqual(await look(), []);
    await reader.tab("fixed");
    assert.deepEqual(await look(), []);
    await reader.page.click(".finding .why");
    await reader.page.waitForSelector("#rule[open]");
    assert.deepEqual(await look(), []);
    await reader.close();
  });
}

test("tabs are moved through by arrow keys", async () => {
  const reader = await open();
  await reader.page.focus("#tab-manifest");
  await reader.page.keyboard.press("ArrowRight");
  assert.equal(await reader.page.evaluate(() => document.activeElement.id), "tab-old");
  assert.equal(await reader.page.getAttribute("#tab-old", "aria-selected"), "true");
  await reader.page.keyboard.press("End");
  assert.equal(await reader.page.isVisible("#fixed"), true);
  await reader.page.keyboard.press("ArrowRight");
  assert.equal(await reader.page.evaluate(() => document.activeElement.id), "tab-manifest");
  // Tab leaves the editor: nobody is caught in it.
  await reader.page.focus("#editor .cm-content");
  await reader.page.keyboard.press("Tab");
  assert.equal(await reader.page.evaluate(() => document.activeElement.closest("#editor")), null);
  await reader.close();
});

test("the count of findings is told when the text rests", async () => {
  const reader = await open();
  await reader.paste("manifest", drops);
  await reader.page.waitForFunction(() => /^Refused\. \d+ findings: 1 deny/.test(document.querySelector("#live").textContent));
  await reader.close();
});

test("a choice of colours is kept, and one that the system has too is not", async () => {
  const reader = await open();
  const ground = () => reader.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await reader.page.click("#theme");
  assert.notEqual(await ground(), light);
  await reader.page.reload();
  await reader.judged();
  assert.notEqual(await ground(), light);
  await reader.page.click("#theme");
  assert.equal(await ground(), light);
  assert.equal(await reader.page.evaluate(() => localStorage.length), 0);
  await reader.close();
});

test("on a phone nothing is wider than the screen", async () => {
  const reader = await open();
  await reader.page.setViewportSize({ width: 390, height: 844 });
  await reader.page.waitForTimeout(200);
  assert.equal(await reader.page.evaluate(() => document.documentElement.scrollWidth), 390);
  for (const id of ["#editor", "#findings", "#sliders", "#picture img", "#share", "#profile"]) assert.ok(await reader.page.isVisible(id), id);
  await reader.close();
});

test("the page runs under its content security policy", async () => {
  const reader = await open();
  const policy = await reader.page.getAttribute('meta[http-equiv="Content-Security-Policy"]', "content");
  assert.match(policy, /^default-src 'none';/);
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval';/);
  assert.doesNotMatch(policy, /https?:|\*|'unsafe-eval'/);
  const refused = (where) =>
    where.evaluate(async () => {
      const violation = new Promise((told) => self.addEventListener("securitypolicyviolation", (event) => told(event.violatedDirective)));
      await fetch("http://127.0.0.1:9/").catch(() => {});
      return Promise.race([violation, new Promise((told) => setTimeout(told, 1_000, "nothing"))]);
    });
  assert.equal(await refused(reader.page), "connect-src");
  const [worker] = reader.page.workers();
  assert.equal(await refused(worker), "connect-src");
  // Apart from what the debugger runs, which is under no policy.
  const makes = () =>
    new Promise((told) => {
      setTimeout(() => {
        try {
          told(new Function("return 'made'")());
        } catch (error) {
          told(error.name);
        }
      });
    });
  assert.equal(await reader.page.evaluate(makes), "EvalError");
  assert.equal(await worker.evaluate(makes), "EvalError");
  // What was tried here is complained of, and is the policy's doing.
  assert.ok(reader.complaints.length > 0);
  for (const complaint of reader.complaints) assert.match(complaint, /Content Security Policy/);
  await reader.page.close();
});
