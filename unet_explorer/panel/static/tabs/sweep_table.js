// The runs of a sweep as a table, the newest first unless a column is asked to sort it.

import { bytes, rough } from "../lib/format.js";
import { OWN_KEYS, element, focusedFrom, setText, targetOf } from "../lib/page.js";

/** @import { Design } from "../lib/types.js" */
/** @import { SweepDesign, SweepRow } from "./sweep_types.js" */

/** More are no help to anybody; the file has all. */
const LISTED = 200;

/**
 * A column: what it is sorted by, and what is written; `best` says whether large values come first at the first press.
 *
 * @typedef {{ key: string, head: string, value: (row: SweepRow) => number | null, show: (value: number) => string, best?: boolean }} RunColumn
 */

/** @type {RunColumn[]} */
const RUN_COLUMNS = [
  { key: "design", head: "Design", value: ({ design }) => design, show: String },
  { key: "seed", head: "Seed", value: ({ seed }) => seed, show: String },
  { key: "iou", head: "IoU", value: ({ iou }) => iou, show: (value) => value.toFixed(3), best: true },
  { key: "dice", head: "Dice", value: ({ dice }) => dice, show: (value) => value.toFixed(3), best: true },
  { key: "macs", head: "Multiply-adds", value: ({ macs }) => macs, show: (value) => rough(value) },
  { key: "parameters", head: "Parameters", value: ({ parameters }) => parameters, show: (value) => rough(value) },
  { key: "memory", head: "Memory", value: ({ memory }) => memory, show: (value) => bytes(value) },
  { key: "seconds", head: "Time", value: ({ seconds }) => seconds, show: (value) => `${value.toFixed(value < 9.95 ? 1 : 0)} s` },
];

export class SweepTable {
  /**
   * @param {(design: SweepDesign) => void} open
   * @param {AbortSignal} signal
   */
  constructor(open, signal) {
    this.open = open;
    /** @type {SweepDesign[]} */
    this.designs = [];
    /** @type {SweepRow[]} */
    this.rows = [];
    this.sorted = { key: "", down: true };
    /** @type {Map<number, HTMLElement>} */
    this.made = new Map();
    this.heads = RUN_COLUMNS.map(({ key, head }) => {
      const button = element("button", { type: "button", "data-action": "sort-runs", "data-sort": key, ...OWN_KEYS }, head);
      return element("th", { scope: "col" }, button);
    });
    this.body = element("tbody");
    this.caption = element("caption", { class: "ue-unseen" }, "All runs that have ended");
    const table = element("table", { class: "ue-runs", "data-role": "runs" }, this.caption, element("thead", {}, element("tr", {}, ...this.heads)), this.body);
    this.more = element("p", { class: "ue-quiet" });
    this.node = element("div", { class: "ue-scroll", hidden: true }, table, this.more);
    table.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const { sort } = targetOf(event, "[data-sort]")?.dataset ?? {};
    const { opens } = targetOf(event, "[data-opens]")?.dataset ?? {};
    if (sort) this.sortBy(sort);
    else if (opens) this.open(this.designs[Number(opens)]);
  }

  /**
   * The best first, the worst first, then back to the newest first.
   *
   * @param {string} key
   */
  sortBy(key) {
    const first = Boolean(RUN_COLUMNS.find((column) => column.key === key)?.best);
    if (this.sorted.key !== key) this.sorted = { key, down: first };
    else if (this.sorted.down === first) this.sorted = { key, down: !first };
    else this.sorted = { key: "", down: true };
    this.order();
  }

  /**
   * @param {SweepRow[]} rows
   * @param {SweepDesign[]} designs
   * @param {Design} shown
   */
  show(rows, designs, shown) {
    if (designs !== this.designs) this.made.clear();
    this.designs = designs;
    this.rows = rows;
    this.node.hidden = !rows.length;
    const { config, tile } = shown;
    const current = designs.findIndex((each) => JSON.stringify([each.config, each.tile]) === JSON.stringify([config, tile]));
    this.order();
    for (const row of rows) {
      const made = this.made.get(row.number);
      if (row.design === current) made?.setAttribute("aria-current", "true");
      else made?.removeAttribute("aria-current");
    }
  }

  order() {
    const sorted = sortedRuns(this.rows, this.sorted.key, this.sorted.down);
    const nodes = sorted.slice(0, LISTED).map((row) => this.rowOf(row));
    const focused = focusedFrom(this.body);
    const held = focused instanceof HTMLElement && this.body.contains(focused);
    if (nodes.some((node, at) => this.body.children[at] !== node) || this.body.children.length !== nodes.length) this.body.replaceChildren(...nodes);
    if (held) focused.focus();
    setText(this.more, sorted.length > LISTED ? `and ${sorted.length - LISTED} more: Save ▾ has all of them as CSV.` : "");
    RUN_COLUMNS.forEach(({ key }, at) => {
      const now = key === this.sorted.key ? (this.sorted.down ? "descending" : "ascending") : "none";
      this.heads[at].setAttribute("aria-sort", now);
    });
  }

  /** @param {SweepRow} row */
  rowOf(row) {
    const known = this.made.get(row.number);
    if (known) return known;
    const opener = element("button", { type: "button", "data-opens": row.design, title: "Open this design", ...OWN_KEYS }, this.designs[row.design].words);
    const made = element("tr", { "data-run": row.number, "data-ended": row.state }, element("th", { scope: "row" }, opener), element("td", {}, String(row.seed)));
    this.made.set(row.number, made);
    if (row.state === "done") made.append(...RUN_COLUMNS.slice(2).map(({ value, show }) => element("td", {}, written(value(row), show))));
    else made.append(element("td", { colspan: RUN_COLUMNS.length - 2, class: "ue-why" }, endedWords(row)));
    return made;
  }
}

/**
 * @param {number | null} value
 * @param {(value: number) => string} show
 */
function written(value, show) {
  return value === null ? "–" : show(value);
}

/** @param {SweepRow} row */
function endedWords({ state, iou, reason }) {
  const so = iou === null ? "" : ` at IoU ${iou.toFixed(3)}`;
  return `${state}${so}: ${reason}`;
}

/**
 * Runs by a column, those without a value last; without one, the newest first.
 *
 * @param {SweepRow[]} rows
 * @param {string} key
 * @param {boolean} down
 */
export function sortedRuns(rows, key, down) {
  const column = RUN_COLUMNS.find((each) => each.key === key);
  const newest = [...rows].sort((a, b) => b.number - a.number);
  if (!column) return newest;
  const sign = down ? -1 : 1;
  return newest.sort((a, b) => {
    const [one, other] = [a, b].map((row) => (key === "design" || key === "seed" || row.state === "done" ? column.value(row) : null));
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * (one - other);
  });
}
