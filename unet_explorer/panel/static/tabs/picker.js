// Which image is looked at: one of those there are, a file where the notebook runs, or one from this computer.

import { OWN_KEYS, element, onTyped } from "../lib/page.js";
import { ask } from "../lib/widget.js";
import { QuestionView } from "./questions.js";
import { Upload } from "./upload.js";

/** @import { Model } from "../lib/types.js" */
/** @import { ImageTraits } from "./image_types.js" */

export class Picker {
  /**
   * @param {Model<ImageTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    /** What the list was made from. */
    this.known = "";
    this.choice = element("select", { "data-setting": "image", ...OWN_KEYS });
    this.path = element("input", { type: "text", "data-setting": "path", placeholder: "/home/me/image.tif", ...OWN_KEYS });
    const accept = model.get("accepted").images.join(",");
    const file = element("input", { type: "file", accept, "data-upload": "image", ...OWN_KEYS });
    this.upload = new Upload(model, signal, [[model.get("alone") ? "Choose an image …" : "Upload an image …", file]]);
    this.choice.addEventListener("change", () => ask(model, "choose", { key: this.choice.value }), { signal });
    onTyped(this.path, () => this.path.value && ask(model, "open", { path: this.path.value }), signal);
    const own = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "Your own image"));
    const label = element("label", { class: "ue-setting" }, element("span", {}, "File, where the notebook runs"), this.path);
    const alone = model.get("alone");
    own.append(alone ? element("p", { class: "ue-quiet", "data-role": "alone" }, alone) : label, this.upload.node);
    const choice = element("label", { class: "ue-setting" }, element("span", {}, "Image"), this.choice);
    this.question = new QuestionView(model, signal);
    this.node = element("div", { class: "ue-images" }, choice, this.question.node, own);
  }

  show() {
    this.question.show();
    const options = this.model.get("options");
    const key = JSON.stringify([options, this.model.get("title")]);
    if (key !== this.known) {
      this.known = key;
      const own = element("option", { value: "" }, this.model.get("title") || "…");
      own.hidden = this.model.get("choice") !== "";
      this.choice.replaceChildren(own, ...options.map(([value, words]) => element("option", { value }, words)));
    }
    this.choice.value = this.model.get("choice");
  }
}
