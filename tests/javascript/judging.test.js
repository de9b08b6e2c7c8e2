import assert from "node:assert/strict";
import test from "node:test";

import { blocksOf, inlineParts } from "../../unet_explorer/panel/static/lib/markdown.js";
import { answerWords, judged, typedNumber } from "../../unet_explorer/panel/static/stage/judging.js";

/** @import { LessonAsk } from "../../unet_explorer/panel/static/lib/types.js" */

/** @type {LessonAsk} */
const NUMBER = { kind: "number", question: "?", answer: 31030658, unit: "px", choices: [], mistakes: [{ is: 570, says: "one convolution" }], hints: [], why: "" };
/** @type {LessonAsk} */
const CHOICE = { ...NUMBER, kind: "choice", answer: 1, choices: [{ text: "a", says: "mixed up" }, { text: "b", says: "" }], mistakes: [] };

test("numbers are taken as people type them", () => {
  for (const typed of ["572", " 572 ", "572px", "572 px", "5 72"]) assert.equal(typedNumber(typed), 572);
  assert.equal(typedNumber("31,030,658"), 31030658);
  assert.equal(typedNumber("142.5"), 142.5);
  assert.equal(typedNumber("−4"), -4);
  for (const typed of ["", "  ", "px", "abc", "1e999", "5x7"]) assert.equal(typedNumber(typed), null);
});

test("an answer is right, wrong, or wrong in a way that is known", () => {
  assert.deepEqual(judged(NUMBER, 31030658), { right: true, says: "" });
  assert.deepEqual(judged(NUMBER, 570), { right: false, says: "one convolution" });
  assert.deepEqual(judged(NUMBER, 571), { right: false, says: "" });
  assert.deepEqual(judged(NUMBER, null), { right: false, says: "" });
  assert.deepEqual(judged(CHOICE, 1), { right: true, says: "" });
  assert.deepEqual(judged(CHOICE, 0), { right: false, says: "mixed up" });
  assert.deepEqual(judged(CHOICE, 7), { right: false, says: "" });
});

test("the answer is told in words", () => {
  assert.equal(answerWords(NUMBER), "31,030,658 px");
  assert.equal(answerWords(CHOICE), "b");
  assert.equal(answerWords({ ...NUMBER, kind: "step", answer: "enc1_pool", unit: "" }), "enc1_pool");
  assert.equal(answerWords({ ...NUMBER, kind: "tile", answer: 524, unit: "" }), "524 px");
});

test("a text has paragraphs, lists, and parts that stand out; markup is words", () => {
  assert.deepEqual(blocksOf("one\ntwo\n\n- a\n- b\n\nthree"), ["one two", ["a", "b"], "three"]);
  assert.deepEqual(blocksOf(" \n "), []);
  assert.deepEqual(inlineParts("a **b** *c* `d*e*` <i>"), [["", "a "], ["strong", "b"], ["", " "], ["em", "c"], ["", " "], ["code", "d*e*"], ["", " <i>"]]);
  assert.deepEqual(inlineParts("2 * 3"), [["", "2 * 3"]]);
});
