// What is found is listed and underlined at its place.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf, visits } from "./page.mjs";
import { drops, updates, updatesBefore } from "./samples.mjs";

const visit = visits();

test("the page begins with an example that shows something, and asks nobody else", async () => {
  const reader = await visit.open();
  assert.ok((await reader.findings()).length > 0);
  assert.match(await reader.page.textContent("#version"), /^\d+\.\d+\.\d+/);
  await reader.close();
});

test("every example has findings, and its Pods a life", async () => {
  const reader = await visit.open();
  const ids = await reader.page.$$eval("[data-example]", (buttons) => buttons.map(({ dataset }) => dataset.example));
  assert.ok(ids.length >= 10, `${ids}`);
  for (const id of ids) {
    await reader.example(id);
    await reader.page.waitForFunction((id) => {
      const shown = document.querySelector('[data-example][aria-pressed="true"]')?.dataset.example === id;
      return shown && document.querySelectorAll("#findings .finding[data-rule]").length > 0;
    }, id);
    assert.equal(await reader.page.isVisible("#notice"), false, id);
  }
  await reader.close();
});

test("a finding is listed with its line, underlined there, and leads there", async () => {
  const reader = await visit.open();
  await reader.paste("manifest", drops);
  const line = lineOf(drops, "sleep 45");
  const finding = await reader.finding("prestop-exceeds-grace", line);
  assert.equal(await reader.verdict(), "Refused");
  const underlined = await reader.page.textContent(".cm-lintRange-error");
  assert.match(underlined, /sleep 45/);

  await (await finding.$("button.go")).click();
  await reader.page.waitForFunction((line) => document.querySelector(".cm-activeLineGutter")?.textContent === String(line), line);
  assert.ok(await reader.page.evaluate(() => document.activeElement.closest("#editor") !== null));

  await reader.page.hover(".cm-lintRange-error");
  const hover = await reader.page.waitForSelector(".cm-tooltip .hover");
  assert.match(await hover.textContent(), /prestop-exceeds-grace.*sleeps 45 s.*ignore\.podgate\.dev\/prestop-exceeds-grace/);
  await (await hover.$(".why")).click();
  const dialog = await reader.page.waitForSelector("#rule[open]");
  assert.match(await dialog.textContent(), /Why it is bad/);
  const links = await dialog.$$eval("a", (all) => all.map((link) => link.getAttribute("href")));
  assert.ok(links.includes("../rules/prestop-exceeds-grace.html"), `${links}`);
  await reader.page.click("#rule .close");
  assert.equal(await reader.page.$("#rule[open]"), null);
  await reader.close();
});

test("typing changes the verdict", async () => {
  const reader = await visit.open();
  await reader.paste("manifest", drops.replace("sleep 45", "sleep 5"));
  await reader.page.waitForFunction(() => !document.querySelector('[data-rule="prestop-exceeds-grace"]'));
  await reader.paste("manifest", "");
  await reader.page.waitForSelector('#verdict[data-verdict="none"]');
  assert.deepEqual(await reader.findings(), []);
  await reader.close();
});

test("with old objects the manifest is judged as their update", async () => {
  const reader = await visit.open();
  await reader.paste("manifest", updates);
  await reader.page.waitForFunction(() => !document.querySelector('[data-rule="prestop-exceeds-grace"]'));
  assert.equal(await reader.page.$('[data-rule="scheduling-gate-added"]'), null);
  await reader.paste("old", updatesBefore);
  await reader.finding("scheduling-gate-added", lineOf(updates, "example.com/licence"));
  await reader.finding("init-container-field-change", lineOf(updates, "args: [down]"));
  await reader.close();
});

test("what cannot be read is said with its line, and the rest is judged", async () => {
  const reader = await visit.open();
  const broken = `${drops.trimEnd()}\n---\nkind: Pod\n  metadata: [}\n`;
  await reader.paste("manifest", broken);
  const problem = await reader.page.waitForSelector(".finding.problem button.go");
  await reader.finding("prestop-exceeds-grace", lineOf(broken, "sleep 45"));
  assert.match(await reader.verdict(), /1 part could not be read/);
  await problem.click();
  const line = Number(await reader.page.textContent(".cm-activeLineGutter"));
  assert.ok(line > drops.split("\n").length - 1, `${line}`);
  await reader.close();
});
