// What must be said before something can be read: shown with its pictures, and answered with a button.

import { easel, imageColour, paint } from "../lib/canvas.js";
import { OWN_KEYS, element, pressedButton } from "../lib/page.js";
import { ask } from "../lib/widget.js";

/** @import { Model } from "../lib/types.js" */
/** @import { BackgroundTraits } from "./types.js" */

export class QuestionView {
  /**
   * @param {Model<BackgroundTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    this.pictures = element("div", { class: "ue-planes" });
    this.choices = element("div", { class: "ue-line ue-wrap" });
    this.node = element("div", { class: "ue-question", "data-role": "question", role: "group", "aria-label": "What is it?", hidden: true });
    this.node.append(this.pictures, this.choices);
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    const { option, choices } = this.model.get("question");
    // It is answered here; the tab has other buttons.
    event.stopPropagation();
    if (pressed?.action !== "answer" || !option || !choices) return;
    ask(this.model, "answer", { option, value: choices[Number(pressed.choice)][0] });
  }

  show() {
    const { option, choices = [], pictures = [] } = this.model.get("question");
    this.node.hidden = !option;
    // Where each picture is a choice, it is the picture that is pressed.
    const pressed = pictures.length === choices.length && option === "plane";
    const shown = pictures.map((picture, at) => {
      const canvas = easel("plane");
      paint(canvas, picture, 1, imageColour(picture), picture.title);
      const figure = element("figure", {}, canvas, element("figcaption", {}, pressed ? choices[at][1] : picture.title));
      return pressed ? element("button", { type: "button", "data-action": "answer", "data-choice": at, ...OWN_KEYS }, figure) : figure;
    });
    this.pictures.replaceChildren(...shown);
    this.pictures.hidden = !shown.length;
    const words = element("span", {}, "They are:");
    const button = (/** @type {string} */ text, /** @type {number} */ at) => element("button", { type: "button", "data-action": "answer", "data-choice": at, ...OWN_KEYS }, text);
    this.choices.replaceChildren(...(pressed ? [] : [...(option === "planes" ? [words] : []), ...choices.map(([, text], at) => button(text, at))]));
  }
}
