// Both axes of an image, a map or a tile: height comes first.

/** @import { Pair } from "./types.js" */

export const AXES = /** @type {const} */ (["height", "width"]);

/**
 * The same for both of a pair: mapPair([3, 4], (side) => 2 * side) → [6, 8].
 *
 * @template From, To
 * @param {readonly [From, From]} pair
 * @param {(value: From, at: 0 | 1) => To} change
 * @returns {[To, To]}
 */
export function mapPair([first, second], change) {
  return [change(first, 0), change(second, 1)];
}

/** Which way an arrow key leads, [down, across]. */
const WAYS = new Map(
  /** @type {[string, Pair][]} */ ([
    ["ArrowDown", [1, 0]],
    ["ArrowUp", [-1, 0]],
    ["ArrowRight", [0, 1]],
    ["ArrowLeft", [0, -1]],
  ]),
);

/**
 * One step [down, across] for an arrow key; undefined for any other key.
 *
 * @param {string} key
 */
export function arrowStep(key) {
  return WAYS.get(key);
}

/**
 * The nearest place that is not below 0 and not behind the last of so many.
 *
 * @param {number} place
 * @param {number} count
 */
export function clamped(place, count) {
  return Math.max(0, Math.min(count - 1, place));
}

/**
 * The pixel that is seen at a place, on one axis: beyond the border the image is mirrored, and its outermost pixel is not
 * repeated; as core/axis.py says it.
 *
 * @param {number} place
 * @param {number} side
 */
export function reflected(place, side) {
  if (side < 2) return 0;
  const period = 2 * (side - 1);
  const rest = ((place % period) + period) % period;
  return Math.min(rest, period - rest);
}
