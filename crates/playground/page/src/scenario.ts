/** Reads and changes the parts of a scenario that sliders show; what else an example or a link says stays as it is. */

import type { Action, ContainerScript, Pods, Scenario, Time } from "./contract.ts";

/** The times of a container that have a slider. */
export type ContainerTime = "startsIn" | "fails" | "exits" | "stops";

/** What is done to a Pod and has a slider. */
export type PodTime = "delete" | "ungate";

/** Gives a time in seconds; none where it is no time. */
export function inSeconds(time: Time | undefined): number | undefined {
  if (typeof time === "number") return time;
  if (typeof time !== "string") return undefined;
  const units: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600 };
  let seconds = 0;
  for (const [, number, unit] of time.matchAll(/([\d.]+)(ms|s|m|h)/g)) seconds += Number(number) * (units[unit ?? ""] ?? 0);
  return seconds;
}

/** Gives what a container does. Names are of the manifest: one may be that of a property which all objects have. */
function script(scenario: Scenario, container: string): ContainerScript {
  const { containers = {} } = scenario;
  return (Object.hasOwn(containers, container) ? containers[container] : undefined) ?? {};
}

export function containerTime(scenario: Scenario, container: string, which: ContainerTime): number | undefined {
  const { startsIn, fails, exits, stops } = script(scenario, container);
  const times = { startsIn, fails: fails?.[0]?.from, exits: exits?.[0]?.after ?? exits?.[0]?.at, stops: stops?.after };
  return inSeconds(times[which]);
}

export function exitCode(scenario: Scenario, container: string): number {
  return script(scenario, container).exits?.[0]?.code ?? 0;
}

export function podTime(scenario: Scenario, which: PodTime): number | undefined {
  return inSeconds(scenario.actions?.find((action) => action[which])?.at);
}

/** Sets a time of a container, or takes it away. */
export function withContainerTime(
  scenario: Scenario,
  container: string,
  which: ContainerTime,
  seconds: number | undefined,
): Scenario {
  const { [which]: before, ...rest } = script(scenario, container);
  const code = exitCode(scenario, container);
  const made: Record<ContainerTime, (seconds: number) => ContainerScript> = {
    startsIn: (startsIn) => ({ startsIn }),
    fails: (from) => ({ fails: [{ from }] }),
    // Of several ends one is left: the slider says when each run ends.
    exits: (after) => ({ exits: [{ after, code }] }),
    stops: (after) => ({ stops: { after } }),
  };
  return withScript(scenario, container, { ...rest, ...(seconds === undefined ? {} : made[which](seconds)) });
}

/** Sets the exit code of a container that exits. */
export function withExitCode(scenario: Scenario, container: string, code: number): Scenario {
  const before = script(scenario, container);
  const [first, ...others] = before.exits ?? [];
  return first ? withScript(scenario, container, { ...before, exits: [{ ...first, code }, ...others] }) : scenario;
}

/** Sets when something is done to the Pod, or takes it away. */
export function withPodTime(scenario: Scenario, which: PodTime, seconds: number | undefined): Scenario {
  const others = (scenario.actions ?? []).filter((action) => !action[which]);
  const action: Action | undefined = seconds === undefined ? undefined : { at: seconds, [which]: {} };
  return { ...scenario, actions: action ? [...others, action] : others };
}

/** Gives the part of a scenario that is about a Pod: its containers, which may be others after every edit, and its gate. */
export function fitting(scenario: Scenario, pod: Pods): Scenario {
  const names = new Set(pod.containers.map(({ name }) => name));
  const has = (name: string | undefined) => name === undefined || names.has(name);
  return {
    ...scenario,
    containers: Object.fromEntries(Object.entries(scenario.containers ?? {}).filter(([name]) => names.has(name))),
    actions: (scenario.actions ?? []).filter(({ update, resize, ungate }) => has(update) && has(resize) && (!ungate || pod.isGated)),
  };
}

function withScript(scenario: Scenario, container: string, script: ContainerScript): Scenario {
  const { [container]: before, ...others } = scenario.containers ?? {};
  return { ...scenario, containers: Object.keys(script).length > 0 ? { ...others, [container]: script } : others };
}
