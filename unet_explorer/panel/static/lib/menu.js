// A button that opens a small sheet over the stage, and closes it again: on Escape, on a press elsewhere.

import { OWN_KEYS, consume, element } from "./page.js";

export class Menu {
  /**
   * @param {string} action  The button's hook.
   * @param {string} words  What is on it,
   * @param {string} label  and what it does.
   * @param {AbortSignal} signal
   */
  constructor(action, words, label, signal) {
    const said = { "aria-label": label, title: label, "aria-expanded": "false" };
    this.button = element("button", { type: "button", "data-action": action, ...said, ...OWN_KEYS }, words);
    this.sheet = element("div", { class: "ue-sheet", "data-menu": action, role: "group", "aria-label": label, hidden: true });
    this.node = element("div", { class: "ue-menu" }, this.button, this.sheet);
    this.button.addEventListener("click", () => this.open(Boolean(this.sheet.hidden)), { signal });
    const elsewhere = (/** @type {Event} */ event) => {
      if (!event.composedPath().includes(this.node)) this.open(false);
    };
    document.addEventListener("pointerdown", elsewhere, { signal });
    const key = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || this.sheet.hidden) return;
      this.open(false);
      this.button.focus();
      consume(event);
    };
    this.node.addEventListener("keydown", key, { signal });
    const left = (/** @type {FocusEvent} */ event) => {
      if (event.relatedTarget instanceof Node && !this.node.contains(event.relatedTarget)) this.open(false);
    };
    this.node.addEventListener("focusout", left, { signal });
  }

  /**
   * Whether there is anything to choose from.
   *
   * @param {boolean} wanted
   */
  enable(wanted) {
    this.button.setAttribute("aria-disabled", String(!wanted));
    if (!wanted) this.open(false);
  }

  /** @param {boolean} wanted */
  open(wanted) {
    if (wanted && this.button.getAttribute("aria-disabled") === "true") return;
    this.sheet.hidden = !wanted;
    this.button.setAttribute("aria-expanded", String(wanted));
  }
}
