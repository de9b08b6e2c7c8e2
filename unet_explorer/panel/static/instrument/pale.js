// A U to look at only, as large as its room and without labels: that of the pinned design.

import { Piece, Type } from "./piece.js";
import { Placement, scaleFor } from "./placement.js";
import { assign, drawn, element } from "../lib/page.js";

/** @import { Followed } from "../lib/types.js" */

/** Px of the type that nobody sees: it decides how close columns may come. */
const SMALL = 4;

/** @typedef {{ name: string, group: SVGGElement, pieces: Piece[] }} PalePart */

export class PaleDrawing {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    /** @type {Followed | null} */
    this.state = null;
    /** @type {PalePart[]} */
    this.parts = [];
    this.room = { width: 0, height: 0 };
    this.svg = drawn("svg", { class: "ue-drawing", role: "img", "data-role": "pinned-u" });
    this.node = element("div", { class: "ue-pale" }, this.svg);
    const measure = new ResizeObserver(([{ contentRect: { width, height } }]) => {
      this.room = { width, height };
      this.lay();
    });
    measure.observe(this.node);
    signal.addEventListener("abort", () => measure.disconnect());
  }

  /**
   * @param {Followed} state
   * @param {string} words  For those who cannot see it.
   */
  show(state, words) {
    const anew = state.network !== this.state?.network;
    this.state = state;
    this.svg.setAttribute("aria-label", words);
    if (anew) this.make(state);
    this.lay();
  }

  /** @param {Followed} state */
  make({ network }) {
    const ops = new Map(network.steps.map(({ name, op }) => [name, op]));
    this.parts = network.boxes.map(({ name, marks }) => {
      const shapes = marks.filter(([kind]) => kind === "rect" || kind === "arrow");
      const pieces = shapes.map((each) => new Piece(each, network.metrics.head));
      const group = drawn("g", { class: `ue-op-${ops.get(name) ?? ""}`, "data-pinned-step": name }, ...pieces.map(({ node }) => node));
      return { name, group, pieces };
    });
    this.svg.replaceChildren(...this.parts.map(({ group }) => group));
  }

  /** @param {string} name  Of the step that is selected in the other U. */
  select(name) {
    const host = this.state?.network.steps.find((step) => step.name === name)?.host || name;
    for (const part of this.parts) part.group.classList.toggle("ue-selected", part.name === host);
  }

  lay() {
    const { state, room } = this;
    if (!state || !room.width || !room.height) return;
    const { network, failure, maps } = state;
    const unit = SMALL / network.metrics.font;
    const scale = scaleFor(network, room, unit, () => 0, true);
    const placement = new Placement(network, state, scale, true);
    const type = new Type(SMALL, SMALL, 0.7, network.metrics);
    const [width, height] = [placement.x(network.width), placement.y(network.height)].map(Math.ceil);
    assign(this.svg, { viewBox: `0 0 ${width} ${height}`, width: Math.min(width, room.width), height: Math.min(height, room.height) });
    const possible = new Set(maps.slice(0, failure ? failure.index : maps.length).map(({ step }) => step.name));
    for (const { name, group, pieces } of this.parts) {
      group.classList.toggle("ue-ghost", !possible.has(name));
      for (const piece of pieces) piece.place(placement, type, true);
    }
  }
}
