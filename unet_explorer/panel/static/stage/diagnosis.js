// What a report of a defect needs, to be copied: versions, the design and the last messages.

import { OWN_KEYS, copyText, element, setText } from "../lib/page.js";
import { ask } from "../lib/widget.js";

/** @import { Model, StageTraits } from "../lib/types.js" */

export class Diagnosis {
  /**
   * @param {Model<StageTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    /** Number of the request that was made here: the menu Save makes its own. */
    this.asked = 0;
    const button = element("button", { type: "button", "data-action": "copy-diagnosis", ...OWN_KEYS }, "Copy diagnosis");
    this.text = element("textarea", { readonly: true, hidden: true, rows: 5, "aria-label": "diagnosis", "data-role": "diagnosis", ...OWN_KEYS });
    this.said = element("span", { class: "ue-quiet", role: "status", "data-role": "diagnosed" }, "for a report of a defect: no paths, no names");
    this.node = element("div", {}, element("div", { class: "ue-line ue-wrap" }, button, this.said), this.text);
    button.addEventListener("click", () => this.request(), { signal });
  }

  request() {
    this.text.hidden = true;
    ask(this.model, "diagnosis");
    this.asked = this.model.get("request").number ?? 0;
  }

  /** What was asked for may have come. */
  take() {
    const { number, text } = this.model.get("taken");
    if (this.asked && number === this.asked && text) void this.show(text);
  }

  /** @param {string} text */
  async show(text) {
    this.text.value = text;
    this.text.hidden = false;
    const copied = await copyText(text);
    setText(this.said, copied ? "Copied: this is all of it." : "The browser does not allow it; the text is selected: press Ctrl + C.");
    if (!copied) this.text.select();
  }
}
