// A sweep in words: what it will do, what does not fit, and how long it still takes.

import { exact } from "../lib/format.js";

/** @import { SweepPlan } from "./sweep_types.js" */

/**
 * @param {number} count
 * @param {string} one
 */
function several(count, one) {
  return `${exact(count)} ${one}${count === 1 ? "" : "s"}`;
}

/**
 * 12 designs × 2 seeds = 24 runs.
 *
 * @param {SweepPlan} plan
 * @param {number} seeds
 */
export function planWords({ designs, runs }, seeds) {
  if (!runs) return "No design to teach";
  return seeds === 1 ? `${several(designs, "design")}, ${several(runs, "run")}` : `${several(designs, "design")} × ${several(seeds, "seed")} = ${several(runs, "run")}`;
}

/**
 * What does not fit, with the reason of the first; and what becomes the same design twice.
 *
 * @param {SweepPlan} plan
 */
export function misfitWordsOf({ combinations, twice, misfits, reason, refused }) {
  const same = twice ? `${several(twice, "combination")} would be the same design again.` : "";
  if (!misfits) return [refused, same].filter(Boolean).join(" ");
  const first = misfits === 1 ? "It is" : "The first is";
  return [`${exact(misfits)} of ${several(combinations, "combination")} ${misfits === 1 ? "does" : "do"} not fit. ${first} ${reason}`, refused, same].filter(Boolean).join(" ");
}
