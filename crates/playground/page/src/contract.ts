/**
 * The shape of what the page asks the engine, and of what it answers: the one place of it. `crates/playground/src/` is the other side.
 *
 * The functions stand in `wasm/podgate.js`, which `crates/playground/build` makes: after `await init()` (or `initSync`) each takes and
 * returns JSON text. None throws for anything that a reader types; a request of the wrong shape, and what has no answer, is a
 * {@link Failed}. A trap of WebAssembly (a `RuntimeError`, or a `RangeError` for a stack that is full) is podgate's own fault: the
 * instance is not fit for use after it.
 *
 * Lines and columns count from 1; columns count UTF-16 units, as JavaScript's strings do. Lines end with "\n", "\r\n" or "\r".
 */

/** A request that has no answer, and why: one line. */
export interface Failed {
  error: string;
}

export type Level = "deny" | "warn" | "audit";

/** The levels that a finding may have, the worst first, and profiles: each with what it means. */
export interface Named {
  id: string;
  summary: string;
}

/** `about()`. */
export interface About {
  version: string;
  /** `standard` is the one without a policy. */
  profiles: Named[];
  /** The worst first; of findings these and no others. */
  levels: (Named & { id: Level })[];
  /** JSON Schema (2020-12) of a policy; `$defs` holds what it refers to. */
  policySchema: object;
  /** Says what a new policy begins with: a policy that changes nothing. */
  policyTemplate: string;
  /** One for each family of rules, in the order of the catalogue. */
  examples: Example[];
  /** The families, each with the pages of its rules: for a list, or for completion. */
  families: (Named & { rules: (Named & { level: Level })[] })[];
}

export interface Example {
  /** Equal to the family. */
  id: string;
  family: string;
  title: string;
  manifest: string;
  old?: string;
  policy?: string;
  profile?: string;
  /** Which of the manifest's Pods to show: the id of a {@link Pods}. */
  pod?: string;
  scenario?: Scenario;
}

/** `rule(id)`: takes the bare id, not JSON. */
export interface RulePage {
  id: string;
  level: Level;
  family: string;
  /** The title of the family. */
  familyTitle: string;
  summary: string;
  /** Markdown; its first line is the heading `# id`. Links in it lead from `docs/rules/`, and end in `.md`. */
  page: string;
  /** The page in the documentation, from its root: `rules/naked-pod.html`. The page stands in `playground/` of it. */
  site: string;
}

/** `judge(request)`. */
export interface JudgeRequest {
  manifest: string;
  /** The objects as they were: those of the manifest that are there too are judged as updates. */
  old?: string;
  /** Blank is the same as none. */
  policy?: string;
  /** Instead of the policy's own. */
  profile?: string;
}

export interface Judged {
  /** Tells that the policy has mistakes: then nothing was judged, as `podgate check` stops too. Findings are empty. */
  isPolicyBroken: boolean;
  /** In the order of the text; of very many the worst. */
  findings: Finding[];
  /** How many findings there are beside these. */
  leftOut: number;
  /** Annotations and comments that do not do what they seem to. */
  notices: Notice[];
  summary: Summary;
  /** What could not be read: the findings of the rest are there all the same. */
  problems: Problem[];
  /** What is wrong with the policy, as `podgate policy check` says it. */
  policyProblems: Mistake[];
  /** What `podgate policy check` has to say of a policy that can be used. */
  policyNotes: string[];
  /** Objects whose Pods' lives can be drawn, in the order of the text. */
  pods: Pods[];
}

/** A stretch of one line. */
export interface Span {
  line: number;
  column: number;
  /** Behind the last unit; in the same line. At least one more than `column`, but at the end of a line. */
  endColumn: number;
}

export interface Finding extends Span {
  rule: string;
  level: Level;
  /** One line, no final stop. */
  message: string;
  /** The path of the field: `spec.template.spec.containers[0].readinessProbe`. */
  path: string;
  /** `Deployment shop/web`. */
  object: string;
  /** The name of the container that it is about. */
  container?: string;
  /** The annotation of the object or of its Pod template that silences it: `ignore.podgate.dev/naked-pod: "<reason>"`. */
  ignore: string;
}

export interface Notice extends Span {
  message: string;
  path: string;
  object: string;
}

