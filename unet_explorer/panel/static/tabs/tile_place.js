// Where in a large image the tile lies that is looked at.

import { easel, imageColour, paint } from "../lib/canvas.js";
import { plain } from "../lib/format.js";
import { OWN_KEYS, assign, drawn, element } from "../lib/page.js";

const HIGHEST = 200; // px on the screen

/** First row or column of a tile on its way from one end of the image to the other; a larger tile lies round its middle. */
function startOf(place, side, tile) {
  return Math.floor((side > tile ? place : 0.5) * (side - tile));
}

export class Whereabouts {
  constructor(signal, move) {
    this.move = move;
    this.place = [0.5, 0.5];
    this.image = drawn("image", { preserveAspectRatio: "none" });
    this.frame = drawn("rect", { class: "ue-given", "data-role": "whereabouts-frame" });
    this.svg = drawn("svg", { class: "ue-whereabouts", role: "application", tabindex: 0, "data-role": "whereabouts", ...OWN_KEYS });
    this.svg.append(this.image, this.frame);
    this.node = element("figure", { class: "ue-where" }, element("figcaption", {}, "Where the tile lies: drag it"), this.svg);
    this.node.hidden = true;
    const point = (event) => {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      this.go([y, x].map((middle, axis) => middle - this.tile[axis] / 2));
    };
    const drag = (event) => event.buttons & 1 && point(event);
    this.svg.addEventListener("pointerdown", (event) => this.grasp(event, point), { signal });
    this.svg.addEventListener("pointermove", drag, { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** The hand may leave the picture while it drags. */
  grasp(event, point) {
    this.svg.setPointerCapture(event.pointerId);
    point(event);
  }

  onKey(event) {
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? 1 : 8;
    this.go(this.starts().map((start, axis) => start + step[axis] * far));
  }

  go(starts) {
    const share = (start, axis) => {
      const way = this.sides[axis] - this.tile[axis];
      // Half a pixel further, or rounding down would lose one.
      return way > 0 ? Math.max(0, Math.min(1, (Math.round(start) + 0.5) / way)) : 0.5;
    };
    this.move(starts.map(share));
  }

  starts() {
    return this.place.map((place, axis) => startOf(place, this.sides[axis], this.tile[axis]));
  }

  showImage(overview) {
    const canvas = easel("");
    paint(canvas, overview, 1, imageColour(overview), "");
    this.sides = overview.sides;
    const [height, width] = this.sides;
    assign(this.image, { height, width, href: canvas.toDataURL() });
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    Object.assign(this.svg.style, { aspectRatio: `${width} / ${height}`, width: `min(100%, ${(HIGHEST * width) / height}px)` });
    this.title = overview.title;
  }

  show(place, tile) {
    [this.place, this.tile] = [place, tile];
    // Nothing to choose where the tile holds all of the image.
    this.node.hidden = !this.sides || tile.every((length, axis) => length >= this.sides[axis]);
    if (this.node.hidden) return;
    const [top, left] = this.starts();
    assign(this.frame, { y: top, x: left, height: tile[0], width: tile[1] });
    this.svg.setAttribute("aria-label", `${this.title}: the tile from row ${plain(top)}, column ${plain(left)}; drag it, or move it with the arrow keys`);
  }
}
