// The law of sizes against the paper's table, and against the network reckoned step by step.

import assert from "node:assert/strict";
import test from "node:test";

import { closest, follow, isLayer, isWhole, mapOf, nearest, pixelSeeing, receptiveField, sees, tileForOutput, totals } from "../../unet_explorer/panel/static/lib/law.js";
import { facts, paper, small } from "./support/facts.js";
import { sightsOf, walk } from "./support/oracle.js";

test("the paper's figure 1: 572 becomes 388", () => {
  const state = follow(paper, [572, 572]);
  const figure = "572 570 568 284 282 280 140 138 136 68 66 64 32 30 28 56 56 54 52 104 104 102 100 200 200 198 196 392 392 390 388 388";
  assert.equal(state.maps.map(({ height }) => height).join(" "), figure);
  assert.deepEqual([state.fits, state.failure, state.output.width], [true, null, 388]);
  assert.deepEqual(paper.steps.filter(({ op }) => op === "crop_concat").map(({ crop }) => crop), [4, 16, 40, 88]);
});

test("every side of every network is what the steps make of it, and fits where they can be walked", () => {
  for (const [name, network] of Object.entries(facts.networks)) {
    for (let tile = 1; tile <= 420; tile += 1) {
      const sides = walk(network, tile);
      const state = follow(network, [tile, tile]);
      assert.equal(state.fits, sides.size === network.steps.length, `${name} ${tile}`);
      for (const [step, side] of sides) assert.equal(mapOf(state, step).height, side, `${name} ${tile} ${step}`);
      if (!state.fits) assert.equal(state.failure?.index, sides.size, `${name} ${tile}`);
    }
  }
});

test("of two axes the one that fails first is told, with what a pooling was given", () => {
  const odd = follow(paper, [572, 570]).failure;
  assert.deepEqual([odd?.axis, odd?.step.name, odd?.side, odd?.kind], ["width", "enc1_pool", 279, "odd"]);
  const gone = follow(paper, [140, 140]).failure;
  assert.deepEqual([gone?.step.name, gone?.side, gone?.kind], ["dec3_conv1", 0, "vanished"]);
  const both = follow(paper, [570, 571]);
  assert.deepEqual([both.failure?.axis, both.failure?.step.name], ["width", "enc0_pool"]);
  assert.deepEqual(both.failures.map((each) => each?.step.name), ["enc1_pool", "enc0_pool"]);
});

test("the nearest sides that fit, by trying all", () => {
  const fits = (/** @type {number} */ side) => walk(paper, side).size === paper.steps.length;
  const range = Array.from({ length: 700 }, (_, at) => at + 1);
  const fitting = range.filter(fits);
  assert.deepEqual(fitting.slice(0, 3), [188, 204, 220]);
  for (const side of range.slice(0, 660)) {
    const below = fitting.filter((each) => each <= side).pop() ?? null;
    const above = fitting.find((each) => each >= side) ?? null;
    assert.deepEqual(nearest(paper.sizes, side), [below, above]);
    const near = [below, above].filter((each) => each !== null);
    const least = Math.min(...near.map((each) => Math.abs(each - side)));
    assert.equal(Math.abs(closest(paper.sizes, side) - side), least);
  }
  assert.deepEqual(nearest({ smallest: 188, period: 16, limit: 300 }, 299), [284, 300]);
});

test("beyond the limit there is nothing above, and no tile for such an output", () => {
  assert.deepEqual(nearest({ smallest: 10, period: 4, limit: 21 }, 20), [18, null]);
  assert.deepEqual(nearest({ smallest: 10, period: 4, limit: 21 }, 500), [18, null]);
  assert.deepEqual(nearest({ smallest: 10, period: 4, limit: 21 }, 3), [null, 10]);
  assert.equal(tileForOutput(paper, 388), 572);
  assert.equal(tileForOutput(paper, 389), 588);
  assert.equal(tileForOutput(paper, paper.sizes.limit), null);
});

test("what a pixel sees, by following it through all pixels", () => {
  for (const network of [small, facts.networks.padded]) {
    const { smallest, period } = network.sizes;
    const tile = smallest + 2 * period;
    const state = follow(network, [tile, tile]);
    const known = sightsOf(network, tile);
    for (const map of state.maps) {
      const pixels = known.get(map.step.name) ?? [];
      assert.equal(pixels.length, map.height);
      pixels.forEach((seen, pixel) => assert.deepEqual(sees(map.step.sight, pixel, tile), seen, `${map.step.name} ${pixel}`));
      assert.equal(receptiveField(map, [tile, tile]), Math.max(...pixels.map(([first, last]) => last - first + 1)));
    }
  }
});

test("the bottleneck of the paper's network sees 140 px, and a place is seen by the pixel that looks at it", () => {
  const state = follow(paper, [572, 572]);
  const first = mapOf(state, "enc0_conv1");
  assert.equal(receptiveField(first, state.tile), 3);
  assert.equal(receptiveField(mapOf(state, "bottleneck_conv2"), state.tile), 140);
  assert.equal(pixelSeeing(first.step.sight, first.height, 100.5), 99);
  assert.equal(pixelSeeing(first.step.sight, first.height, -50), 0);
  assert.equal(pixelSeeing(first.step.sight, first.height, 9999), 569);
});

test("parameters and work of the paper's network", () => {
  const sums = totals(follow(paper, [572, 572]), 1);
  assert.equal(sums.parameters, 31_030_658);
  const one = 570 * 570 * 9 * 64;
  const other = mapOf(follow(paper, [572, 572]), "enc0_conv1");
  assert.ok(isLayer(other));
  assert.equal(other.pixels * other.step.macs, one);
  const [batch1, batch3] = [1, 3].map((batch) => totals(follow(paper, [572, 572]), batch).train);
  const fixed = paper.memory.train.fixed;
  assert.ok(Math.abs((batch3 - fixed) - 3 * (batch1 - fixed)) < 1);
});

test("a map has whole sides, and a name that is not there is said", () => {
  assert.deepEqual([3, 0, -2, 2.5].map(isWhole), [true, false, false, false]);
  assert.throws(() => mapOf(follow(paper, [572, 572]), "enc9_conv1"), /the step enc9_conv1 is missing/);
});
