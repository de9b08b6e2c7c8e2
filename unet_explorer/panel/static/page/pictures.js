// Images in a page: those that it holds, and one that the reader brings, which the browser decodes and nobody else sees.

import { bytesIn } from "./held.js";
import { reflected } from "../lib/pairs.js";

/** @import { Pair, Picture } from "../lib/types.js" */
/** @import { Overview } from "../tabs/image_types.js" */
/** @import { HeldImage, Maps } from "./worker/types.js" */

/**
 * An image, a byte a channel; what is taken off and what it is divided by before a network is given it, where that is said.
 *
 * @typedef {{ title: string, height: number, width: number, channels: number, pixels: Uint8Array, middle?: number[], spread?: number[] }} PageImage
 */

/** Pixels of an image that is shown here, as in a notebook. */
const MOST_PIXELS = 1 << 22;
/** Pixels a side of the small image that shows where the tile lies. */
const SMALL_SIDE = 256;
/** How bright red, green and blue are. */
const BRIGHTNESS = [0.299, 0.587, 0.114];
/** How a PNG begins, and where it says its bits a channel. */
const PNG_BEGINS = [137, 80, 78, 71];
const BITS_AT = 24;
/** Different values that must be left of 16 bits: a dark image of a microscope has few in the upper 8. */
const LEAST_VALUES = 64;

/**
 * @param {HeldImage} held
 * @returns {PageImage}
 */
export function heldImage(held) {
  return { ...held, pixels: bytesIn(held.pixels) };
}

/**
 * An image that the reader brings; grey if it has no colour.
 *
 * @param {Blob} file
 * @param {string} title
 * @returns {Promise<PageImage>}
 */
