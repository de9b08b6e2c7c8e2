// Where everything of the drawing stands for a tile: Python's laws of placement (drawing/placement.py), evaluated.

import { mapOf } from "../lib/law.js";

/** @import { Anchors, Box, Followed, Network, Pair } from "../lib/types.js" */

/** What a drawing is for one tile: the height of every box and frame, and the place of everything that moves with it. */
export class Placement {
  /**
   * @param {Pick<Network, "boxes" | "heights">} network
   * @param {Followed} state
   */
  constructor({ boxes, heights: law }, state) {
    const whole = Math.sqrt(state.tile[0] * state.tile[1]);
    const unit = law.unit * (law.largest / Math.max(whole, law.largest)) ** 0.25;
    this.square = state.tile[0] === state.tile[1];
    /** @type {Map<string, number>} */
    this.heights = new Map();
    for (const { name } of boxes) {
      const { height, width } = mapOf(state, name);
      this.heights.set(name, Math.max(law.shortest, unit * (areaOf([height, width]) / whole) ** 0.25));
    }
    for (const { kept } of boxes) if (kept) this.heights.set(kept.name, this.keptHeight(kept, state));
  }

  /**
   * The frame of what a crop keeps is to scale within the box that it is cut from.
   *
   * @param {NonNullable<Box["kept"]>} kept
   * @param {Followed} state
   */
  keptHeight({ source, shift, level }, state) {
    const { height, width } = mapOf(state, source);
    const [down, across] = state.tile;
    const area = areaOf([height, width]);
    const left = areaOf([(down + shift) / 2 ** level, (across + shift) / 2 ** level]);
    return this.heightOf(source) * Math.sqrt(area > 0 ? left / area : 0);
  }

  /**
   * Of a box, or of the frame of a crop.
   *
   * @param {string} name
   */
  heightOf(name) {
    return this.heights.get(name) ?? 0;
  }

  /**
   * Where a part of a box is, such as its upper edge or the base line of its label.
   *
   * @param {Box} box
   * @param {keyof Anchors} part
   */
  y({ anchors }, part) {
    const [base, hangsOn, share, line] = anchors[part] ?? [0, "", 0, 0];
    return base + share * this.heightOf(hangsOn) + (this.square ? 0 : line);
  }
}

/**
 * Pixels of a map; none where nothing is left of it.
 *
 * @param {Pair} sides
 */
function areaOf([height, width]) {
  return Math.max(0, height) * Math.max(0, width);
}
