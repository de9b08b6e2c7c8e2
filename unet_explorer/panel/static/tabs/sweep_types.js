// Types of what Python tells the tab Sweep, for the type checker alone; see types.js. What is sent is said where it is
// made: in panel/tabs/sweep.py, sweep_plan.py and sweep_rows.py.

/** @import { Config, Pair, Told } from "../lib/types.js" */
/** @import { BackgroundTraits } from "./types.js" */

/** @typedef {string | number | boolean | Pair} Value  Of a knob; of a tile its side, or both. */

/**
 * Something that can be varied, with the values to choose from.
 *
 * @typedef {{ name: string, label: string, help: string, primary: boolean, values: ValueChoice[] }} Varied
 * @typedef {{ value: Value, words: string, chosen: boolean }} ValueChoice
 */

/**
 * What Start would do: of so many `combinations` `misfits` do not fit, the first for that `reason`, and some are `twice` the
 * same; `refused` says which cannot be taught, and why. `designs` are left.
 *
 * @typedef {{ designs: number, twice: number, combinations: number, misfits: number, reason: string, runs: number, refused: string }} SweepPlan
 */

/**
 * One run that has ended: `design` is its place among the designs; scores are null where there are none, and `reason` says
 * why.
 *
 * @typedef {{
 *   number: number,
 *   design: number,
 *   seed: number,
 *   state: string,
 *   reason: string,
 *   iou: number | null,
 *   dice: number | null,
 *   macs: number,
 *   parameters: number,
 *   memory: number | null,
 *   seconds: number | null,
 * }} SweepRow
 */

/** @typedef {{ words: string, config: Config, tile: Pair }} SweepDesign  In words: what is different about it. */

/**
 * A design that has been taught: the mean IoU of its `runs`, the lowest and the highest.
 *
 * @typedef {{ design: number, macs: number, iou: number, low: number, high: number, runs: number, best: boolean }} SweepDot
 *   The `best` are those that nothing cheaper is as good as.
 */

/** @typedef {{ label: string, share: number, low: number, high: number, told: boolean, words: string }} KnobShare */

/**
 * How far it is: `left` in seconds, null as long as that is not known.
 *
 * @typedef {{ done: number, total: number, failed: number, left: number | null }} SweepProgress
 */

/**
 * @typedef {BackgroundTraits & {
 *   instrument: string,
 *   missing: string,
 *   varied: Varied[],
 *   nearest: boolean,
 *   seeds: number,
 *   steps: number,
 *   plan: Told<SweepPlan>,
 *   images: string,
 *   state: "new" | "starting" | "running" | "stopping" | "done",
 *   progress: Told<SweepProgress>,
 *   designs: SweepDesign[],
 *   rows: SweepRow[],
 *   dots: SweepDot[],
 *   mattered: Told<{ shares: KnobShare[], words: string }>,
 * }} SweepTraits
 */

/** @typedef {{ x: number, y: number, dot: SweepDot }} PlacedDot */
