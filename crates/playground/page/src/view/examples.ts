/** The line of examples. */

import type { Example } from "../contract.ts";
import { byId, h } from "./dom.ts";

/** Shows the examples; `chosen` is called with the one that is clicked. */
export function showExamples(examples: readonly Example[], chosen: (example: Example) => void): void {
  byId("examples", HTMLElement).replaceChildren(
    ...examples.map((example) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", title: example.family, "data-example": example.id, "aria-pressed": "false", onclick: () => chosen(example) },
          example.title,
        ),
      ),
    ),
  );
}

/** Marks the example that is shown unchanged; none where it was changed. */
export function markExample(id: string | undefined): void {
  for (const button of byId("examples", HTMLElement).querySelectorAll("button")) {
    const pressed = button.dataset["example"] === id;
    button.setAttribute("aria-pressed", String(pressed));
    if (pressed) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
