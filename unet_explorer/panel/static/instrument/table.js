// All layers as a table, in the order of the plan unless a column is asked to sort it.

import { same } from "../lib/equal.js";
import { bytes, exact, rough, size } from "../lib/format.js";
import { isLayer, receptiveField } from "../lib/law.js";
import { OWN_KEYS, consume, element, setText, targetOf } from "../lib/page.js";

/** @import { Followed, LayerMap, Network, Step } from "../lib/types.js" */

/**
 * A column: what it is sorted by, and what is written.
 *
 * @typedef {{
 *   key: string,
 *   head: string,
 *   value: (map: LayerMap, index: number, state: Followed) => number | string,
 *   show: (map: LayerMap, value: number | string) => string,
 *   words?: boolean,
 *   fits?: boolean,
 * }} Column  One of `words` is aligned like text; one that `fits` is left open from the failing step on.
 */
/**
 * A row; of the step's cell the button, which the text goes into.
 *
 * @typedef {{
 *   name: string,
 *   row: HTMLElement,
 *   cells: HTMLElement[],
 *   button: HTMLElement,
 *   values: (number | string)[],
 * }} Row
 */

const counted = (/** @type {LayerMap} */ _, /** @type {number | string} */ value) => exact(Number(value));
const written = (/** @type {LayerMap} */ _, /** @type {number | string} */ value) => String(value);

/** @type {Column[]} */
const COLUMNS = [
  { key: "order", head: "#", value: (_, index) => index, show: counted },
  { key: "step", head: "Step", value: ({ step }) => step.name, show: written, words: true },
  { key: "operation", head: "What it does", value: ({ step }) => step.explanation.title, show: written, words: true },
  { key: "output", head: "Output", value: ({ pixels }) => pixels, show: ({ height, width }) => size([height, width]) },
  { key: "channels", head: "Channels", value: ({ step }) => step.channels, show: counted },
  { key: "crop", head: "Crop per side", value: ({ step }) => step.crop, show: ({ step }) => (step.crop ? `${step.crop} px` : "–") },
  { key: "parameters", head: "Parameters", value: ({ step }) => step.parameters, show: counted },
  { key: "macs", head: "Multiply-adds", value: ({ step, pixels }) => pixels * step.macs, show: (_, macs) => rough(Number(macs)), fits: true },
  { key: "bytes", head: "Memory", value: ({ step, pixels }) => pixels * step.bytes, show: (_, number) => bytes(Number(number)), fits: true },
  { key: "sees", head: "Sees", value: (map, _, state) => receptiveField(map, state.tile), show: (_, px) => `${exact(Number(px))} px`, fits: true },
];
/** Milliseconds in which no other network has come. */
const RESTING = 100;
const STEP = COLUMNS.findIndex((column) => column.key === "step");

/**
 * Some columns of it as text: their heads, and of each layer the cells, and whether it cannot be with this tile.
 *
 * @param {Followed} state
 * @param {string[]} keys  Of the columns: such as are known of any tile.
 */
export function layerTexts(state, keys) {
  const columns = COLUMNS.filter(({ key }) => keys.includes(key));
  const failed = state.failure ? state.failure.index : Infinity;
  const rows = state.maps.flatMap((map, index) =>
    isLayer(map) ? [{ ghost: index >= failed, texts: columns.map((column) => column.show(map, column.value(map, index, state))) }] : [],
  );
  return { heads: columns.map(({ head }) => head), rows };
}

export class LayerTable {
  /**
   * @param {(name: string) => void} choose  Called when a row is picked.
   * @param {AbortSignal} signal
   */
  constructor(choose, signal) {
    this.choose = choose;
    this.sorted = { key: "order", down: false };
    /** Whether the rows stand in another order than that of the plan. */
    this.shuffled = false;
    /** @type {Followed | null} */
    this.state = null;
    /**
     * All that have a row, or will have one.
     *
     * @type {Step[]}
     */
    this.steps = [];
    /** @type {Row[]} */
    this.rows = [];
    /** What is selected. */
    this.name = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.due = undefined;
    signal.addEventListener("abort", () => clearTimeout(this.due));
    this.heads = COLUMNS.map((column) => {
      const button = element("button", { type: "button", "data-action": "sort", "data-sort": column.key, ...OWN_KEYS }, column.head);
      return element("th", { scope: "col", class: column.words ? "ue-words" : "" }, button);
    });
    this.body = element("tbody");
    const caption = element("caption", { class: "ue-quiet" }, "Every layer; select a row to have it explained.");
    const head = element("thead", {}, element("tr", {}, ...this.heads));
    const table = element("table", { "data-role": "layers" }, caption, head, this.body);
    const scroller = { class: "ue-scroll", tabindex: "0", role: "region", "aria-label": "Layers, scrollable", ...OWN_KEYS };
    this.node = element("details", { class: "ue-layers" }, element("summary", OWN_KEYS, "Layers"));
    this.scroller = element("div", scroller, table);
    this.node.append(this.scroller);
    this.body.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.node.addEventListener("toggle", () => this.state && this.update(this.state), { signal });
    table.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const key = targetOf(event, "[data-sort]")?.dataset.sort;
    const name = targetOf(event, "[data-row]")?.dataset.row;
    if (key) this.sortBy(key);
    else if (name) this.choose(name);
  }

