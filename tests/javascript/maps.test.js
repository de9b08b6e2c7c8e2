// What is painted of maps: which colour a byte has, and where a channel lies.

import assert from "node:assert/strict";
import test from "node:test";

import { cellsOf, mapColour, mostOf, valueOf, valueWords } from "../../unet_explorer/panel/static/tabs/maps.js";

test("a byte stands for a value between the least and the largest of its channel", () => {
  const view = { low: [0, -1], high: [2, 3] };
  assert.deepEqual([0, 255].map((byte) => valueOf(view, 1, byte)), [-1, 3]);
  assert.equal(valueOf(view, 0, 51), 0.4);
});

test("brightest is the largest size, of a channel or of all; one that is nothing has none", () => {
  const view = { low: [-4, 0, 0], high: [1, 2, 0] };
  assert.deepEqual(mostOf(view, false), [4, 2, 1]);
  assert.deepEqual(mostOf(view, true), [4, 4, 4]);
});

test("black is 0, orange to white is positive, blue is negative", () => {
  assert.deepEqual(mapColour(0), [0, 0, 0]);
  assert.deepEqual(mapColour(1), [255, 255, 255]);
  const [red, green, blue] = mapColour(0.5);
  assert.ok(red === 255 && green > 100 && green < 200 && blue === 0);
  const [less, middle, more] = mapColour(-0.5);
  assert.ok(less === 0 && middle > 80 && more === 255);
  assert.deepEqual(mapColour(3), mapColour(1));
});

test("cells fill the width with a gap, as large as whole pixels allow", () => {
  const grid = { width: 100, gap: 2, least: 50 };
  // 10 pixels take 30 of 32 screen pixels, and 2 are the gap: three fit beside each other.
  assert.deepEqual(cellsOf({ rows: 5, columns: 10, channels: 8, cell: 32, grid }), { zoom: 3, across: 32, down: 17, columns: 3, width: 96, height: 51 });
  assert.deepEqual(cellsOf({ rows: 1, columns: 1, channels: 1, cell: 96, grid }), { zoom: 96, across: 98, down: 98, columns: 1, width: 98, height: 98 });
  // Never smaller than a screen pixel, and never less than one in a row.
  assert.deepEqual(cellsOf({ rows: 1, columns: 300, channels: 2, cell: 32, grid }), { zoom: 1, across: 302, down: 3, columns: 1, width: 302, height: 6 });
});

test("no more figures than a byte is good for", () => {
  /** @type {(low: number, high: number, value: number) => string} */
  const words = (low, high, value) => valueWords({ low: [0, low], high: [9, high], channel: 1 }, value);
  assert.equal(words(0, 1.5, 0.7534), "0.75");
  assert.equal(words(-1, 1, 1 / 255), "0.00");
  assert.equal(words(-1, 1, -0.3412), "−0.34");
  // There is no negative zero.
  assert.equal(words(-1, 1, -0.001), "0.00");
  assert.equal(words(0, 3000, 1234.5), "1235");
  assert.equal(words(3, 3, 3), "3.000");
});
