// Pictures painted pixel by pixel: images, labels, and where a prediction is wrong.

import { element } from "./page.js";

/** @import { Bytes, Colour, Painted, Palette, Pixels, Sides } from "./types.js" */

/** @typedef {(pixel: number, x: number, y: number) => Colour} Colouring  `x` and `y` are in screen pixels, for hatching. */

/** Screen pixels a pixel: hatching needs room to be seen. */
export const ZOOM = 3;

/** The label of pixels of which nothing is known, where a picture says that it has some. */
export const UNKNOWN = 255;

/**
 * Bytes as they can be counted.
 *
 * @param {Bytes | null | undefined} value
 */
export function bytesOf(value) {
  if (!value) return new Uint8Array();
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(value);
}

/**
 * @param {Palette} palette
 * @param {number} label  Not the background, 0.
 */
export function classColour({ classes }, label) {
  return classes[(label - 1) % classes.length];
}

/**
 * A canvas that says what it shows to those who cannot see it.
 *
 * @param {string} role
 */
export function easel(role) {
  return element("canvas", { class: "ue-canvas", role: "img", "data-role": role });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Sides} sides
 * @param {(data: Uint8ClampedArray) => void} fill  It is given the bytes of all pixels: red, green, blue and opacity, one
 *   pixel after the other.
 */
export function fillCanvas(canvas, { height, width }, fill) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot paint on a canvas");
  const image = context.createImageData(width, height);
  fill(image.data);
  context.putImageData(image, 0, 0);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Sides} sides
 * @param {number} zoom  Screen pixels a pixel.
 * @param {Colouring} colour
 * @param {string} words  What there is to see.
 */
export function paint(canvas, { height, width }, zoom, colour, words) {
  const [across, down] = [width * zoom, height * zoom];
  fillCanvas(canvas, { height: down, width: across }, (data) => {
    for (let y = 0, at = 0; y < down; y += 1) {
      const row = Math.floor(y / zoom) * width;
      for (let x = 0; x < across; x += 1, at += 4) {
        const [red, green, blue] = colour(row + Math.floor(x / zoom), x, y);
        data[at] = red;
        data[at + 1] = green;
        data[at + 2] = blue;
        data[at + 3] = 255;
      }
    }
  });
  canvas.setAttribute("aria-label", words);
}

/**
 * A colour as four bytes in one number: red comes first in the memory of every machine that runs a browser.
 *
 * @param {Colour} colour
 */
export function packed([red, green, blue]) {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/**
 * Bytes, each in its colour of 256 `packed` ones: maps are many, so there is no call a pixel.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Sides} sides
 * @param {Uint8Array} bytes
 * @param {Uint32Array} colours
 * @param {string} words  What there is to see.
 */
export function paintBytes(canvas, sides, bytes, colours, words) {
  fillCanvas(canvas, sides, (data) => {
    const pixels = new Uint32Array(data.buffer);
    for (let at = 0; at < pixels.length; at += 1) pixels[at] = colours[bytes[at]];
  });
  canvas.setAttribute("aria-label", words);
}

/**
 * The grey or coloured image itself.
 *
 * @param {Pixels} picture
 * @returns {(pixel: number) => Colour}
 */
export function imageColour({ pixels, channels }) {
  const values = bytesOf(pixels);
  if (channels === 3) return (at) => [values[3 * at], values[3 * at + 1], values[3 * at + 2]];
  return (at) => [values[at], values[at], values[at]];
}

/**
 * Classes in their colours over a pale image, so that one sees what they lie on.
 *
 * @param {Palette} palette
 * @param {Pixels} picture
 * @param {Uint8Array} labels
 * @returns {Colouring}
 */
export function labelColour(palette, picture, labels) {
  const under = imageColour(picture);
  const unknown = picture.unknown ? UNKNOWN : NaN;
  return (at, x, y) => {
    const colour = under(at);
    const label = labels[at];
    if (label === unknown) return (x + y) % 4 < 2 ? [150, 150, 150] : colour;
    const paper = label ? classColour(palette, label) : [255, 255, 255];
    const share = label ? 0.3 : 0.6;
    return paper.map((value, channel) => share * colour[channel] + (1 - share) * value * (label ? 1 : 0.1));
  };
}

/**
 * Right pixels stay pale; each kind of error has its own colour and its own hatching.
 *
 * @param {Palette} palette
 * @param {Pixels} picture
 * @param {Uint8Array} truth
 * @param {Uint8Array} found
 * @returns {Colouring}
 */
export function errorColour({ missed, invented, confused }, picture, truth, found) {
  const under = imageColour(picture);
  const unknown = picture.unknown ? UNKNOWN : NaN;
  return (at, x, y) => {
    const colour = under(at);
    const pale = [0, 1, 2].map((channel) => 0.35 * colour[channel] + 20);
    if (truth[at] === found[at] || truth[at] === unknown) return pale;
    if (!found[at]) return (x + y) % 6 < 3 ? missed : pale;
    if (!truth[at]) return (x - y + 6000) % 6 < 3 ? invented : pale;
    return x % 4 < 2 !== y % 4 < 2 ? confused : pale;
  };
}

/**
 * The image with the rims of its labels drawn in.
 *
 * @param {Palette} palette
 * @param {Painted & { labels?: Bytes }} picture
 * @returns {(pixel: number) => Colour}
 */
export function rimColour(palette, picture) {
  const under = imageColour(picture);
  const labels = bytesOf(picture.labels);
  const { width } = picture;
  return (at) => {
    const label = labels[at];
    const x = at % width;
    // The border of the picture is no rim.
    const near = [x ? at - 1 : at, x < width - 1 ? at + 1 : at, at - width, at + width];
    const rim = label && near.some((next) => labels[next] !== undefined && labels[next] !== label);
    return rim ? classColour(palette, label) : under(at);
  };
}

/**
 * Small weights dark, large ones bright: black, orange, white.
 *
 * @param {{ pixels: Bytes }} picture
 * @returns {(pixel: number) => Colour}
 */
export function heatColour({ pixels }) {
  const values = bytesOf(pixels);
  return (at) => {
    const heat = values[at] / 255;
    return [255 * Math.min(1, 2.2 * heat + 0.12), 255 * Math.min(1, Math.max(0, 1.6 * heat)), 255 * Math.max(0, 2 * heat - 1) + 24];
  };
}

/**
 * Marks made larger, so that a few of them are seen in a large picture.
 *
 * @param {Uint8Array} marks  1 where there is one.
 * @param {Sides} sides
 * @param {number} reach  Pixels by which each is made larger on every side.
 */
export function spread(marks, { height, width }, reach) {
  if (!reach) return marks;
  const larger = new Uint8Array(marks.length);
  for (let at = marks.indexOf(1); at >= 0; at = marks.indexOf(1, at + 1)) {
    const [row, column] = [Math.floor(at / width), at % width];
    const [left, right] = [Math.max(0, column - reach), Math.min(width, column + reach + 1)];
    for (let y = Math.max(0, row - reach); y < Math.min(height, row + reach + 1); y += 1) larger.fill(1, y * width + left, y * width + right);
  }
  return larger;
}
