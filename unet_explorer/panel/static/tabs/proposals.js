// What is proposed for the images, each with its reason, and with a button where something else is chosen.

import { OWN_KEYS, element, setText } from "../lib/page.js";

/** @import { Model } from "../lib/types.js" */
/** @import { Proposal, TrainTraits } from "./types.js" */

export class Proposals {
  /** @param {Model<TrainTraits>} model */
  constructor(model) {
    this.model = model;
    this.summary = element("summary", OWN_KEYS);
    this.list = element("ul", { class: "ue-proposals" });
    this.node = element("details", { class: "ue-more", "data-role": "proposals", hidden: true }, this.summary, this.list);
    /** The proposals that are listed. */
    this.listed = "";
  }

  show() {
    const proposals = this.model.get("proposals");
    const key = JSON.stringify(proposals);
    if (key === this.listed) return;
    this.listed = key;
    this.node.hidden = proposals.length === 0;
    const other = proposals.filter(({ taken }) => !taken);
    setText(this.summary, other.length ? `Proposed: ${other.length} not taken` : "Proposed for these images");
    const items = proposals.map(item);
    if (other.filter(({ name }) => name !== "tile").length > 1) items.push(element("li", {}, take("Take all of them")));
    this.list.replaceChildren(...items);
  }
}

/** @param {Proposal} proposal */
function item({ name, label, value, reason, taken }) {
  const words = element("div", { class: "ue-line" }, element("b", {}, `${label}: ${value}`));
  if (!taken) words.append(take("Take it", name, `Take ${label}: ${value}`));
  return element("li", { "data-proposal": name, "data-taken": String(taken) }, words, reason);
}

/**
 * @param {string} text
 * @param {string} [kind]  All but the tile, if left out: the tile belongs to the knobs.
 * @param {string} [aloud]  What it says to whoever does not see what it stands beside.
 */
function take(text, kind, aloud) {
  return element("button", { type: "button", "data-action": "take", "data-kind": kind, "aria-label": aloud, ...OWN_KEYS }, text);
}
