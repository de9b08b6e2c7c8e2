// What is said of a step: its formula with numbers, and why a tile does not fit.

import { fill, plain, size } from "./format.js";
import { mapOf } from "./law.js";

/** @import { Axis, Failure, Followed, LayerMap, Network } from "./types.js" */

/**
 * A step's formula with the tile's numbers in it: one line for a square, one an axis for a rectangle.
 *
 * @param {Followed} state
 * @param {LayerMap} map
 */
export function formulaLines(state, map) {
  const { step } = map;
  const line = (/** @type {Axis} */ axis) => {
    const before = step.inputs.map((name) => mapOf(state, name)[axis]);
    return fill(step.explanation.formula, {
      in: plain(before[before.length - 1]),
      skip: plain(before[0]),
      out: plain(map[axis]),
      crop: step.crop,
    });
  };
  if (state.tile[0] === state.tile[1]) return [line("height")];
  return [`height: ${line("height")}`, `width: ${line("width")}`];
}

/**
 * Whether a tile fits, and what comes out.
 *
 * @param {Followed} state
 */
export function verdictWords({ fits, tile, output }) {
  if (!fits) return `✗ ${size(tile)} does not fit`;
  const border = (tile[0] - output.height) / 2;
  const lost = border ? `, border ${plain(border)} px lost per side` : ", no border lost";
  return `✓ ${size(tile)} fits → ${size([output.height, output.width])}${lost}`;
}

/**
 * Why a tile does not fit: too small for this network at all, or which step saw what.
 *
 * @param {Followed} state
 */
export function misfitWords({ network, tile, failure }) {
  if (!failure) return "";
  const { smallest } = network.sizes;
  const side = tile[failure.axis === "height" ? 0 : 1];
  const small = side < smallest ? `${fill(network.sentences.small, { smallest })}; ` : "";
  const where = tile[0] === tile[1] ? "" : ` (${failure.axis})`;
  return `${small}at ${failure.step.name}${where}, ${failureWords(network, failure)}`;
}

/**
 * What is wrong with a side.
 *
 * @param {Network} network
 * @param {Failure} failure
 */
export function failureWords(network, failure) {
  return fill(network.sentences[failure.kind], { side: plain(failure.side) });
}
