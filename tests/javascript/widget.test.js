import assert from "node:assert/strict";
import test from "node:test";

import { ask, listenTo } from "../../unet_explorer/panel/static/lib/widget.js";
import { standInModel } from "./support/stand_ins.js";

/** @import { UserRequest } from "../../unet_explorer/panel/static/lib/types.js" */

/** Where text is set, without a page. */
function place() {
  const node = { textContent: "" };
  return { node, shown: /** @type {Node} */ (/** @type {unknown} */ (node)) };
}

test("requests are numbered, so that the same may be asked for again", () => {
  const { model, traits, saved } = standInModel({ request: /** @type {UserRequest} */ ({}) });
  ask(model, "start", { force: true });
  assert.deepEqual(traits.request, { do: "start", force: true, number: 1 });
  ask(model, "start");
  assert.deepEqual([traits.request, saved()], [{ do: "start", number: 2 }, 2]);
});

test("a listener is called at once, at every change, and no longer once it is removed", () => {
  const { model, listening } = standInModel({ a: 1, b: 2, c: 3 });
  const controller = new AbortController();
  let heard = 0;
  listenTo(model, ["a", "b"], () => (heard += 1), controller.signal, place().shown);
  model.set("a", 5);
  model.set("c", 5);
  model.set("b", 5);
  assert.deepEqual([heard, listening()], [3, 2]);
  controller.abort();
  model.set("a", 6);
  assert.deepEqual([heard, listening()], [3, 0]);
});

test("what a listener throws is said on the page, and others are heard", (context) => {
  context.mock.method(console, "error", () => {});
  const { model } = standInModel({ a: 1 });
  const { node, shown } = place();
  const { signal } = new AbortController();
  listenTo(model, ["a"], () => { throw new Error("too bad"); }, signal, shown);
  assert.equal(node.textContent, "Something went wrong in the panel (too bad). Run the cell again.");
  let heard = 0;
  listenTo(model, ["a"], () => (heard += 1), signal, shown);
  model.set("a", 2);
  assert.equal(heard, 2);
});
