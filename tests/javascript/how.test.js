// The explanations of steps: their words, and what is drawn of them.

import assert from "node:assert/strict";
import test from "node:test";

import { follow, mapOf } from "../../unet_explorer/panel/static/lib/law.js";
import { argmax, explanation, tiny } from "../../unet_explorer/panel/static/instrument/explanations.js";
import { facts, paper } from "./support/facts.js";
import { StandInElement, standInPage } from "./support/stand_ins.js";

/** @import { Pair } from "../../unet_explorer/panel/static/lib/types.js" */
/** @import { Patch } from "../../unet_explorer/panel/static/tabs/image_types.js" */

standInPage();

/**
 * @param {Pair} tile
 * @param {string} step
 * @param {Patch} [patch]
 */
function explained(tile, step, patch = {}, network = paper) {
  const state = follow(network, tile);
  const told = explanation(state, mapOf(state, step), patch);
  assert.ok(told);
  /** How many elements of a class there are in a frame. */
  const count = (/** @type {number} */ frame, /** @type {string} */ kind) => {
    const drawn = told.draw(frame).flatMap((each) => (each instanceof StandInElement ? each.all() : []));
    return drawn.filter(({ attributes }) => (attributes.class ?? "").split(" ").includes(kind)).length;
  };
  /** @param {number} frame */
  const texts = (frame) => {
    const drawn = told.draw(frame).flatMap((each) => (each instanceof StandInElement ? each.all() : []));
    return drawn.filter(({ tag }) => tag === "text").map(({ children }) => String(children[0]));
  };
  return { ...told, count, texts };
}

test("words have the numbers of the step", () => {
  assert.match(explained([572, 572], "enc0_conv1").words, /572 − \(3 − 1\) = 570 places, so the outermost 1 px/);
  assert.match(explained([572, 572], "enc0_pool").words, /568 ÷ 2 = 284/);
  assert.match(explained([572, 572], "dec3_up").words, /the 1,024 channels become 512: 28 × 2 = 56/);
  assert.match(explained([572, 572], "dec0_concat").words, /568 × 568, is larger than what comes up, 392 × 392: 88 px are cut off.*64 \+ 64 = 128 channels/);
});

test("a kernel makes a pixel in each frame, until all are made", () => {
  const { frames, count } = explained([572, 572], "enc0_conv1");
  assert.equal(frames, 16);
  for (let frame = 0; frame < frames; frame += 1) {
    assert.deepEqual([count(frame, "ue-cell-made"), count(frame, "ue-cell-empty")], [frame + 1, 15 - frame]);
  }
  // Of 6 × 6 pixels the rim is lost.
  assert.equal(count(0, "ue-cell-lost"), 36 - 16);
});

test("a convolution is followed with its weights, to the sum that the network has", () => {
  const patch = {
    ...{ kernel: [[1, 0, -1], [0.5, 0, 0], [0, 0, 2]], before: [[1, 2, 3, 0], [4, 5, 6, 0], [7, 8, 9, 1], [0, 0, 0, 0]] },
    ...{ others: [[-30, 1], [0, 0.25]], bias: [0.5], from: [3], behind: [[0, 4.5], [0, 9]] },
  };
  const { frames, sum, words, texts, count } = explained([572, 572], "enc1_conv1", patch);
  assert.equal(frames, 4);
  // By hand: 1·1 − 1·3 + 0.5·4 + 2·9 = 18, 1·2 + 0.5·5 + 2·1 = 6.5.
  assert.equal(sum?.(0), "18.00 (this channel) − 30.00 (the other 63) + 0.50 (bias) = −11.50; not positive, so ReLU makes it 0");
  assert.equal(sum?.(1), "6.50 (this channel) + 1.00 (the other 63) + 0.50 (bias) = 8.00; positive, so ReLU keeps it");
  assert.match(words, /channel 3 of 64/);
  assert.deepEqual(texts(1).slice(-2), ["0", "4.5"]);
  assert.equal(count(1, "ue-cell-kernel"), 9);
});

