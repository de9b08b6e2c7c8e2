// Feature maps as pictures: all channels of a step in a grid, and one of them whole.

import { bytesOf, easel, fillCanvas, packed, paintBytes } from "../lib/canvas.js";
import { exact, size } from "../lib/format.js";
import { OWN_KEYS, assign, consume, drawn, element, placeIn, setText } from "../lib/page.js";
import { arrowStep, clamped, mapPair } from "../lib/pairs.js";

/** @import { Colour, Pair } from "../lib/types.js" */
/** @import { View } from "./image_types.js" */

/** @typedef {Pick<View, "low" | "high">} Range  Of every channel, its smallest and largest value. */
/**
 * How the cells of a grid lie, in pixels of the screen: a map's pixel is `zoom` of them a side, a cell with its gap is
 * `across` × `down`, and there are so many `columns`.
 *
 * @typedef {{ zoom: number, across: number, down: number, columns: number, width: number, height: number }} Cells
 */

/**
 * The value that a byte stands for.
 *
 * @param {Range} view
 * @param {number} channel
 * @param {number} byte
 */
export function valueOf(view, channel, byte) {
  return view.low[channel] + ((view.high[channel] - view.low[channel]) * byte) / 255;
}

/**
 * A value of the channel shown, read back from its byte: no more figures than that is good for.
 *
 * @param {Range & Pick<View, "channel">} view
 * @param {number} value
 */
export function valueWords({ low, high, channel }, value) {
  const step = (high[channel] - low[channel]) / 255;
  const figures = step > 0 ? Math.max(0, Math.min(20, Math.floor(-Math.log10(step)))) : 3;
  const words = value.toFixed(figures);
  return Number(words) ? words.replace("-", "−") : (0).toFixed(figures);
}

/**
 * The size that has the brightest colour, for every channel: its own largest, or that of all together.
 *
 * @param {Range} view
 * @param {boolean} common
 */
export function mostOf({ low, high }, common) {
  const own = low.map((value, channel) => Math.max(Math.abs(value), Math.abs(high[channel])));
  const all = own.reduce((one, other) => Math.max(one, other));
  return own.map((most) => (common ? all : most) || 1);
}

/**
 * Zero is black, positive values go through orange to white, negative ones through blue.
 *
 * @param {number} share  From −1 to 1.
 * @returns {Colour}
 */
export function mapColour(share) {
  const heat = Math.min(1, Math.abs(share));
  const warm = [255 * Math.min(1, 2 * heat), 255 * Math.min(1, 1.15 * heat), 255 * Math.max(0, 2 * heat - 1)];
  return share < 0 ? [warm[2], warm[1] * 0.8, warm[0]] : warm;
}

const SHADES = 1024;
/** All colours from −1 to 1, made once: a step has up to a thousand channels. */
const RAMP = Uint32Array.from({ length: 2 * SHADES + 1 }, (_, at) => packed(mapColour(at / SHADES - 1)));

/**
 * The colours of a channel's 256 bytes.
 *
 * @param {Range} view
 * @param {number} channel
 * @param {number} most  The size that is brightest.
 */
function palette(view, channel, most) {
  const colours = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte += 1) colours[byte] = RAMP[Math.round((valueOf(view, channel, byte) / most + 1) * SHADES)];
  return colours;
}

/**
 * How all channels are laid on the screen that Python has reckoned their size for.
 *
 * @param {Pick<View, "rows" | "columns" | "channels" | "cell" | "grid">} view
 * @returns {Cells}
 */
export function cellsOf({ rows, columns: wide, channels, cell, grid }) {
  const zoom = Math.max(1, Math.floor(cell / Math.max(rows, wide)));
  const [down, across] = [rows * zoom + grid.gap, wide * zoom + grid.gap];
  const columns = Math.max(1, Math.min(channels, Math.floor(grid.width / across)));
  return { zoom, across, down, columns, width: columns * across, height: Math.ceil(channels / columns) * down };
}

