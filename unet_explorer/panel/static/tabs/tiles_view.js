// The image with its tiles: what one of them is given, what it predicts, and what is mirrored beyond the border.

import { easel, imageColour, paint } from "../lib/canvas.js";
import { exact, plain } from "../lib/format.js";
import { OWN_KEYS, assign, consume, drawn, element, frame, placeIn, setText } from "../lib/page.js";
import { arrowStep, clamped, mapPair, reflected } from "../lib/pairs.js";

/** @import { Pair, Picture } from "../lib/types.js" */
/** @import { Covered, TileAxis } from "./image_types.js" */
/** @import { Lens } from "./lens.js" */

const MOST_MIRRORS = 6;

export class TilesView {
  /**
   * @param {Lens} lens
   * @param {AbortSignal} signal
   */
  constructor(lens, signal) {
    this.lens = lens;
    /** @type {Picture | null} */
    this.picture = null;
    /** The picture as an address that an image of a drawing takes. */
    this.url = "";
    /** What the mirrored copies were made for. */
    this.mirrors = "";
    /**
     * How the tiles lie; null as long as there are none.
     *
     * @type {[TileAxis, TileAxis] | null}
     */
    this.axes = null;
    /**
     * The tile that is pointed at, by its number down and across.
     *
     * @type {Pair}
     */
    this.at = [0, 0];
    this.image = drawn("g", {});
    this.mirror = drawn("g", { class: "ue-mirrored" });
    this.rim = drawn("rect", { class: "ue-rim", x: 0, y: 0 });
    this.grid = drawn("path", { class: "ue-cuts", "data-role": "cuts" });
    this.given = drawn("rect", { class: "ue-given", "data-role": "given" });
    this.predicted = drawn("rect", { class: "ue-predicted", "data-role": "predicted" });
    this.writes = drawn("rect", { class: "ue-writes", "data-role": "writes" });
    this.svg = drawn("svg", { class: "ue-picture ue-aim", role: "application", tabindex: 0, "data-role": "tiles", ...OWN_KEYS });
    this.svg.append(this.mirror, this.image, this.rim, this.grid, this.writes, this.predicted, this.given);
    this.words = element("p", { class: "ue-quiet ue-tile-words", "data-role": "tile-words" });
    const legend = [
      ["ue-given", "what this tile is given"],
      ["ue-predicted", "what it predicts"],
      ["ue-writes", "what it writes"],
      ["ue-mirror-sample", "the image mirrored beyond its border"],
    ].map(([kind, words]) => {
      const sample = drawn("svg", { class: "ue-sample", viewBox: "0 0 24 15", "aria-hidden": "true" });
      sample.append(drawn("rect", { class: kind, x: 2, y: 2, width: 20, height: 11 }));
      return element("li", {}, sample, element("span", {}, words));
    });
    this.node = element("figure", {}, element("figcaption", {}, "The tiles: point at one"), this.svg, this.words);
    this.node.append(element("ul", { class: "ue-legend" }, ...legend));
    const point = (/** @type {PointerEvent} */ event) => this.point(placeIn(this.svg, event));
    this.svg.addEventListener("pointermove", point, { signal });
    const aim = (/** @type {PointerEvent} */ event) => {
      const { x, y } = placeIn(this.svg, event);
      this.point({ x, y });
      if (this.picture) lens.moveTo([y / this.picture.height, x / this.picture.width]);
    };
    this.svg.addEventListener("pointerdown", aim, { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = arrowStep(event.key);
    const nearer = { "+": 1, "-": -1 }[event.key];
    if (nearer) this.lens.turn(nearer);
    if (step && this.axes) {
      this.at = mapPair(this.axes, ({ count }, axis) => clamped(this.at[axis] + step[axis], count));
      this.showTile();
      this.aim(this.axes);
    }
    if (nearer || step) consume(event);
  }

  /**
   * The lens goes with the tile.
   *
   * @param {[TileAxis, TileAxis]} axes
   */
  aim(axes) {
    const { picture } = this;
    if (!picture) return;
    const sides = [picture.height, picture.width];
    this.lens.moveTo(mapPair(axes, (axis, at) => (axis.start(this.at[at]) + axis.tile / 2) / sides[at]));
  }

  /** @param {{ x: number, y: number }} place */
  point({ x, y }) {
    if (!this.axes) return;
    this.at = [this.axes[0].at(y), this.axes[1].at(x)];
    this.showTile();
  }

  /**
   * Another image: painted once, and mirrored by the browser.
   *
   * @param {Picture} picture
   */
  showImage(picture) {
    const canvas = easel("");
    paint(canvas, picture, 1, imageColour(picture), "");
    this.url = canvas.toDataURL();
    this.picture = picture;
    this.mirrors = "";
    this.image.replaceChildren(this.copy(picture));
    this.axes = null;
  }

  /** @param {Picture} picture */
  copy({ height, width }) {
    return drawn("image", { width, height, preserveAspectRatio: "none", href: this.url });
  }

  /** @param {Covered} covered */
  show(covered) {
    if (!this.picture) return;
    const { height, width } = this.picture;
    this.axes = covered.count ? covered.axes : null;
    this.node.classList.toggle("ue-pale", !this.axes);
    for (const mark of [this.grid, this.given, this.predicted, this.writes]) mark.style.display = this.axes ? "" : "none";
    assign(this.rim, { width, height });
    if (!this.axes) {
      this.view(0, 0, height, width);
      setText(this.words, "");
      return;
    }
    const [down, across] = this.axes;
    const [top, left] = [down.start(0), across.start(0)];
    const ends = mapPair(this.axes, (axis) => axis.start(axis.count - 1) + axis.tile);
    this.view(top, left, Math.max(ends[0], height) - top, Math.max(ends[1], width) - left);
    this.showMirrors([top, left], ends);
    this.grid.setAttribute("d", cuts(this.picture, this.axes));
    this.at = mapPair(this.axes, ({ count }, axis) => clamped(this.at[axis], count));
    this.showTile();
  }

  /**
   * @param {number} top
   * @param {number} left
   * @param {number} height
   * @param {number} width
   */
  view(top, left, height, width) {
    const { lens, picture } = this;
    if (lens.scale > 1 && picture) {
      const [down, across] = lens.start();
      const seen = [picture.width * across, picture.height * down, picture.width / lens.scale, picture.height / lens.scale];
      this.svg.setAttribute("viewBox", seen.join(" "));
      this.svg.style.aspectRatio = `${picture.width} / ${picture.height}`;
      return;
    }
    const unit = Math.max(height, width) / 200;
    this.svg.setAttribute("viewBox", `${left - unit} ${top - unit} ${width + 2 * unit} ${height + 2 * unit}`);
    this.svg.style.aspectRatio = `${width} / ${height}`;
  }

  /**
   * Copies of the image around it, each turned over where it follows another; the outermost pixel is shared.
   *
   * @param {Pair} start
   * @param {Pair} end
   */
  showMirrors([top, left], [bottom, right]) {
    const { picture } = this;
    if (!picture) return;
    const { height, width } = picture;
    /** @type {(begin: number, end: number, side: number) => Pair} */
    const reach = (begin, end, side) => [Math.floor(begin / (side - 1)), Math.ceil(end / (side - 1)) - 1];
    const [rows, columns] = [reach(top, bottom, height), reach(left, right, width)];
    // A row, or a tiny image, is turned over too often for that.
    const many = ![...rows, ...columns].every((number) => Math.abs(number) <= MOST_MIRRORS);
    const key = String(many ? [top, left, bottom, right] : [rows, columns]);
    if (key === this.mirrors) return;
    this.mirrors = key;
    if (many) {
      this.mirror.replaceChildren(mirroredAround(picture, [top, left], [bottom, right]));
      return;
    }
    /** @type {(number: number, side: number) => Pair} */
    const turn = (number, side) => (number % 2 ? [(side - 1) * (number + 1) + 1, -1] : [(side - 1) * number, 1]);
    const copies = [];
    for (let row = rows[0]; row <= rows[1]; row += 1) {
      for (let column = columns[0]; column <= columns[1]; column += 1) {
        if (!row && !column) continue;
        const [[y, down], [x, across]] = [turn(row, height), turn(column, width)];
        const copied = this.copy(picture);
        copied.setAttribute("transform", `translate(${x} ${y}) scale(${across} ${down})`);
        copies.push(copied);
      }
    }
    this.mirror.replaceChildren(...copies);
  }

  showTile() {
    const { axes, at, picture } = this;
    if (!axes || !picture) return;
    const starts = mapPair(axes, (axis, number) => axis.start(at[number]));
    const border = mapPair(axes, ({ tile, output }) => (tile - output) / 2);
    const written = mapPair(axes, (axis, number) => axis.written(at[number]));
    frame(this.given, starts, { height: axes[0].tile, width: axes[1].tile });
    frame(this.predicted, [starts[0] + border[0], starts[1] + border[1]], { height: axes[0].output, width: axes[1].output });
    frame(this.writes, [written[0][0], written[1][0]], { height: written[0][1] - written[0][0], width: written[1][1] - written[1][0] });
    const number = at[0] * axes[1].count + at[1] + 1;
    this.svg.dataset.tile = String(number);
    /** @type {(first: number, length: number) => string} */
    const span = (first, length) => `${plain(first)} to ${plain(first + length - 1)}`;
    const lines = ["Rows", "Columns"].map((word, axis) => {
      const { tile, side, output } = axes[axis];
      const start = starts[axis];
      const outside = Math.max(0, -start) + Math.max(0, start + tile - side);
      const beyond = outside ? `, ${outside} of them mirrored` : "";
      const [first, behind] = written[axis];
      return `${word}: it is given ${span(start, tile)}${beyond}, predicts ${span(start + border[axis], output)}, writes ${span(first, behind - first)}.`;
    });
    const words = `Tile ${exact(number)} of ${exact(axes[0].count * axes[1].count)}. ${lines.join(" ")}`;
    setText(this.words, words);
    this.svg.setAttribute("aria-label", `${picture.title}. ${words}`);
  }
}

/**
 * Where one tile ends and the next begins to write, as a path.
 *
 * @param {Picture} picture
 * @param {[TileAxis, TileAxis]} axes
 */
function cuts({ height, width }, [down, across]) {
  /** @type {(axis: TileAxis) => number[]} */
  const inner = ({ count, written }) => Array.from({ length: count - 1 }, (_, number) => written(number + 1)[0]);
  // More lines than these would be a grey field.
  if (down.count > 200 || across.count > 200) return "";
  return inner(down).map((y) => `M0 ${y}H${width}`).join("") + inner(across).map((x) => `M${x} 0V${height}`).join("");
}

/**
 * The image and all around it, painted pixel by pixel.
 *
 * @param {Picture} picture
 * @param {Pair} start
 * @param {Pair} end
 */
function mirroredAround(picture, [top, left], [bottom, right]) {
  const [height, width] = [bottom - top, right - left];
  /** @type {(first: number, length: number, side: number) => number[]} */
  const sources = (first, length, side) => Array.from({ length }, (_, place) => reflected(first + place, side));
  const [rows, columns] = [sources(top, height, picture.height), sources(left, width, picture.width)];
  const colour = imageColour(picture);
  const canvas = easel("");
  paint(canvas, { height, width }, 1, (at) => colour(rows[Math.floor(at / width)] * picture.width + columns[at % width]), "");
  return drawn("image", { x: left, y: top, width, height, href: canvas.toDataURL(), preserveAspectRatio: "none" });
}
