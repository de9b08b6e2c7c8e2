// Tiles over an image, by looking at every pixel.

import assert from "node:assert/strict";
import test from "node:test";

import { cover } from "../../unet_explorer/panel/static/tabs/cover.js";
import { facts, paper, small } from "./support/facts.js";

/** @import { Covered } from "../../unet_explorer/panel/static/tabs/image_types.js" */

/** @param {Covered} covered */
function laid(covered) {
  assert.ok(covered.count, covered.problem);
  return covered;
}

test("every pixel is written by one tile, from its own prediction", () => {
  for (const network of [small, facts.networks.padded, facts.networks.plain]) {
    const { smallest, period } = network.sizes;
    let compared = 0;
    let shared = 0;
    for (const image of [1, 7, 50, 97, 200]) {
      for (let tile = smallest; tile < smallest + 40 * period; tile += period) {
        for (const seamless of [true, false]) {
          const covered = cover(network, [image, image], [tile, tile], seamless);
          if (!covered.count) continue;
          const [axis] = covered.axes;
          /** @type {number[]} */
          const writers = [];
          for (let number = 0; number < axis.count; number += 1) {
            const [first, behind] = axis.written(number);
            const border = (axis.tile - axis.output) / 2;
            const predicted = axis.start(number) + border;
            assert.ok(first >= predicted && behind <= predicted + axis.output, "writes what it predicts");
            for (let pixel = first; pixel < behind; pixel += 1) writers[pixel] = (writers[pixel] ?? 0) + 1;
          }
          assert.deepEqual(writers, Array(image).fill(1));
          for (let pixel = 0; pixel < image; pixel += 1) {
            const [first, behind] = axis.written(axis.at(pixel));
            assert.ok(first <= pixel && pixel < behind);
          }
          compared += 1;
          if (seamless && axis.count > 2) shared += 1;
        }
      }
    }
    assert.ok(compared > 10 && shared > 3);
  }
});

test("the paper's tile over 512 pixels", () => {
  const covered = laid(cover(paper, [512, 512], [572, 572], true));
  const [down] = covered.axes;
  // Of 388 pixels 384 are a multiple of 16; 696 would take the image in one piece, so the last tile starts at 124 − 92.
  assert.deepEqual([covered.count, down.output, down.stride, down.whole], [4, 388, 384, 700]);
  assert.deepEqual([down.start(0), down.start(1)], [-92, 36]);
  assert.deepEqual([covered.kept, covered.computed], [512 * 512, 4 * 572 * 572]);
});

test("a tile larger than the image needs is cut down", () => {
  const covered = laid(cover(paper, [100, 100], [572, 572], true));
  assert.deepEqual([covered.count, covered.axes[0].tile, covered.state.tile], [1, 284, [284, 284]]);
});

test("why there are no tiles", () => {
  assert.equal(cover(paper, [512, 512], [570, 570], true).problem, "570 × 570 does not fit: at enc1_pool, 279 is odd: it cannot be halved.");
  // An output of 4 pixels is no multiple of 16.
  const words = cover(paper, [512, 512], [188, 188], true).problem;
  assert.match(words, /^Tiles of 188 px cannot cover 512 px without seams: of each, 4 px can be used/);
  assert.match(words, /The smallest that can is 204; 700 takes it in one piece\.$/);
});
