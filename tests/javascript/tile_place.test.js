// Where a tile lies in an image: as Python cuts it out, and back.

import assert from "node:assert/strict";
import test from "node:test";

import { reflected } from "../../unet_explorer/panel/static/lib/pairs.js";
import { placeOf, startOf } from "../../unet_explorer/panel/static/tabs/tile_place.js";
import { facts } from "./support/facts.js";

test("a tile starts where Python cuts it out", () => {
  assert.ok(facts.starts.length > 100);
  for (const [place, side, tile, start] of facts.starts) assert.equal(startOf(place, side, tile), start, `${place} ${side} ${tile}`);
});

test("from one end to the other, and round the middle of a smaller image", () => {
  assert.deepEqual([startOf(0, 96, 76), startOf(1, 96, 76), startOf(0.5, 96, 76), startOf(1, 60, 76)], [0, 20, 10, -8]);
});

test("a start that is chosen is the start that comes of it", () => {
  for (const [side, tile] of [[96, 76], [512, 188], [1000, 999], [4000, 3]]) {
    for (let start = 0; start < side - tile; start += 1) assert.equal(startOf(placeOf(start, side, tile), side, tile), start, `${start} of ${side}`);
    assert.equal(startOf(placeOf(side - tile, side, tile), side, tile), side - tile);
    assert.equal(startOf(placeOf(-50, side, tile), side, tile), 0);
    assert.equal(startOf(placeOf(1e6, side, tile), side, tile), side - tile);
  }
});

test("beyond its ends an image is mirrored, its outermost pixel is not repeated", () => {
  assert.deepEqual([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].map((place) => reflected(place, 4)), [1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0]);
  assert.deepEqual([-2, 0, 9].map((place) => reflected(place, 1)), [0, 0, 0]);
});
