import assert from "node:assert/strict";
import test from "node:test";

import { same } from "../../unet_explorer/panel/static/lib/equal.js";

test("plain values are the same whatever the order of their keys", () => {
  assert.ok(same({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }));
  assert.ok(same("a", "a") && same(null, null) && same([], []));
});

test("anything else is not", () => {
  /** @type {[unknown, unknown][]} */
  const pairs = [[1, "1"], [{ a: 1 }, { a: 1, b: 2 }], [[1, 2], [2, 1]], [null, {}], [{ a: undefined }, { b: undefined }], [0, false], [[1], [[1]]]];
  for (const [a, b] of pairs) {
    assert.ok(!same(a, b));
    assert.ok(!same(b, a));
  }
});
