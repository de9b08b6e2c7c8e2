// Which knob mattered: how much of the difference between designs each accounts for, and how sure that is.

import { drawn, element, setText } from "../lib/page.js";

/** @import { Told } from "../lib/types.js" */
/** @import { KnobShare } from "./sweep_types.js" */

export class MatteredView {
  constructor() {
    this.list = element("ul", { class: "ue-shares", "data-role": "shares" });
    this.words = element("p", { class: "ue-quiet", "data-role": "mattered-words" });
    this.node = element("section", { class: "ue-mattered", "data-role": "mattered", hidden: true }, element("h4", {}, "Which knob mattered"), this.list, this.words);
  }

  /** @param {Told<{ shares: KnobShare[], words: string }>} mattered */
  show({ shares = [], words = "" }) {
    this.node.hidden = !shares.length && !words;
    setText(this.words, words);
    this.list.replaceChildren(...shares.map(shareItem));
  }
}

/** @param {KnobShare} share */
function shareItem({ label, share, low, high, told, words }) {
  const bar = drawn("svg", { class: "ue-share", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(
    drawn("rect", { class: "ue-share-room", x: 0, y: 2, width: 100, height: 8 }),
    drawn("rect", { class: "ue-share-bar", x: 0, y: 2, width: (100 * Math.max(0, share)).toFixed(1), height: 8 }),
    drawn("path", { class: "ue-share-band", d: `M${(100 * low).toFixed(1)} 6H${(100 * high).toFixed(1)}` }),
  );
  return element("li", { "data-told": String(told) }, element("span", {}, label), bar, element("span", { class: "ue-quiet" }, words));
}
