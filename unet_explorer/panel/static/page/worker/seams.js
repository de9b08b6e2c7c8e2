// An image predicted in tiles, held against the same image in one piece: what differs is a seam; as predict/seams.py has it.
// A test holds the two together.

import { classesOf } from "./views.js";

/** @import { Maps, Seams } from "./types.js" */

/** A difference of probabilities up to which nothing is shown at full brightness. */
const FAINT = 1e-3;

/**
 * @param {Maps} tiled  Scores of the tiles.
 * @param {Maps} whole  Scores of the image in one piece.
 * @param {string} activation  What the last step does to its scores.
 * @returns {Seams}
 */
export function seamsOf(tiled, whole, activation) {
  const pixels = tiled.height * tiled.width;
  const differences = new Float32Array(pixels);
  const pair = [new Float64Array(tiled.channels), new Float64Array(tiled.channels)];
  let largest = 0;
  for (let at = 0; at < pixels; at += 1) {
    sharesAt(tiled, at, activation, pair[0]);
    sharesAt(whole, at, activation, pair[1]);
    for (let channel = 0; channel < tiled.channels; channel += 1) {
      differences[at] = Math.max(differences[at], Math.abs(pair[0][channel] - pair[1][channel]));
    }
    largest = Math.max(largest, differences[at]);
  }
  const scale = Math.max(largest, FAINT);
  const seams = Uint8Array.from(differences, (difference) => Math.round(255 * Math.sqrt(difference / scale)));
  const [labels, wanted] = [classesOf(tiled, activation), classesOf(whole, activation)];
  const flipped = labels.reduce((sum, label, at) => sum + Number(label !== wanted[at]), 0);
  return { labels, wanted, seams, flipped, largest, scale };
}

/**
 * How likely each class is at a pixel, whatever the last step gives; with one score a pixel, how likely class 1 is.
 *
 * @param {Maps} scores
 * @param {number} at
 * @param {string} activation
 * @param {Float64Array} shares  What is filled.
 */
function sharesAt({ numbers, channels, height, width }, at, activation, shares) {
  const pixels = height * width;
  for (let channel = 0; channel < channels; channel += 1) shares[channel] = numbers[channel * pixels + at];
  if (activation === "softmax" || activation === "sigmoid") return;
  if (channels === 1) {
    shares[0] = 1 / (1 + Math.exp(-shares[0]));
    return;
  }
  const most = Math.max(...shares);
  let sum = 0;
  for (let channel = 0; channel < channels; channel += 1) sum += shares[channel] = Math.exp(shares[channel] - most);
  for (let channel = 0; channel < channels; channel += 1) shares[channel] /= sum;
}
