// What is written over the drawing: why a tile does not fit, and what a box is that is pointed at.

import { assign, drawn, element, setText } from "../lib/page.js";
import { isLayer } from "../lib/law.js";
import { failureWords, formulaLines } from "../lib/sentences.js";

/** @import { Followed } from "../lib/types.js" */
/** @import { Drawing } from "./drawing.js" */

/** Px that the button in the corner takes of a drawing that is larger than its room. */
const BUTTON = { width: 112, height: 36 };

export class Badge {
  /** @param {Drawing} drawing */
  constructor(drawing) {
    this.drawing = drawing;
    this.frame = drawn("rect", { rx: 10 });
    this.lines = [drawn("tspan"), drawn("tspan")];
    this.node = drawn("g", { class: "ue-badge", "data-role": "badge", "aria-hidden": "true", visibility: "hidden" });
    this.node.append(this.frame, drawn("text", {}, ...this.lines));
  }

  /**
   * Say at the place where it happens why the tile does not fit, in one line or, where that is too wide, in two.
   *
   * @param {Followed} state
   */
  show(state) {
    const { network, failure } = state;
    this.node.setAttribute("visibility", failure ? "visible" : "hidden");
    if (!failure) return;
    const { step } = failure;
    const { font, line } = this.drawing.type;
    const part = this.drawing.partOf(step.host || step.name);
    // No wider than this on average; asking the browser would make it lay out the page at every step.
    const long = (/** @type {string} */ text) => text.length * font * 0.56;
    const { width: room, height: floor } = this.drawing.svg.viewBox.baseVal;
    const words = `✗ ${failureWords(network, failure)}`;
    const cut = words.indexOf(": ") + 1;
    const two = long(words) + 20 > 0.45 * (this.drawing.larger.hidden ? room : Math.min(room, this.drawing.room.width));
    const lines = two ? [words.slice(0, cut), words.slice(cut)] : [words, ""];
    const width = Math.max(...lines.map(long)) + 20;
    const height = two ? 2 * line + 10 : line + 8;
    // Beside a pooling's arrow; below any other box, where everything is pale already.
    const { placement } = this.drawing;
    const { direction, source } = part.box;
    const before = direction === "down" && source !== null ? this.drawing.partOf(source) : null;
    const upper = this.drawing.topOf(part);
    const top = before
      ? (this.drawing.topOf(before) + placement.heightOf(before.name) + 2 * line + upper - line) / 2 - height / 2
      : upper + placement.heightOf(part.name) + 2 * line + 4;
    const left = before ? part.x + 12 : part.left;
    const { x, y } = this.within({ x: left, y: top, width, height }, { width: room, height: floor });
    assign(this.frame, { x: x.toFixed(1), y: y.toFixed(1), width: width.toFixed(1), height });
    this.lines.forEach((span, at) => {
      setText(span, lines[at]);
      assign(span, { x: (x + width / 2).toFixed(1), y: (y + line + 1 + at * line).toFixed(1) });
    });
  }

  /**
   * Wholly on the drawing; and where that is larger than its room, in the part that is seen first, if its place is there.
   *
   * @param {{ x: number, y: number, width: number, height: number }} place  Where it would stand,
   * @param {{ width: number, height: number }} paper  and on what.
   */
  within({ x, y, width, height }, paper) {
    const { larger, room } = this.drawing;
    const cut = !larger.hidden && room.width > 0 && x < room.width && y < room.height;
    const right = cut ? Math.min(paper.width, room.width) : paper.width;
    const bottom = cut ? Math.min(paper.height, room.height) : paper.height;
    const lower = Math.min(y, bottom - height - 4);
    // In the last corner stands the button that shows all of it.
    const beside = cut && lower + height > room.height - BUTTON.height ? BUTTON.width : 0;
    return { x: Math.max(2, Math.min(x, right - beside - width - 2)), y: lower };
  }
}

export class Hint {
  /** @param {Drawing} drawing */
  constructor(drawing) {
    this.drawing = drawing;
    this.name = "";
    this.node = element("div", { class: "ue-hint", "data-role": "hint", "aria-hidden": "true", hidden: true });
  }

  /**
   * Beside the box, so that the arrow and the map it came from stay in sight; an empty name shows nothing.
   *
   * @param {string} name
   */
  show(name) {
    this.name = name;
    this.node.hidden = !name;
    if (!name) return;
    this.fill();
    const box = this.drawing.partOf(name).rect.getBoundingClientRect();
    const stage = this.drawing.node.getBoundingClientRect();
    const right = box.right - stage.left + 16;
    const flip = right + this.node.offsetWidth > stage.width;
    this.node.style.left = `${Math.max(0, flip ? box.left - stage.left - this.node.offsetWidth - 16 : right)}px`;
    this.node.style.top = `${Math.max(0, box.top - stage.top - 8)}px`;
  }

  fill() {
    if (!this.name) return;
    const { state } = this.drawing;
    const map = state?.byName.get(this.name);
    if (!state || !map) return;
    const lines = isLayer(map) ? formulaLines(state, map) : [];
    this.node.replaceChildren(
      element("strong", {}, isLayer(map) ? this.name : "the tile"),
      element("span", {}, this.drawing.shape(map)),
      ...lines.map((text) => element("span", { class: "ue-formula" }, text)),
    );
  }
}
