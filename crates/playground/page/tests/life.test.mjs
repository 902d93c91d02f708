// The picture follows the sliders.

import assert from "node:assert/strict";
import { test } from "node:test";
import { visits } from "./page.mjs";
import { drops, slowStart } from "./samples.mjs";

const visit = visits();

async function open(text) {
  const reader = await visit.open();
  // The scenario of the example is none of this manifest's.
  await reader.pictureAfter(() => reader.page.click("#reset"));
  await reader.pictureAfter(() => reader.paste("manifest", text));
  return reader;
}

test("a slow start is killed, and a quick one is not", async () => {
  const reader = await open(slowStart);
  const exact = "#slider-startsIn ~ .exact input";
  assert.match(await reader.pictureAfter(() => reader.page.fill(exact, "600")), /given up by its livenessProbe/);
  const quick = await reader.pictureAfter(() => reader.page.fill(exact, "2"));
  assert.doesNotMatch(quick, /given up/);
  assert.match(quick, /is ready/);
  await reader.close();
});

test("sliders are moved by keys, and say their time", async () => {
  const reader = await open(drops);
  await reader.page.focus("#slider-delete");
  const deleted = await reader.pictureAfter(async () => {
    for (let times = 0; times < 11; times += 1) await reader.page.keyboard.press("ArrowRight");
  });
  assert.equal(await reader.page.getAttribute("#slider-delete", "aria-valuetext"), "10s");
  await reader.page.waitForFunction(() => document.querySelector("#picture img").alt.includes("10s: Pod is deleted"));
  assert.match(deleted, /Life of a Pod of Deployment/);
  assert.match(await reader.page.textContent("#life-text pre"), /Pod\s+is deleted/);
  await reader.pictureAfter(() => reader.page.click("#reset"));
  assert.equal(await reader.page.getAttribute("#slider-delete", "aria-valuetext"), "not said");
  await reader.close();
});

test("a container that exits is started again, with its exit code", async () => {
  const reader = await open(drops);
  assert.ok(await reader.page.isDisabled("#exit-code"));
  await reader.pictureAfter(() => reader.page.fill("#slider-exits ~ .exact input", "20"));
  const crashed = await reader.pictureAfter(() => reader.page.fill("#exit-code", "3"));
  assert.match(crashed, /exit code 3/);
  await reader.close();
});

test("the picture is as dark as the page", async () => {
  const reader = await open(drops);
  const shade = () =>
    reader.page.evaluate(() => {
      const image = document.querySelector("#picture img");
      const canvas = new OffscreenCanvas(4, 4);
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0, 4, 4, 0, 0, 4, 4);
      return context.getImageData(1, 1, 1, 1).data[0];
    });
  assert.ok((await shade()) > 200);
  await reader.pictureAfter(() => reader.page.click("#theme"));
  assert.ok((await shade()) < 60);
  await reader.close();
});

test("without Pods there is no picture, and it is said why", async () => {
  const reader = await open(drops);
  await reader.paste("manifest", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
  await reader.page.waitForFunction(() => !document.querySelector("#picture img"));
  assert.match(await reader.page.textContent("#life-words"), /Nothing here/);
  await reader.close();
});
