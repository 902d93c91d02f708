/** Marks of the editor: findings and problems at their places. */

import type { Diagnostic } from "@codemirror/lint";
import type { Text } from "@codemirror/state";

/** A place in a text: lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  line: number;
  column: number;
  endLine?: number;
  endColumn?: number;
}

/** A place, how bad it is, and what is shown there. */
export interface Mark extends Place {
  severity: Diagnostic["severity"];
  text: string;
  show?: () => HTMLElement;
}

/** Marks beyond these are listed and not drawn: an editor with thousands of underlined places is slow, and tells nobody anything. */
const MOST = 500;

/** Gives the offset of a place, moved into the text where it lies outside. */
export function offset(text: Text, line: number, column: number): number {
  const { from, to } = text.line(Math.min(Math.max(line, 1), text.lines));
  return Math.min(from + Math.max(column - 1, 0), to);
}

/** Gives the stretch of a place: to its end, but no further than its first line goes, so that a container is not underlined whole. */
export function stretch(text: Text, place: Place): { from: number; to: number } {
  const from = offset(text, place.line, place.column);
  const line = text.lineAt(from);
  const lineEnd = line.from + line.text.trimEnd().length;
  const end = place.endLine === undefined ? lineEnd : offset(text, place.endLine, place.endColumn ?? 1);
  const to = Math.min(end, Math.max(lineEnd, from));
  if (to > from) return { from, to };
  // Something is underlined also where a place has no width: what stands there, or before it.
  return from < line.to ? { from, to: from + 1 } : { from: Math.max(line.from, from - 1), to: from };
}

/** Turns marks into the editor's diagnostics. */
export function diagnostics(text: Text, marks: readonly Mark[]): Diagnostic[] {
  return marks.slice(0, MOST).map((mark) => {
    const { show } = mark;
    return { ...stretch(text, mark), severity: mark.severity, message: mark.text, ...(show && { renderMessage: () => show() }) };
  });
}
