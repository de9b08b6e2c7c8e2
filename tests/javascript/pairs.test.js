import assert from "node:assert/strict";
import test from "node:test";

import { arrowStep, clamped, mapPair } from "../../unet_explorer/panel/static/lib/pairs.js";

test("both of a pair, each with its place", () => {
  assert.deepEqual(mapPair([3, 4], (side, at) => [side, at]), [[3, 0], [4, 1]]);
});

test("arrows lead down and across, other keys nowhere", () => {
  assert.deepEqual(["ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"].map(arrowStep), [[1, 0], [-1, 0], [0, 1], [0, -1]]);
  assert.deepEqual(["a", "Enter", "toString"].map(arrowStep), [undefined, undefined, undefined]);
});

test("a place stays among so many", () => {
  assert.deepEqual([-3, 0, 4, 5, 9].map((place) => clamped(place, 5)), [0, 0, 4, 4, 4]);
});
