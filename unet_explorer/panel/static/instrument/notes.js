// What is written over the drawing: why a tile does not fit, and what a box is that is pointed at.

import { assign, drawn, element, setText } from "../lib/page.js";
import { failureWords, formulaLines } from "../lib/sentences.js";

export class Badge {
  constructor(drawing) {
    this.drawing = drawing;
    this.node = drawn("g", { class: "ue-badge", "data-role": "badge", "aria-hidden": "true", visibility: "hidden" });
    this.node.append(drawn("rect", { rx: 10 }), drawn("text", {}, drawn("tspan"), drawn("tspan")));
  }

  /** Say at the place where it happens why the tile does not fit, in one line or, where that is too wide, in two. */
  show(state) {
    this.node.setAttribute("visibility", state.fits ? "hidden" : "visible");
    if (state.fits) return;
    const { step } = state.failure;
    const { font, line, margin } = this.drawing.network.metrics;
    const part = this.drawing.byName.get(step.host || step.name);
    const [frame, text] = this.node.children;
    // No wider than this on average; asking the browser would make it lay out the page at every step.
    const long = (words) => words.length * font * 0.56;
    const { width: room, height: floor } = this.drawing.svg.viewBox.baseVal;
    const words = `✗ ${failureWords(this.drawing.network, state.failure)}`;
    const cut = words.indexOf(": ") + 1;
    const two = long(words) + 20 > 0.45 * room;
    const lines = two ? [words.slice(0, cut), words.slice(cut)] : [words, ""];
    const width = Math.max(...lines.map(long)) + 20;
    const height = two ? 2 * line + 10 : line + 8;
    const { y: placed, height: tall } = this.drawing.place;
    const [above, below] = [this.drawing.byName.get(part.source), part].map((each) => each && placed(each, "top"));
    const pool = part.direction === "down";
    // Beside a pooling's arrow; below any other box, where everything is pale already.
    const top = pool
      ? (above + tall(part.source) + 2 * line + below - line) / 2 - height / 2
      : below + tall(part.name) + 2 * line + 4;
    const left = pool ? part.x + 12 : part.x - part.width / 2;
    const x = Math.max(2, Math.min(left, room - width - 2));
    const y = Math.min(top, floor - height - margin / 2);
    assign(frame, { x: x.toFixed(1), y: y.toFixed(1), width: width.toFixed(1), height });
    [...text.children].forEach((span, at) => {
      setText(span, lines[at]);
      assign(span, { x: (x + width / 2).toFixed(1), y: (y + line + 1 + at * line).toFixed(1) });
    });
  }
}

export class Hint {
  constructor(drawing) {
    this.drawing = drawing;
    this.node = element("div", { class: "ue-hint", "data-role": "hint", "aria-hidden": "true", hidden: true });
  }

  /** Beside the box, so that the arrow and the map it came from stay in sight; an empty name shows nothing. */
  show(name) {
    this.name = name;
    this.node.hidden = !name;
    if (!name) return;
    this.fill();
    const box = this.drawing.byName.get(name).rect.getBoundingClientRect();
    const stage = this.drawing.node.getBoundingClientRect();
    const right = box.right - stage.left + 16;
    const flip = right + this.node.offsetWidth > stage.width;
    this.node.style.left = `${Math.max(0, flip ? box.left - stage.left - this.node.offsetWidth - 16 : right)}px`;
    this.node.style.top = `${Math.max(0, box.top - stage.top - 8)}px`;
  }

  fill() {
    if (!this.name) return;
    const { state } = this.drawing;
    const map = state.byName.get(this.name);
    if (!map) return;
    const input = this.name === "input";
    const lines = input ? [] : formulaLines(state, map);
    this.node.replaceChildren(
      element("strong", {}, input ? "the tile" : this.name),
      element("span", {}, this.drawing.shape(map)),
      ...lines.map((text) => element("span", { class: "ue-formula" }, text)),
    );
  }
}
