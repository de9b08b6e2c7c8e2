// Where everything of the drawing stands for a tile and at a scale: Python's laws of placement
// (drawing/placement.py), evaluated.

import { mapOf } from "../lib/law.js";

/** @import { Across, Box, Down, Followed, Network, Pair, Scale } from "../lib/types.js" */

/** What a drawing is for one tile: the height of every box and frame, and the place of everything that moves with it. */
export class Placement {
  /**
   * @param {Pick<Network, "boxes" | "heights">} network
   * @param {Followed} state
   * @param {Scale} scale
   * @param {boolean} square  Whether labels have one line.
   */
  constructor({ boxes, heights: law }, state, scale, square) {
    const whole = Math.sqrt(state.tile[0] * state.tile[1]);
    const unit = scale.tall * law.unit * (law.largest / Math.max(whole, law.largest)) ** 0.25;
    this.scale = scale;
    this.square = square;
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
   * Where a horizontal place is, or how long a length.
   *
   * @param {Across} place
   */
  x([columns, type]) {
    return this.scale.across * columns + this.scale.type * type;
  }

  /**
   * Where a vertical place is, or how long a length.
   *
   * @param {Down} place
   */
  y([tall, type, lines, share = 0, box = ""]) {
    const fixed = this.scale.tall * tall + this.scale.type * (type + (this.square ? 0 : lines));
    return fixed + share * this.heightOf(box);
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

/** Boxes are never lower than at this scale. */
export const LOWEST_BOXES = 0.12;

/**
 * The scale at which a drawing fills a room: its columns as far apart as the room is wide, its boxes as tall as it is
 * high. Type keeps its size, so columns come no closer than their labels allow; then the drawing is wider than the room.
 *
 * @param {Pick<Network, "boxes" | "width" | "height" | "metrics">} network
 * @param {{ width: number, height: number }} room  In px.
 * @param {number} type  The size of the type.
 * @param {(box: Box) => number} need  The room in px that the labels of a box take.
 * @param {boolean} square
 * @returns {Scale}
 */
export function scaleFor({ boxes, width, height, metrics }, room, type, need, square) {
  const labelled = boxes.filter((box) => box.room > 0);
  const closest = Math.max(0, ...labelled.map((box) => (need(box) + type * metrics.gap / 2) / box.room));
  const across = (room.width - type * width[1]) / width[0];
  const tall = (room.height - type * (height[1] + (square ? 0 : height[2]))) / height[0];
  return { across: within(across, Math.max(closest, 0.1), 1.6 * type), tall: within(tall, LOWEST_BOXES, 1.4 * type), type };
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function within(value, low, high) {
  return Math.max(low, Math.min(value, high));
}
