// Two designs held against each other, A and B: what was chosen otherwise, and what follows from it, in numbers and words.

import { bytes, exact, plain, rough, size } from "../lib/format.js";
import { isLayer, receptiveField, totals } from "../lib/law.js";
import { misfitWords } from "../lib/sentences.js";

/** @import { Config, Followed, Knob, KnobValue, Pair } from "../lib/types.js" */

/** A row of the table: both values and the difference, in words; `same` where there is none. */
/** @typedef {{ key: string, label: string, a: string, b: string, difference: string, same: boolean }} Versus */
/** @typedef {(number: number) => string} InWords */

const DASH = "–";
/** From here on it says more how many times as much it is than by how much it is more. */
const MANY = 1.5;
/** Names that are read before one stops reading. */
const NAMES = 5;

const pixels = (/** @type {number} */ side) => `${exact(side)} px`;

/**
 * By how much B is more or less than A: "+12.3 M"; where it is much, how many times: "× 4.0" or "÷ 257".
 *
 * @param {number} a
 * @param {number} b
 * @param {InWords} words
 */
export function differenceWords(a, b, words) {
  if (a === b) return "same";
  const [less, more] = a < b ? [a, b] : [b, a];
  const ratio = more / less;
  if (!(less > 0 && ratio >= MANY)) return signed(b - a, words);
  return `${a < b ? "×" : "÷"} ${ratio < 9.95 ? ratio.toFixed(1) : exact(Math.round(ratio))}`;
}

/**
 * @param {number} change
 * @param {InWords} words
 */
function signed(change, words) {
  return (change < 0 ? "−" : "+") + words(Math.abs(change)).trim();
}

/**
 * What both are, side by side; a value that does not exist is a dash, and nothing differs from it.
 *
 * @param {string} key
 * @param {string} label
 * @param {[number | null, number | null]} values
 * @param {InWords} words
 * @param {(a: number, b: number, words: InWords) => string} [differ]
 * @returns {Versus}
 */
function versus(key, label, [a, b], words, differ = differenceWords) {
  const [one, other] = [a, b].map((value) => (value === null ? DASH : words(value).trim()));
  const difference = a === null || b === null ? DASH : a === b ? "same" : differ(a, b, words);
  return { key, label, a: one, b: other, difference, same: difference === "same" };
}

/**
 * @param {string} key
 * @param {string} label
 * @param {[Pair | null, Pair | null]} values
 * @returns {Versus}
 */
function sidesVersus(key, label, [a, b]) {
  const [one, other] = [a, b].map((pair) => (pair === null ? DASH : shortSize(pair)));
  return { key, label, a: one, b: other, difference: sidesDifference(a, b), same: a !== null && one === other };
}

/**
 * One number where both axes change alike.
 *
 * @param {Pair | null} a
 * @param {Pair | null} b
 */
function sidesDifference(a, b) {
  if (a === null || b === null) return DASH;
  const [down, across] = [b[0] - a[0], b[1] - a[1]];
  if (!down && !across) return "same";
  const words = (/** @type {number} */ change) => (change ? signed(change, exact) : "0");
  return `${down === across ? words(down) : `${words(down)} × ${words(across)}`} px`;
}

/**
 * The knobs that stand otherwise, and the tile where it is another one.
 *
 * @param {Knob[]} knobs
 * @param {Followed} a
 * @param {Followed} b
 * @returns {Versus[]}
 */
export function chosenRows(knobs, a, b) {
  const rows = knobs.filter((knob) => knobValue(a, knob) !== knobValue(b, knob)).map((knob) => knobRow(knob, knobValue(a, knob), knobValue(b, knob)));
  const tile = sidesVersus("tile", "Tile", [a.tile, b.tile]);
  return tile.same ? rows : [tile, ...rows];
}

/**
 * @param {Followed} state
 * @param {Knob} knob
 */
function knobValue({ network }, { name }) {
  return network.config[/** @type {keyof Config} */ (name)];
}

/**
 * @param {Knob} knob
 * @param {KnobValue} a
 * @param {KnobValue} b
 * @returns {Versus}
 */
function knobRow(knob, a, b) {
  const { name, label } = knob;
  const [one, other] = [a, b].map((value) => knobValueWords(knob, value));
  const change = typeof a === "number" && typeof b === "number" && knob.kind === "number" ? signed(b - a, exact) : "";
  return { key: name, label, a: one, b: other, difference: change, same: false };
}

/**
 * A value as it is called at its knob.
 *
 * @param {Knob} knob
 * @param {KnobValue} value
 */
export function knobValueWords(knob, value) {
  if (knob.kind === "choice") return String(knob.values.find(([each]) => each === value)?.[1] ?? value);
  return typeof value === "boolean" ? (value ? "yes" : "no") : exact(Number(value));
}

/**
 * What follows: output, parameters, work, memory, and how much of the tile a pixel sees at most.
 *
 * @param {Followed} a
 * @param {Followed} b
 * @param {number} batch  Tiles.
 * @returns {Versus[]}
 */