/** All channels, small, each where the eye finds it again. */
export class MapGrid {
  /**
   * @param {AbortSignal} signal
   * @param {(channel: number) => void} choose
   */
  constructor(signal, choose) {
    this.choose = choose;
    /** @type {View | null} */
    this.view = null;
    /** @type {Cells} */
    this.cells = { zoom: 1, across: 1, down: 1, columns: 1, width: 1, height: 1 };
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

  /** @param {PointerEvent} event */
  point(event) {
    const { x, y } = placeIn(this.svg, event);
    const { down, across, columns } = this.cells;
    this.take(Math.floor(y / down) * columns + Math.floor(x / across));
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = arrowStep(event.key);
    if (!step || !this.view) return;
    consume(event);
    this.take(this.view.channel + step[0] * this.cells.columns + step[1]);
  }

  /** @param {number} channel  If there is no such one, nothing happens. */
  take(channel) {
    if (this.view && channel >= 0 && channel < this.view.channels) this.choose(channel);
  }

  /**
   * @param {View} view
   * @param {boolean} common  Whether all channels have one range of colours.
   */
  show(view, common) {
    this.view = view;
    this.cells = cellsOf(view);
    const { channels } = view;
    const { width, height } = this.cells;
    fillCanvas(this.canvas, { height, width }, (data) => this.paint(view, new Uint32Array(data.buffer), mostOf(view, common)));
    // A few channels need not fill the page.
    this.node.style.maxWidth = `${Math.max(width, view.grid.least)}px`;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.showMarks(view);
    const dead = view.dead.filter(Boolean).length;
    const lost = dead ? `; ${exact(dead)} of them dead (crossed out): the same number everywhere` : "";
    this.node.dataset.dead = String(dead);
    setText(this.caption, `${view.step}: ${exact(channels)} channel${channels > 1 ? "s" : ""} of ${size([view.height, view.width])} px${lost}`);
    this.canvas.setAttribute("aria-label", this.caption.textContent ?? "");
  }

  /**
   * All cells, into the pixels of a canvas; a cell's rows are copied rather than painted again.
   *
   * @param {View} view
   * @param {Uint32Array} pixels
   * @param {number[]} most  For each channel the size that is brightest.
   */
  paint(view, pixels, most) {
    const { rows, columns: wide, channels, thumbs, grid } = view;
    const { width, zoom } = this.cells;
    const bytes = bytesOf(thumbs);
    for (let channel = 0, from = 0; channel < channels; channel += 1) {
      const colours = palette(view, channel, most[channel]);
      const [left, top] = mapPair(this.corner(channel), (side) => side + grid.gap / 2);
      for (let row = 0; row < rows; row += 1) {
        const first = (top + row * zoom) * width + left;
        for (let column = 0, at = first; column < wide; column += 1, from += 1) {
          for (const end = at + zoom; at < end; at += 1) pixels[at] = colours[bytes[from]];
        }
        for (let more = 1; more < zoom; more += 1) pixels.copyWithin(first + more * width, first, first + wide * zoom);
      }
    }
  }

  /**
   * Where a channel's cell begins, across and down.
   *
   * @param {number} channel
   * @returns {Pair}
   */
  corner(channel) {
    const { across, down, columns } = this.cells;
    return [(channel % columns) * across, Math.floor(channel / columns) * down];
  }

  /** @param {View} view */
  showMarks(view) {
    const { across, down } = this.cells;
    const cross = (/** @type {boolean} */ isDead, /** @type {number} */ channel) => {
      const [x, y] = this.corner(channel);
      const [wide, high] = [across - 4, down - 4];
      return isDead ? `M${x + 2} ${y + 2}l${wide} ${high}m${-wide} 0l${wide} ${-high}` : "";
    };
    this.dead.setAttribute("d", view.dead.map(cross).join(""));
    const [x, y] = this.corner(view.channel);
    assign(this.mark, { x: x + 0.5, y: y + 0.5, width: across - 1, height: down - 1 });
    const dead = view.dead[view.channel] ? ", dead" : "";
    const values = { "aria-valuemin": 1, "aria-valuemax": view.channels, "aria-valuenow": view.channel + 1 };
    assign(this.svg, { ...values, "aria-valuetext": `channel ${view.channel + 1} of ${view.channels}${dead}` });
  }
}

/** One channel whole, and the pixel that is pointed at. */
export class WholeMap {
  /**
   * @param {AbortSignal} signal
   * @param {(pixel: Pair) => void} point  Called when a pixel is pointed at.
   */
  constructor(signal, point) {
    this.choose = point;
    /** @type {View | null} */
    this.view = null;
    /**
     * The pixel that is marked; it may lie outside.
     *
     * @type {Pair | null}
     */
    this.at = null;
    this.canvas = easel("whole");
    this.crop = drawn("rect", { class: "ue-kept-frame", "data-role": "crop-frame" });
    this.pixel = drawn("rect", { class: "ue-pixel-mark", "data-role": "pixel" });
    this.svg = drawn("svg", { class: "ue-over", tabindex: 0, role: "application", ...OWN_KEYS });
    this.svg.append(this.crop, this.pixel);
    this.caption = element("figcaption");
    this.node = element("figure", { class: "ue-whole" }, this.caption, element("div", { class: "ue-stack" }, this.canvas, this.svg));
    this.svg.addEventListener("pointermove", (event) => this.point(event), { signal });
    this.svg.addEventListener("pointerdown", (event) => this.point(event), { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** @param {PointerEvent} event */
  point(event) {
    if (!this.view) return;
    const { x, y } = placeIn(this.svg, event);
    this.choose([clamped(Math.floor(y), this.view.height), clamped(Math.floor(x), this.view.width)]);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const step = arrowStep(event.key);
    if (!step || !this.view || !this.at) return;
    consume(event);
    const { height, width } = this.view;
    this.choose([clamped(this.at[0] + step[0], height), clamped(this.at[1] + step[1], width)]);
  }

  /**
   * @param {View} view
   * @param {boolean} common  Whether all channels have one range of colours.
   * @param {number} crop  Pixels that are cut off every side before the next step.
   */
  show(view, common, crop) {
    this.view = view;
    const { height, width, channel } = view;
    const words = `${view.step}, channel ${channel + 1} of ${exact(view.channels)}`;
    paintBytes(this.canvas, view, bytesOf(view.whole), palette(view, channel, mostOf(view, common)[channel]), words);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", `${words}; point at a pixel, or move it with the arrow keys`);
    this.crop.style.display = crop ? "" : "none";
    if (crop) assign(this.crop, { x: crop, y: crop, width: width - 2 * crop, height: height - 2 * crop });
    const kept = crop ? `; inside the frame is kept, ${crop} px are cut off on every side` : "";
    setText(this.caption, `${words}${kept}`);
  }

  /**
   * Mark a pixel.
   *
   * @param {Pair} at  It may lie outside, where a crop has cut it off.
   * @returns {number | null}  Its value; null outside.
   */
  mark(at) {
    this.at = at;
    const { view } = this;
    const inside = view !== null && at[0] >= 0 && at[1] >= 0 && at[0] < view.height && at[1] < view.width;
    this.pixel.style.display = inside ? "" : "none";
    if (!view || !inside) return null;
    assign(this.pixel, { x: at[1], y: at[0], width: 1, height: 1 });
    return valueOf(view, view.channel, bytesOf(view.whole)[at[0] * view.width + at[1]]);
  }
}
