import assert from "node:assert/strict";
import test from "node:test";

import { chosenRows, differenceWords, largestField, learntRows, resultRows, selectedRows, stateWords, stepSentences } from "../../unet_explorer/panel/static/instrument/versus.js";
import { exact, rough } from "../../unet_explorer/panel/static/lib/format.js";
import { follow } from "../../unet_explorer/panel/static/lib/law.js";
import { differColour, differenceVerdict, scoresVerdict } from "../../unet_explorer/panel/static/tabs/side_by_side.js";
import { facts, padded, paper, plain, small } from "./support/facts.js";

/** @import { Versus } from "../../unet_explorer/panel/static/instrument/versus.js" */

const [deep, flat] = [follow(paper, [572, 572]), follow(small, [76, 76])];

/** @param {Versus[]} rows */
const shown = (rows) => Object.fromEntries(rows.map(({ key, a, b, difference }) => [key, [a, b, difference]]));

test("a difference is said as one would say it", () => {
  const words = (/** @type {number} */ a, /** @type {number} */ b) => differenceWords(a, b, rough);
  assert.equal(words(7, 7), "same");
  assert.equal(words(100, 400), "× 4.0");
  assert.equal(words(400, 100), "÷ 4.0");
  assert.equal(words(100, 149), "+49");
  assert.equal(words(100, 150), "× 1.5");
  assert.equal(words(100e6, 112.3e6), "+12.3 M");
  assert.equal(words(112.3e6, 100e6), "−12.3 M");
  // Ten times as much has no decimal, however it is rounded.
  assert.equal(words(1000, 9960), "× 10");
  assert.equal(differenceWords(1, 12_345, exact), "× 12,345");
  // How many times nothing it is, nobody can say.
  assert.equal(words(0, 5), "+5");
});

test("what follows from both designs", () => {
  assert.deepEqual(shown(resultRows(deep, follow(paper, [572, 588]), 1)).output, ["388²", "388 × 404", "0 × +16 px"]);
  const rows = shown(resultRows(deep, flat, 1));
  assert.deepEqual(rows.output, ["388²", "36²", "−352 px"]);
  assert.deepEqual(rows.parameters.slice(0, 1), ["31.0 M"]);
  assert.deepEqual(rows.field, ["204 px", "44 px", "−160 px"]);
  assert.deepEqual(shown(resultRows(deep, follow(paper, [588, 588]), 1)).output[2], "+16 px");
  // The more tiles at once, the more memory; the rest stays.
  const [one, many] = [1, 8].map((batch) => shown(resultRows(deep, flat, batch)));
  assert.notDeepEqual(one.train, many.train);
  assert.deepEqual(one.macs, many.macs);
  assert.ok(resultRows(deep, deep, 1).every(({ same, difference }) => same && difference === "same"));
});

test("where one does not fit there is a dash, not a number", () => {
  for (const [a, b] of [[follow(paper, [570, 570]), flat], [flat, follow(paper, [570, 570])]]) {
    const rows = resultRows(a, b, 1);
    for (const { key, difference, ...values } of rows) {
      const [wrong, right] = a.fits ? [values.b, values.a] : [values.a, values.b];
      assert.equal(wrong === "–", key !== "parameters", key);
      assert.notEqual(right, "–", key);
      assert.equal(difference === "–", key !== "parameters", key);
    }
  }
  assert.equal(largestField(follow(paper, [570, 570])), null);
  const both = resultRows(follow(paper, [570, 570]), follow(paper, [570, 570]), 1);
  assert.ok(both.every(({ key, same }) => same === (key === "parameters")));
});

test("only what was chosen otherwise is listed, by its label", () => {
  const rows = chosenRows(facts.knobs, deep, follow(padded, [64, 64]));
  assert.deepEqual(
    rows.map(({ label, a, b, difference }) => [label, a, b, difference]),
    [
      ["Tile", "572²", "64²", "−508 px"],
      ["Depth", "4", "2", "−2"],
      ["Filters", "64", "2", "−62"],
      ["Kernel", "3 × 3", "5 × 5", ""],
      ["Padding", "none (valid)", "zeros (same)", ""],
    ],
  );
  assert.deepEqual(chosenRows(facts.knobs, deep, deep), []);
  const flags = shown(chosenRows(facts.knobs, deep, follow(plain, [64, 64])));
  assert.deepEqual([flags.batch_norm, flags.skips], [["no", "yes", ""], ["yes", "no", ""]]);
});