export function resultRows(a, b, batch) {
  const sums = [a, b].map((state) => totals(state, batch));
  /** @type {(key: "macs" | "predict" | "train") => [number | null, number | null]} */
  const both = (key) => [a.fits ? sums[0][key] : null, b.fits ? sums[1][key] : null];
  /** @type {(state: Followed) => Pair | null} */
  const output = ({ fits, output: { height, width } }) => (fits ? [height, width] : null);
  return [
    sidesVersus("output", "Output", [output(a), output(b)]),
    versus("parameters", "Parameters", [sums[0].parameters, sums[1].parameters], rough),
    versus("macs", "Multiply-adds", both("macs"), rough),
    versus("predict", "Memory: predict", both("predict"), bytes),
    versus("train", "Memory: train", both("train"), bytes),
    versus("field", "Receptive field", [largestField(a), largestField(b)], pixels, (one, other) => signed(other - one, pixels)),
  ];
}

/**
 * Of all pixels of all maps, how long a side the one sees that sees most; null where not all of them exist.
 *
 * @param {Followed} state
 */
export function largestField({ fits, maps, tile }) {
  return fits ? Math.max(...maps.filter(isLayer).map((map) => receptiveField(map, tile))) : null;
}

/**
 * How well each has learnt, at best; none where neither has.
 *
 * @param {[number | null, number | null]} best  IoU.
 * @returns {Versus[]}
 */
export function learntRows(best) {
  const words = (/** @type {number} */ value) => value.toFixed(3);
  return best.every((each) => each === null) ? [] : [versus("iou", "Best IoU", best, words, (a, b) => signed(b - a, words))];
}

/**
 * The selected step in both; none where neither has it.
 *
 * @param {string} name
 * @param {Followed} a
 * @param {Followed} b
 * @returns {Versus[]}
 */
export function selectedRows(name, a, b) {
  const maps = [a, b].map((state) => state.byName.get(name));
  if (!maps.some((map) => map && isLayer(map))) return [];
  const [one, other] = maps.map((map) => (map?.whole ? /** @type {Pair} */ ([map.height, map.width]) : null));
  const [few, many] = maps.map((map) => map?.step.channels ?? null);
  return [sidesVersus("side", `${name}: side`, [one, other]), versus("channels", "its channels", [few, many], exact)];
}

/**
 * In words: what does not fit, which steps differ in side, and which of them only one has.
 *
 * @param {Followed} a
 * @param {Followed} b
 * @returns {string[]}
 */
export function stepSentences(a, b) {
  const misfits = [/** @type {const} */ (["A", a]), /** @type {const} */ (["B", b])].filter(([, { fits }]) => !fits);
  const words = misfits.map(([name, state]) => `${name} does not fit: ${misfitWords(state)}.`);
  return [...words, ...(misfits.length ? [] : [sharedSentence(a, b)]), ...levelSentences(a, b), ...ownSentences(a, b)];
}

/**
 * @param {Followed} a
 * @param {Followed} b
 */
function sharedSentence(a, b) {
  const shared = a.maps.filter((map) => isLayer(map) && b.byName.has(map.step.name));
  const other = shared.filter(({ step, height, width }) => {
    const map = b.byName.get(step.name);
    return map?.height !== height || map.width !== width;
  });
  if (!other.length) return `All ${shared.length} steps that both have are of the same side.`;
  if (other.length === shared.length) return `All ${shared.length} steps that both have differ in side.`;
  return `Of ${shared.length} steps that both have, ${other.length} differ in side: ${listed(other.map(({ step }) => step.name))}.`;
}

/**
 * @param {Followed} a
 * @param {Followed} b
 */
function levelSentences(a, b) {
  const [deep, flat] = [a.network.config.depth, b.network.config.depth];
  if (deep === flat) return [];
  const [name, least, most] = deep < flat ? ["A", deep, flat] : ["B", flat, deep];
  const levels = most - least === 1 ? `level ${most}` : `levels ${least + 1} ${most - least === 2 ? "and" : "to"} ${most}`;
  return [`${name} has no ${levels}: its bottleneck is on level ${least}.`];
}

/**
 * Of the levels that both have above their bottlenecks, the steps that only one of them has.
 *
 * @param {Followed} a
 * @param {Followed} b
 */
function ownSentences(a, b) {
  const depths = [a, b].map(({ network }) => network.config.depth);
  const lowest = depths[0] === depths[1] ? Infinity : Math.min(...depths);
  /** @type {(mine: Followed, others: Followed) => string[]} */
  const own = (mine, others) =>
    mine.maps.filter(isLayer).map(({ step }) => step).filter(({ name, level }) => level < lowest && !others.byName.has(name)).map(({ name }) => name);
  /** @type {[string, string[]][]} */
  const both = [["A", own(a, b)], ["B", own(b, a)]];
  return both.filter(([, names]) => names.length).map(([name, names]) => `Only ${name} has ${listed(names)}.`);
}

/** @param {string[]} names */
function listed(names) {
  const [shown, left] = [names.slice(0, NAMES), names.length - NAMES];
  return left > 0 ? `${shown.join(", ")} and ${left} more` : shown.join(", ");
}

/**
 * A design in a few words: "depth 4, 64 filters, tile 572".
 *
 * @param {Followed} state
 */
export function stateWords({ network: { config }, tile, fits }) {
  const filters = `${config.base_filters} filter${config.base_filters > 1 ? "s" : ""}`;
  const one = (/** @type {Pair} */ pair) => (pair[0] === pair[1] ? plain(pair[0]) : size(pair));
  return `depth ${config.depth}, ${filters}, tile ${one(tile)}${fits ? "" : ", does not fit"}`;
}

/**
 * As it stands at a box: 388² for 388 × 388.
 *
 * @param {Pair} pair
 */
function shortSize([height, width]) {
  return height === width ? `${plain(height)}²` : size([height, width]);
}
