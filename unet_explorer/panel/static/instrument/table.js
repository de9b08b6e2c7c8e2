// All layers as a table, in the order of the plan unless a column is asked to sort it.

import { same } from "../lib/equal.js";
import { bytes, exact, rough, size } from "../lib/format.js";
import { receptiveField } from "../lib/law.js";
import { OWN_KEYS, element, setText } from "../lib/page.js";

const COLUMNS = [
  { key: "order", head: "#", value: (map, index) => index, show: exact },
  { key: "step", head: "Step", value: (map) => map.step.name, show: String, words: true },
  { key: "operation", head: "What it does", value: (map) => map.step.words.title, show: String, words: true },
  { key: "output", head: "Output", value: (map) => map.pixels, show: (_, map) => size([map.height, map.width]) },
  { key: "channels", head: "Channels", value: (map) => map.step.channels, show: exact },
  { key: "crop", head: "Crop per side", value: (map) => map.step.crop, show: (crop) => (crop ? `${crop} px` : "–") },
  { key: "parameters", head: "Parameters", value: (map) => map.step.parameters, show: exact },
  { key: "macs", head: "Multiply-adds", value: (map) => map.pixels * map.step.macs, show: (macs) => rough(macs) },
  { key: "bytes", head: "Memory", value: (map) => map.pixels * map.step.bytes, show: bytes },
  { key: "sees", head: "Sees", value: (map, _, state) => receptiveField(map, state.tile), show: (px) => `${exact(px)} px` },
];
const STEP = COLUMNS.findIndex((column) => column.key === "step");
// What a tile that does not fit leaves open from the failing step on.
const NEEDS_FIT = new Set(["macs", "bytes", "sees"]);

export class LayerTable {
  constructor(choose, signal) {
    this.sorted = { key: "order", down: false };
    this.heads = COLUMNS.map((column) => {
      const button = element("button", { type: "button", "data-action": "sort", "data-sort": column.key, ...OWN_KEYS }, column.head);
      return element("th", { scope: "col", class: column.words ? "ue-words" : "" }, button);
    });
    this.body = element("tbody");
    const caption = element("caption", { class: "ue-quiet" }, "Every layer; select a row to have it explained.");
    const head = element("thead", {}, element("tr", {}, ...this.heads));
    const table = element("table", { "data-role": "layers" }, caption, head, this.body);
    const scroller = { class: "ue-scroll", tabindex: "0", role: "region", "aria-label": "Layers, scrollable", ...OWN_KEYS };
    this.node = element("details", { class: "ue-layers", open: true }, element("summary", OWN_KEYS, "Layers"));
    this.scroller = element("div", scroller, table);
    this.node.append(this.scroller);
    this.body.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.node.addEventListener("toggle", () => this.state && this.update(this.state), { signal });
    table.addEventListener(
      "click",
      (event) => {
        const sort = event.target.closest("[data-sort]");
        const row = event.target.closest("[data-row]");
        if (sort) this.sortBy(sort.dataset.sort);
        else if (row) choose(row.dataset.row);
      },
      { signal },
    );
  }

  setNetwork(network) {
    const steps = network.steps.slice(1);
    this.state = null;
    if (same(this.rows?.map(({ name }) => name) || [], steps.map(({ name }) => name))) return;
    this.rows = steps.map((step) => {
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
    });
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
  }

  update(state) {
    this.state = state;
    if (!this.node.open) return;
    const failed = state.failure ? state.failure.index : Infinity;
    this.rows.forEach((row, place) => {
      const index = place + 1;
      const map = state.maps[index];
      const ghost = index >= failed;
      row.row.classList.toggle("ue-ghost", ghost);
      COLUMNS.forEach((column, at) => {
        const open = ghost && NEEDS_FIT.has(column.key);
        const value = open ? -1 : column.value(map, index, state);
        row.values[at] = value;
        setText(row.cells[at], open ? "–" : column.show(value, map));
      });
    });
    if (this.sorted.key !== "order" || this.sorted.down || this.shuffled) this.order();
  }

  /** Ascending, descending, then back to the order of the plan. */
  sortBy(key) {
    const same = this.sorted.key === key;
    if (same && this.sorted.down) this.sorted = { key: "order", down: false };
    else this.sorted = { key, down: same };
    this.order();
  }

  order() {
    const { key, down } = this.sorted;
    const at = COLUMNS.findIndex((column) => column.key === key);
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

  select(name) {
    for (const { row, button, name: each } of this.rows) {
      if (each === name) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
      button.setAttribute("tabindex", each === name ? "0" : "-1");
    }
    const chosen = this.rows.find((row) => row.name === name);
    if (chosen && this.node.open) this.reveal(chosen.row);
    else if (!chosen && this.rows.length) this.rows[0].button.setAttribute("tabindex", "0");
  }

  /** Into view within the table; the page itself stays where it is. */
  reveal(row) {
    const head = this.heads[0].offsetHeight;
    const [top, bottom] = [row.offsetTop - head, row.offsetTop + row.offsetHeight];
    const { scrollTop, clientHeight } = this.scroller;
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (bottom > scrollTop + clientHeight) this.scroller.scrollTop = bottom - clientHeight;
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const rows = [...this.body.children];
    const next = step && rows[rows.indexOf(event.target.closest("tr")) + step];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.querySelector("button").focus();
  }
}
