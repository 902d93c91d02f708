/** The editor: one view, and a state for each of the three texts, so that each keeps its own history and cursor. */

import { autocompletion, closeBrackets, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { type Extension, EditorSelection, EditorState, Text } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { policyCompletion } from "./completion.ts";
import { yamlIndent } from "./indent.ts";
import { language } from "./language.ts";
import { look } from "./look.ts";
import { type Mark, diagnostics, offset } from "./marks.ts";
import type { Schema } from "./schema.ts";

/** The texts that can be edited. */
export type Sheet = "manifest" | "old" | "policy";

export const SHEETS: readonly Sheet[] = ["manifest", "old", "policy"];

const LABELS: Record<Sheet, string> = {
  manifest: "Manifest, YAML or JSON",
  old: "The objects before the update, YAML or JSON",
  policy: "Policy, YAML",
};

const HINTS: Record<Sheet, string> = {
  manifest: "Paste a manifest: one object or several, YAML or JSON.\nOr take one of the examples above.",
  old: "Paste here what is in the cluster now.\nThe manifest is then judged as an update of it: only what changes counts.",
  policy:
    "Paste your policy, or begin one; Ctrl-Space completes.\n\napiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {name: mine}\nspec:\n  rules:\n    naked-pod: off",
};

/** What all editors have, whatever the text that they begin with. */
export function common(text: Text): Extension {
  return [lineNumbers(), foldGutter(), drawSelection(), language(text), indentUnit.of("  "), look];
}

export class Editor {
  readonly #view: EditorView;
  readonly #states: Record<Sheet, EditorState>;
  readonly #changed: (sheet: Sheet) => void;
  #sheet: Sheet = "manifest";
  #schema: Schema | undefined;

  constructor(parent: HTMLElement, changed: (sheet: Sheet) => void) {
    this.#changed = changed;
    this.#states = { manifest: this.#state("manifest"), old: this.#state("old"), policy: this.#state("policy") };
    this.#view = new EditorView({ parent, state: this.#states.manifest });
  }

  /** Takes the schema that the policy is completed by. */
  set schema(schema: Schema) {
    this.#schema = schema;
  }

  get sheet(): Sheet {
    return this.#sheet;
  }

  /** Shows another text. */
  show(sheet: Sheet): void {
    if (sheet === this.#sheet) return;
    this.#states[this.#sheet] = this.#view.state;
    this.#sheet = sheet;
    this.#view.setState(this.#states[sheet]);
  }

  text(sheet: Sheet): string {
    return this.#current(sheet).doc.toString();
  }

  /** Replaces a text, as something that can be undone; tells nobody. */
  replace(sheet: Sheet, text: string): void {
    const state = this.#current(sheet);
    if (state.doc.toString() === text) return;
    this.#states[sheet] = state.update({
      changes: { from: 0, to: state.doc.length, insert: text },
      selection: EditorSelection.cursor(0),
    }).state;
    if (sheet === this.#sheet) this.#view.setState(this.#states[sheet]);
  }

  /** Marks places of a text. */
  mark(sheet: Sheet, marks: readonly Mark[]): void {
    const state = this.#current(sheet);
    const transaction = setDiagnostics(state, diagnostics(state.doc, marks));
    if (sheet === this.#sheet) this.#view.dispatch(transaction);
    else this.#states[sheet] = state.update(transaction).state;
  }

  /** Moves the cursor to a place of a text and shows it. */
  goTo(sheet: Sheet, line: number, column: number): void {
    this.show(sheet);
    const at = offset(this.#view.state.doc, line, column);
    this.#view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  #current(sheet: Sheet): EditorState {
    return sheet === this.#sheet ? this.#view.state : this.#states[sheet];
  }

  #state(sheet: Sheet): EditorState {
    return EditorState.create({
      extensions: [
        common(Text.empty),
        lintGutter(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        history(),
        indentOnInput(),
        yamlIndent,
        bracketMatching(),
        closeBrackets(),
        sheet === "policy"
          ? autocompletion({ override: [(context) => policyCompletion(this.#schema, context)], icons: false })
          : [],
        placeholder(HINTS[sheet]),
        EditorView.contentAttributes.of({ "aria-label": LABELS[sheet], tabindex: "0" }),
        keymap.of([
          { key: "F8", run: nextDiagnostic },
          { key: "Shift-F8", run: previousDiagnostic },
          ...completionKeymap,
          ...searchKeymap,
          ...historyKeymap,
          ...foldKeymap,
          ...defaultKeymap,
        ]),
        EditorView.updateListener.of(({ docChanged }) => {
          if (docChanged) this.#changed(sheet);
        }),
      ],
    });
  }
}
