// Networks that were packed ahead, against those that Python describes one by one.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { unpack } from "../../unet_explorer/panel/static/instrument/pack.js";
import { offered } from "./support/facts.js";

const file = new URL("../../unet_explorer/panel/static/networks.json.gz", import.meta.url);
const pack = await unpack(await readFile(file));

test("every network that is offered comes out as Python describes it", () => {
  assert.ok(offered.length > 200);
  for (const network of offered) assert.deepEqual(pack.find(network.config), network);
});

test("the order of the knobs does not matter, and what was not packed is not found", () => {
  const { config } = offered[3];
  const turned = /** @type {typeof config} */ (Object.fromEntries(Object.entries(config).reverse()));
  assert.equal(pack.find(turned), pack.find(config));
  assert.equal(pack.find({ ...config, base_filters: 5 }), undefined);
  assert.equal(pack.find({ ...config, kernel_size: 5 }), undefined);
});
