/** What is shown over an underlined place of the manifest. */

import type { Finding } from "../contract.ts";
import type { Mark } from "../editor/marks.ts";
import { h } from "./dom.ts";
import { whyButton } from "./rule.ts";

const SEVERITY: Record<string, Mark["severity"]> = { deny: "error", warn: "warning", audit: "info" };

/** Makes the mark of a finding: its message, the page of its rule, and how to ignore it. */
export function findingMark(finding: Finding): Mark {
  const { rule, level, message, ignore } = finding;
  return {
    ...finding,
    severity: SEVERITY[level] ?? "info",
    text: `${level}: ${message} (${rule})`,
    show: () =>
      h(
        "div",
        { class: `hover ${level}` },
        whyButton(finding),
        h("p", { class: "head" }, h("span", { class: "level" }, level), h("span", { class: "rule" }, rule)),
        h("p", { class: "message" }, message),
        ignore ? h("p", { class: "ignore-line" }, "Ignored by the annotation ", h("code", {}, ignore)) : null,
      ),
  };
}
