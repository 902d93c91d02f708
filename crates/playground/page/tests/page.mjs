// Opens the page in a real browser, and does what a reader does.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { serve } from "./server.mjs";

const PATHS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

// The page on a server of its own and a browser, for the tests of one file.
export function visits() {
  const visit = {
    // Opens the page, here or at another address of it, and waits until something is judged.
    async open(url) {
      // Hooks of a file begin without waiting for those before them.
      await started;
      const reader = await Reader.open(visit.browser, url ?? visit.url);
      await reader.judged();
      return reader;
    },
  };
  let server, launched, started;
  const start = async () => {
    server = await serve();
    launched = await launch();
    Object.assign(visit, { url: server.url, browser: launched.browser });
  };
  before(() => (started = start()));
  after(async () => {
    await launched?.close();
    await server?.close();
  });
  return visit;
}

// Starts a browser with an empty profile.
async function launch() {
  const executablePath = PATHS.find((name) => name && existsSync(name));
  assert.ok(executablePath, "no chromium; CHROMIUM names one");
  const profile = mkdtempSync(path.join(tmpdir(), "podgate-playground-"));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1440, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const close = async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { browser, close };
}

// The page, with what it has asked for and complained of.
export class Reader {
  requests = [];
  complaints = [];

  static async open(browser, url) {
    const page = await browser.newPage();
    const reader = new Reader(page, new URL(url).origin);
    await page.goto(url);
    return reader;
  }

  constructor(page, origin) {
    this.page = page;
    this.origin = origin;
    page.on("request", (request) => this.requests.push(request.url()));
    page.on("console", (message) => {
      // The editor says so of lines of megabytes, and goes on.
      if (message.text().startsWith("Measure loop restarted")) return;
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
  }

  // Waits until something is judged.
  async judged() {
    await this.page.waitForSelector('#verdict:not([data-verdict="none"])');
  }

  tab(name) {
    return this.page.click(`#tab-${name}`);
  }

  example(id) {
    return this.page.click(`[data-example="${id}"]`);
  }

  // Replaces a text as a paste does, and waits for the verdict on it.
  async paste(sheet, text) {
    await this.tab(sheet);
    await this.page.click("#editor .cm-content");
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.evaluate(async (text) => {
      const data = new DataTransfer();
      data.setData("text/plain", text);
      const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
      document.querySelector("#editor .cm-content").dispatchEvent(paste);
    }, text);
  }

  // The findings that are listed, as `rule:line`.
  findings() {
    return this.page.$$eval("#findings .finding[data-rule]", (items) => items.map(({ dataset }) => `${dataset.rule}:${dataset.line}`));
  }

  // Waits for a finding.
  finding(rule, line) {
    return this.page.waitForSelector(`.finding[data-rule="${rule}"][data-line="${line}"]`);
  }

  verdict() {
    return this.page.textContent("#verdict strong");
  }

  // What the picture says to those who do not see it.
  picture() {
    return this.page.getAttribute("#picture img", "alt");
  }

  // Waits for another picture than the one before.
  async pictureAfter(change) {
    const before = await this.page.getAttribute("#picture img", "src");
    await change();
    await this.page.waitForFunction((before) => {
      const image = document.querySelector("#picture img");
      return image && image.src !== before && image.naturalWidth > 0;
    }, before);
    return this.picture();
  }

  notice() {
    return this.page.textContent("#notice");
  }

  // Closes the page; it may have complained of nothing and asked nobody else.
  async close() {
    await this.page.close();
    assert.deepEqual(this.complaints, []);
    const others = this.requests.filter((url) => !url.startsWith(`${this.origin}/`) && !url.startsWith(`blob:${this.origin}/`));
    assert.deepEqual(others, []);
  }
}

// The best of three: a busy machine is slow now and then, a page that freezes is slow each time. Ends with the first that is below the limit.
export async function best(limit, measure) {
  let least = Infinity;
  for (let times = 0; times < 3 && least >= limit; times += 1) least = Math.min(least, await measure());
  return least;
}

// The line of a text that holds something, from 1.
export function lineOf(text, part) {
  const index = text.split("\n").findIndex((line) => line.includes(part));
  assert.notEqual(index, -1, `no line has ${part}`);
  return index + 1;
}
