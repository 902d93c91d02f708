/** The life of a Pod: sliders for what is not said in its manifest, and the picture that the engine draws. */

import type { Failed, Judged, Pods, Scenario, Timeline } from "../contract.ts";
import { fitting } from "../scenario.ts";
import { byId, h } from "./dom.ts";
import { Sliders } from "./sliders.ts";

/** Why there is nothing to draw. */
const NO_PODS = "Nothing here makes Pods whose life can be drawn.";
const BROKEN_POLICY = "Nothing is drawn while the policy has mistakes.";

export class Life {
  readonly #select = byId("pod", HTMLSelectElement);
  readonly #words = byId("life-words", HTMLElement);
  readonly #picture = byId("picture", HTMLElement);
  readonly #text = byId("life-text", HTMLDetailsElement);
  readonly #tools = byId("life-tools", HTMLElement);
  readonly #sliders: Sliders;
  #pods: readonly Pods[] = [];
  #scenario: Scenario = {};
  #address: string | undefined;

  /** `changed` is called when another Pod or another scenario is to be drawn. */
  constructor(changed: () => void) {
    this.#sliders = new Sliders(byId("sliders", HTMLElement), (scenario) => {
      this.#scenario = scenario;
      changed();
    });
    this.#select.addEventListener("change", () => {
      this.#offer();
      changed();
    });
    byId("reset", HTMLButtonElement).addEventListener("click", () => {
      this.scenario = {};
      changed();
    });
    const large = byId("large", HTMLDialogElement);
    byId("enlarge", HTMLButtonElement).addEventListener("click", () => {
      const picture = this.#picture.querySelector("img");
      if (!picture) return;
      const close = h("form", { method: "dialog" }, h("button", { class: "close", "aria-label": "Close" }, "×"));
      large.replaceChildren(h("header", {}, h("h2", {}, "Life of a Pod"), close), h("img", { src: picture.src, alt: picture.alt }));
      large.showModal();
    });
  }

  /** The Pod that is drawn, and what of the scenario is about it; none where there is nothing to draw. */
  get drawn(): { pod: string; scenario: Scenario } | undefined {
    const pod = this.#pods.find(({ id }) => id === this.#select.value);
    return pod && { pod: pod.id, scenario: fitting(this.#scenario, pod) };
  }

  get scenario(): Scenario {
    return this.#scenario;
  }

  set scenario(scenario: Scenario) {
    this.#scenario = scenario;
    this.#offer();
  }

  /** Takes the workloads of the manifest; the one that was chosen stays so. */
  offer({ pods, isPolicyBroken }: Judged, wanted?: string): void {
    const chosen = wanted ?? this.#select.value;
    if (JSON.stringify(pods) !== JSON.stringify(this.#pods)) {
      this.#pods = pods;
      this.#select.replaceChildren(...pods.map(({ id }) => h("option", { value: id }, id)));
    }
    if (pods.some(({ id }) => id === chosen)) this.#select.value = chosen;
    this.#select.hidden = pods.length === 0;
    this.#offer();
    if (pods.length === 0) this.#nothing(isPolicyBroken ? BROKEN_POLICY : NO_PODS);
  }

  /** Shows what the engine has drawn, or says why there is no picture. */
  show(drawn: Timeline | Failed): void {
    if ("error" in drawn) {
      this.#nothing(drawn.error);
      return;
    }
    this.#words.hidden = true;
    const before = this.#address;
    const address = URL.createObjectURL(new Blob([drawn.svg], { type: "image/svg+xml" }));
    this.#address = address;
    const image = h("img", { src: address, alt: alternative(drawn) });
    // The old picture stays until the new one can be shown, so that nothing flickers while a slider moves.
    void image
      .decode()
      .catch(() => {})
      .then(() => {
        if (this.#address === address) this.#picture.replaceChildren(image);
        if (before) URL.revokeObjectURL(before);
      });
    this.#text.hidden = false;
    const pre = this.#text.querySelector("pre");
    if (pre) pre.textContent = drawn.text;
    this.#tools.hidden = false;
  }

  /** Leaves no picture, and says why. */
  #nothing(why: string): void {
    this.#picture.replaceChildren();
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = undefined;
    this.#text.hidden = true;
    this.#tools.hidden = this.#pods.length === 0;
    this.#words.textContent = why;
    this.#words.hidden = false;
  }

  #offer(): void {
    this.#sliders.show(this.#pods.find(({ id }) => id === this.#select.value), this.#scenario);
  }
}

/** How many events an alternative text tells; the rest is read below the picture. */
const EVENTS_TOLD = 30;

/** Says in words what a picture shows. */
function alternative({ heading, events }: Timeline): string {
  const told = events.slice(0, EVENTS_TOLD).map(({ when, who, what }) => `${when}: ${who} ${what}`);
  if (events.length > EVENTS_TOLD) told.push("the rest is below in words");
  return `${heading}. ${told.join("; ")}`;
}