test("a number in a cell is short", () => {
  const wanted = { 0.12: ".12", "-0.7": "−.70", 1.25: "1.3", "-12.4": "−12", 0.004: "0", 0.999: "1.0", 9.97: "10" };
  for (const [number, words] of Object.entries(wanted)) assert.equal(tiny(Number(number)), words);
});

test("the mask shows the class with the highest score", () => {
  const scores = [[[1, 2, 0], [3, 2, 1]]];
  const { words, draw, frames } = argmax({ scores, classes: ["sky", "tree", "road"] });
  assert.equal(frames, 2);
  const looks = (/** @type {number} */ frame) => draw(frame).flatMap((each) => (each instanceof StandInElement ? each.all() : []));
  const classes = (/** @type {number} */ frame) => looks(frame).map(({ attributes }) => attributes.class).filter((each) => each?.startsWith("ue-cell "));
  assert.deepEqual(classes(0), ["ue-cell ue-cell-class1", "ue-cell ue-cell-empty", "ue-cell ue-cell-empty", "ue-cell ue-cell-won", "ue-cell ue-cell-empty"]);
  assert.deepEqual(classes(1), ["ue-cell ue-cell-class1", "ue-cell ue-cell-map", "ue-cell ue-cell-won", "ue-cell ue-cell-empty", "ue-cell ue-cell-empty"]);
  assert.match(words, /real scores/);
  // One score tells two classes apart by its sign; without a network there is an example.
  assert.match(argmax({ scores: [[[0.5]]], classes: ["no", "yes"] }).words, /one score; above 0 it is “yes”/);
  assert.match(argmax({}).words, /an example/);
});

test("what is odd is told apart", () => {
  assert.match(explained([570, 570], "enc1_pool").words, /279 is odd: the last row and column have no partner .* drop them,/);
  assert.match(explained([572, 570], "enc1_pool").words, /279 is odd: the last column has no partner .* drop it,/);
  assert.match(explained([570, 566], "enc1_pool").words, /279 and 277 are odd: the last row and column have/);
  assert.equal(explained([570, 572], "enc1_pool").count(0, "ue-cell-lost"), 4);
  assert.match(explained([570, 570], "enc2_pool").words, /With this tile it is never reached\./);
});

test("of a pooling's numbers the largest of each block is kept", () => {
  const patch = { before: [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]], behind: [[6, 8], [14, 16]] };
  const { frames, texts, count } = explained([572, 572], "enc0_pool", patch);
  assert.equal(frames, 4);
  assert.deepEqual(texts(3).slice(-4), ["6.0", "8.0", "14", "16"]);
  assert.deepEqual([texts(0).length, texts(3).length], [16 + 1, 16 + 4]);
  // In each block one won, and one pixel was made of it.
  assert.equal(count(3, "ue-cell-made"), 4 + 4);
});

test("as many numbers as come are shown; a strip, or a single block, has none", () => {
  const three = { before: Array.from({ length: 6 }, (_, row) => [0, 1, 2, 3, 4, 5].map((column) => row + column)), behind: [[2, 4, 6], [4, 6, 8], [6, 8, 10]] };
  assert.equal(explained([572, 572], "enc0_pool", three).texts(8).length, 36 + 9);
  for (const patch of [{ before: [[1, 2], [3, 4]], behind: [[4]] }, { before: [[1, 2], [3, 4], [5, 6], [7, 8]], behind: [[4], [8]] }, {}]) {
    const { texts, frames } = explained([572, 572], "enc0_pool", patch);
    assert.deepEqual([texts(3).length, frames], [0, 4]);
  }
});

test("steps of every network are explained or need no explanation", () => {
  const silent = new Set(["input", "norm", "relu", "dropout"]);
  for (const network of Object.values(facts.networks)) {
    const { smallest } = network.sizes;
    const state = follow(network, [smallest, smallest]);
    for (const map of state.maps) {
      const told = explanation(state, map, {});
      assert.equal(told === null, silent.has(map.step.op), map.step.name);
      if (told) assert.ok(told.draw(told.frames - 1).length && !/undefined|NaN|null/.test(told.words), told.words);
    }
  }
});
