/** The page of a rule, and how a finding of it is ignored, in a dialog. */

import type { Finding, RulePage } from "../contract.ts";
import { byId, h } from "./dom.ts";

/** Where the documentation begins, seen from this page: the site has it one folder up. */
const DOCS = "../";

type Ask = (rule: string) => Promise<RulePage | undefined>;

let ask: Ask = async () => undefined;

/** Binds the dialog; `page` asks the engine for the page of a rule. */
export function bindRules(page: Ask): void {
  ask = page;
  const dialog = byId("rule", HTMLDialogElement);
  dialog.addEventListener("click", ({ target }) => {
    // What lies around the dialog is of the dialog itself.
    if (target === dialog) dialog.close();
  });
}

/** Makes the button that opens the page of a finding's rule. */
export function whyButton(finding: Finding): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: "why", "aria-label": `Why, and how to ignore it: ${finding.rule}`, onclick: () => void showRule(finding) },
    "Why?",
  );
}

/** Shows the page of a finding's rule. */
export async function showRule({ rule, level, message, ignore }: Finding): Promise<void> {
  const [page, { marked }] = await Promise.all([ask(rule), import("marked")]);
  const body = h("div", { class: "page" });
  // The text is the engine's own, never the user's.
  body.innerHTML = page && "page" in page ? await marked.parse(page.page, { gfm: true }) : "";
  body.querySelector("h1")?.remove();
  // What scrolls is reached by keys too.
  for (const code of body.querySelectorAll("pre")) code.tabIndex = 0;
  for (const link of body.querySelectorAll("a")) {
    const href = link.getAttribute("href") ?? "";
    if (!/^[a-z]+:/.test(href)) link.href = docsAddress(href, "rules/");
    link.target = "_blank";
    link.rel = "noopener";
  }
  const dialog = byId("rule", HTMLDialogElement);
  const content = h(
    "div",
    {},
    h(
      "header",
      {},
      h("h2", { id: "rule-title" }, h("span", { class: `level ${level}` }, level), " ", rule),
      h("form", { method: "dialog" }, h("button", { class: "close", "aria-label": "Close" }, "×")),
    ),
    h("p", { class: "message" }, message),
    ignore ? h("section", { class: "ignore" }, h("h3", {}, "Ignore it in this object"), copyable(ignore)) : null,
    body,
    page && "site" in page
      ? h("p", {}, h("a", { href: docsAddress(page.site), target: "_blank", rel: "noopener" }, "This rule in the documentation"))
      : null,
  );
  dialog.replaceChildren(content);
  dialog.showModal();
  dialog.scrollTop = 0;
}

/** Makes a line of code with a button that copies it. */
function copyable(text: string): HTMLElement {
  const button = h("button", { type: "button", class: "quiet" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  });
  return h("div", { class: "copyable" }, h("code", {}, text), button);
}

/** Gives the address of a page of the documentation, whose sources are Markdown and whose pages are HTML. */
function docsAddress(path: string, folder = ""): string {
  const { pathname, hash } = new URL(path, `https://docs.invalid/${folder}`);
  return DOCS + pathname.slice(1).replace(/\.md$/, ".html") + hash;
}
