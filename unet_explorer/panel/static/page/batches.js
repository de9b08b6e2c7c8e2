// What a network in a page learns from: tiles cut out of its images, turned and mirrored, and how good its masks are.

import { bytesIn } from "./held.js";
import { unzipped } from "../lib/gzip.js";
import { mirrored } from "./pictures.js";

/** @import { Epoch } from "../tabs/types.js" */
/** @import { Batch, Maps, ManyMaps, PageLearning, RunStep, TaughtDesign } from "./worker/types.js" */

/** @typedef {{ image: Maps, pixels: Uint8Array, labels: Uint8Array }} LearntImage  As the network is given it, as it is seen, and its classes. */

/**
 * The images, unpacked.
 *
 * @param {PageLearning} learning
 * @returns {Promise<LearntImage[]>}
 */
export async function learntImages({ packed, side, images }) {
  const bytes = new Uint8Array(await unzipped(bytesIn(packed)).arrayBuffer());
  const size = side * side;
  const bits = bytes.subarray((images * size) / 2);
  return Array.from({ length: images }, (_, at) => {
    const first = (at * size) / 2;
    const pixels = Uint8Array.from({ length: size }, (__, pixel) => 17 * (pixel % 2 ? bytes[first + (pixel - 1) / 2] & 15 : bytes[first + pixel / 2] >> 4));
    const labels = Uint8Array.from({ length: size }, (__, pixel) => (bits[(at * size + pixel) >> 3] >> (7 - (pixel % 8))) & 1);
    return { image: { numbers: standardised(pixels), channels: 1, height: side, width: side }, pixels, labels };
  });
}

/** @param {Uint8Array} pixels */
function standardised(pixels) {
  const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
  const deviation = Math.sqrt(pixels.reduce((sum, value) => sum + (value - mean) ** 2, 0) / pixels.length);
  return Float32Array.from(pixels, (value) => (value - mean) / (deviation || 1));
}

/**
 * Numbers to start from: normally distributed with standard deviation sqrt(2/N), as the paper has it, and no bias.
 *
 * @param {RunStep[]} steps
 * @param {() => number} random
 */
export function freshNumbers(steps, random) {
  const parts = steps.flatMap(({ shapes }) => shapes).flatMap((shape) => {
    const length = shape.reduce((one, other) => one * other, 1);
    const spread = shape.length > 1 ? Math.sqrt((2 * shape[shape.length - 1]) / length) : 0;
    return Array.from({ length }, () => spread && spread * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  });
  return Float32Array.from(parts);
}

/**
 * Random numbers from 0 to 1, the same for the same seed (mulberry32).
 *
 * @param {number} seed
 */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Tiles from anywhere in the images, each in one of the eight ways in which a square can lie.
 *
 * @param {LearntImage[]} images
 * @param {TaughtDesign} design
 * @param {number} classes  How many there are.
 * @param {() => number} random
 * @returns {Batch}
 */
export function batchOf(images, { tile, output, batch: count }, classes, random) {
  const whole = (/** @type {number} */ most) => Math.floor(random() * most);
  const tiles = manyOf(count, 1, tile);
  const truth = manyOf(count, classes, output);
  const border = (tile - output) / 2;
  for (let at = 0; at < count; at += 1) {
    const { image, labels } = images[whole(images.length)];
    const side = image.height;
    const [top, left, turn] = [whole(side - output + 1), whole(side - output + 1), whole(8)];
    const cut = mirrored(image, [top - border, left - border], [tile, tile]).numbers;
    for (let pixel = 0; pixel < tile * tile; pixel += 1) tiles.numbers[at * tile * tile + pixel] = cut[turned(pixel, tile, turn)];
    const pixels = output * output;
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      const from = turned(pixel, output, turn);
      const label = labels[(top + Math.floor(from / output)) * side + left + (from % output)];
      truth.numbers[(at * classes + label) * pixels + pixel] = 1 / (count * pixels);
    }
  }
  return { tiles, truth };
}

/**
 * @param {number} count
 * @param {number} channels
 * @param {number} side
 * @returns {ManyMaps}
 */
function manyOf(count, channels, side) {
  return { numbers: new Float32Array(count * channels * side * side), count, channels, height: side, width: side };
}

/**
 * Where a pixel of a square comes from that lies another way.
 *
 * @param {number} pixel
 * @param {number} side
 * @param {number} turn  From 0 to 7.
 */
export function turned(pixel, side, turn) {
  const [row, column] = [Math.floor(pixel / side), pixel % side];
  const [down, across] = [turn & 1 ? side - 1 - row : row, turn & 2 ? side - 1 - column : column];
  return turn & 4 ? across * side + down : down * side + across;
}

/**
 * Whole images, each as the tile that predicts all of it.
 *
 * @param {LearntImage[]} images
 * @param {number} whole  The side of that tile.
 * @returns {ManyMaps}
 */
export function wholeTiles(images, whole) {
  const tiles = manyOf(images.length, 1, whole);
  images.forEach(({ image }, at) => {
    const start = (image.height - whole) / 2;
    tiles.numbers.set(mirrored(image, [start, start], [whole, whole]).numbers, at * whole * whole);
  });
  return tiles;
}

/**
 * The middle of a square mask.
 *
 * @param {Uint8Array} mask
 * @param {number} has  Its side.
 * @param {number} side  That of the middle.
 */
export function middleOf(mask, has, side) {
  const start = (has - side) / 2;
  return Uint8Array.from({ length: side * side }, (_, at) => mask[(start + Math.floor(at / side)) * has + start + (at % side)]);
}

/**
 * How good masks are, as learning/scores.py counts it.
 *
 * @param {Uint8Array[]} truths
 * @param {Uint8Array[]} found
 * @param {number} classes
 * @returns {Omit<Epoch, "number" | "step">}
 */
export function scoresOf(truths, found, classes) {
  const [both, right, said] = [0, 1, 2].map(() => Array.from({ length: classes }, () => 0));
  truths.forEach((truth, at) =>
    truth.forEach((label, pixel) => {
      right[label] += 1;
      said[found[at][pixel]] += 1;
      if (found[at][pixel] === label) both[label] += 1;
    }),
  );
  const total = right.reduce((sum, count) => sum + count, 0);
  const share = (/** @type {number} */ part, /** @type {number} */ all) => (all ? part / all : null);
  const iou = both.map((count, at) => share(count, right[at] + said[at] - count));
  const dice = both.map((count, at) => share(2 * count, right[at] + said[at]));
  const objects = iou.slice(1).filter((each) => each !== null);
  const most = Math.max(...right);
  return {
    iou,
    dice,
    accuracy: both.reduce((sum, count) => sum + count, 0) / total,
    mean_iou: objects.length ? objects.reduce((sum, each) => sum + each, 0) / objects.length : null,
    constant: most / total,
    constant_class: right.indexOf(most),
  };
}
