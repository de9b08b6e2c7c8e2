// How often and how long each design of a sweep is taught, and what becomes of tiles that do not fit.

import { OWN_KEYS, element, onTyped, showNumber } from "../lib/page.js";
import { askNumber, send } from "../lib/widget.js";

/** @import { Model } from "../lib/types.js" */
/** @import { SweepTraits } from "./sweep_types.js" */

const SNAP = "Where a tile does not fit a network, that one is taught with the nearest that does";
const SEEDS = "Each design is taught so often, from other first weights: how far its scores lie apart is chance";
const STEPS = "Changes of the weights of each; all else is as on the tab Train";

export class SweepNumbers {
  /**
   * @param {Model<SweepTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    this.seeds = this.number("seeds", { min: 1, max: 5, step: 1 }, signal);
    this.steps = this.number("steps", { min: 1, step: 50 }, signal);
    this.nearest = element("input", { type: "checkbox", "data-setting": "nearest", ...OWN_KEYS });
    const follow = () => {
      model.set("nearest", this.nearest.checked);
      send(model);
    };
    this.nearest.addEventListener("change", follow, { signal });
    this.snap = element("label", { class: "ue-check", title: SNAP }, this.nearest, element("span", {}, "Take the nearest tile that fits"));
    const seeds = element("label", { class: "ue-line", title: SEEDS }, element("span", {}, "Seeds"), this.seeds);
    const steps = element("label", { class: "ue-line", title: STEPS }, element("span", {}, "Steps"), this.steps);
    this.nodes = [seeds, steps];
  }

  /**
   * @param {"seeds" | "steps"} name
   * @param {Record<string, number>} range
   * @param {AbortSignal} signal
   */
  number(name, range, signal) {
    const { model } = this;
    const input = element("input", { type: "number", ...range, "data-setting": name, ...OWN_KEYS });
    onTyped(input, () => askNumber(model, name, input), signal);
    return input;
  }

  show() {
    this.nearest.checked = this.model.get("nearest");
    showNumber(this.seeds, this.model.get("seeds"));
    showNumber(this.steps, this.model.get("steps"));
  }
}
