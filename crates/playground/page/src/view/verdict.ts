/** The verdict in a line, for eyes and for screen readers. */

import type { Judged, Level } from "../contract.ts";
import { count, h } from "./dom.ts";

/** Readers are told when the text rests, not at every key. */
const REST_MS = 900;

const LEVELS: readonly Level[] = ["deny", "warn", "audit"];

let told: number | undefined;

/** Shows a verdict; `isEmpty` says that there is no manifest at all. */
export function showVerdict(element: HTMLElement, live: HTMLElement, judged: Judged, isEmpty: boolean): void {
  const { summary } = judged;
  const [kind, words] = verdict(judged, isEmpty);
  const found = LEVELS.filter((level) => summary[level] > 0);
  element.dataset["verdict"] = kind;
  element.title = isEmpty ? "" : summary.text;
  const counts = found.map((level) => h("span", { class: `count ${level}` }, `${summary[level].toLocaleString("en")} ${level}`));
  element.replaceChildren(h("strong", {}, words), h("span", { class: "counts" }, ...counts));
  clearTimeout(told);
  told = setTimeout(() => {
    const levels = found.length > 0 ? `: ${found.map((level) => `${summary[level]} ${level}`).join(", ")}` : "";
    const sentence = `${words}. ${count(judged.findings.length, "finding")}${levels}.`;
    if (live.textContent !== sentence) live.textContent = sentence;
  }, REST_MS);
}

function verdict({ isPolicyBroken, problems, summary }: Judged, isEmpty: boolean): [string, string] {
  if (isPolicyBroken) return ["problem", "The policy has mistakes: nothing is judged"];
  if (isEmpty) return ["none", "Nothing to judge yet"];
  if (problems.length > 0) return ["problem", `${count(problems.length, "part")} could not be read`];
  if (summary.deny > 0) return ["deny", "Refused"];
  if (summary.judged === 0) return ["none", "Nothing here is judged"];
  if (summary.warn > 0) return ["warn", "Allowed, with warnings"];
  if (summary.audit > 0) return ["good", "Allowed"];
  return ["good", "Allowed, nothing found"];
}
