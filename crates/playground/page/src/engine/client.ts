/** Asks the engine in its worker: one call at a time, of each kind only the newest, and a new worker where one broke. */

import EngineWorker from "./worker.ts?worker&inline";
import address from "../../wasm/podgate_bg.wasm?url";
import type { Call, Reply, Request, Start } from "./protocol.ts";

/** How long a call may take before its worker is given up. */
const LIMIT_MS = 30_000;

/** What is asked first where several wait. */
const ORDER: readonly Call[] = ["about", "judge", "rule", "timeline", "fix"];

/** Says that the engine gave no answer. */
export class EngineError extends Error {
  override name = "EngineError";
}

interface Waiting {
  request: () => unknown;
  resolve: (answer: unknown) => void;
  reject: (error: EngineError) => void;
}

interface Running extends Waiting {
  id: number;
  limit: number;
}

/** The engine. */
export class Engine {
  readonly #module: Promise<WebAssembly.Module>;
  readonly #waiting = new Map<Call, Waiting>();
  #worker: Worker | undefined;
  #running: Running | undefined;
  #starting = false;
  #calls = 0;

  constructor() {
    this.#module = compiled();
    // A failure is told to each call.
    this.#module.catch(() => {});
  }

  /**
   * Asks; gives nothing where a newer request of the same kind came before this one's turn. The request is made when its turn
   * comes: a long text is not copied for each key.
   */
  ask<Answer>(call: Call, request: () => unknown): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.get(call)?.resolve(undefined);
      this.#waiting.set(call, {
        request,
        resolve: resolve as (answer: unknown) => void,
        reject,
      });
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#running || this.#starting) return;
    if (!this.#worker) {
      this.#starting = true;
      try {
        this.#worker = this.#start(await this.#module);
      } catch (error) {
        for (const { reject } of this.#waiting.values()) reject(new EngineError(`the engine could not be loaded: ${error}`));
        this.#waiting.clear();
        return;
      } finally {
        this.#starting = false;
      }
    }
    const call = ORDER.find((call) => this.#waiting.has(call));
    const next = call && this.#waiting.get(call);
    if (!next) return;
    this.#waiting.delete(call);
    const id = ++this.#calls;
    const limit = setTimeout(() => this.#broken(`no answer within ${LIMIT_MS / 1000} s`), LIMIT_MS);
    this.#running = { ...next, id, limit };
    const request = next.request();
    this.#worker.postMessage({ id, call, request: typeof request === "string" ? request : JSON.stringify(request) } satisfies Request);
  }

  #start(module: WebAssembly.Module): Worker {
    const worker = new EngineWorker();
    worker.onmessage = ({ data }: MessageEvent<Reply>) => this.#answered(data);
    worker.onerror = (event) => this.#broken(event.message || "its worker stopped");
    worker.postMessage({ module } satisfies Start);
    return worker;
  }

  #answered(reply: Reply): void {
    const running = this.#running;
    if (running?.id !== reply.id) return;
    if ("trap" in reply) {
      this.#broken(reply.trap);
      return;
    }
    this.#running = undefined;
    clearTimeout(running.limit);
    try {
      running.resolve(JSON.parse(reply.answer));
    } catch {
      running.reject(new EngineError("the engine's answer is no JSON"));
    }
    void this.#next();
  }

  #broken(why: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    const running = this.#running;
    this.#running = undefined;
    if (running) {
      clearTimeout(running.limit);
      running.reject(new EngineError(`the engine stopped and was started again: ${why}`));
    }
    void this.#next();
  }
}

/** Compiles the engine as it arrives, or after it where the server does not say that it is WebAssembly. */
async function compiled(): Promise<WebAssembly.Module> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  if (response.headers.get("content-type")?.startsWith("application/wasm")) return WebAssembly.compileStreaming(response);
  return WebAssembly.compile(await response.arrayBuffer());
}
