// Policies: what they say, mistakes in them, what completes them, and what they add.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lineOf, visits } from "./page.mjs";
import { drops, policy } from "./samples.mjs";

const visit = visits();

async function open() {
  const reader = await visit.open();
  await reader.paste("manifest", drops);
  await reader.page.waitForSelector('#verdict[data-verdict="deny"]');
  return reader;
}

test("a policy decides, and a profile over it", async () => {
  const reader = await open();
  await reader.paste("policy", policy);
  await reader.page.waitForSelector('.finding.warn[data-rule="prestop-exceeds-grace"]');
  await reader.page.selectOption("#profile", "audit");
  // What a policy names wins over any profile.
  await reader.page.waitForSelector('.finding.warn[data-rule="prestop-exceeds-grace"]');
  await reader.paste("policy", "");
  await reader.page.waitForSelector('.finding.audit[data-rule="prestop-exceeds-grace"]');
  await reader.close();
});

test("a mistake in a policy is said at its place, with what was meant", async () => {
  const reader = await open();
  const wrong = policy.replace("prestop-exceeds-grace: warn", "prestop-exceeds-grce: warn");
  await reader.paste("policy", wrong);
  const mistake = await reader.page.waitForSelector(".finding.problem");
  assert.match(await mistake.textContent(), /did you mean .*prestop-exceeds-grace/);
  assert.equal(await mistake.getAttribute("data-line"), String(lineOf(wrong, "grce")));
  assert.match(await reader.page.textContent("#tab-policy .badge"), /1 mistakes?/);
  await reader.page.waitForSelector("#editor .cm-lintRange-error");
  await reader.tab("manifest");
  await (await mistake.$("button")).click();
  assert.equal(await reader.page.getAttribute("#tab-policy", "aria-selected"), "true");
  await reader.close();
});

test("fields and values of a policy are completed", async () => {
  const reader = await open();
  await reader.paste("policy", "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n");
  const offered = async (typed) => {
    await reader.page.keyboard.press("ControlOrMeta+End");
    await reader.page.keyboard.type(typed);
    await reader.page.keyboard.press("Control+Space");
    await reader.page.waitForSelector(".cm-tooltip-autocomplete li");
    return reader.page.$$eval(".cm-tooltip-autocomplete .cm-completionLabel", (all) => all.map((one) => one.textContent));
  };
  const take = async (label) => {
    await reader.page.locator(".cm-tooltip-autocomplete li").filter({ hasText: label }).first().click();
    await reader.page.waitForSelector(".cm-tooltip-autocomplete", { state: "detached" });
  };
  assert.deepEqual(await offered("  pro"), ["profile"]);
  await take("profile");
  assert.deepEqual((await offered("")).toSorted(), ["advisory", "audit", "standard", "strict"]);
  await take("advisory");
  await reader.page.waitForSelector('#verdict[data-verdict="warn"]');
  assert.ok((await offered("\nrules:\n  naked")).includes("naked-pod"));
  await take("naked-pod");
  assert.ok((await offered("")).includes("deny"));
  await reader.close();
});

test("what a policy adds is shown as changes, and can be taken over", async () => {
  const reader = await open();
  await reader.tab("fixed");
  assert.match(await reader.page.textContent("#fixed-words"), /no policy yet/);
  await reader.paste("policy", policy);
  await reader.page.waitForSelector("#tab-fixed .badge");
  await reader.tab("fixed");
  await reader.page.waitForSelector("#fixed-text .cm-changedLine");
  const added = await reader.page.$$eval("#fixed-text .cm-changedLine", (lines) => lines.map((line) => line.textContent).join("\n"));
  assert.match(added, /startupProbe/);
  await reader.page.click("#fixed-take");
  await reader.page.waitForFunction(() => !document.querySelector("#tab-fixed .badge"));
  assert.match(await reader.page.textContent("#editor .cm-content"), /startupProbe/);
  await reader.close();
});

test("who has no policy may try one", async () => {
  const reader = await open();
  await reader.tab("fixed");
  await reader.page.click("#fixed-try");
  await reader.page.waitForSelector("#fixed-text .cm-changedLine");
  assert.equal(await reader.page.isVisible("#fixed-try"), false);
  assert.match(await reader.page.textContent("#fixed-words"), /\d additions? by the policy/);
  await reader.close();
});

test("a policy can be begun", async () => {
  const reader = await open();
  await reader.tab("policy");
  await reader.page.click("#policy-begin");
  await reader.page.waitForFunction(() => document.querySelector("#editor .cm-content").textContent.includes("LifecyclePolicy"));
  assert.equal(await reader.page.isVisible("#policy-begin"), false);
  assert.equal(await reader.verdict(), "Refused");
  await reader.close();
});
