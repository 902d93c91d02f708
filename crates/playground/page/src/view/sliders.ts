/** The sliders of a scenario: what one container does, and what is done to the Pod. */

import type { PodContainer, Pods, Scenario } from "../contract.ts";
import {
  type ContainerTime,
  type PodTime,
  containerTime,
  exitCode,
  podTime,
  withContainerTime,
  withExitCode,
  withPodTime,
} from "../scenario.ts";
import { h } from "./dom.ts";
import { TimeSlider } from "./slider.ts";

const OF_CONTAINER: readonly [ContainerTime, string, string][] = [
  ["startsIn", "Starts in", "From when after its start its probes succeed"],
  ["fails", "Fails at", "From when on all its probes fail, counted from the creation of the Pod"],
  ["exits", "Exits after", "When it ends by itself, counted from its start"],
  ["stops", "Stops in", "How long it takes to end after its stop signal"],
];

const OF_POD: readonly [PodTime, string, string][] = [
  ["delete", "Deleted at", "When the Pod is deleted or evicted, counted from its creation"],
  ["ungate", "Opened at", "When its last scheduling gate is removed, counted from its creation"],
];

export class Sliders {
  readonly #element: HTMLElement;
  readonly #changed: (scenario: Scenario) => void;
  readonly #who = h("fieldset", { class: "who" });
  readonly #times = new Map<ContainerTime, TimeSlider>();
  readonly #done = new Map<PodTime, TimeSlider>();
  readonly #code = h("input", { type: "number", min: 0, max: 255, step: 1, value: 0, id: "exit-code" });
  #scenario: Scenario = {};
  #shown = "";
  #container = "";

  constructor(element: HTMLElement, changed: (scenario: Scenario) => void) {
    this.#element = element;
    this.#changed = changed;
    for (const [which, label, hint] of OF_CONTAINER) {
      const slider = new TimeSlider(`slider-${which}`, label, hint, (seconds) => {
        this.#set(withContainerTime(this.#scenario, this.#container, which, seconds));
      });
      this.#times.set(which, slider);
    }
    for (const [which, label, hint] of OF_POD) {
      const slider = new TimeSlider(`slider-${which}`, label, hint, (seconds) => {
        this.#set(withPodTime(this.#scenario, which, seconds));
      });
      this.#done.set(which, slider);
    }
    this.#code.addEventListener("input", () => {
      const code = this.#code.valueAsNumber;
      if (code >= 0 && code <= 255) this.#set(withExitCode(this.#scenario, this.#container, Math.trunc(code)));
    });
    const label = h("label", { for: "exit-code", title: "The code that it exits with" }, "with code");
    const code = h("div", { class: "slider code" }, label, this.#code);
    const sliders = [...this.#times, ...this.#done].flatMap(([which, { element }]) => (which === "exits" ? [element, code] : [element]));
    element.append(this.#who, h("div", { class: "grid" }, ...sliders));
  }

  /** Shows the scenario of a Pod; hides all where there is none. */
  show(pod: Pods | undefined, scenario: Scenario): void {
    this.#scenario = scenario;
    this.#element.hidden = !pod;
    if (!pod) return;
    const names = JSON.stringify(pod.containers);
    if (names !== this.#shown) {
      this.#shown = names;
      if (!pod.containers.some(({ name }) => name === this.#container)) this.#container = first(pod, scenario)?.name ?? "";
      this.#offer(pod.containers);
    }
    const gate = this.#done.get("ungate");
    if (gate) gate.element.hidden = !pod.isGated;
    this.#values();
  }

  #offer(containers: readonly PodContainer[]): void {
    this.#who.replaceChildren(
      h("legend", { class: "sr" }, "Container"),
      ...containers.map(({ name, role }) => {
        const chosen = () => {
          this.#container = name;
          this.#values();
        };
        const radio = h("input", { type: "radio", name: "container", value: name, checked: name === this.#container, onchange: chosen });
        return h("label", {}, radio, name, role === "app" ? null : h("small", {}, ` ${role}`));
      }),
    );
  }

  #set(scenario: Scenario): void {
    this.#scenario = scenario;
    this.#code.disabled = containerTime(scenario, this.#container, "exits") === undefined;
    this.#changed(scenario);
  }

  #values(): void {
    for (const [which, slider] of this.#times) slider.value = containerTime(this.#scenario, this.#container, which);
    for (const [which, slider] of this.#done) slider.value = podTime(this.#scenario, which);
    this.#code.value = String(exitCode(this.#scenario, this.#container));
    this.#code.disabled = containerTime(this.#scenario, this.#container, "exits") === undefined;
  }
}

/** Picks the container to begin with: one that the scenario tells of, else the first app. */
function first({ containers }: Pods, scenario: Scenario): PodContainer | undefined {
  const apps = containers.filter(({ role }) => role === "app");
  const told = (container: PodContainer) => Object.hasOwn(scenario.containers ?? {}, container.name);
  return apps.find(told) ?? containers.find(told) ?? apps[0] ?? containers[0];
}
