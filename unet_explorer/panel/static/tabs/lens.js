// A lens over pictures of one image: all show the same part of it, as large.

import { OWN_KEYS, element, setText } from "../lib/page.js";
import { mapPair } from "../lib/pairs.js";

/** @import { Pair } from "../lib/types.js" */

/** How many times as large. */
const SCALES = [1, 2, 4, 8, 16];

export class Lens {
  /**
   * @param {AbortSignal} signal
   * @param {() => void} changed  Called when another part is to be shown.
   */
  constructor(signal, changed) {
    this.changed = changed;
    this.scale = 1;
    /**
     * What lies in its middle, as a share of the image down and across.
     *
     * @type {Pair}
     */
    this.centre = [0.5, 0.5];
    const button = (/** @type {string} */ action, /** @type {string} */ text, /** @type {string} */ label) =>
      element("button", { type: "button", "data-action": action, "aria-label": label, title: label, ...OWN_KEYS }, text);
    this.out = button("zoom-out", "−", "− zoom out");
    this.in = button("zoom-in", "+", "+ zoom in");
    this.shown = element("output", { class: "ue-which", "data-role": "zoom" }, "1×");
    const hint = element("span", { class: "ue-quiet" }, "click in a picture to choose the middle");
    this.node = element("div", { class: "ue-line ue-lens-line", role: "group", "aria-label": "Zoom" }, element("span", {}, "Zoom"), this.out, this.shown, this.in, hint);
    this.out.addEventListener("click", () => this.turn(-1), { signal });
    this.in.addEventListener("click", () => this.turn(1), { signal });
    this.turn(0);
  }

  /** @param {number} by  Steps nearer, or below 0 further away. */
  turn(by) {
    const at = SCALES.indexOf(this.scale) + by;
    if (at < 0 || at >= SCALES.length) return;
    this.scale = SCALES[at];
    setText(this.shown, `${this.scale}×`);
    // Not `disabled`: a button that is pressed until nothing is left must keep the focus.
    this.out.setAttribute("aria-disabled", String(at === 0));
    this.in.setAttribute("aria-disabled", String(at === SCALES.length - 1));
    if (by) this.changed();
  }

  /** @param {Pair} centre  Shares of the image. */
  moveTo(centre) {
    this.centre = mapPair(centre, (share) => Math.min(1, Math.max(0, share)));
    if (this.scale > 1) this.changed();
  }

  /**
   * Where the part that is seen begins, as shares of the image; it never reaches beyond its border.
   *
   * @returns {Pair}
   */
  start() {
    const length = 1 / this.scale;
    return mapPair(this.centre, (share) => Math.min(1 - length, Math.max(0, share - length / 2)));
  }

  /**
   * A frame for a picture of the image, that shows the part below the lens.
   *
   * @param {HTMLCanvasElement} canvas
   * @param {AbortSignal} signal
   */
  frame(canvas, signal) {
    const point = (/** @type {PointerEvent} */ event) => {
      const box = canvas.getBoundingClientRect();
      this.moveTo([(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width]);
    };
    canvas.addEventListener("pointerdown", point, { signal });
    return element("div", { class: "ue-lens" }, canvas);
  }

  /** @param {HTMLCanvasElement[]} canvases  In frames. */
  show(canvases) {
    const [down, across] = mapPair(this.start(), (share) => -100 * share);
    const seen = this.scale === 1 ? "" : `scale(${this.scale}) translate(${across}%, ${down}%)`;
    for (const canvas of canvases) canvas.style.transform = seen;
  }
}
