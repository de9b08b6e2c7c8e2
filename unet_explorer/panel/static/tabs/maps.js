// Feature maps as pictures: all channels of a step in a grid, and one of them whole.

import { bytesOf, easel, fillCanvas, packed, paintBytes } from "../lib/canvas.js";
import { exact, size } from "../lib/format.js";
import { OWN_KEYS, assign, drawn, element, setText } from "../lib/page.js";

/** Of the screen that the size of a cell is reckoned for. */
const GRID_WIDTH = 960;
const LEAST_WIDTH = 112;
/** Pixels between two maps. */
const GAP = 2;

/** The value that a byte stands for. */
function valueOf(view, channel, byte) {
  return view.low[channel] + ((view.high[channel] - view.low[channel]) * byte) / 255;
}

/** A value of the channel shown, read back from its byte: no more figures than that is good for. */
export function valueWords({ low, high, channel }, value) {
  const step = (high[channel] - low[channel]) / 255;
  const figures = step > 0 ? Math.max(0, Math.min(20, Math.floor(-Math.log10(step)))) : 3;
  const words = value.toFixed(figures);
  return Number(words) ? words.replace("-", "−") : (0).toFixed(figures);
}

/** The size that has the brightest colour, for every channel: its own largest, or that of all together. */
function mostOf({ low, high }, common) {
  const own = low.map((value, channel) => Math.max(Math.abs(value), Math.abs(high[channel])));
  const all = own.reduce((one, other) => Math.max(one, other));
  return own.map((most) => (common ? all : most) || 1);
}

/** Zero is black, positive values go through orange to white, negative ones through blue. */
function mapColour(share) {
  const size = Math.min(1, Math.abs(share));
  const warm = [255 * Math.min(1, 2 * size), 255 * Math.min(1, 1.15 * size), 255 * Math.max(0, 2 * size - 1)];
  return share < 0 ? [warm[2], warm[1] * 0.8, warm[0]] : warm;
}

const SHADES = 1024;
/** All colours from −1 to 1, made once: a step has up to a thousand channels. */
const RAMP = Uint32Array.from({ length: 2 * SHADES + 1 }, (_, at) => packed(mapColour(at / SHADES - 1)));

/** The colours of a channel's 256 bytes. */
function palette(view, channel, most) {
  const colours = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) colours[byte] = RAMP[Math.round((valueOf(view, channel, byte) / most + 1) * SHADES)];
  return colours;
}

