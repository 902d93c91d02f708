/** What the page and the worker of the engine say to each other. */

/** The functions of the engine. */
export type Call = "about" | "judge" | "fix" | "timeline" | "rule";

/** The first message to a worker: the compiled engine. */
export interface Start {
  module: WebAssembly.Module;
}

/** A request of the page. */
export interface Request {
  id: number;
  call: Call;
  request: string;
}

/** The worker's reply: the engine's answer, or how it broke. */
export type Reply = { id: number; answer: string } | { id: number; trap: string };
