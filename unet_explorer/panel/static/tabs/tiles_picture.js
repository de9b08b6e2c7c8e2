// The image with its tiles: what one of them is given, what it predicts, and what is mirrored beyond the border.

import { easel, imageColour, paint } from "../lib/canvas.js";
import { exact, plain } from "../lib/format.js";
import { OWN_KEYS, assign, drawn, element, frame, setText } from "../lib/page.js";

const MOST_MIRRORS = 6;

export class TilesPicture {
  constructor(signal) {
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
    const point = (event) => this.point(new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse()));
    this.svg.addEventListener("pointermove", point, { signal });
    this.svg.addEventListener("pointerdown", point, { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  onKey(event) {
    const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (!step || !this.axes) return;
    event.preventDefault();
    event.stopPropagation();
    this.at = this.at.map((number, axis) => Math.max(0, Math.min(this.axes[axis].count - 1, number + step[axis])));
    this.showTile();
  }

  point({ x, y }) {
    if (!this.axes) return;
    this.at = [y, x].map((place, axis) => this.axes[axis].at(place));
    this.showTile();
  }

  /** Another image: painted once, and mirrored by the browser. */
  showImage(picture) {
    const canvas = easel("");
    paint(canvas, picture, 1, imageColour(picture), "");
    this.url = canvas.toDataURL();
    this.picture = picture;
    this.mirrors = "";
    this.image.replaceChildren(this.copy());
    this.axes = null;
  }

  copy() {
    const { height, width } = this.picture;
    const copied = drawn("image", { width, height, preserveAspectRatio: "none" });
    copied.setAttribute("href", this.url);
    return copied;
  }

  show(covered) {
    const { height, width } = this.picture;
    this.axes = covered.problem ? null : covered.axes;
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
    const ends = this.axes.map((axis) => axis.start(axis.count - 1) + axis.tile);
    this.view(top, left, Math.max(ends[0], height) - top, Math.max(ends[1], width) - left);
    this.showMirrors([top, left], ends);
    this.grid.setAttribute("d", this.cuts());
    this.at = this.at.map((number, axis) => Math.min(number, this.axes[axis].count - 1));
    this.showTile();
  }

  view(top, left, height, width) {
    const unit = Math.max(height, width) / 200;
    this.svg.setAttribute("viewBox", `${left - unit} ${top - unit} ${width + 2 * unit} ${height + 2 * unit}`);
    this.svg.style.aspectRatio = `${width} / ${height}`;
  }

  cuts() {
    const { height, width } = this.picture;
    const [down, across] = this.axes;
    const inner = ({ count, written }) => Array.from({ length: count - 1 }, (_, number) => written(number + 1)[0]);
    // More lines than these would be a grey field.
    if (down.count > 200 || across.count > 200) return "";
    return inner(down).map((y) => `M0 ${y}H${width}`).join("") + inner(across).map((x) => `M${x} 0V${height}`).join("");
  }

  /** Copies of the image around it, each turned over where it follows another; the outermost pixel is shared. */
  showMirrors([top, left], [bottom, right]) {
    const { height, width } = this.picture;
    const reach = (begin, end, side) => [Math.floor(begin / (side - 1)), Math.ceil(end / (side - 1)) - 1];
    const [rows, columns] = [reach(top, bottom, height), reach(left, right, width)];
    // A row, or a tiny image, is turned over too often for that.
    const many = ![...rows, ...columns].every((number) => Math.abs(number) <= MOST_MIRRORS);
    const key = String(many ? [top, left, bottom, right] : [rows, columns]);
    if (key === this.mirrors) return;
    this.mirrors = key;
    if (many) {
      this.mirror.replaceChildren(this.mirrored([top, left], [bottom, right]));
      return;
    }
    const turn = (number, side) => (number % 2 ? [(side - 1) * (number + 1) + 1, -1] : [(side - 1) * number, 1]);
    const copies = [];
    for (let row = rows[0]; row <= rows[1]; row += 1) {
      for (let column = columns[0]; column <= columns[1]; column += 1) {
        if (!row && !column) continue;
        const [[y, down], [x, across]] = [turn(row, height), turn(column, width)];
        const copied = this.copy();
        copied.setAttribute("transform", `translate(${x} ${y}) scale(${across} ${down})`);
        copies.push(copied);
      }
    }
    this.mirror.replaceChildren(...copies);
  }

  /** The image and all around it, painted pixel by pixel. */
  mirrored([top, left], [bottom, right]) {
    const [height, width] = [bottom - top, right - left];
    const sources = (first, length, side) => Array.from({ length }, (_, place) => reflected(first + place, side));
    const [rows, columns] = [sources(top, height, this.picture.height), sources(left, width, this.picture.width)];
    const colour = imageColour(this.picture);
    const canvas = easel("");
    paint(canvas, { height, width }, 1, (at) => colour(rows[Math.floor(at / width)] * this.picture.width + columns[at % width]), "");
    return drawn("image", { x: left, y: top, width, height, href: canvas.toDataURL(), preserveAspectRatio: "none" });
  }

  showTile() {
    const { axes, at } = this;
    const starts = axes.map((axis, number) => axis.start(at[number]));
    const border = axes.map(({ tile, output }) => (tile - output) / 2);
    const written = axes.map((axis, number) => axis.written(at[number]));
    frame(this.given, starts, { height: axes[0].tile, width: axes[1].tile });
    frame(this.predicted, starts.map((start, axis) => start + border[axis]), { height: axes[0].output, width: axes[1].output });
    frame(this.writes, written.map(([first]) => first), { height: written[0][1] - written[0][0], width: written[1][1] - written[1][0] });
    const number = at[0] * axes[1].count + at[1] + 1;
    this.svg.dataset.tile = number;
    const span = (first, length) => `${plain(first)} to ${plain(first + length - 1)}`;
    const lines = ["Rows", "Columns"].map((word, axis) => {
      const { tile, side, output } = axes[axis];
      const start = starts[axis];
      const outside = Math.max(0, -start) + Math.max(0, start + tile - side);
      const mirrored = outside ? `, ${outside} of them mirrored` : "";
      const [first, behind] = written[axis];
      return `${word}: it is given ${span(start, tile)}${mirrored}, predicts ${span(start + border[axis], output)}, writes ${span(first, behind - first)}.`;
    });
    const words = `Tile ${exact(number)} of ${exact(axes[0].count * axes[1].count)}. ${lines.join(" ")}`;
    setText(this.words, words);
    this.svg.setAttribute("aria-label", `${this.picture.title}. ${words}`);
  }
}

/** Which pixel of a side stands for one beyond its ends. */
function reflected(place, side) {
  if (side < 2) return 0;
  const period = 2 * (side - 1);
  const rest = ((place % period) + period) % period;
  return rest < side ? rest : period - rest;
}
