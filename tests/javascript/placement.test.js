// Where boxes stand, by plain reckoning: heights go by the square root of the side, and labels hang on the edges.

import assert from "node:assert/strict";
import test from "node:test";

import { Placement, scaleFor } from "../../unet_explorer/panel/static/instrument/placement.js";
import { follow } from "../../unet_explorer/panel/static/lib/law.js";
import { paper } from "./support/facts.js";

/** @import { Pair, Scale } from "../../unet_explorer/panel/static/lib/types.js" */

/** @type {Scale} */
const PAGE = { across: 1, tall: 1, type: 1 };
const at = (/** @type {Pair} */ tile, scale = PAGE) => new Placement(paper, follow(paper, tile), scale, tile[0] === tile[1]);
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

test("everything that moves hangs on half the height of a box, and only that follows the tile", () => {
  const [small, large] = [at([572, 572]), at([1020, 1020])];
  for (const { name, y, marks } of paper.boxes) {
    const centre = small.y(y);
    near(centre, large.y(y));
    for (const [kind, look, , [from, to]] of marks) {
      if (look !== "ue-box") continue;
      assert.equal(kind, "rect");
      near(small.y(to) - small.y(from), small.heightOf(name));
      near(small.y(to) + small.y(from), 2 * centre);
      near(large.y(to) - large.y(from), large.heightOf(name));
    }
  }
});

test("each length follows its own scale", () => {
  const tile = /** @type {Pair} */ ([572, 572]);
  const [page, wide] = [at(tile), at(tile, { across: 2, tall: 0.5, type: 3 })];
  near(wide.x([10, 1]), 23);
  near(wide.y([10, 1, 5]), 8);
  near(wide.heightOf("input"), page.heightOf("input") / 2);
  // A second line of every label takes room only where there is one.
  near(at([572, 604]).y([10, 1, 5]), page.y([10, 1, 5]) + 5);
});

test("a drawing fills its room, but its labels never touch", () => {
  const room = { width: 900, height: 500 };
  const free = scaleFor(paper, room, 1, () => 0, true);
  near(free.across * paper.width[0] + paper.width[1], 900);
  near(free.tall * paper.height[0] + paper.height[1], 500);
  const kept = scaleFor(paper, room, 1, () => 60, true);
  for (const box of paper.boxes) if (box.room) assert.ok(kept.across * box.room >= 60);
  assert.ok(kept.across > free.across);
  // Two lines a label are paid for by the boxes' heights.
  assert.ok(scaleFor(paper, room, 1, () => 0, false).tall < free.tall);
});
