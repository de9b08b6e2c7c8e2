// Pictures, painted on a canvas that only keeps its bytes.

import assert from "node:assert/strict";
import test from "node:test";

import {
  bytesOf,
  classColour,
  errorColour,
  fillCanvas,
  heatColour,
  imageColour,
  labelColour,
  packed,
  paint,
  paintBytes,
  rimColour,
  spread,
} from "../../unet_explorer/panel/static/lib/canvas.js";
import { standInCanvas } from "./support/stand_ins.js";

const palette = {
  classes: [[0, 200, 0], [200, 100, 0], [0, 100, 200]],
  missed: [250, 150, 0],
  invented: [80, 180, 230],
  confused: [200, 120, 160],
};
const grey = { height: 1, width: 4, channels: 1, pixels: Uint8Array.of(0, 100, 200, 255) };

test("bytes, however they arrive", () => {
  const { buffer } = Uint8Array.of(9, 1, 2, 3, 9);
  assert.deepEqual([...bytesOf(new DataView(buffer, 1, 3))], [1, 2, 3]);
  assert.deepEqual([...bytesOf(new Uint8Array(buffer, 2, 2))], [2, 3]);
  assert.deepEqual([...bytesOf(buffer)], [9, 1, 2, 3, 9]);
  assert.deepEqual([bytesOf(null).length, bytesOf(undefined).length], [0, 0]);
});

test("a pixel becomes a square of screen pixels, with its place", () => {
  const { canvas, attributes, pixels } = standInCanvas();
  /** @type {string[]} */
  const asked = [];
  paint(canvas, { height: 2, width: 1 }, 2, (at, x, y) => (asked.push(`${at} ${x} ${y}`), [at, x, y]), "two");
  assert.deepEqual([canvas.width, canvas.height, attributes["aria-label"]], [2, 4, "two"]);
  assert.deepEqual(asked, ["0 0 0", "0 1 0", "0 0 1", "0 1 1", "1 0 2", "1 1 2", "1 0 3", "1 1 3"]);
  assert.deepEqual(pixels().slice(16, 24), [1, 0, 2, 255, 1, 1, 2, 255]);
});

test("bytes in their colours, red first", () => {
  const { canvas, pixels } = standInCanvas();
  const colours = Uint32Array.from({ length: 256 }, (_, byte) => packed([byte, 2, 254.6]));
  paintBytes(canvas, { height: 1, width: 2 }, Uint8Array.of(7, 255), colours, "");
  assert.deepEqual(pixels(), [7, 2, 255, 255, 255, 2, 255, 255]);
  assert.equal(packed([255, 255, 255]), 0xffffffff);
});

test("images in grey and colour", () => {
  const colour = imageColour(grey);
  assert.deepEqual([0, 1, 3].map((at) => [...colour(at)]), [[0, 0, 0], [100, 100, 100], [255, 255, 255]]);
  const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
  assert.deepEqual([...imageColour({ channels: 3, pixels })(1)], [4, 5, 6]);
});

test("classes lie over a pale image, the background is paler still", () => {
  const colour = labelColour(palette, grey, Uint8Array.of(0, 1, 0, 0));
  const [red, green, blue] = classColour(palette, 1);
  colour(1, 0, 0).forEach((part, at) => assert.ok(Math.abs(part - (30 + 0.7 * [red, green, blue][at])) < 1e-9));
  assert.deepEqual(colour(0, 0, 0).map(Math.round), [10, 10, 10]);
  assert.deepEqual(classColour(palette, 4), classColour(palette, 1));
});

test("each error has its colour and its hatching, what is right has neither", () => {
  const truth = Uint8Array.of(0, 1, 0, 1);
  const found = Uint8Array.of(0, 0, 1, 2);
  const colour = errorColour(palette, grey, truth, found);
  const pale = (/** @type {number} */ at) => Array(3).fill(0.35 * grey.pixels[at] + 20);
  const seen = (/** @type {number} */ at) => {
    const every = Array.from({ length: 12 * 12 }, (_, place) => String(colour(at, place % 12, Math.floor(place / 12))));
    return [...new Set(every)].filter((each) => each !== String(pale(at)));
  };
  assert.deepEqual(seen(0), []);
  const kinds = [1, 2, 3].map(seen);
  for (const kind of kinds) assert.equal(kind.length, 1);
  assert.equal(new Set(kinds.flat()).size, 3);
  assert.equal(kinds[1][0], String(palette.invented));
});

test("what nobody knows is hatched in the truth, and no error", () => {
  const truth = Uint8Array.of(255, 1, 0, 1);
  const some = { ...grey, unknown: true };
  const colour = labelColour(palette, some, truth);
  assert.notDeepEqual(colour(0, 0, 0), colour(0, 2, 0));
  assert.deepEqual(colour(0, 0, 0), [150, 150, 150]);
  const pale = Array(3).fill(0.35 * grey.pixels[0] + 20);
  for (const x of [0, 1, 2, 3, 4, 5]) assert.deepEqual(errorColour(palette, some, truth, Uint8Array.of(1, 1, 0, 1))(0, x, 0), pale);
  assert.ok([0, 1, 2, 3, 4, 5].some((x) => String(errorColour(palette, grey, truth, Uint8Array.of(0, 1, 0, 1))(0, x, 0)) !== String(pale)));
});

test("rims lie where another label is beside, not at the border of the picture", () => {
  // Two rows of three: the right column is another object.
  const labels = Uint8Array.of(1, 1, 2, 1, 1, 2);
  const colour = rimColour(palette, { height: 2, width: 3, channels: 1, pixels: new Uint8Array(6), labels });
  const rim = [0, 1, 2, 3, 4, 5].map((at) => String(colour(at)) !== "0,0,0");
  assert.deepEqual(rim, [false, true, true, false, true, true]);
  // The first pixel of a row is no neighbour of the last one of the row above.
  const lone = rimColour(palette, { height: 3, width: 3, channels: 1, pixels: new Uint8Array(9), labels: Uint8Array.of(1, 1, 1, 2, 1, 1, 1, 1, 1) });
  assert.deepEqual([2, 3, 5].map((at) => String(lone(at)) !== "0,0,0"), [false, true, false]);
});

test("weights go from dark to bright", () => {
  const colour = heatColour({ pixels: Uint8Array.of(0, 64, 128, 255) });
  const sums = [0, 1, 2, 3].map((at) => colour(at).reduce((sum, part) => sum + Math.min(255, part), 0));
  assert.deepEqual([...sums].sort((a, b) => a - b), sums);
  assert.ok(sums[3] > 750 && sums[0] < 60);
});

test("a canvas that cannot be painted on says so", () => {
  const { canvas } = standInCanvas();
  Object.assign(canvas, { getContext: () => null });
  assert.throws(() => fillCanvas(canvas, { height: 1, width: 1 }, () => {}), /cannot paint/);
});

test("marks are made larger, and end at the border", () => {
  const marks = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.equal(spread(marks, { height: 3, width: 5 }, 0), marks);
  assert.deepEqual([...spread(marks, { height: 3, width: 5 }, 1)], [1, 1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1]);
});
