// What may be typed into a number field: the same as Python takes.

import assert from "node:assert/strict";
import test from "node:test";

import { isAllowed } from "../../unet_explorer/panel/static/instrument/knobs.js";
import { facts } from "./support/facts.js";

test("a number that is typed is taken if Python takes it", () => {
  for (const [name, text, taken] of facts.typed) {
    const knob = facts.knobs.find((each) => each.name === name);
    assert.ok(knob?.kind === "number");
    assert.equal(isAllowed(knob, text), taken, `${name} ${text}`);
  }
  assert.ok(facts.typed.some(([, , taken]) => taken));
});

test("what is no number is not taken", () => {
  for (const knob of facts.knobs) {
    if (knob.kind !== "number") continue;
    for (const text of ["", "two", "NaN", "Infinity"]) assert.ok(!isAllowed(knob, text), `${knob.name} ${text}`);
  }
});
