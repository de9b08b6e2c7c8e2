// Links in the address of a page, against those that Python writes.

import assert from "node:assert/strict";
import test from "node:test";

import { linkOf, sceneOf, tokensOf } from "../../unet_explorer/panel/static/page/address.js";
import { facts } from "./support/facts.js";

const { links, table } = facts;

test("a link says to the page what it says to Python", () => {
  for (const [link, scene] of links) {
    assert.deepEqual(sceneOf(tokensOf(link, table), table), scene);
  }
});

test("what the page writes is what Python writes, whatever else the link said", () => {
  for (const [link, scene] of links) {
    const former = tokensOf(link, table);
    assert.equal(linkOf(scene, former, table), link);
    // From another design to this one.
    const other = { ...scene.config, depth: 5, base_filters: 3, dropout: 0.25 };
    const away = linkOf({ config: other, tile: [9, 8], selected: "", opened: "design", lesson: "" }, former, table);
    assert.equal(linkOf(scene, tokensOf(away, table), table), link);
  }
});

test("a link that was cut off or mistyped is refused in words", () => {
  const [[link]] = links;
  for (const wrong of [link.slice(0, -1), link.replace("572", "571"), link.replace("unet1", "unet2"), "paper", ""]) {
    assert.throws(() => tokensOf(wrong, table), /address/);
  }
});
