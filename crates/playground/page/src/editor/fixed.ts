/** Shows what `podgate fix` makes of the manifest, as changes of it. */

import { unifiedMergeView } from "@codemirror/merge";
import { EditorState, Text } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { common } from "./editor.ts";

export class FixedView {
  readonly #parent: HTMLElement;
  #view: EditorView | undefined;
  #shown: { original: string; text: string } | undefined;

  constructor(parent: HTMLElement) {
    this.#parent = parent;
  }

  show(original: string, text: string): void {
    if (this.#shown?.original === original && this.#shown.text === text) return;
    this.#shown = { original, text };
    this.#view?.destroy();
    const doc = Text.of(text.split("\n"));
    this.#view = new EditorView({
      parent: this.#parent,
      state: EditorState.create({
        doc,
        extensions: [
          common(doc),
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ "aria-label": "The manifest with additions, read only", tabindex: "0" }),
          unifiedMergeView({
            original,
            mergeControls: false,
            ...(text !== original && { collapseUnchanged: { margin: 4, minSize: 8 } }),
            // Texts that differ everywhere are compared for a bounded time.
            diffConfig: { scanLimit: 500, timeout: 200 },
          }),
        ],
      }),
    });
  }
}
