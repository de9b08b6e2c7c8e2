// Tiles over an image, as the page predicts them one after the other; where they lie says tabs/cover.js.

import { mapPair } from "../lib/pairs.js";

/** @import { Pair } from "../lib/types.js" */
/** @import { Covering } from "../tabs/image_types.js" */
/** @import { Maps } from "./worker/types.js" */

/**
 * A tile of an image: where it begins, and where what it predicts does; the rows and columns that it writes.
 *
 * @typedef {{ start: Pair, origin: Pair, written: [Pair, Pair] }} LaidTile
 */

/**
 * All tiles, in reading order.
 *
 * @param {Covering} covering
 * @returns {LaidTile[]}
 */
export function laidTiles({ axes }) {
  return Array.from({ length: axes[0].count * axes[1].count }, (_, number) => {
    /** @type {Pair} */
    const at = [Math.floor(number / axes[1].count), number % axes[1].count];
    const start = mapPair(axes, (axis, which) => axis.start(at[which]));
    const origin = mapPair(axes, ({ tile, output }, which) => start[which] + (tile - output) / 2);
    return { start, origin, written: mapPair(axes, (axis, which) => axis.written(at[which])) };
  });
}

/**
 * Write what a tile predicts, as far as it is its own, into the scores of the image.
 *
 * @param {Maps} image
 * @param {Maps} scores
 * @param {LaidTile} tile
 */
export function writeTile(image, scores, { origin: [top, left], written: [[first, behind], [begin, end]] }) {
  for (let channel = 0; channel < image.channels; channel += 1) {
    for (let row = first; row < behind; row += 1) {
      const from = (channel * scores.height + row - top) * scores.width - left;
      image.numbers.set(scores.numbers.subarray(from + begin, from + end), (channel * image.height + row) * image.width + begin);
    }
  }
}