/** All channels, small, each where the eye finds it again. */
export class MapGrid {
  constructor(signal, choose) {
    this.choose = choose;
    this.canvas = easel("grid");
    this.mark = drawn("rect", { class: "ue-chosen" });
    this.dead = drawn("path", { class: "ue-dead" });
    this.svg = drawn("svg", { class: "ue-over", tabindex: 0, role: "spinbutton", "aria-label": "Channel shown whole", ...OWN_KEYS });
    this.svg.append(this.dead, this.mark);
    this.caption = element("figcaption");
    this.node = element("figure", {}, this.caption, element("div", { class: "ue-stack" }, this.canvas, this.svg));
    this.svg.addEventListener("pointerdown", (event) => this.point(event), { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  point(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    const channel = Math.floor(y / this.down) * this.columns + Math.floor(x / this.across);
    if (channel >= 0 && channel < this.view.channels) this.choose(channel);
  }

  onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.columns, ArrowUp: -this.columns }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const channel = this.view.channel + step;
    if (channel >= 0 && channel < this.view.channels) this.choose(channel);
  }

  show(view, common) {
    this.view = view;
    const { rows, columns: wide, channels, cell } = view;
    const zoom = Math.max(1, Math.floor(cell / Math.max(rows, wide)));
    [this.down, this.across] = [rows * zoom + GAP, wide * zoom + GAP];
    this.columns = Math.max(1, Math.min(channels, Math.floor(GRID_WIDTH / this.across)));
    const [width, height] = [this.columns * this.across, Math.ceil(channels / this.columns) * this.down];
    fillCanvas(this.canvas, { height, width }, (data) => this.paint(new Uint32Array(data.buffer), width, zoom, mostOf(view, common)));
    // A few channels need not fill the page.
    this.node.style.maxWidth = `${Math.max(width, LEAST_WIDTH)}px`;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.showMarks(view);
    const dead = view.dead.filter(Boolean).length;
    const lost = dead ? `; ${exact(dead)} of them dead (crossed out): the same number everywhere` : "";
    this.node.dataset.dead = dead;
    setText(this.caption, `${view.step}: ${exact(channels)} channel${channels > 1 ? "s" : ""} of ${size([view.height, view.width])} px${lost}`);
    this.canvas.setAttribute("aria-label", this.caption.textContent);
  }

  /** All cells, into the pixels of a canvas of this width; a cell's rows are copied rather than painted again. */
  paint(pixels, width, zoom, most) {
    const { rows, columns: wide, channels, thumbs } = this.view;
    const bytes = bytesOf(thumbs);
    for (let channel = 0, from = 0; channel < channels; channel += 1) {
      const colours = palette(this.view, channel, most[channel]);
      const [left, top] = this.corner(channel).map((side) => side + GAP / 2);
      for (let row = 0; row < rows; row += 1) {
        const first = (top + row * zoom) * width + left;
        for (let column = 0, at = first; column < wide; column += 1, from += 1) {
          for (const end = at + zoom; at < end; at += 1) pixels[at] = colours[bytes[from]];
        }
        for (let more = 1; more < zoom; more += 1) pixels.copyWithin(first + more * width, first, first + wide * zoom);
      }
    }
  }

  /** Where a channel's cell begins, across and down. */
  corner(channel) {
    return [(channel % this.columns) * this.across, Math.floor(channel / this.columns) * this.down];
  }

  showMarks(view) {
    const cross = (_, channel) => {
      const [x, y] = this.corner(channel);
      const [wide, high] = [this.across - 4, this.down - 4];
      return view.dead[channel] ? `M${x + 2} ${y + 2}l${wide} ${high}m${-wide} 0l${wide} ${-high}` : "";
    };
    this.dead.setAttribute("d", view.dead.map(cross).join(""));
    const [x, y] = this.corner(view.channel);
    assign(this.mark, { x: x + 0.5, y: y + 0.5, width: this.across - 1, height: this.down - 1 });
    const dead = view.dead[view.channel] ? ", dead" : "";
    const values = { "aria-valuemin": 1, "aria-valuemax": view.channels, "aria-valuenow": view.channel + 1 };
    assign(this.svg, { ...values, "aria-valuetext": `channel ${view.channel + 1} of ${view.channels}${dead}` });
  }
}

/** One channel whole, and the pixel that is pointed at. */
export class WholeMap {
  constructor(signal, point) {
    this.canvas = easel("whole");
    this.crop = drawn("rect", { class: "ue-kept-frame", "data-role": "crop-frame" });
    this.pixel = drawn("rect", { class: "ue-pixel-mark", "data-role": "pixel" });
    this.svg = drawn("svg", { class: "ue-over", tabindex: 0, role: "application", ...OWN_KEYS });
    this.svg.append(this.crop, this.pixel);
    this.caption = element("figcaption");
    this.node = element("figure", { class: "ue-whole" }, this.caption, element("div", { class: "ue-stack" }, this.canvas, this.svg));
    const onPoint = (event) => {
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
      const inside = (place, side) => Math.max(0, Math.min(side - 1, Math.floor(place)));
      if (this.view) point([inside(y, this.view.height), inside(x, this.view.width)], this);
    };
    this.svg.addEventListener("pointermove", onPoint, { signal });
    this.svg.addEventListener("pointerdown", onPoint, { signal });
    const onKey = (event) => {
      const step = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
      if (!step || !this.view || !this.at) return;
      event.preventDefault();
      event.stopPropagation();
      const sides = [this.view.height, this.view.width];
      point(this.at.map((place, axis) => Math.max(0, Math.min(sides[axis] - 1, place + step[axis]))), this);
    };
    this.svg.addEventListener("keydown", onKey, { signal });
  }

  show(view, common, crop) {
    this.view = view;
    const { height, width, channel } = view;
    const words = `${view.step}, channel ${channel + 1} of ${exact(view.channels)}`;
    paintBytes(this.canvas, view, bytesOf(view.whole), palette(view, channel, mostOf(view, common)[channel]), words);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", `${words}; point at a pixel, or move it with the arrow keys`);
    this.crop.style.display = crop ? "" : "none";
    if (crop) assign(this.crop, { x: crop, y: crop, width: width - 2 * crop, height: height - 2 * crop });
    const kept = crop ? `; the frame is what is kept: ${crop} px go on every side` : "";
    setText(this.caption, `${words}${kept}`);
  }

  /** `at` may lie outside, where a crop has cut it off. */
  mark(at) {
    this.at = at;
    const { view } = this;
    const inside = view && at && at[0] >= 0 && at[1] >= 0 && at[0] < view.height && at[1] < view.width;
    this.pixel.style.display = inside ? "" : "none";
    if (!inside) return null;
    assign(this.pixel, { x: at[1], y: at[0], width: 1, height: 1 });
    return valueOf(view, view.channel, bytesOf(view.whole)[at[0] * view.width + at[1]]);
  }
}
