// How tiles cover an image: the same few lines as in tiling.py, so that a tile can be dragged without a kernel. A test
// holds the two against each other.

import { size } from "../lib/format.js";
import { follow, tileForOutput } from "../lib/law.js";
import { mapPair } from "../lib/pairs.js";
import { present } from "../lib/present.js";
import { misfitWords } from "../lib/sentences.js";

/** @import { Network, Pair } from "../lib/types.js" */
/** @import { Covered, TileAxis } from "./image_types.js" */

/**
 * Tiles on one axis; count 0 if they cannot meet.
 *
 * @param {Network} network
 * @param {number} side
 * @param {number} given  Side of the tile that is wanted; of one that the image does not need, less is laid.
 * @param {boolean} seamless
 * @returns {TileAxis}
 */
function coverAxis(network, side, given, seamless) {
  const { period, border, first, last } = network.margins;
  // Images are shown only up to a size that some tile covers.
  const whole = present(tileForOutput(network, side), `a tile for ${side} px`);
  const tile = Math.min(given, whole);
  const output = tile - 2 * border;
  const usable = Math.max(0, output - first - last);
  const stride = seamless ? usable - (usable % period) : output;
  let count = 1;
  if (tile < whole) {
    if (!seamless) count = Math.ceil(side / stride);
    else count = stride ? 1 + Math.ceil((whole - tile) / stride) : 0;
  }
  /** @type {(number: number) => number} */
  const start = (number) => (seamless ? Math.min(number * stride, whole - tile) : number * stride) - border;
  /** @type {(number: number) => number} */
  const begin = (number) => (number ? number * stride + (seamless ? first : 0) : 0);
  return {
    side,
    tile,
    output,
    usable,
    stride,
    count,
    whole,
    start,
    /** First pixel that a tile writes, and the first it no longer does. */
    written: (number) => [begin(number), number === count - 1 ? side : begin(number + 1)],
    /** The tile that writes a pixel. */
    at: (pixel) => (count > 1 ? Math.max(0, Math.min(count - 1, Math.floor((pixel - (seamless ? first : 0)) / stride))) : 0),
  };
}

/**
 * Tiles over an image; `problem` says why there are none.
 *
 * @param {Network} network
 * @param {Pair} image
 * @param {Pair} tile
 * @param {boolean} seamless
 * @returns {Covered}
 */
export function cover(network, image, tile, seamless) {
  const state = follow(network, tile);
  if (!state.fits) return { state, problem: `${size(tile)} does not fit: ${misfitWords(state)}.` };
  const axes = mapPair(image, (side, at) => coverAxis(network, side, tile[at], seamless));
  const bad = axes.find(({ count }) => !count);
  if (bad) return { state, axes, problem: cannotMeet(network, bad) };
  const [down, across] = axes;
  const computed = down.count * across.count * down.tile * across.tile;
  // Tiles larger than the image needs are cut down, so the sums are of what is really laid.
  const laid = follow(network, [down.tile, across.tile]);
  return { state: laid, axes, count: down.count * across.count, computed, kept: image[0] * image[1], problem: "" };
}

/**
 * @param {Network} network
 * @param {TileAxis} axis
 */
function cannotMeet(network, { tile, side, usable, whole }) {
  const { period, first, last } = network.margins;
  const able = tileForOutput(network, period + first + last);
  return (
    `Tiles of ${tile} px cannot cover ${side} px without seams: of each, ${usable} px can be used, but tiles must lie a ` +
    `multiple of ${period} px apart. The smallest that can is ${able}; ${whole} takes it in one piece.`
  );
}
