/** The tabs of the left pane, moved through by arrow keys as tabs are. */

import { type Sheet, SHEETS } from "../editor/editor.ts";
import { byId, h } from "./dom.ts";

export type Tab = Sheet | "fixed";

const TABS: readonly Tab[] = [...SHEETS, "fixed"];

export class Tabs {
  #chosen: Tab = "manifest";
  readonly #changed: (tab: Tab) => void;

  constructor(changed: (tab: Tab) => void) {
    this.#changed = changed;
    for (const tab of TABS) button(tab).addEventListener("click", () => this.choose(tab));
    byId("tabs", HTMLElement).addEventListener("keydown", (event) => {
      const here = TABS.indexOf(this.#chosen);
      const there = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: TABS.length - 1 }[event.key];
      if (there === undefined) return;
      event.preventDefault();
      const tab = TABS.at(there % TABS.length);
      if (!tab) return;
      this.choose(tab);
      button(tab).focus();
    });
  }

  get chosen(): Tab {
    return this.#chosen;
  }

  choose(tab: Tab): void {
    this.#chosen = tab;
    for (const one of TABS) {
      button(one).setAttribute("aria-selected", String(one === tab));
      button(one).tabIndex = one === tab ? 0 : -1;
    }
    const editor = byId("editor", HTMLElement);
    editor.hidden = tab === "fixed";
    if (tab !== "fixed") editor.setAttribute("aria-labelledby", `tab-${tab}`);
    byId("fixed", HTMLElement).hidden = tab !== "fixed";
    this.#changed(tab);
  }

  /** Puts a number or a sign beside the name of a tab. */
  badge(tab: Tab, text: string, meaning: string, bad = false): void {
    button(tab).querySelector(".badge")?.remove();
    if (!text) return;
    button(tab).append(h("span", { class: bad ? "badge bad" : "badge", title: meaning }, text, h("span", { class: "sr" }, ` ${meaning}`)));
  }
}

function button(tab: Tab): HTMLButtonElement {
  return byId(`tab-${tab}`, HTMLButtonElement);
}
