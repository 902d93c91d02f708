/** A link that carries everything in its fragment, which browsers send to nobody. */

import type { Scenario } from "./contract.ts";

/** All that a link carries. */
export interface Shared {
  manifest: string;
  old?: string;
  policy?: string;
  profile?: string;
  pod?: string;
  scenario?: Scenario;
}

/** Texts beyond this make a link that chats and browsers cut off. */
const LONGEST_LINK = 60_000;

/** Nothing that a link unpacks to is longer than this: a few bytes may unpack to very many. */
const LONGEST_TEXT = 8_000_000;

/** Writes the fragment of a link; none where it would be too long. */
export async function pack(shared: Shared): Promise<string | undefined> {
  const stream = new Blob([JSON.stringify(shared)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  if (bytes.length * 1.4 > LONGEST_LINK) return undefined;
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return `#1=${base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** Reads a fragment: what was shared, the id of an example, or nothing that this page knows. Throws where a link is broken. */
export async function unpack(fragment: string): Promise<Shared | { example: string } | undefined> {
  const example = /^#example=([\w-]+)$/.exec(fragment)?.[1];
  if (example) return { example };
  const packed = /^#1=(.*)$/.exec(fragment)?.[1];
  if (packed === undefined) return undefined;
  const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return parse(await bounded(stream));
}

async function bounded(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
    if (text.length > LONGEST_TEXT) {
      await reader.cancel();
      throw new Error("the link unpacks to too much");
    }
  }
}

/** Takes of a link what has the right form: anybody may have written it. */
function parse(text: string): Shared {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("manifest" in value) || typeof value.manifest !== "string") {
    throw new Error("the link holds no manifest");
  }
  const shared: Shared = { manifest: value.manifest };
  const found = value as Record<string, unknown>;
  for (const key of ["old", "policy", "profile", "pod"] as const) {
    const one = found[key];
    if (typeof one === "string") shared[key] = one;
  }
  // The engine says what is wrong with a scenario, as with a text.
  const scenario = found["scenario"];
  if (typeof scenario === "object" && scenario !== null) shared.scenario = scenario;
  return shared;
}
