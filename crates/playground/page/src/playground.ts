/** Binds the parts: what is typed is judged, drawn and fixed, each by the newest texts. */

import type { About, Example, Failed, Fixed, Judged, RulePage, Timeline } from "./contract.ts";
import { Editor, SHEETS } from "./editor/editor.ts";
import { FixedView } from "./editor/fixed.ts";
import type { Schema } from "./editor/schema.ts";
import { type Engine, EngineError } from "./engine/client.ts";
import type { Call } from "./engine/protocol.ts";
import { type Shared, pack, unpack } from "./link.ts";
import { byId, count, h } from "./view/dom.ts";
import { markExample, showExamples } from "./view/examples.ts";
import { listFindings } from "./view/findings.ts";
import { Life } from "./view/life.ts";
import { marksOf } from "./view/marks.ts";
import { bindRules } from "./view/rule.ts";
import { Tabs } from "./view/tabs.ts";
import { isDark } from "./view/theme.ts";
import { showVerdict } from "./view/verdict.ts";

/** A policy that adds something to most manifests, to see what it does. */
const ADDS_PROBES = `apiVersion: podgate.dev/v1alpha1
kind: LifecyclePolicy
metadata: {name: probes}
spec:
  mutations:
    # Containers without probes get these, at their first port.
    defaultProbes:
      readiness: {httpPath: /ready, periodSeconds: 5}
      startup: {httpPath: /ready, periodSeconds: 2, failureThreshold: 30}
`;

