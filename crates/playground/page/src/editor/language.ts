/** YAML's colours, folding and indentation, for texts that its parser is meant for. */

import { yaml } from "@codemirror/lang-yaml";
import { Compartment, EditorState, type Extension, Text } from "@codemirror/state";

/** Texts of more characters go without: nobody reads them in colours, and each key would wait for them. */
const MOST_CHARACTERS = 500_000;
/** So many brackets may be open at a time: the parser's tree is as deep, and who walks through it has a stack for some thousands. */
const MOST_OPEN = 200;

const YAML = yaml();
const NONE: Extension = [];
const compartment = new Compartment();

function isMeantFor(text: Text): boolean {
  if (text.length > MOST_CHARACTERS) return false;
  let open = 0;
  for (const part of text.iter()) {
    for (const letter of part) {
      if (letter === "[" || letter === "{") open += 1;
      else if ((letter === "]" || letter === "}") && open > 0) open -= 1;
      if (open > MOST_OPEN) return false;
    }
  }
  return true;
}

/**
 * Makes the language of an editor that begins with a text; it goes when the text is none for it, and comes back.
 *
 * It comes back one transaction after its text did: an editor that is configured anew parses the text from before the transaction
 * first, in which as many brackets may be open as there are.
 */
export function language(text: Text): Extension {
  return [
    compartment.of(isMeantFor(text) ? YAML : NONE),
    EditorState.transactionExtender.of(({ startState, docChanged, newDoc }) => {
      const isThere = compartment.get(startState) === YAML;
      if (isThere && !docChanged) return null;
      const next = (isThere || isMeantFor(startState.doc)) && isMeantFor(newDoc);
      return next === isThere ? null : { effects: compartment.reconfigure(next ? YAML : NONE) };
    }),
  ];
}
