// What Python tells of some networks; see tests/test_javascript.py, which writes it.

import { readFileSync } from "node:fs";

/** @import { Knob, Network } from "../../../unet_explorer/panel/static/lib/types.js" */
/** @import { LinkScene, LinkTable } from "../../../unet_explorer/panel/static/page/address.js" */
/** @import { Accepted } from "../../../unet_explorer/panel/static/tabs/types.js" */

/**
 * @typedef {{
 *   networks: Record<string, Network>,
 *   offered: Network[],
 *   starts: [number, number, number, number][],
 *   accepted: Accepted,
 *   links: [string, LinkScene][],
 *   table: LinkTable,
 *   knobs: Knob[],
 *   typed: [string, string, boolean][],
 * }} Facts  `starts`: a place, the side of an image, that of a tile, and where that starts. `typed`: the name of a knob,
 *   a number as it is typed, and whether Python takes it.
 */

const path = process.env.UNET_EXPLORER_FACTS;
if (!path) throw new Error("UNET_EXPLORER_FACTS names no file: run python -m pytest -n0 tests/test_javascript.py");

/** @type {Facts} */
export const facts = JSON.parse(readFileSync(path, "utf8"));
export const { paper, small, padded, plain } = facts.networks;
export const { offered } = facts;