  /** @param {Network} network */
  setNetwork(network) {
    this.steps = network.steps.slice(1);
    this.state = null;
    clearTimeout(this.due);
    // No hand waits for rows of a table that is closed.
    if (!this.node.open) this.due = setTimeout(() => this.makeRows() && this.select(this.name), RESTING);
  }

  /** A row for each step. Whether they are others than before. */
  makeRows() {
    if (same(this.rows.map(({ name }) => name), this.steps.map(({ name }) => name))) return false;
    this.rows = this.steps.map((step) => this.row(step));
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
    this.shuffled = false;
    return true;
  }

  /**
   * @param {Step} step
   * @returns {Row}
   */
  row(step) {
    /** @type {HTMLElement[]} */
    const cells = COLUMNS.map((column) => {
      const kind = column.key === "step" ? "th" : "td";
      return element(kind, { class: column.words ? "ue-words" : "", scope: kind === "th" ? "row" : undefined });
    });
    // One of the buttons is a stop of the Tab key; the arrows go on from there.
    const button = element("button", { type: "button", tabindex: "-1", ...OWN_KEYS });
    cells[STEP].append(button);
    const row = element("tr", { "data-row": step.name }, ...cells);
    cells[STEP] = button;
    return { name: step.name, row, cells, button, values: [] };
  }

  /** @param {Followed} state */
  update(state) {
    this.state = state;
    if (!this.node.open) return;
    const others = this.makeRows();
    const failed = state.failure ? state.failure.index : Infinity;
    this.rows.forEach((row, place) => {
      const index = place + 1;
      const map = state.maps[index];
      if (!isLayer(map)) return;
      const ghost = index >= failed;
      row.row.classList.toggle("ue-ghost", ghost);
      COLUMNS.forEach((column, at) => {
        const open = ghost && column.fits;
        const value = open ? -1 : column.value(map, index, state);
        row.values[at] = value;
        setText(row.cells[at], open ? "–" : column.show(map, value));
      });
    });
    if (this.sorted.key !== "order" || this.sorted.down || this.shuffled) this.order();
    if (others) this.select(this.name);
  }

  /**
   * Ascending, descending, then back to the order of the plan.
   *
   * @param {string} key
   */
  sortBy(key) {
    const again = this.sorted.key === key;
    if (again && this.sorted.down) this.sorted = { key: "order", down: false };
    else this.sorted = { key, down: again };
    this.order();
  }

  order() {
    const { key, down } = this.sorted;
    const at = COLUMNS.findIndex((column) => column.key === key);
    /** @type {(a: Row, b: Row) => number} */
    const compare = (a, b) => (a.values[at] < b.values[at] ? -1 : a.values[at] > b.values[at] ? 1 : 0);
    const sorted = [...this.rows].sort((a, b) => (down ? -compare(a, b) : compare(a, b)));
    if (sorted.some(({ row }, place) => this.body.children[place] !== row)) {
      this.body.replaceChildren(...sorted.map(({ row }) => row));
    }
    this.shuffled = key !== "order" || down;
    COLUMNS.forEach((column, place) => {
      const now = column.key === key && this.shuffled ? (down ? "descending" : "ascending") : "none";
      this.heads[place].setAttribute("aria-sort", now);
    });
  }

  /** @param {string} name */
  select(name) {
    this.name = name;
    for (const { row, button, name: each } of this.rows) {
      if (each === name) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      button.setAttribute("tabindex", each === name ? "0" : "-1");
    }
    const chosen = this.rows.find((row) => row.name === name);
    if (chosen && this.node.open) this.reveal(chosen.row);
    else if (!chosen && this.rows.length) this.rows[0].button.setAttribute("tabindex", "0");
  }

  /**
   * Into view within the table; the page itself stays where it is.
   *
   * @param {HTMLElement} row
   */
  reveal(row) {
    const head = this.heads[0].offsetHeight;
    const [top, bottom] = [row.offsetTop - head, row.offsetTop + row.offsetHeight];
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.scroller.scrollTop = bottom - clientHeight;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const { key } = event;
    if (key !== "ArrowDown" && key !== "ArrowUp") return;
    const here = targetOf(event, "tr");
    const next = key === "ArrowDown" ? here?.nextElementSibling : here?.previousElementSibling;
    const found = this.rows.find(({ row }) => row === next);
    if (!found) return;
    consume(event);
    found.button.focus();
  }
}
