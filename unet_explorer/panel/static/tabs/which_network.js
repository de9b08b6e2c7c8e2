// Which network is looked at where there are two, and the way to one where nothing can be shown.

import { OWN_KEYS, element, setText } from "../lib/page.js";
import { ask } from "../lib/widget.js";

/** @import { Model } from "../lib/types.js" */
/** @import { InsideTraits, Way } from "./image_types.js" */

/** @type {Way} */
const NO_WAY = { words: "", to: "" };

export class WhichNetwork {
  /**
   * @param {Model<InsideTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    this.select = element("select", { "data-setting": "network", ...OWN_KEYS });
    this.choice = element("label", { class: "ue-setting", hidden: true }, element("span", {}, "Network"), this.select);
    this.words = element("span");
    this.lead = element("button", { type: "button", class: "ue-lead", "data-leads": "Train", ...OWN_KEYS }, "Go to Train");
    this.design = element("button", { type: "button", "data-action": "show_design", ...OWN_KEYS }, "Show it");
    this.way = element("p", { "data-role": "way", hidden: true }, this.words, " ", this.lead, this.design);
    this.select.addEventListener("change", () => ask(model, "choose_network", { key: this.select.value }), { signal });
    this.design.addEventListener("click", () => ask(model, "show_design"), { signal });
  }

  show() {
    const [networks, which, way] = [this.model.get("networks") ?? [], this.model.get("which") ?? "", this.model.get("way") ?? NO_WAY];
    this.choice.hidden = networks.length < 2;
    if (this.select.length !== networks.length) this.select.replaceChildren(...networks.map(([value, words]) => element("option", { value }, words)));
    this.select.value = which;
    this.way.hidden = !way.to;
    // Else the words are those of the problem above.
    this.way.classList.toggle("ue-differs", way.words !== "");
    this.lead.hidden = way.to !== "Train";
    this.design.hidden = way.to !== "design";
    setText(this.words, way.words);
  }
}
