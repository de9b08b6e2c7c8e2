// What is varied: for each knob a row of values to press. At first the shown design's is pressed; pressing more makes a range.

import { same } from "../lib/equal.js";
import { OWN_KEYS, consume, element, focusedFrom, setText, targetOf } from "../lib/page.js";

/** @import { Value, Varied } from "./sweep_types.js" */

/** @typedef {{ node: HTMLElement, made: Map<string, HTMLElement>, values: HTMLElement }} Group */

export class Ranges {
  /**
   * @param {(name: string, value: Value) => void} toggle
   * @param {HTMLElement} snap  What becomes of tiles that do not fit.
   * @param {AbortSignal} signal
   */
  constructor(toggle, snap, signal) {
    this.toggle = toggle;
    /** @type {Varied[]} */
    this.varied = [];
    /** @type {Map<string, Group>} */
    this.groups = new Map();
    this.first = element("div", { class: "ue-ranges" });
    this.rest = element("div", { class: "ue-ranges" });
    this.more = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "More"), this.rest);
    this.node = element("div", { "data-role": "ranges" }, this.first, snap, this.more);
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
    this.node.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = targetOf(event, "[data-value]");
    const { vary, value } = pressed?.dataset ?? {};
    const found = this.varied.find(({ name }) => name === vary)?.values.find((each) => JSON.stringify(each.value) === value);
    if (vary && found) this.toggle(vary, found.value);
  }

  /**
   * The arrow keys go through the values of a knob, so that the Tab key is soon at the next knob.
   *
   * @param {KeyboardEvent} event
   */
  onKey(event) {
    const pressed = targetOf(event, "[data-value]");
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!pressed || !step || event.altKey || event.ctrlKey || event.metaKey) return;
    const next = step > 0 ? pressed.nextElementSibling : pressed.previousElementSibling;
    if (next instanceof HTMLElement) next.focus();
    consume(event);
  }

  /** @param {Varied[]} varied */
  show(varied) {
    if (same(varied, this.varied)) return;
    this.varied = varied;
    for (const each of varied) {
      if (!this.groups.has(each.name)) this.add(each);
      this.showGroup(each);
    }
    const many = varied.filter(({ primary, values }) => !primary && values.filter(({ chosen }) => chosen).length > 1);
    setText(this.more.firstElementChild ?? this.more, many.length ? `More (${many.map(({ label }) => label).join(", ")})` : "More");
  }

  /** @param {Varied} varied */
  add({ name, label, help, primary }) {
    const values = element("div", { class: "ue-values" });
    const node = element("div", { class: "ue-range", role: "group", "aria-label": label, title: help }, element("span", {}, label), values);
    this.groups.set(name, { node, values, made: new Map() });
    (primary ? this.first : this.rest).append(node);
  }

  /** @param {Varied} varied */
  showGroup({ name, values }) {
    const group = this.groups.get(name);
    if (!group) return;
    const shown = values.map(({ value, words, chosen }) => {
      const key = JSON.stringify(value);
      const made = group.made.get(key) ?? element("button", { type: "button", "data-vary": name, "data-value": key, ...OWN_KEYS }, words);
      group.made.set(key, made);
      made.setAttribute("aria-pressed", String(chosen));
      return made;
    });
    const focused = shown.find((each) => each === focusedFrom(group.values));
    if (shown.some((each, at) => group.values.children[at] !== each) || group.values.children.length !== shown.length) group.values.replaceChildren(...shown);
    focused?.focus();
    // One stop of the Tab key: where the hand was last, else what is chosen.
    const stop = focused ?? shown[Math.max(0, values.findIndex(({ chosen }) => chosen))];
    for (const each of shown) each.setAttribute("tabindex", each === stop ? "0" : "-1");
  }
}
