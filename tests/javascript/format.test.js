import assert from "node:assert/strict";
import test from "node:test";

import { bytes, exact, fill, plain, rough, size } from "../../unet_explorer/panel/static/lib/format.js";

test("figures and units", () => {
  assert.equal(exact(31_030_658), "31,030,658");
  assert.equal(exact(-5), "−5");
  assert.deepEqual([0, 7, 999, 1000, 12_345, 999_499, 999_500, 31_030_658, 150.4284e9, 2e15, 3e18].map((each) => rough(each)), [
    ...["0", "7", "999", "1 k", "12.3 k", "999 k", "1.00 M", "31.0 M", "150 G", "2 P", "3000 P"],
  ]);
  assert.deepEqual([0.5, 0.05, 9.995].map((each) => rough(each)), ["0.500", "0.050", "10.0"]);
  assert.deepEqual([0, 999, 1000, 1.5e9].map(bytes), ["0 B", "999 B", "1 kB", "1.50 GB"]);
});

test("sides, and those of which nothing is left", () => {
  assert.deepEqual([1660, 31.875, -2].map(plain), ["1660", "31.875", "−2"]);
  assert.equal(size([572, 388]), "572 × 388");
  assert.equal(size([0, -3]), "– × –");
});

test("gaps are filled, and one that nothing is given for stays", () => {
  assert.equal(fill("{a} is {b}: {a}", { a: 3, b: "odd" }), "3 is odd: 3");
  assert.equal(fill("{a} {c}", { a: 0 }), "0 {c}");
  // What is put in is no sentence itself, nor a pattern.
  assert.equal(fill("{a}", { a: "{b} $& $1", b: "no" }), "{b} $& $1");
});
