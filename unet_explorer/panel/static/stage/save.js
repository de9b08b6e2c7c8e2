// The menu Save: what is taken away, as files, as a link, and as code.

import { bytesOf } from "../lib/canvas.js";
import { Menu } from "../lib/menu.js";
import { OWN_KEYS, copyText, download, element, onTyped, pressedButton, setText } from "../lib/page.js";
import { ask } from "../lib/widget.js";

/** @import { Model, Offer, StageTraits } from "../lib/types.js" */

/** A journal's two columns, and one, in mm. */
const WIDTH = { usual: 174, least: 20, most: 1000 };

const NOT_IN_IT = "Your own images, and what a network has learnt, are not in it.";

export class SaveMenu {
  /**
   * @param {Model<StageTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    /** Number of the request that was made here: another view of the same panel may make its own. */
    this.asked = 0;
    this.menu = new Menu("save", "Save ▾", "Save: what to take away", signal);
    this.node = this.menu.node;
    this.said = element("p", { class: "ue-quiet", role: "status", "data-role": "saved" });
    this.link = element("textarea", { readonly: true, hidden: true, rows: 3, "aria-label": "link or code", "data-role": "link", ...OWN_KEYS });
    this.width = element("input", { type: "number", min: WIDTH.least, max: WIDTH.most, value: WIDTH.usual, "data-option": "width", ...OWN_KEYS });
    onTyped(this.width, () => {}, signal);
    this.grey = this.box("grey", "grey", false);
    this.legend = this.box("legend", "legend", true);
    this.print = element(
      "div",
      { class: "ue-line ue-wrap ue-print", role: "group", "aria-label": "How the picture of the U shall look" },
      element("label", {}, this.width, element("span", {}, "mm wide")),
      this.grey.node,
      this.legend.node,
    );
    const table = element("div", { class: "ue-offers" }, ...model.get("offers").flatMap((offer) => this.row(offer)));
    const copy = element("div", { class: "ue-line ue-wrap" }, this.button("copy-link", "Copy link"), this.button("copy-code", "Copy code"));
    this.menu.sheet.append(copy, this.link, this.said, table);
    this.menu.sheet.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /**
   * @param {string} action
   * @param {string} words
   * @param {Record<string, string>} [more]
   */
  button(action, words, more = {}) {
    return element("button", { type: "button", "data-action": action, ...more, ...OWN_KEYS }, words);
  }

  /**
   * @param {string} option
   * @param {string} words
   * @param {boolean} checked
   */
  box(option, words, checked) {
    const box = element("input", { type: "checkbox", checked, "data-option": option, ...OWN_KEYS });
    return { box, node: element("label", { class: "ue-check" }, box, element("span", {}, words)) };
  }

  /** @param {Offer} offer */
  row({ words, files }) {
    const buttons = files.map(({ what, ending, name }) =>
      this.button(`save-${what}`, name, { "data-ending": ending, "aria-label": `${words}: ${name}${ending && ` (${ending})`}` }),
    );
    const cells = [element("span", {}, words), element("div", { class: "ue-line ue-wrap" }, ...buttons)];
    // How the picture shall look stands with it.
    return files.some(({ what }) => what === "figure") ? [...cells, element("span"), this.print] : cells;
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (!pressed) return;
    const { action, ending = "" } = pressed;
    if (action === "copy-link" || action === "copy-code") this.request(action.replace("copy-", ""), {});
    else if (action.startsWith("save-")) {
      const what = action.replace("save-", "");
      this.request("take", { what, ending, options: what === "figure" ? this.options() : {} });
      setText(this.said, "writing …");
    }
  }

  options() {
    const width = Number(this.width.value) || WIDTH.usual;
    return { width, grey: this.grey.box.checked, legend: this.legend.box.checked };
  }

  /**
   * @param {string} what
   * @param {Record<string, unknown>} more
   */
  request(what, more) {
    this.link.hidden = true;
    ask(this.model, what, more);
    this.asked = this.model.get("request").number ?? 0;
  }

  /** What was asked for has come. */
  take() {
    const { number, name, type, content, text, problem } = this.model.get("taken");
    if (!this.asked || number !== this.asked) return;
    if (problem) setText(this.said, problem);
    else if (name && type && content) {
      download(name, new Uint8Array(bytesOf(content)), type);
      setText(this.said, `Saved as ${name}.`);
    } else if (text) this.show(text);
    else setText(this.said, "");
  }

  /** @param {string} text */
  async show(text) {
    this.link.value = text;
    this.link.hidden = false;
    const copied = await copyText(text);
    setText(this.said, copied ? `Copied. ${NOT_IN_IT}` : "The browser does not allow it; the text is selected: press Ctrl + C.");
    if (!copied) this.link.select();
  }
}