export class Playground {
  readonly #engine: Engine;
  readonly #editor: Editor;
  readonly #fixed = new FixedView(byId("fixed-text", HTMLElement));
  readonly #tabs: Tabs;
  readonly #life: Life;
  readonly #profile = byId("profile", HTMLSelectElement);
  readonly #notice = byId("notice", HTMLElement);
  #about: About | undefined;
  /** Counts changes: an answer about an older text is not shown at places of a newer one. */
  #edits = 0;
  #wantedPod: string | undefined;
  #fixedText: string | undefined;
  #isKept = false;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#editor = new Editor(byId("editor", HTMLElement), () => this.#edited());
    this.#tabs = new Tabs((tab) => {
      if (tab === "fixed") void this.#fix();
      else this.#editor.show(tab);
      this.#offerTemplate();
    });
    this.#life = new Life(() => {
      this.#forgetLink();
      void this.#draw();
    });
    bindRules((rule) => this.#ask<RulePage>("rule", () => rule));
    this.#profile.addEventListener("change", () => this.#edited());
    byId("share", HTMLButtonElement).addEventListener("click", () => void this.#share());
    byId("fixed-take", HTMLButtonElement).addEventListener("click", () => this.#takeFixed());
    byId("fixed-try", HTMLButtonElement).addEventListener("click", () => this.#usePolicy(ADDS_PROBES));
    byId("policy-begin", HTMLButtonElement).addEventListener("click", () => {
      this.#usePolicy(this.#about?.policyTemplate ?? "");
      this.#editor.focus();
    });
    addEventListener("hashchange", () => void this.#open(location.hash));
  }

  /** Takes what the engine tells of itself, and opens what the link says or the first example. */
  async start(answer: Promise<About | undefined>): Promise<void> {
    const about = await this.#checked(answer);
    if (!about) {
      byId("verdict", HTMLElement).replaceChildren(h("strong", {}, "Nothing can be judged"));
      return;
    }
    this.#about = about;
    this.#editor.schema = about.policySchema as Schema;
    this.#profile.append(...about.profiles.map(({ id, summary }) => h("option", { value: id, title: summary }, id)));
    byId("version", HTMLElement).textContent = about.version;
    showExamples(about.examples, (example) => this.#openExample(example));
    if (await this.#open(location.hash)) return;
    // The example of the README, where there is one.
    const first = about.examples.find(({ id }) => id === "termination") ?? about.examples[0];
    if (first && !this.#editor.text("manifest")) this.#openExample(first, false);
  }

  /** Draws anew, for other colours. */
  redraw(): void {
    void this.#draw();
  }

  async #open(fragment: string): Promise<boolean> {
    try {
      const opened = await unpack(fragment);
      if (!opened) return false;
      if (!("example" in opened)) {
        this.#take(opened);
        return true;
      }
      const example = this.#about?.examples.find(({ id }) => id === opened.example);
      if (example) this.#openExample(example);
      return example !== undefined;
    } catch {
      this.#say("This link cannot be read: it was cut off or changed on its way", true);
      return false;
    }
  }

  #openExample(example: Example, linked = true): void {
    this.#take(example);
    markExample(example.id);
    if (linked) history.replaceState(null, "", `#example=${example.id}`);
  }

  #take({ manifest, old = "", policy = "", profile = "", pod, scenario = {} }: Shared): void {
    markExample(undefined);
    this.#editor.replace("manifest", manifest);
    this.#editor.replace("old", old);
    this.#editor.replace("policy", policy);
    this.#profile.value = profile;
    // A profile that nobody has is none.
    if (this.#profile.selectedIndex < 0) this.#profile.value = "";
    this.#wantedPod = pod;
    this.#life.scenario = structuredClone(scenario);
    if (this.#tabs.chosen !== "manifest") this.#tabs.choose("manifest");
    void this.#judge();
  }

  #edited(): void {
    this.#isKept = false;
    this.#forgetLink();
    this.#offerTemplate();
    void this.#judge();
  }

  /** Takes the link out of the address, which says something else than the page from now on. */
  #forgetLink(): void {
    markExample(undefined);
    if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  }

  async #judge(): Promise<void> {
    let [edit, manifest] = [0, ""];
    this.#edits += 1;
    const judged = await this.#ask<Judged>("judge", () => {
      edit = this.#edits;
      manifest = this.#editor.text("manifest");
      return { manifest, ...this.#old(), ...this.#policy(), ...this.#chosenProfile() };
    });
    if (!judged) return;
    this.#showJudged(judged, manifest, edit === this.#edits);
    await Promise.all([this.#draw(), this.#fix()]);
  }

  #showJudged(judged: Judged, manifest: string, isNewest: boolean): void {
    showVerdict(byId("verdict", HTMLElement), byId("live", HTMLElement), judged, !manifest.trim());
    const levels = (this.#about?.levels ?? []).map(({ id }) => id);
    listFindings(byId("findings", HTMLElement), judged, levels, (sheet, line, column) => {
      if (this.#tabs.chosen !== sheet) this.#tabs.choose(sheet);
      this.#editor.goTo(sheet, line, column);
    });
    this.#tabs.badge("old", this.#editor.text("old").trim() ? "•" : "", "filled in");
    const mistakes = judged.policyProblems.length;
    if (mistakes > 0) this.#tabs.badge("policy", String(mistakes), mistakes === 1 ? "mistake" : "mistakes", true);
    else this.#tabs.badge("policy", this.#editor.text("policy").trim() ? "•" : "", "filled in");
    this.#life.offer(judged, this.#wantedPod);
    this.#wantedPod = undefined;
    // A newer text is judged next, and has its marks then.
    if (!isNewest) return;
    const marks = marksOf(judged);
    for (const sheet of SHEETS) this.#editor.mark(sheet, marks[sheet]);
  }

  async #draw(): Promise<void> {
    const what = this.#life.drawn;
    if (!what) return;
    const request = () => {
      const manifest = this.#editor.text("manifest");
      return { manifest, ...this.#old(), ...this.#policy(), ...this.#chosenProfile(), ...what, theme: isDark() ? "dark" : "light" };
    };
    const drawn = await this.#ask<Timeline | Failed>("timeline", request, true);
    if (drawn && this.#life.drawn?.pod === what.pod) this.#life.show(drawn);
  }

  async #fix(): Promise<void> {
    let manifest = "";
    const hasPolicy = this.#policy().policy !== undefined;
    if (!hasPolicy && this.#tabs.chosen !== "fixed") {
      this.#tabs.badge("fixed", "", "");
      return;
    }
    const request = () => {
      manifest = this.#editor.text("manifest");
      return { manifest, ...this.#policy() };
    };
    const fixed = await this.#ask<Fixed | Failed>("fix", request, true);
    if (!fixed) return;
    const words = byId("fixed-words", HTMLElement);
    const changes = "error" in fixed ? 0 : fixed.changes.length;
    this.#fixedText = changes > 0 && !("error" in fixed) ? fixed.text : undefined;
    byId("fixed-take", HTMLButtonElement).hidden = changes === 0;
    byId("fixed-try", HTMLButtonElement).hidden = hasPolicy;
    this.#tabs.badge("fixed", changes > 0 ? String(changes) : "", changes === 1 ? "addition" : "additions");
    words.textContent = fixedWords(fixed, hasPolicy);
    if (this.#tabs.chosen === "fixed") this.#fixed.show(manifest, "error" in fixed ? manifest : fixed.text);
  }

  #takeFixed(): void {
    if (this.#fixedText === undefined) return;
    this.#editor.replace("manifest", this.#fixedText);
    this.#tabs.choose("manifest");
    this.#edited();
  }

  #usePolicy(policy: string): void {
    this.#editor.replace("policy", policy);
    this.#edited();
  }

  #offerTemplate(): void {
    const isOffered = this.#tabs.chosen === "policy" && !this.#editor.text("policy").trim();
    byId("policy-begin", HTMLButtonElement).hidden = !isOffered;
  }

  async #share(): Promise<void> {
    const button = byId("share", HTMLButtonElement);
    const { drawn, scenario } = this.#life;
    const shared: Shared = { manifest: this.#editor.text("manifest"), ...this.#old(), ...this.#policy(), ...this.#chosenProfile() };
    const fragment = await pack({ ...shared, ...(drawn && { pod: drawn.pod }), scenario });
    if (!fragment) {
      this.#say("The texts are too long for a link", true);
      return;
    }
    history.replaceState(null, "", fragment);
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      button.textContent = "In the address bar";
    }
    setTimeout(() => (button.textContent = "Copy link"), 2_000);
  }

  #old(): { old?: string } {
    const old = this.#editor.text("old");
    return old.trim() ? { old } : {};
  }

  #policy(): { policy?: string } {
    const policy = this.#editor.text("policy");
    return policy.trim() ? { policy } : {};
  }

  #chosenProfile(): { profile?: string } {
    return this.#profile.value ? { profile: this.#profile.value } : {};
  }

  /** Asks the engine; says what went wrong, unless it is an answer for the place where it is shown. */
  async #ask<Answer extends object>(call: Call, request: () => unknown, takesError = false): Promise<Answer | undefined> {
    const answer = await this.#checked(this.#engine.ask<Answer>(call, request), takesError);
    if (answer && call === "judge" && !this.#isKept) this.#say("");
    return answer;
  }

  async #checked<Answer extends object>(asked: Promise<Answer | undefined>, takesError = false): Promise<Answer | undefined> {
    try {
      const answer = await asked;
      if (answer && "error" in answer && !takesError) {
        this.#say(String(answer.error));
        return undefined;
      }
      return answer;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#say(error.message);
      return undefined;
    }
  }

  /** Shows a notice: until the engine answers again, or until something is edited. */
  #say(message: string, isKept = false): void {
    this.#isKept = isKept;
    this.#notice.textContent = message;
    this.#notice.hidden = !message;
  }
}

/** Tells what was added, or why nothing was. */
function fixedWords(fixed: Fixed | Failed, hasPolicy: boolean): string {
  if ("error" in fixed) return fixed.error;
  if (!hasPolicy) return "What a policy adds to Pods is shown here. There is no policy yet.";
  const problem = fixed.problems[0]?.message;
  if (problem !== undefined) return problem;
  if (fixed.changes.length > 0) return `${count(fixed.changes.length, "addition")} by the policy, as podgate fix writes them`;
  return fixed.addsNothing ? "This policy adds nothing to Pods." : "There is nothing to add.";
}
