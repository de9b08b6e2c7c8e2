// Where boxes stand, by plain reckoning: heights go by the square root of the side, and labels hang on the edges.

import assert from "node:assert/strict";
import test from "node:test";

import { Placement } from "../../unet_explorer/panel/static/instrument/placement.js";
import { follow } from "../../unet_explorer/panel/static/lib/law.js";
import { paper } from "./support/facts.js";

/** @import { Pair } from "../../unet_explorer/panel/static/lib/types.js" */

const at = (/** @type {Pair} */ tile) => new Placement(paper, follow(paper, tile));
const near = (/** @type {number} */ a, /** @type {number} */ b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a map of a quarter of the side has half the height", () => {
  const placed = at([572, 572]);
  near(placed.heightOf("bottleneck_conv2") / placed.heightOf("input"), Math.sqrt(28 / 572));
  near(at([1024, 1024]).heightOf("input"), 150);
  near(at([1024, 1024]).heightOf("input") / at([64, 64]).heightOf("input"), 2);
  // Beyond the largest tile the drawing grows no more.
  near(at([4096, 4096]).heightOf("input"), 150);
});

test("a map that is not there is still seen, and its frame is empty", () => {
  const placed = at([20, 20]);
  near(placed.heightOf("bottleneck_conv2"), paper.heights.shortest);
  near(placed.heightOf("dec0_concat keeps"), 0);
});

test("what a crop keeps is to scale within its box", () => {
  const placed = at([572, 572]);
  near(placed.heightOf("dec0_concat keeps") / placed.heightOf("enc0_conv2"), 392 / 568);
});

test("everything that moves hangs on half the height of a box", () => {
  const [square, wide] = [at([572, 572]), at([572, 604])];
  for (const box of paper.boxes) {
    const half = square.heightOf(box.name) / 2;
    near(square.y(box, "top"), box.y - half);
    if (box.room) {
      assert.ok(square.y(box, "channels") < box.y - half);
      assert.ok(square.y(box, "side") > box.y + half);
    }
    if (!box.anchors.start || !box.source) continue;
    // An arrow begins below the two lines of a rectangle's label.
    const lower = box.direction === "down" ? "start" : "tip";
    const [name, anchor] = box.direction === "down" ? [box.source, box.anchors.start] : [box.name, box.anchors.tip];
    const moved = (wide.heightOf(name) - square.heightOf(name)) / 2;
    near(wide.y(box, lower) - square.y(box, lower), moved + (anchor?.[3] ?? NaN));
  }
});
