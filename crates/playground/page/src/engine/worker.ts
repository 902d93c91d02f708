/** Runs the engine apart from the page, so that typing never waits for a judgement. */

import init, { about, fix, judge, rule, timeline } from "../../wasm/podgate.js";
import type { Call, Reply, Request, Start } from "./protocol.ts";

const calls: Record<Call, (request: string) => string> = {
  about: () => about(),
  fix,
  judge,
  rule,
  timeline,
};

let ready: Promise<unknown> | undefined;

self.onmessage = async ({ data }: MessageEvent<Start | Request>) => {
  if ("module" in data) {
    ready = init({ module_or_path: data.module });
    // A failure is told by each call.
    ready.catch(() => {});
    return;
  }
  const { id, call, request } = data;
  let reply: Reply;
  try {
    await ready;
    reply = { id, answer: calls[call](request) };
  } catch (error) {
    // A trap of WebAssembly leaves the engine as it was in the middle of a call: the page starts another.
    reply = { id, trap: String(error) };
  }
  self.postMessage(reply);
};