export interface Summary {
  /** Objects in the text. */
  objects: number;
  /** Those of them that were judged. */
  judged: number;
  deny: number;
  warn: number;
  audit: number;
  /** Findings that an annotation or a comment ignores. */
  ignored: number;
  /** Findings that the old objects had already. */
  before: number;
  /** The line that `podgate check` ends with. */
  text: string;
  /** Says what was not judged, and why: a line each. */
  notJudged: string[];
  /** The exit code of `podgate check`: 0, 1 where something is denied, 2 where something cannot be read or nothing was judged. */
  exitCode: 0 | 1 | 2;
  /** Says for exit code 2 why nothing was judged, if so. */
  nothingJudged?: string;
}

export interface Problem {
  message: string;
  /** `manifest` or `old`: which text. */
  in: "manifest" | "old";
  /** Where it is known. */
  line?: number;
  column?: number;
}

export interface Mistake extends Span {
  /** Ends with `(did you mean "…"?)` where something is near. */
  message: string;
}

/** An object that is a Pod or makes Pods. */
export interface Pods {
  /** `Deployment/web`, or `Deployment/shop/web` where the manifest has several of that name: what {@link TimelineRequest} takes. */
  id: string;
  kind: string;
  namespace: string;
  name: string;
  /** The line that the object begins in. */
  line: number;
  /** In the order in which they start. */
  containers: PodContainer[];
  /** Seconds that a deleted Pod has to stop in. */
  gracePeriodSeconds: number;
  /** Tells that the Pod waits for a scheduling gate: the action `ungate` opens it. */
  isGated: boolean;
}

export interface PodContainer {
  name: string;
  role: "init" | "sidecar" | "app" | "ephemeral";
  startupProbe: boolean;
  livenessProbe: boolean;
  readinessProbe: boolean;
  postStart: boolean;
  preStop: boolean;
}

/** `fix(request)`. */
export interface FixRequest {
  manifest: string;
  policy?: string;
}

export interface Fixed {
  /** The manifest as it shall be, as `podgate fix` writes it; the same where there is nothing to add. */
  text: string;
  changes: { object: string; path: string; mutation: string }[];
  /** What cannot be read, or cannot be added by editing the text. */
  problems: Problem[];
  /** Tells that the policy adds nothing to any Pod; without a policy it is so. */
  addsNothing: boolean;
}

/** `timeline(request)`. */
export interface TimelineRequest {
  manifest: string;
  /** The objects as they were, as in a {@link JudgeRequest}: what is drawn has the findings of that. */
  old?: string;
  policy?: string;
  profile?: string;
  /** The id of a {@link Pods}; may be absent where there is only one. */
  pod?: string;
  scenario?: Scenario;
  /** The colours of the picture; absent: as the reader's screen is. */
  theme?: "light" | "dark";
}

/** A time in seconds, or a duration such as "90s", "1m30s" or "500ms". */
export type Time = number | string;

/** What containers do and what is done to the Pod: the scenario of `podgate timeline --scenario`. */
export interface Scenario {
  containers?: Record<string, ContainerScript>;
  actions?: Action[];
  /** When the picture ends. */
  until?: Time;
}

export interface ContainerScript {
  /** From when after its start its probes succeed. */
  startsIn?: Time;
  /** How long its image is pulled before its first run. */
  pull?: Time;
  imageIsMissing?: boolean;
  /** A regular init container never ends by itself. */
  neverEnds?: boolean;
  /** When it ends by itself: `after` its start, in run `attempt` (0 is the first) or in every run, or `at` a time of the picture. */
  exits?: { after?: Time; at?: Time; code?: number; attempt?: number }[];
  /** How long it takes to end after its stop signal. */
  stops?: { after: Time; code?: number };
  /** When all its probes fail; without `to` for ever. */
  fails?: { from: Time; to?: Time }[];
}

/** What is done to the Pod: one of the others at a time. */
export interface Action {
  at: Time;
  delete?: { gracePeriodSeconds?: number };
  ungate?: Record<string, never>;
  passReadinessGates?: Record<string, never>;
  update?: string;
  resize?: string;
}

export interface Timeline {
  /** `Life of a Pod of Deployment web`. */
  heading: string;
  svg: string;
  /** The same as text of 80 columns, with everything that happens, is found and is assumed. */
  text: string;
  /** What happens, in order: the first words of an alternative text. */
  events: { when: string; who: string; what: string; source: string }[];
  /** What a controller does, and what else is seen of many Pods. */
  stories: { title: string; sentences: string[] }[];
  assumptions: string[];
  /** Says why the picture ends before the life does, where it does. */
  goesOn?: string;
  /** Where the picture ends, in seconds. */
  endSeconds: number;
}

/** What `wasm/podgate.js` exports. */
export interface Engine {
  about(): string;
  rule(id: string): string;
  judge(request: string): string;
  fix(request: string): string;
  timeline(request: string): string;
}
