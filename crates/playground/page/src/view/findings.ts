/** The list of findings: each leads to its line, and to the page of its rule. */

import type { Finding, Judged } from "../contract.ts";
import type { Sheet } from "../editor/editor.ts";
import { count, h } from "./dom.ts";
import { whyButton } from "./rule.ts";

/** Entries beyond these are counted and not listed. */
const MOST = 200;

/** What a click on an entry does. */
export type GoTo = (sheet: Sheet, line: number, column: number) => void;

/** Something that is listed and is no finding of a rule. */
interface Remark {
  kind: "problem" | "notice";
  label: string;
  message: string;
  sheet: Sheet;
  line?: number | undefined;
  column?: number | undefined;
}

/** Lists what could not be read, then findings, the worst first, and those of one level in the order of their lines. */
export function listFindings(list: HTMLElement, judged: Judged, levels: readonly string[], goTo: GoTo): void {
  const rank = (level: string) => levels.indexOf(level);
  const findings = judged.findings.toSorted((a, b) => rank(a.level) - rank(b.level) || a.line - b.line || a.column - b.column);
  const problems: Remark[] = [
    ...judged.policyProblems.map((mistake): Remark => ({ kind: "problem", label: "policy", sheet: "policy", ...mistake })),
    ...judged.problems.map((problem): Remark => {
      return { kind: "problem", label: problem.in === "old" ? "old, not read" : "not read", sheet: problem.in, ...problem };
    }),
  ];
  const notices = judged.notices.map((notice): Remark => ({ kind: "notice", label: "note", sheet: "manifest", ...notice }));
  const entries = [
    ...problems.map((problem) => () => remarkItem(problem, goTo)),
    ...findings.map((finding) => () => findingItem(finding, goTo)),
    ...notices.map((notice) => () => remarkItem(notice, goTo)),
  ];
  const more = entries.length - MOST;
  const words = [...(judged.summary.nothingJudged ? [judged.summary.nothingJudged] : []), ...judged.summary.notJudged, ...judged.policyNotes];
  list.replaceChildren(
    ...entries.slice(0, MOST).map((make) => make()),
    ...(more > 0 ? [h("li", { class: "more" }, `and ${count(more, "more", "more")}`)] : []),
    ...words.slice(0, MOST).map((text) => h("li", { class: "more" }, text)),
  );
}

function findingItem(finding: Finding, goTo: GoTo): HTMLElement {
  const { rule, level, message, line, column, object, container } = finding;
  const button = h(
    "button",
    { type: "button", class: "go", title: "Show it in the manifest", onclick: () => goTo("manifest", line, column) },
    head(level, rule, line, column, container ? `${object} · ${container}` : object),
    h("span", { class: "message" }, message),
  );
  return h("li", { class: `finding ${level}`, "data-rule": rule, "data-line": line }, button, whyButton(finding));
}

function remarkItem({ kind, label, message, sheet, line, column = 1 }: Remark, goTo: GoTo): HTMLElement {
  const words = [head(label, "", line, column), h("span", { class: "message" }, message)];
  const entry =
    line === undefined
      ? h("div", { class: "go" }, ...words)
      : h("button", { type: "button", class: "go", onclick: () => goTo(sheet, line, column) }, ...words);
  return h("li", { class: `finding ${kind}`, "data-line": line }, entry);
}

function head(label: string, rule: string, line: number | undefined, column: number, object = ""): HTMLElement {
  return h(
    "span",
    { class: "head" },
    h("span", { class: "level" }, label),
    rule && h("span", { class: "rule" }, rule),
    line !== undefined && h("span", { class: "where" }, h("span", { class: "sr" }, "line "), `${line}:${column}`),
    object && h("span", { class: "object" }, object),
  );
}
