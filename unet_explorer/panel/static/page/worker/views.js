// Maps as they are shown: every channel small, one of them whole, in 8 bits each; as learning/worker/activations.py makes
// them for a notebook. A test holds the two together.

/** @import { Maps, PlainView } from "./types.js" */

/** @typedef {{ low: number[], high: number[] }} Ranges  Of every channel the smallest and the largest number. */

/**
 * @param {string} step
 * @param {Maps} maps
 * @param {number} cell  Pixels of the screen that a map has on a side.
 * @param {number} channel  The one that is wanted whole, the last if there is none such, below 0 the liveliest.
 * @returns {PlainView}
 */
export function viewOf(step, maps, cell, channel) {
  const { channels, height, width } = maps;
  const { low, high } = rangesOf(maps);
  const spans = high.map((value, at) => value - low[at]);
  const shown = channel < 0 ? spans.indexOf(Math.max(...spans)) : Math.min(channel, channels - 1);
  const scale = Math.max(1, Math.ceil(Math.max(height, width) / cell));
  const [rows, columns] = [Math.ceil(height / scale), Math.ceil(width / scale)];
  const thumbs = new Uint8Array(channels * rows * columns);
  for (let at = 0; at < channels; at += 1) {
    const small = scale === 1 ? planeOf(maps, at) : thinned(planeOf(maps, at), maps, scale);
    thumbs.set(eightBits(small, low[at], high[at]), at * rows * columns);
  }
  const whole = eightBits(planeOf(maps, shown), low[shown], high[shown]);
  const dead = spans.map((span) => !(span > 0) && height * width > 1);
  return { step, height, width, channels, channel: shown, scale, cell, rows, columns, thumbs, whole, low, high, dead };
}

/**
 * @param {Maps} maps
 * @param {number} channel
 */
function planeOf({ numbers, height, width }, channel) {
  return numbers.subarray(channel * height * width, (channel + 1) * height * width);
}

/**
 * @param {Maps} maps
 * @returns {Ranges}
 */
function rangesOf(maps) {
  /** @type {Ranges} */
  const ranges = { low: [], high: [] };
  for (let at = 0; at < maps.channels; at += 1) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of planeOf(maps, at)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    ranges.low.push(low);
    ranges.high.push(high);
  }
  return ranges;
}

/**
 * Numbers from `low` to `high` as bytes, to the nearest; where both are the same, 0.
 *
 * @param {Float32Array} values
 * @param {number} low
 * @param {number} high
 */
function eightBits(values, low, high) {
  const factor = high > low ? 255 / (high - low) : 0;
  return Uint8Array.from(values, (value) => (value - low) * factor + 0.5);
}

/**
 * The mean of every square of pixels; what is left over at the end makes a smaller one.
 *
 * @param {Float32Array} plane
 * @param {Maps} maps
 * @param {number} scale
 */
function thinned(plane, { height, width }, scale) {
  const [rows, columns] = [Math.ceil(height / scale), Math.ceil(width / scale)];
  const means = new Float32Array(rows * columns);
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 1) {
      const [bottom, right] = [Math.min(height, (row + 1) * scale), Math.min(width, (column + 1) * scale)];
      let sum = 0;
      for (let y = row * scale; y < bottom; y += 1) {
        for (let x = column * scale; x < right; x += 1) sum += plane[y * width + x];
      }
      means[at] = sum / ((bottom - row * scale) * (right - column * scale));
    }
  }
  return means;
}

/**
 * The class with the highest score for every pixel; the first of equal ones. One score tells two classes apart, where the last
 * step's own function has its middle.
 *
 * @param {Maps} scores
 * @param {string} [activation]  What the last step does to them.
 */
export function classesOf({ numbers, channels, height, width }, activation = "linear") {
  const pixels = height * width;
  const labels = new Uint8Array(pixels);
  if (channels === 1) {
    const middle = activation === "sigmoid" || activation === "softmax" ? 0.5 : 0;
    return labels.map((_, at) => Number(numbers[at] > middle));
  }
  for (let at = 0; at < pixels; at += 1) {
    for (let channel = 1; channel < channels; channel += 1) {
      if (numbers[channel * pixels + at] > numbers[labels[at] * pixels + at]) labels[at] = channel;
    }
  }
  return labels;
}
