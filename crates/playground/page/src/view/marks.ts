/** What is underlined in the texts, and what is shown over it. */

import type { Finding, Judged } from "../contract.ts";
import type { Sheet } from "../editor/editor.ts";
import type { Mark } from "../editor/marks.ts";
import { h } from "./dom.ts";
import { whyButton } from "./rule.ts";

const SEVERITY: Record<string, Mark["severity"]> = { deny: "error", warn: "warning", audit: "info" };

/** Gives the marks of each text. */
export function marksOf({ problems, findings, notices, policyProblems }: Judged): Record<Sheet, Mark[]> {
  const error = { severity: "error" } as const;
  const unread = (sheet: "manifest" | "old") =>
    problems.flatMap(({ in: text, line, column = 1, message }): Mark[] =>
      text === sheet && line !== undefined ? [{ ...error, line, column, text: message }] : [],
    );
  return {
    manifest: [
      ...unread("manifest"),
      ...findings.map(findingMark),
      ...notices.map((notice): Mark => ({ ...notice, severity: "info", text: notice.message })),
    ],
    old: unread("old"),
    policy: policyProblems.map((mistake): Mark => ({ ...error, ...mistake, text: mistake.message })),
  };
}

/** Makes the mark of a finding: its message, the page of its rule, and how to ignore it. */
function findingMark(finding: Finding): Mark {
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
