// Serves the built page as the documentation's site does: below a folder, with nothing beside it.

import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

// The built page: that of `npm run build`, unless it was built elsewhere.
const dist = process.env.PLAYGROUND ?? fileURLToPath(new URL("../dist/", import.meta.url));
const BELOW = "/podgate/playground/";
const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

// Starts a server on a free port; `replace` may answer in its place, by the path below the folder.
export async function serve(replace = () => undefined) {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (!pathname.startsWith(BELOW)) return void response.writeHead(404).end();
    const name = pathname.slice(BELOW.length) || "index.html";
    const replaced = replace(name);
    if (replaced) return void response.writeHead(replaced.status ?? 200, { "content-type": replaced.type }).end(replaced.body);
    try {
      const body = await readFile(path.join(dist, path.normalize(`/${name}`)));
      response.writeHead(200, { "content-type": TYPES[path.extname(name)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { url: origin + BELOW, origin, close: () => new Promise((closed) => server.close(closed)) };
}
