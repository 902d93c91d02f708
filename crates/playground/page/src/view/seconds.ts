/** Times of the sliders: fine steps where they are short, coarse where they are long. */

/** The seconds of each position of a slider; position 0 is "not said". */
export const STEPS: readonly number[] = [
  ...range(0, 30, 1),
  ...range(30, 60, 2),
  ...range(60, 120, 5),
  ...range(120, 300, 15),
  ...range(300, 600, 30),
  ...range(600, 1800, 120),
  ...range(1800, 3600, 300),
  3600,
];

function range(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / by) }, (_, index) => from + index * by);
}

/** Gives the position of the slider nearest to some seconds. */
export function position(seconds: number | undefined): number {
  if (seconds === undefined) return 0;
  let best = 0;
  for (const [index, step] of STEPS.entries()) {
    if (Math.abs(step - seconds) < Math.abs((STEPS[best] ?? 0) - seconds)) best = index;
  }
  return best + 1;
}

/** Gives the seconds of a position; none where nothing is said. */
export function seconds(position: number): number | undefined {
  return STEPS[position - 1];
}

/** Writes seconds as a duration: `1m30s`. */
export function duration(seconds: number): string {
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const parts = [hours && `${hours}h`, minutes && `${minutes}m`, rest && `${rest}s`].filter(Boolean);
  return parts.join("") || "0s";
}
