// The page says of a manifest what `podgate check` says.
//
// PODGATE names the program, if it is not the one that cargo has built in the tree. MANIFESTS may name a folder of others beside the samples, of which MANIFESTS_MOST (200) are taken.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { visits } from "./page.mjs";

const samples = fileURLToPath(new URL("../../../../samples/", import.meta.url));
const built = fileURLToPath(new URL("../../../../target/debug/podgate", import.meta.url));
const { PODGATE = built, MANIFESTS, MANIFESTS_MOST = "200" } = process.env;

const visit = visits();
let reader, empty;
before(async () => {
  assert.ok(existsSync(PODGATE), `there is no ${PODGATE}: cargo build makes it`);
  // Where no policy is.
  empty = mkdtempSync(path.join(tmpdir(), "podgate-verdicts-"));
  reader = await visit.open();
});
after(async () => {
  if (empty) rmSync(empty, { recursive: true });
});

// The manifests in a folder and below it.
function manifests(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name));
  return files.map((entry) => path.join(entry.parentPath, entry.name)).sort();
}

// As many as are wanted, from all over the list.
function spread(all, most) {
  const step = Math.max(all.length / most, 1);
  return Array.from({ length: Math.min(most, all.length) }, (_, index) => all[Math.floor(index * step)]);
}

// What the program says, and its exit code.
function checked(text, old) {
  const args = ["check", "--format", "json", ...(old ? ["--old", old] : []), "-"];
  const { PODGATE_POLICY: _, ...env } = process.env;
  const ran = spawnSync(PODGATE, args, { cwd: empty, env, input: text, encoding: "utf8", maxBuffer: 1 << 28 });
  const said = JSON.parse(ran.stdout);
  // As JavaScript counts.
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  const unit = ({ line, column }) => {
    const units = [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length + 1;
    return line === 1 && text.startsWith("\ufeff") ? units + 1 : units;
  };
  const place = (it) => (it.line === undefined || it.file.endsWith(".yaml") ? "" : `${it.line}:${unit(it)} `);
  return {
    exitCode: ran.status,
    findings: said.findings.map((it) => `${place(it)}${it.level} ${it.rule} ${it.path} ${it.message}`),
    notices: said.notices.map((it) => `${place(it)}${it.message}`),
    problems: said.errors.map((it) => `${place(it)}${it.message}`).sort(),
    counts: ["objects", "judged", "deny", "warn", "audit", "ignored", "before"].map((name) => said.summary[name]),
  };
}

// What the engine of the page says: in its worker, as the page asks it.
async function judged(manifest, old) {
  const [worker] = reader.page.workers();
  const request = JSON.stringify({ manifest, old });
  const reply = await worker.evaluate(
    (request) =>
      new Promise((told) => {
        const post = self.postMessage;
        self.postMessage = (reply) => {
          self.postMessage = post;
          told(reply);
        };
        self.dispatchEvent(new MessageEvent("message", { data: { id: -1, call: "judge", request } }));
      }),
    request,
  );
  assert.equal(reply.trap, undefined);
  const said = JSON.parse(reply.answer);
  assert.equal(said.error, undefined);
  assert.equal(said.leftOut, 0);
  const place = ({ line, column, in: text }) => (line === undefined || text === "old" ? "" : `${line}:${column} `);
  return {
    exitCode: said.summary.exitCode,
    findings: said.findings.map((it) => `${place(it)}${it.level} ${it.rule} ${it.path} ${it.message}`),
    notices: said.notices.map((it) => `${place(it)}${it.message}`),
    problems: said.problems.map((it) => `${place(it)}${it.message}`).sort(),
    counts: ["objects", "judged", "deny", "warn", "audit", "ignored", "before"].map((name) => said.summary[name]),
  };
}

async function compare(files, t) {
  let findings = 0;
  let problems = 0;
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    const old = file.endsWith("bad/updates.yaml") ? path.join(samples, "old/updates.yaml") : undefined;
    const expected = checked(text, old);
    assert.deepEqual(await judged(text, old && readFileSync(old, "utf8")), expected, file);
    findings += expected.findings.length;
    problems += expected.problems.length;
  }
  t.diagnostic(`${files.length} files, ${findings} findings, ${problems} problems`);
  return findings;
}

test("every sample", async (t) => {
  const files = manifests(samples);
  assert.ok(files.length > 50, `${files.length}`);
  assert.ok((await compare(files, t)) > 150);
});

if (MANIFESTS) {
  test(`manifests of ${MANIFESTS}`, async (t) => {
    await compare(spread(manifests(MANIFESTS), Number(MANIFESTS_MOST)), t);
  });
}
