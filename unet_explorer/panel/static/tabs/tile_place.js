// Where in a large image the tile lies that is looked at.

import { easel, imageColour, paint } from "../lib/canvas.js";
import { plain } from "../lib/format.js";
import { OWN_KEYS, assign, consume, drawn, element, placeIn } from "../lib/page.js";
import { arrowStep, mapPair } from "../lib/pairs.js";

/** @import { Pair } from "../lib/types.js" */
/** @import { Overview } from "./image_types.js" */

const OVERVIEW_HEIGHT = 200; // px on the screen

/**
 * First row or column of a tile on its way from one end of the image to the other; a larger tile lies round its middle.
 * Python reckons it again for the tile that it cuts out: in panel/tabs/inside.py. A test holds the two together.
 *
 * @param {number} place  From 0 to 1.
 * @param {number} side
 * @param {number} tile
 */
export function startOf(place, side, tile) {
  return Math.floor((side > tile ? place : 0.5) * (side - tile));
}

/**
 * The place, from 0 to 1, at which a tile starts there; the nearest one that it can have.
 *
 * @param {number} start
 * @param {number} side
 * @param {number} tile
 */
export function placeOf(start, side, tile) {
  const way = side - tile;
  // Half a pixel further, or rounding down would lose one.
  return way > 0 ? Math.max(0, Math.min(1, (Math.round(start) + 0.5) / way)) : 0.5;
}

export class Whereabouts {
  /**
   * @param {AbortSignal} signal
   * @param {(place: Pair) => void} move  Called with where the tile is wanted, from 0 to 1, down and across.
   */
  constructor(signal, move) {
    this.move = move;
    /** @type {Pair} */
    this.place = [0.5, 0.5];
    /** @type {Pair} */
    this.tile = [1, 1];
    /**
     * The image's; null before there is one.
     *
     * @type {Pair | null}
     */
    this.sides = null;
    this.title = "";
    this.image = drawn("image", { preserveAspectRatio: "none" });
    this.frame = drawn("rect", { class: "ue-given", "data-role": "whereabouts-frame" });
    this.svg = drawn("svg", { class: "ue-whereabouts", role: "application", tabindex: 0, "data-role": "whereabouts", ...OWN_KEYS });
    this.svg.append(this.image, this.frame);
    this.node = element("figure", { class: "ue-where" }, element("figcaption", {}, "Where the tile lies: drag it"), this.svg);
    this.node.hidden = true;
    this.svg.addEventListener("pointerdown", (event) => this.grasp(event), { signal });
    this.svg.addEventListener("pointermove", (event) => event.buttons & 1 && this.point(event), { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /**
   * The hand may leave the picture while it drags.
   *
   * @param {PointerEvent} event
   */
  grasp(event) {
    this.svg.setPointerCapture(event.pointerId);
    this.point(event);
  }

  /** @param {PointerEvent} event */
  point(event) {
    const { x, y } = placeIn(this.svg, event);
    this.go([y - this.tile[0] / 2, x - this.tile[1] / 2]);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = arrowStep(event.key);
    if (!step || !this.sides) return;
    consume(event);
    const far = event.shiftKey ? 1 : 8;
    this.go(mapPair(this.starts(this.sides), (start, axis) => start + step[axis] * far));
  }

  /** @param {Pair} starts */
  go(starts) {
    const { sides } = this;
    if (sides) this.move(mapPair(starts, (start, axis) => placeOf(start, sides[axis], this.tile[axis])));
  }

  /** @param {Pair} sides */
  starts(sides) {
    return mapPair(this.place, (place, axis) => startOf(place, sides[axis], this.tile[axis]));
  }

  /** @param {Overview} overview */
  showImage(overview) {
    const canvas = easel("");
    paint(canvas, overview, 1, imageColour(overview), "");
    this.sides = overview.sides;
    const [height, width] = this.sides;
    assign(this.image, { height, width, href: canvas.toDataURL() });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    Object.assign(this.svg.style, { aspectRatio: `${width} / ${height}`, width: `min(100%, ${(OVERVIEW_HEIGHT * width) / height}px)` });
    this.title = overview.title;
  }

  /**
   * @param {Pair} place
   * @param {Pair} tile
   */
  show(place, tile) {
    [this.place, this.tile] = [place, tile];
    const { sides } = this;
    // Nothing to choose where the tile holds all of the image.
    this.node.hidden = !sides || tile.every((length, axis) => length >= sides[axis]);
    if (this.node.hidden || !sides) return;
    const [top, left] = this.starts(sides);
    assign(this.frame, { y: top, x: left, height: tile[0], width: tile[1] });
    this.svg.setAttribute("aria-label", `${this.title}: the tile from row ${plain(top)}, column ${plain(left)}; drag it, or move it with the arrow keys`);
  }
}
