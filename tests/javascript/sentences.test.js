import assert from "node:assert/strict";
import test from "node:test";

import { follow, isLayer, mapOf } from "../../unet_explorer/panel/static/lib/law.js";
import { failureWords, formulaLines, misfitWords } from "../../unet_explorer/panel/static/lib/sentences.js";
import { paper } from "./support/facts.js";

/**
 * @param {[number, number]} tile
 * @param {string} step
 */
function lines(tile, step) {
  const state = follow(paper, tile);
  const map = mapOf(state, step);
  assert.ok(isLayer(map));
  return formulaLines(state, map);
}

test("formulas with the numbers of the paper", () => {
  assert.deepEqual(lines([572, 572], "enc0_conv1"), ["572 − (3 − 1) = 570"]);
  assert.deepEqual(lines([572, 572], "enc0_pool"), ["568 ÷ 2 = 284"]);
  assert.deepEqual(lines([572, 572], "dec3_up"), ["28 × 2 = 56"]);
  assert.deepEqual(lines([572, 572], "dec0_concat"), ["568 − 2 · 88 = 392"]);
});

test("a rectangle has a line an axis", () => {
  assert.deepEqual(lines([572, 588], "enc0_pool"), ["height: 568 ÷ 2 = 284", "width: 584 ÷ 2 = 292"]);
});

test("why a tile does not fit", () => {
  assert.equal(misfitWords(follow(paper, [572, 572])), "");
  assert.equal(misfitWords(follow(paper, [570, 570])), "at enc1_pool, 279 is odd: it cannot be halved");
  assert.equal(misfitWords(follow(paper, [572, 570])), "at enc1_pool (width), 279 is odd: it cannot be halved");
  const tiny = follow(paper, [140, 140]);
  const gone = "nothing is left of the map: its side would be 0";
  assert.equal(misfitWords(tiny), `too small: the smallest tile is 188; at dec3_conv1, ${gone}`);
  assert.ok(tiny.failure);
  assert.equal(failureWords(paper, tiny.failure), gone);
});
