// The room that the page gives the drawing, and how large its columns, boxes and type become in it.

import { Type, widthOfFigure } from "./piece.js";
import { LOWEST_BOXES, scaleFor } from "./placement.js";

/** @import { Placement } from "./placement.js" */
/** @import { Box, Network, Scale } from "../lib/types.js" */

/** The height of boxes where the page has not said how much room there is, in px. */
const USUAL_HEIGHT = 600;

/** By how much type may be smaller than the page sets it, where by that all of a drawing is seen. */
const LITTLE = 0.9;

export class Room {
  /**
   * @param {{ width: number, height: number, left: number, top: number, floor: number }} [given]  In px, where it begins and where the
   *   legend does; no width until that is known.
   * @param {Type} [type]  As the page sets it.
   */
  constructor(given = { width: 0, height: 0, left: 0, top: 0, floor: Infinity }, type = new Type(13, 14, 0.7)) {
    this.width = given.width;
    this.height = given.height;
    this.left = given.left;
    this.top = given.top;
    this.floor = given.floor;
    this.type = type;
  }

  /**
   * The one that an element has.
   *
   * @param {HTMLElement} paper
   * @param {{ width: number, height: number }} inner  What it has within its borders.
   * @param {HTMLElement} below  What stands below it.
   */
  static of(paper, { width, height }, below) {
    const look = getComputedStyle(paper);
    const given = { width, height, left: paper.offsetLeft, top: paper.offsetTop, floor: below.offsetTop || Infinity };
    const font = parseFloat(look.fontSize);
    return new Room(given, new Type(font, font, widthOfFigure(look.fontFamily)));
  }

  /**
   * As large as fits; but columns are never so close that labels touch or cannot be read: then it is larger.
   *
   * @param {Network} network
   * @param {boolean} whole  Whether all of it is shown, however small its labels.
   * @param {boolean} linked  Whether every label has one line.
   * @returns {{ scale: Scale, type: Type }}
   */
  scale(network, whole, linked) {
    const { metrics } = network;
    let size = this.type.font / metrics.font;
    if (this.width && this.height) {
      // A quarter of its boxes' usual height is left, and the type takes the rest; or they are as low as can be, and the type a
      // little smaller.
      const all = this.sizeOfAll(network, linked, whole ? 0.25 : LOWEST_BOXES);
      if (whole || all >= LITTLE * size) size = Math.min(size, Math.max(0.2, all));
    }
    const type = new Type(size * metrics.font, size * metrics.line, this.type.character, metrics);
    const need = whole ? () => 0 : labelsOf(network, type);
    const room = this.width ? this : { width: network.width[0] + network.width[1], height: USUAL_HEIGHT };
    return { scale: scaleFor(network, room, size, need, linked), type };
  }

  /**
   * The type at which all of a drawing is there, and no label touches another.
   *
   * @param {Network} network
   * @param {boolean} linked
   * @param {number} share  Of their usual height that boxes have.
   */
  sizeOfAll(network, linked, share) {
    const { metrics, width, height, boxes } = network;
    const [tall, lines] = [share * height[0], height[1] + (linked ? 0 : height[2])];
    const labels = labelsOf(network, new Type(metrics.font, metrics.line, this.type.character, metrics));
    const closest = boxes.filter(({ room }) => room > 0).map((box) => (labels(box) + metrics.gap / 2) / box.room);
    return Math.min((this.height - tall) / lines, this.width / (Math.max(0, ...closest) * width[0] + width[1]));
  }

  /**
   * What a drawing takes of it, in px; whether that is more than there is; and where the drawing begins, which asking the page for
   * would make it lay everything out first.
   *
   * @param {Network} network
   * @param {Placement} placement
   */
  taken(network, placement) {
    const width = wholePixels(placement.x(network.width), this.width);
    const height = wholePixels(placement.y(network.height), this.height);
    const larger = this.width > 0 && (width > this.width + 1 || height > this.height + 1);
    // It stands in the middle.
    const corner = { left: this.left + (this.width - width) / 2, top: this.top + (this.height - height) / 2, floor: this.floor };
    return { width, height, larger, corner };
  }
}

/**
 * The room that the labels of a box take: whatever the tile, so that nothing moves while it is dragged; longer numbers are set
 * smaller.
 *
 * @param {Network} network
 * @param {Type} type
 * @returns {(box: Box) => number}
 */
function labelsOf(network, type) {
  const levels = new Map(network.steps.map(({ name, level, channels }) => [name, { level, channels }]));
  const longest = 10 ** Math.max(3, String(network.sizes.smallest).length) - 1;
  return ({ name }) => {
    const { level = 0, channels = 0 } = levels.get(name) ?? {};
    // Sides are set in lighter type than channels.
    const side = 0.92 * type.width(`${longest >> level}²`);
    return Math.max(side, type.width(String(channels)));
  };
}

/**
 * Whole ones. Less than one too large, it would be given bars to scroll by.
 *
 * @param {number} length
 * @param {number} most  0 where that is not known.
 */
function wholePixels(length, most) {
  return most && length <= most + 1 ? Math.min(Math.ceil(length), Math.floor(most)) : Math.ceil(length);
}
