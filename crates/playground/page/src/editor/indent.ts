/** Indents a new line of YAML as the line before it asks for. */

import { indentService } from "@codemirror/language";

export const yamlIndent = indentService.of((context, at) => {
  const { text } = context.lineAt(at, -1);
  const before = context.state.doc.lineAt(Math.max(at - 1, 0));
  // Asked for a new line, the context simulates a break: what is left of it is the line before.
  const line = context.simulatedBreak === null ? before.text : text;
  // Braces and brackets are the language's own.
  if (!line.trim() || /[{[,]\s*$/.test(line)) return undefined;
  const lead = /^ *(?:- +)*/.exec(line)?.[0].length ?? 0;
  const opens = /(?::|[|>][+-]?|(?:^|\s)-)\s*(?:#.*)?$/.test(line);
  return opens ? lead + 2 : lead;
});
