// What tiles cost: a row each, and which is the best.

import { bytes, exact, rough, size } from "../lib/format.js";
import { element } from "../lib/page.js";

/** @import { Pair } from "../lib/types.js" */
/** @import { TileCost } from "./image_types.js" */

/**
 * @param {number} limit  In bytes.
 * @param {[] | Pair} best
 * @param {TileCost[]} rows
 */
export function bestWords(limit, best, rows) {
  const chosen = rows.find(({ tile }) => String(tile) === String(best));
  if (!chosen) return `No tile takes as little as ${bytes(limit)}.`;
  return (
    `Best within ${exact(Math.round(limit / 1e6))} MB: ${size(best)}. ${percent(chosen.share)} of the pixels that it reads are kept. ` +
    "The larger a tile, the less of it is lost as border."
  );
}

/**
 * @param {HTMLTableElement} table
 * @param {TileCost[]} rows
 */
export function showCosts(table, rows) {
  const words = { Tile: "", Which: "ue-name", Tiles: "", Kept: "", "Multiply-adds": "", Memory: "" };
  const head = Object.entries(words).map(([text, kind]) => element("th", { scope: "col", class: kind }, text));
  table.replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows.map(costRow)));
}

/**
 * What a tile costs, in a row of the table.
 *
 * @param {TileCost} cost
 */
function costRow({ name, tile, count, share, macs, memory, within }) {
  const cell = (/** @type {string} */ text) => element("td", {}, text);
  const row = element("tr", { "data-within": String(within) });
  row.append(element("th", { scope: "row" }, size(tile)), element("td", { class: "ue-name" }, name));
  row.append(cell(exact(count)), cell(percent(share)), cell(rough(macs)), cell(bytes(memory) + (within ? "" : ", too much")));
  return row;
}

/** @param {number} share  From 0 to 1. */
function percent(share) {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}