export async function decoded(file, title) {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${title} is no image that this browser reads: PNG, JPEG, WebP and GIF are. Save it as PNG; a notebook reads TIFF as well.`);
  });
  const { height, width } = bitmap;
  if (height * width > MOST_PIXELS) throw new Error(`${title} is ${height} × ${width} pixels: up to ${MOST_PIXELS} are shown here. Cut out a part of it.`);
  const canvas = Object.assign(document.createElement("canvas"), { height, width });
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot paint on a canvas");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const image = ofPixels(context.getImageData(0, 0, width, height), title);
  if (await hasSixteenBits(file)) refuseFew(image);
  return image;
}

/** @param {Blob} file */
async function hasSixteenBits(file) {
  const head = new Uint8Array(await file.slice(0, BITS_AT + 1).arrayBuffer());
  return PNG_BEGINS.every((byte, at) => head[at] === byte) && head[BITS_AT] === 16;
}

/** @param {PageImage} image */
function refuseFew({ title, pixels }) {
  const values = new Set(pixels).size;
  if (values >= LEAST_VALUES) return;
  const left = values === 1 ? "1 value is" : `${values} different values are`;
  throw new Error(`${title} has 16 bits, and in the 8 that a page reads ${left} left of it. Stretch its contrast and save it in 8 bits; a notebook reads all 16.`);
}

/**
 * @param {ImageData} painted
 * @param {string} title
 * @returns {PageImage}
 */
function ofPixels({ data, height, width }, title) {
  let coloured = false;
  for (let at = 0; at < data.length && !coloured; at += 4) coloured = data[at] !== data[at + 1] || data[at] !== data[at + 2];
  const channels = coloured ? 3 : 1;
  const pixels = new Uint8Array(height * width * channels);
  for (let at = 0; at < height * width; at += 1) {
    for (let channel = 0; channel < channels; channel += 1) pixels[at * channels + channel] = data[4 * at + channel];
  }
  return { title, height, width, channels, pixels };
}

/**
 * The image as a network is given it, channel by channel.
 *
 * @param {PageImage} image
 * @param {number} channels  How many it takes.
 * @param {boolean} prepared  Whether it was taught with images of mean 0 and standard deviation 1.
 * @returns {Maps}
 */
export function networkInput(image, channels, prepared) {
  const { height, width } = image;
  const planes = planesOf(image, channels);
  const size = height * width;
  const numbers = new Float32Array(size * channels);
  planes.forEach((plane, at) => {
    const { middle, spread } = standardOf(image, at, plane, prepared);
    for (let pixel = 0; pixel < size; pixel += 1) numbers[at * size + pixel] = (plane[pixel] - middle) / spread;
  });
  return { numbers, channels, height, width };
}

/**
 * @param {PageImage} image
 * @param {number} channels
 */
function planesOf({ pixels, channels: has, height, width, title }, channels) {
  const own = Array.from({ length: has }, (_, channel) => Float64Array.from({ length: height * width }, (__, at) => pixels[at * has + channel]));
  if (has === channels) return own;
  if (has === 1 && channels === 3) return [own[0], own[0], own[0]];
  if (has === 3 && channels === 1) return [own[0].map((red, at) => BRIGHTNESS[0] * red + BRIGHTNESS[1] * own[1][at] + BRIGHTNESS[2] * own[2][at])];
  throw new Error(`The network takes ${channels} channels, ${title} has ${has}: choose another image.`);
}

/**
 * @param {PageImage} image
 * @param {number} channel
 * @param {Float64Array} plane
 * @param {boolean} prepared
 */
function standardOf({ middle, spread }, channel, plane, prepared) {
  if (middle && spread) return { middle: middle[channel], spread: spread[channel] };
  if (!prepared) return { middle: 0, spread: 255 };
  const mean = plane.reduce((sum, value) => sum + value, 0) / plane.length;
  const variance = plane.reduce((sum, value) => sum + (value - mean) ** 2, 0) / plane.length;
  // Without any contrast it becomes all zeros.
  return { middle: mean, spread: variance > 1e-12 ? Math.sqrt(variance) : 1 };
}

/**
 * A part of maps, mirrored where it lies outside.
 *
 * @param {Maps} maps
 * @param {Pair} start
 * @param {Pair} sides
 * @returns {Maps}
 */
export function mirrored({ numbers, channels, height, width }, [top, left], [tall, wide]) {
  const rows = Array.from({ length: tall }, (_, at) => reflected(top + at, height) * width);
  const columns = Array.from({ length: wide }, (_, at) => reflected(left + at, width));
  const cut = new Float32Array(channels * tall * wide);
  let at = 0;
  for (let channel = 0; channel < channels; channel += 1) {
    for (const row of rows) {
      for (const column of columns) cut[at++] = numbers[channel * height * width + row + column];
    }
  }
  return { numbers: cut, channels, height: tall, width: wide };
}

/**
 * Maps as they are painted: grey or in colour, stretched to their darkest and brightest pixel.
 *
 * @param {Maps} maps
 * @param {string} title
 * @returns {Picture}
 */
export function pictureOf({ numbers, channels: has, height, width }, title) {
  const size = height * width;
  const channels = has === 3 ? 3 : 1;
  const values = new Float32Array(size * channels);
  for (let pixel = 0; pixel < size; pixel += 1) {
    if (has === 3) for (let channel = 0; channel < 3; channel += 1) values[3 * pixel + channel] = numbers[channel * size + pixel];
    else for (let channel = 0; channel < has; channel += 1) values[pixel] += numbers[channel * size + pixel] / has;
  }
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const factor = high > low ? 255 / (high - low) : 0;
  return { title, height, width, channels, pixels: Uint8Array.from(values, (value) => Math.round((value - low) * factor)) };
}

/**
 * The image, small.
 *
 * @param {PageImage} image
 * @param {number} number
 * @param {number} [most]  Pixels a side, at most.
 * @returns {Overview}
 */
export function overviewOf({ title, height, width, channels, pixels }, number, most = SMALL_SIDE) {
  const apart = Math.max(1, Math.ceil(Math.max(height, width) / most));
  const planes = planesOf({ title, height, width, channels, pixels }, channels);
  const [rows, columns] = [Math.ceil(height / apart), Math.ceil(width / apart)];
  const small = new Float32Array(rows * columns * channels);
  for (let channel = 0, at = 0; channel < channels; channel += 1) {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) small[at++] = planes[channel][row * apart * width + column * apart];
    }
  }
  return { ...pictureOf({ numbers: small, channels, height: rows, width: columns }, title), number, sides: [height, width] };
}
