import assert from "node:assert/strict";
import test from "node:test";

import { logAxis, scoreTicks } from "../../unet_explorer/panel/static/tabs/sweep_scale.js";
import { sortedRuns } from "../../unet_explorer/panel/static/tabs/sweep_table.js";
import { TimeLeft, leftWords } from "../../unet_explorer/panel/static/lib/format.js";
import { misfitWordsOf, planWords } from "../../unet_explorer/panel/static/tabs/sweep_words.js";

/** @import { SweepRow } from "../../unet_explorer/panel/static/tabs/sweep_types.js" */

test("an axis of work reaches round numbers beyond all values, with a few of them written", () => {
  assert.deepEqual(logAxis(3e6, 9e6), { from: 2e6, to: 1e7, ticks: [2e6, 5e6, 1e7] });
  assert.deepEqual(logAxis(2.5e7, 1.7e9), { from: 2e7, to: 2e9, ticks: [1e8, 1e9] });
  for (const low of [1, 7, 1e3, 4.2e6, 1e9]) {
    for (const factor of [1, 1.01, 3, 10, 999, 1e7]) {
      const { from, to, ticks } = logAxis(low, low * factor);
      assert.ok(from <= low && to >= low * factor && from < to, `${low} ${factor}`);
      assert.ok(ticks.length >= 1 && ticks.length <= 12 && ticks[0] >= from * 0.99 && ticks[ticks.length - 1] <= to * 1.01);
    }
  }
});

test("scores stand between round numbers, never beyond 0 and 1", () => {
  assert.deepEqual(scoreTicks(0.31, 0.62), [0.3, 0.4, 0.5, 0.6, 0.7]);
  assert.deepEqual(scoreTicks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(scoreTicks(0, 0), [0, 0.05, 0.1]);
  assert.deepEqual(scoreTicks(1, 1), [0.9, 0.95, 1]);
  for (let low = 0; low <= 1; low += 0.07) {
    for (let high = low; high <= 1; high += 0.06) {
      const ticks = scoreTicks(low, high);
      assert.ok(ticks.length >= 3 && ticks[0] <= low + 1e-9 && ticks[ticks.length - 1] >= high - 1e-9, `${low} ${high}`);
      assert.ok(ticks[0] >= 0 && ticks[ticks.length - 1] <= 1);
    }
  }
});

test("what Start would do, in words", () => {
  const plan = { designs: 12, combinations: 12, misfits: 0, twice: 0, reason: "", runs: 24, refused: "" };
  assert.equal(planWords(plan, 2), "12 designs × 2 seeds = 24 runs");
  assert.equal(planWords({ ...plan, designs: 1, runs: 1 }, 1), "1 design, 1 run");
  assert.equal(planWords({ ...plan, designs: 0, runs: 0 }, 3), "No design to teach");
  assert.equal(misfitWordsOf(plan), "");
  assert.equal(misfitWordsOf({ ...plan, combinations: 13, misfits: 1, reason: "depth 3, tile 77: odd." }), "1 of 13 combinations does not fit. It is depth 3, tile 77: odd.");
  assert.equal(misfitWordsOf({ ...plan, combinations: 16, misfits: 3, twice: 1, reason: "a: b." }), "3 of 16 combinations do not fit. The first is a: b. 1 combination would be the same design again.");
  assert.equal(misfitWordsOf({ ...plan, refused: "Too many." }), "Too many.");
  assert.deepEqual([null, 0.2, 89, 90, 5399, 5400].map(leftWords), ["", "about 1 s left", "about 89 s left", "about 2 min left", "about 90 min left", "about 1.5 h left"]);
});

test("runs are sorted by what is asked, the newest first, and those without a value last", () => {
  const row = { design: 0, seed: 0, state: "done", reason: "", iou: 0.5, dice: 0.6, macs: 10, parameters: 3, memory: 4, seconds: 1 };
  /** @type {SweepRow[]} */
  const rows = [
    { ...row, number: 1, iou: 0.5 },
    { ...row, number: 2, iou: null },
    { ...row, number: 3, iou: 0.7 },
    { ...row, number: 4, iou: 0.5, state: "failed" },
    { ...row, number: 5, iou: 0.5 },
  ];
  const order = (/** @type {string} */ key, /** @type {boolean} */ down) => sortedRuns(rows, key, down).map(({ number }) => number);
  assert.deepEqual(order("", true), [5, 4, 3, 2, 1]);
  assert.deepEqual(order("iou", true), [3, 5, 1, 4, 2]);
  assert.deepEqual(order("iou", false), [5, 1, 3, 4, 2]);
  assert.deepEqual(rows.map(({ number }) => number), [1, 2, 3, 4, 5]);
});

test("how long the rest takes follows from how fast it has gone", () => {
  const left = new TimeLeft();
  assert.deepEqual([left.after(2, 10, 1000), left.after(4, 10, 5000), left.after(10, 10, 9000)], [null, 12, 0]);
  // What begins anew is a new one.
  assert.equal(left.after(0, 10, 9000), null);
  assert.equal(left.after(5, 10, 10_000), 1);
});
