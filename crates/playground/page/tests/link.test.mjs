// A link carries everything.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visits } from "./page.mjs";
import { drops, policy } from "./samples.mjs";

const visit = visits();

test("what was shared is there when the link is opened", async () => {
  const reader = await visit.open();
  const manifest = drops.replace("name: web", "name: wéb-☂");
  await reader.paste("manifest", manifest);
  await reader.paste("policy", policy);
  await reader.page.selectOption("#profile", "strict");
  await reader.pictureAfter(() => reader.page.fill("#slider-startsIn ~ .exact input", "47"));
  await reader.page.click("#share");
  await reader.page.waitForFunction(() => location.hash.startsWith("#1="));
  const link = await reader.page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, reader.page.url());
  const shown = await reader.findings();

  const other = await visit.open(link);
  await other.page.waitForSelector("#picture img");
  assert.deepEqual(await other.findings(), shown);
  assert.match(await other.page.textContent("#editor .cm-content"), /wéb-☂/);
  assert.equal(await other.page.inputValue("#profile"), "strict");
  assert.equal(await other.page.inputValue("#slider-startsIn ~ .exact input"), "47");
  await other.tab("policy");
  assert.match(await other.page.textContent("#editor .cm-content"), /defaultProbes/);
  await other.close();
  await reader.close();
});

test("the link goes away when the page says something else", async () => {
  const reader = await visit.open();
  await reader.page.click("[data-example]");
  assert.match(reader.page.url(), /#example=/);
  await reader.paste("manifest", drops);
  assert.doesNotMatch(reader.page.url(), /#/);
  await reader.close();
});

test("an example has a link", async () => {
  const reader = await visit.open();
  const id = await reader.page.getAttribute("li:nth-child(2) > [data-example]", "data-example");
  const other = await visit.open(`${visit.url}#example=${id}`);
  assert.equal(await other.page.getAttribute(`[data-example="${id}"]`, "aria-pressed"), "true");
  await other.close();
  await reader.close();
});

for (const [what, fragment] of [
  ["is cut off", "#1=q1YqS8wpTVWyUkrJLy_ISSxJ"],
  ["holds no text", "#1=q6sFAA"],
  ["is no base64", "#1=A"],
  ["was changed", "#1=%20"],
]) {
  test(`a link that ${what} leaves the page as it begins`, async () => {
    const reader = await visit.open(visit.url + fragment);
    assert.ok((await reader.findings()).length > 0);
    await reader.page.waitForTimeout(300);
    assert.match(await reader.notice(), /link cannot be read/);
    await reader.page.focus("#editor .cm-content");
    await reader.page.keyboard.type("#");
    await reader.page.waitForSelector("#notice", { state: "hidden" });
    await reader.close();
  });
}
