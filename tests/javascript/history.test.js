// Undo and redo, on a model without a kernel.

import assert from "node:assert/strict";
import test from "node:test";

import { DesignHistory, setDesign } from "../../unet_explorer/panel/static/instrument/history.js";
import { paper, small } from "./support/facts.js";
import { standInInstrument } from "./support/stand_ins.js";

/** @import { InstrumentTraits } from "../../unet_explorer/panel/static/lib/types.js" */

function opened() {
  const panel = standInInstrument(paper);
  return { ...panel, history: new DesignHistory(panel.model) };
}

/**
 * @param {ReturnType<typeof opened>} panel
 * @param {number} side
 */
function take({ model, history }, side, byCode = false) {
  model.set("tile", [side, side]);
  history.record(byCode);
}

const sides = (/** @type {InstrumentTraits} */ { history }) => history.map(({ tile }) => tile[0]);

test("what is settled is remembered, once", () => {
  const panel = opened();
  take(panel, 588);
  take(panel, 588);
  take(panel, 604);
  assert.deepEqual([sides(panel.traits), panel.traits.position], [[572, 588, 604], 2]);
});

test("back, forth, and another way from there", () => {
  const panel = opened();
  take(panel, 588);
  take(panel, 604);
  panel.history.go(-1);
  panel.history.go(-1);
  panel.history.go(-1);
  assert.deepEqual([panel.traits.tile, panel.traits.position], [[572, 572], 0]);
  assert.deepEqual([panel.history.can(-1), panel.history.can(1)], [false, true]);
  panel.history.go(1);
  assert.deepEqual(panel.traits.tile, [588, 588]);
  take(panel, 700);
  assert.deepEqual([sides(panel.traits), panel.history.can(1)], [[572, 588, 700], false]);
});

test("nothing is remembered during a drag, nor before Python has drawn the design", () => {
  const panel = opened();
  panel.history.dragging = true;
  take(panel, 588);
  panel.history.dragging = false;
  panel.model.set("config", small.config);
  panel.history.record();
  assert.deepEqual(sides(panel.traits), [572]);
  panel.model.set("network", small);
  panel.history.record();
  assert.deepEqual(sides(panel.traits), [572, 588]);
});

test("tiles that code runs through are one step, as long as they come one after the other", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: 5000 });
  const panel = opened();
  for (const side of [588, 604, 620]) {
    context.mock.timers.tick(900);
    take(panel, side, true);
  }
  assert.deepEqual(sides(panel.traits), [572, 620]);
  context.mock.timers.tick(1001);
  take(panel, 636, true);
  assert.deepEqual(sides(panel.traits), [572, 620, 636]);
});

test("a hundred are kept", () => {
  const panel = opened();
  for (let side = 1; side <= 150; side += 1) take(panel, side);
  assert.deepEqual([panel.traits.history.length, panel.traits.position, sides(panel.traits)[0]], [100, 99, 51]);
});

test("a rectangle lets the sides go", () => {
  const panel = opened();
  setDesign(panel.model, { config: paper.config, tile: [572, 588] });
  assert.deepEqual([panel.traits.linked, panel.traits.tile, panel.saved()], [false, [572, 588], 1]);
});