test("the selected step in both, or in one", () => {
  assert.deepEqual(shown(selectedRows("enc1_conv1", deep, flat)), { side: ["282²", "34²", "−248 px"], channels: ["128", "4", "÷ 32"] });
  assert.deepEqual(shown(selectedRows("enc3_conv1", deep, flat)), { side: ["66²", "–", "–"], channels: ["512", "–", "–"] });
  for (const none of ["", "input", "argmax", "no_such_step"]) assert.deepEqual(selectedRows(none, deep, flat), []);
});

test("which steps differ, and which only one has, in words", () => {
  const level = "A has no levels 3 and 4: its bottleneck is on level 2.";
  assert.deepEqual(stepSentences(flat, deep), ["All 17 steps that both have differ in side.", level]);
  assert.deepEqual(stepSentences(deep, deep), [`All ${deep.maps.length - 1} steps that both have are of the same side.`]);
  const [first, own, ...rest] = stepSentences(follow(paper, [572, 572]), follow({ ...paper, steps: paper.steps.filter(({ name }) => name !== "enc0_conv2") }, [572, 572]));
  assert.deepEqual([first, own, rest], ["All 30 steps that both have are of the same side.", "Only A has enc0_conv2.", []]);
  const shifted = { ...paper, steps: paper.steps.map((step) => (step.name.startsWith("dec0") ? { ...step, shift: step.shift - 2 } : step)) };
  const names = shifted.steps.filter(({ name }) => name.startsWith("dec0")).map(({ name }) => name);
  assert.equal(stepSentences(deep, follow(shifted, [572, 572]))[0], `Of 31 steps that both have, ${names.length} differ in side: ${names.join(", ")}.`);
  assert.deepEqual(stepSentences(flat, follow(paper, [570, 570])), ["B does not fit: at enc1_pool, 279 is odd: it cannot be halved.", level]);
});

test("a design in a few words", () => {
  assert.equal(stateWords(deep), "depth 4, 64 filters, tile 572");
  assert.equal(stateWords(follow(paper, [570, 572])), "depth 4, 64 filters, tile 570 × 572, does not fit");
});

test("how well both have learnt, where that is known", () => {
  assert.deepEqual(learntRows([null, null]), []);
  assert.deepEqual(shown(learntRows([0.5, 0.75])).iou, ["0.500", "0.750", "+0.250"]);
  assert.deepEqual(shown(learntRows([0.5, null])).iou, ["0.500", "–", "–"]);
});

test("who is right where the masks differ", () => {
  const palette = { classes: [], missed: [1, 0, 0], invented: [0, 2, 0], confused: [0, 0, 3] };
  const picture = { title: "", height: 1, width: 5, channels: 1, pixels: new Uint8Array(5), truth: new Uint8Array(), masks: [] };
  const bytes = (/** @type {number[]} */ ...values) => Uint8Array.from(values);
  // The same, A right, B right, neither, and of the last nothing is known.
  const colour = differColour(palette, picture, bytes(1, 1, 0, 2, 255), bytes(0, 1, 1, 0, 1), bytes(0, 0, 0, 1, 0));
  const seen = [0, 1, 2, 3, 4].map((pixel) => [0, 1, 2, 3, 4, 5].flatMap((x) => [...colour(pixel, x, 0)]));
  const has = (/** @type {number} */ pixel, /** @type {number[]} */ hue) => hue.every((value, at) => !value || seen[pixel].some((each, place) => place % 3 === at && each === value));
  const hues = [palette.missed, palette.invented, palette.confused];
  assert.deepEqual([0, 1, 2, 3, 4].map((pixel) => hues.map((hue) => has(pixel, hue))), [
    [false, false, false],
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [false, false, true],
  ]);
});

test("how far two masks agree, in words", () => {
  /** @type {import("../../unet_explorer/panel/static/tabs/types.js").Held} */
  const held = { pictures: [], differ: 0.123, right: [0.75, 0.25], iou: [0.5, null], between: 0.25 };
  assert.equal(differenceVerdict(held), "Their masks differ in 12.3 % of the pixels. There A is right in 75.0 %, B in 25.0 %.");
  assert.equal(differenceVerdict({ ...held, differ: 0.0004 }).slice(0, 29), "Their masks differ in 0.04 % ");
  assert.equal(differenceVerdict({ ...held, differ: 0 }), "Their masks are the same, pixel by pixel.");
  assert.equal(scoresVerdict(held), "On the images below, each at its best epoch: IoU of A 0.50, of B undefined, for there is no object; of A's masks against B's 0.25.");
});
