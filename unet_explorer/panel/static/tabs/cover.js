// How tiles cover an image: the same few lines as in tiling.py, so that a tile can be dragged without a kernel. A test
// holds the two against each other.

import { size } from "../lib/format.js";
import { follow, tileForOutput } from "../lib/law.js";
import { misfitWords } from "../lib/sentences.js";

/** Tiles on one axis; count 0 if they cannot meet. */
function coverAxis(network, side, given, seamless) {
  const { period, border, first, last } = network.margins;
  const whole = tileForOutput(network, side);
  const tile = Math.min(given, whole);
  const output = tile - 2 * border;
  const usable = Math.max(0, output - first - last);
  const stride = seamless ? usable - (usable % period) : output;
  let count = 1;
  if (tile < whole) {
    if (!seamless) count = Math.ceil(side / stride);
    else count = stride ? 1 + Math.ceil((whole - tile) / stride) : 0;
  }
  const start = (number) => (seamless ? Math.min(number * stride, whole - tile) : number * stride) - border;
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

/** Tiles over an image [height, width]; `problem` says why there are none. */
export function cover(network, image, tile, seamless) {
  const state = follow(network, tile);
  if (!state.fits) return { state, problem: `${size(tile)} does not fit: ${misfitWords(state)}.` };
  const axes = image.map((side, at) => coverAxis(network, side, tile[at], seamless));
  const bad = axes.find(({ count }) => !count);
  if (bad) return { state, axes, problem: cannotMeet(network, bad) };
  const [down, across] = axes;
  const computed = down.count * across.count * down.tile * across.tile;
  // Tiles larger than the image needs are cut down, so the sums are of what is really laid.
  const laid = follow(network, [down.tile, across.tile]);
  return { state: laid, axes, count: down.count * across.count, computed, kept: image[0] * image[1], problem: "" };
}

function cannotMeet(network, { tile, side, usable, whole }) {
  const { period, first, last } = network.margins;
  const able = tileForOutput(network, period + first + last);
  return (
    `Tiles of ${tile} px cannot cover ${side} px without seams: of each, ${usable} px can be used, but tiles must lie a ` +
    `multiple of ${period} px apart. The smallest that can is ${able}; ${whole} takes it in one piece.`
  );
}
