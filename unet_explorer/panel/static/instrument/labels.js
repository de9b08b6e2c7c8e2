// What is written at a box and in the legend.

import { isWhole } from "../lib/law.js";
import { drawn, element } from "../lib/page.js";
import { mapPair } from "../lib/pairs.js";

/** @import { Op, Sides } from "../lib/types.js" */

/**
 * The lines below a box. A side that is no whole number has one decimal, and a mark where that is not all of it; where
 * nothing is left of a map there is a dash.
 *
 * @param {Sides} sides
 * @param {boolean} square  Whether both are the same.
 * @param {1 | 10} [parts]  10 where there is room for a decimal.
 * @returns {string[]}
 */
export function sideText({ height, width }, square, parts = 10) {
  const [[down, rough], [across, also]] = mapPair([height, width], (side) => shortSide(side, parts));
  const mark = rough || also ? "≈" : "";
  if (square) return [isWhole(height) ? `${height}²` : mark + down];
  return [mark + down, `×${across}`];
}

/**
 * A side in figures, and whether that is only roughly it.
 *
 * @param {number} side
 * @param {1 | 10} parts
 * @returns {[string, boolean]}
 */
function shortSide(side, parts) {
  if (side <= 0) return ["–", false];
  if (Number.isInteger(side)) return [String(side), false];
  const near = Math.floor(side * parts + 0.5) / parts;
  return [near.toFixed(parts === 1 ? 0 : 1), near !== side];
}

/**
 * @param {Op} op
 * @param {string} text
 */
export function legendItem(op, text) {
  const sign = drawn("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" });
  sign.append(drawn("path", { class: `ue-arrow ue-${op}`, d: "M0 5L26 5M28 5l-9 -4.5v9z" }));
  return element("li", {}, sign, element("span", {}, text));
}
