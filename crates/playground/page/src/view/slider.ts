/** A slider for a time, with a field beside it for exact seconds. */

import { h } from "./dom.ts";
import { STEPS, duration, position, seconds } from "./seconds.ts";

const LONGEST_SECONDS = 86_400;

export class TimeSlider {
  readonly element: HTMLElement;
  readonly #range: HTMLInputElement;
  readonly #exact: HTMLInputElement;
  #value: number | undefined;

  constructor(id: string, label: string, hint: string, changed: (seconds: number | undefined) => void) {
    this.#range = h("input", { type: "range", id, min: 0, max: STEPS.length, step: 1, value: 0, title: hint });
    this.#exact = h("input", {
      type: "number",
      min: 0,
      max: LONGEST_SECONDS,
      step: "any",
      placeholder: "–",
      "aria-label": `${label}, seconds`,
      title: "Seconds; empty: not said",
    });
    this.#range.addEventListener("input", () => {
      this.value = seconds(this.#range.valueAsNumber);
      changed(this.#value);
    });
    this.#exact.addEventListener("input", () => {
      const typed = this.#exact.valueAsNumber;
      this.#value = typed >= 0 ? Math.min(typed, LONGEST_SECONDS) : undefined;
      this.#showRange();
      changed(this.#value);
    });
    this.element = h(
      "div",
      { class: "slider" },
      h("label", { for: id, title: hint }, label),
      this.#range,
      h("span", { class: "exact" }, this.#exact, h("span", { "aria-hidden": "true" }, "s")),
    );
    this.#showRange();
  }

  set value(value: number | undefined) {
    this.#value = value;
    this.#exact.value = value === undefined ? "" : String(value);
    this.#showRange();
  }

  set disabled(disabled: boolean) {
    this.#range.disabled = disabled;
    this.#exact.disabled = disabled;
    this.element.classList.toggle("disabled", disabled);
  }

  #showRange(): void {
    this.#range.valueAsNumber = position(this.#value);
    this.#range.setAttribute("aria-valuetext", this.#value === undefined ? "not said" : duration(this.#value));
    this.element.classList.toggle("said", this.#value !== undefined);
    this.#range.style.setProperty("--at", `${(100 * this.#range.valueAsNumber) / STEPS.length}%`);
  }
}
