/** Completes fields and values of a policy from its JSON Schema. */

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { Text } from "@codemirror/state";
import { ENTRY, type Offer, type Schema, type Step, fields, values } from "./schema.ts";

/** What of a line comes before other things in it: `- ` of a list, or the name of a field. */
interface Part {
  column: number;
  step: Step;
}

/** Offers what the schema has at the cursor. */
export function policyCompletion(schema: Schema | undefined, context: CompletionContext): CompletionResult | null {
  if (!schema) return null;
  const line = context.state.doc.lineAt(context.pos);
  const before = line.text.slice(0, context.pos - line.from);
  if (/(^|\s)#/.test(before)) return null;
  const word = /[\w./*-]*$/.exec(before)?.[0] ?? "";
  if (!word && !context.explicit && !/[:{,[-]\s+$/.test(before)) return null;
  const path = place(context.state.doc, line.number, before.slice(0, before.length - word.length));
  const offers = path.value
    ? values(schema, path.steps).map((offer) => value(offer))
    : [...fields(schema, path.steps).map((offer) => field(offer)), ...values(schema, path.steps).map((offer) => value(offer))];
  if (offers.length === 0) return null;
  return { from: context.pos - word.length, options: offers, validFor: /^[\w./*-]*$/ };
}

function field({ label, ...more }: Offer): Completion {
  return { label, ...more, apply: `${label}: `, type: "property" };
}

function value({ label, ...more }: Offer): Completion {
  return { label, ...more, type: "constant" };
}

/** Tells where in the document the end of a beginning of a line is, and whether a field's value is expected there. */
export function place(text: Text, number: number, before: string): { steps: Step[]; value: boolean } {
  const { block, flow, value } = split(before);
  const steps = [...flow];
  let { column, parts } = outline(block);
  let entry = false;
  for (;;) {
    for (const part of parts.toReversed()) {
      // The entries of a list may stand as far left as the field that holds it.
      if (part.column < column || (entry && part.step !== ENTRY && part.column === column)) {
        steps.unshift(part.step);
        column = part.column;
        entry = part.step === ENTRY;
      }
    }
    if (number <= 1 || (column === 0 && !entry)) break;
    number -= 1;
    const above = text.line(number).text;
    if (!above.trim() || /^\s*#/.test(above)) continue;
    if (/^---/.test(above)) break;
    parts = outline(above).parts;
  }
  return { steps, value };
}

/** Takes the beginning of a line apart into what is in block style and what is in braces and brackets. */
function split(before: string): { block: string; flow: Step[]; value: boolean } {
  const open: { at: number; list: boolean; name: string | undefined }[] = [];
  let start = 0;
  for (const [index, letter] of before.split("").entries()) {
    if (letter === "{" || letter === "[") {
      open.push({ at: index, list: letter === "[", name: /([\w./-]+)\s*:\s*$/.exec(before.slice(start, index))?.[1] });
      start = index + 1;
    } else if (letter === "}" || letter === "]") {
      open.pop();
      start = index + 1;
    } else if (letter === "," && open.length > 0) {
      start = index + 1;
    }
  }
  const first = open[0];
  if (!first) return { block: before, flow: [], value: /:\s+$/.test(before) };
  const flow = open.flatMap(({ list, name }, depth): Step[] => [
    ...(depth > 0 && name !== undefined ? [name] : []),
    ...(list ? [ENTRY as Step] : []),
  ]);
  const last = /([\w./-]+)\s*:\s+$/.exec(before.slice(start))?.[1];
  if (last !== undefined) flow.push(last);
  return { block: before.slice(0, first.at), flow, value: last !== undefined };
}

/** Gives the parts of a line with their columns, and the column where what follows them would stand. */
function outline(line: string): { column: number; parts: Part[] } {
  const parts: Part[] = [];
  let column = /^ */.exec(line)?.[0].length ?? 0;
  for (let dash = /^-(\s+|$)/.exec(line.slice(column)); dash; dash = /^-(\s+|$)/.exec(line.slice(column))) {
    parts.push({ column, step: ENTRY });
    column += Math.max(dash[0].length, 2);
  }
  const name = /^("[^"]*"|'[^']*'|[^\s#:{[][^:]*):(\s|$)/.exec(line.slice(column))?.[1];
  if (name !== undefined) {
    parts.push({ column, step: name.replace(/^(["'])(.*)\1$/, "$2") });
    // A value stands further right than its field.
    column += 1;
  }
  return { column, parts };
}
