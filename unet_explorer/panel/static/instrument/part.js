// A box of the drawing on the page, with all that belongs to it.

import { Piece } from "./piece.js";
import { OWN_KEYS, drawn } from "../lib/page.js";
import { present } from "../lib/present.js";

/** @import { Box, Network } from "../lib/types.js" */

/**
 * A box on the page, with all that belongs to it, and where it stands now, in px.
 *
 * @typedef {{
 *   name: string,
 *   row: number,
 *   box: Box,
 *   group: SVGGElement,
 *   pieces: Piece[],
 *   rect: SVGElement,
 *   side: Piece | null,
 *   x: number,
 *   y: number,
 *   left: number,
 *   right: number,
 *   mark: { node: SVGGElement, sign: SVGPathElement } | null,
 * }} Part  (`x`, `y`) is its centre.
 */

/**
 * @param {Network} network
 * @param {Box} box
 * @returns {Part}
 */
export function partOfBox(network, box) {
  const isTile = box.name === network.input;
  const step = present(network.steps.find(({ name }) => name === box.name), box.name);
  const group = drawn("g", {
    class: `ue-step ue-op-${step.op}`,
    role: "option",
    "aria-selected": "false",
    tabindex: "-1",
    ...(isTile ? { "data-input": "tile" } : { "data-step": box.name, "data-channels": step.channels }),
    ...OWN_KEYS,
  });
  const pieces = box.marks.map((each) => new Piece(each, network.metrics.head));
  group.append(...pieces.map(({ node }) => node));
  const rect = present(pieces.find(({ look }) => look === "ue-box"), "the box").node;
  const side = pieces.find(({ lines }) => lines.length) ?? null;
  return { name: box.name, row: box.row, box, group, pieces, rect, side, x: 0, y: 0, left: 0, right: 0, mark: null };
}
