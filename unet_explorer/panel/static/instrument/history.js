// Undo and redo. One for each panel, however often it is shown; it lives in the model, so a reload keeps it.

import { same } from "../lib/equal.js";
import { send, setTraits } from "../lib/widget.js";

/** @import { Config, Design, InstrumentTraits, Model } from "../lib/types.js" */

const REMEMBERED = 100;
/** Milliseconds within which tiles that code sets one after the other count as one step. */
const ANIMATION = 1000;

export class DesignHistory {
  /** @param {Model<InstrumentTraits>} model */
  constructor(model) {
    this.model = model;
    this.dragging = false;
    /** When code last set a tile. */
    this.moved = -Infinity;
  }

  /**
   * Remember the design that is shown, unless a drag is under way, an answer is due, or nothing has changed.
   *
   * @param {boolean} [byCode]  Nobody asked for it here, so a tile may be one of many that a notebook runs through.
   * @param {{ config: Config }} [network]  What is drawn; left out, what the kernel told of last.
   */
  record(byCode = false, network = this.model.get("network")) {
    const { model } = this;
    const now = { config: model.get("config"), tile: model.get("tile") };
    if (this.dragging || !same(now.config, network.config)) return;
    const past = model.get("history").slice(0, model.get("position") + 1);
    const last = past[past.length - 1];
    if (last && same(last, now)) return;
    const running = byCode && past.length > 1 && same(last.config, now.config) && Date.now() - this.moved < ANIMATION;
    if (running) past.pop();
    if (byCode) this.moved = Date.now();
    const history = [...past, now].slice(-REMEMBERED);
    setTraits(model, { history, position: history.length - 1 });
    send(model);
  }

  /** @param {number} step  −1 to undo, 1 to redo. */
  can(step) {
    const next = this.model.get("position") + step;
    return next >= 0 && next < this.model.get("history").length;
  }

  /** @param {number} step */
  go(step) {
    if (!this.can(step)) return;
    const position = this.model.get("position") + step;
    this.model.set("position", position);
    setDesign(this.model, this.model.get("history")[position]);
  }
}

/**
 * @param {Model<InstrumentTraits>} model
 * @param {Design} design
 */
export function setDesign(model, { config, tile }) {
  setTraits(model, { config, tile, problem: "", ...(tile[0] === tile[1] ? {} : { linked: false }) });
  send(model);
}
