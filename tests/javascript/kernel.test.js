// Whether the kernel hears us, by a clock that is set by hand.

import assert from "node:assert/strict";
import test from "node:test";

import { KernelWatch } from "../../unet_explorer/panel/static/instrument/kernel.js";
import { paper } from "./support/facts.js";
import { standInInstrument } from "./support/stand_ins.js";

/** @import { WidgetManager } from "../../unet_explorer/panel/static/lib/types.js" */

/** @param {WidgetManager} [manager] */
function watched(manager) {
  const { model, traits } = standInInstrument(paper);
  if (manager) model.widget_manager = manager;
  /** @type {string[]} */
  const told = [];
  return { told, traits, watch: new KernelWatch(model, (state) => told.push(state)) };
}

test("it is asked twice at first, then once", () => {
  const { told, traits, watch } = watched();
  const answer = () => {
    traits.answered = traits.asked;
    watch.watch();
  };
  watch.ask();
  answer();
  assert.deepEqual([told, traits.asked], [["is asked", "is asked"], 2]);
  answer();
  assert.deepEqual([told.at(-1), traits.asked], ["predictions", 2]);
  watch.ask();
  answer();
  assert.deepEqual([told.at(-1), traits.asked], ["predictions", 3]);
});

test("only an answer that is really late is worth a word", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { told, watch } = watched();
  watch.ask();
  context.mock.timers.tick(399);
  assert.deepEqual(told, ["is asked"]);
  context.mock.timers.tick(1);
  context.mock.timers.tick(4600);
  assert.deepEqual(told, ["is asked", "is late", "is silent"]);
  watch.ask();
  watch.stop();
  context.mock.timers.tick(9999);
  assert.deepEqual(told, ["is asked", "is late", "is silent", "is asked"]);
});

test("a kernel that was shut down is not asked", () => {
  for (const manager of [{ kernel: null }, { kernel: { isDisposed: true, status: "idle" } }, { kernel: { isDisposed: false, status: "dead" } }]) {
    const { told, traits, watch } = watched(manager);
    watch.ask();
    assert.deepEqual([told, traits.asked], [["is gone"], 0]);
  }
  assert.equal(watched({ kernel: { isDisposed: false, status: "busy" } }).watch.isGone(), false);
  assert.equal(watched({}).watch.isGone(), false);
});
