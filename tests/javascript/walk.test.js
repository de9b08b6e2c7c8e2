// From box to box: the order is that of the data, a row is a level.

import assert from "node:assert/strict";
import test from "node:test";

import { walk } from "../../unet_explorer/panel/static/instrument/walk.js";
import { paper } from "./support/facts.js";

const boxes = paper.boxes.map(({ name, row, x: [columns] }) => ({ name, row, x: columns }));

test("left and right follow the data, up and down change the level", () => {
  const to = (/** @type {string} */ from, /** @type {string} */ key) => {
    const here = boxes.find(({ name }) => name === from);
    assert.ok(here);
    const next = walk(boxes, here, key);
    return next ? next.name : next;
  };
  assert.equal(to("enc0_conv1", "ArrowRight"), "enc0_conv2");
  assert.equal(to("enc0_conv1", "ArrowLeft"), "input");
  assert.equal(to("enc0_conv2", "ArrowDown"), "enc0_pool");
  assert.equal(to("enc0_pool", "ArrowUp"), "enc0_conv2");
  assert.equal(to("bottleneck_conv2", "ArrowUp"), "dec3_up");
  assert.equal(to("head", "Home"), "input");
  assert.equal(to("input", "End"), "head");
});

test("where there is no box a key leads nowhere, and other keys are not ours", () => {
  const [first] = boxes;
  const last = boxes[boxes.length - 1];
  assert.equal(walk(boxes, first, "ArrowLeft"), null);
  assert.equal(walk(boxes, first, "ArrowUp"), null);
  assert.equal(walk(boxes, last, "ArrowRight"), null);
  assert.equal(walk(boxes, first, "Enter"), undefined);
  assert.equal(walk(boxes, first, "a"), undefined);
});
