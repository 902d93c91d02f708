// The manifests of the tree that the tests paste.

import { readFileSync } from "node:fs";

const read = (name) => readFileSync(new URL(`../../../../samples/${name}`, import.meta.url), "utf8");

export const drops = read("incidents/drops-requests.yaml");
export const neverStarts = read("incidents/never-starts.yaml");
export const slowStart = read("timeline/slow-start.yaml");
export const updates = read("bad/updates.yaml");
export const updatesBefore = read("old/updates.yaml");

export const policy = `apiVersion: podgate.dev/v1alpha1
kind: LifecyclePolicy
metadata: {name: test}
spec:
  rules:
    prestop-exceeds-grace: warn
  mutations:
    defaultProbes:
      startup: {periodSeconds: 2, failureThreshold: 30}
`;
