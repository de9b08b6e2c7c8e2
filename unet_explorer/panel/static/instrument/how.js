// Plays how a step works: by a clock, or by hand.

import { UNIT, argmax, explanation } from "./explanations.js";
import { OWN_KEYS, drawn, element, setText } from "../lib/page.js";

/** @import { Followed, FollowedMap } from "../lib/types.js" */
/** @import { Patch } from "../tabs/image_types.js" */
/** @import { Explanation } from "./explanations.js" */

const PER_FRAME = 550; // milliseconds
/** Px of a cell without numbers. */
const CELL = 27.5;

/** Plays an explanation; a slider goes through it by hand. */
export class HowItWorks {
  /**
   * @param {AbortSignal} signal
   * @param {boolean} [playing]  Whether it starts by itself when another step is shown.
   */
  constructor(signal, playing = false) {
    this.playing = playing;
    /** @type {Explanation | null} */
    this.told = null;
    /** The step that is explained, and the frame that is shown. */
    this.name = "";
    this.at = 0;
    /** @type {ReturnType<typeof setInterval> | null} */
    this.clock = null;
    this.title = element("h4");
    this.svg = drawn("svg", { class: "ue-how", role: "img" });
    this.words = element("p");
    this.sum = element("p", { class: "ue-sum", "data-role": "sum", hidden: true });
    this.play = element("button", { type: "button", "data-action": "play", ...OWN_KEYS }, "▶ Play");
    this.slider = element("input", { type: "range", min: 0, max: 1, step: 1, "aria-label": "Through the explanation", ...OWN_KEYS });
    this.node = element("section", { class: "ue-explained", "data-role": "how" }, this.title, this.svg);
    this.node.append(this.sum, element("div", { class: "ue-line" }, this.play, this.slider), this.words);
    this.play.addEventListener("click", () => (this.clock ? this.halt() : this.start()), { signal });
    this.slider.addEventListener("input", () => (this.halt(), this.draw(Number(this.slider.value))), { signal });
    signal.addEventListener("abort", () => this.halt());
  }

  /**
   * @param {Followed} state
   * @param {FollowedMap | undefined} map
   * @param {Patch} patch
   */
  show(state, map, patch) {
    this.tell(map ? explanation(state, map, patch) : null, map?.step.name ?? "");
  }

  /** @param {Patch} patch  Of the head. */
  showArgmax(patch) {
    this.tell(argmax(patch), "argmax");
  }

  /**
   * @param {Explanation | null} told
   * @param {string} name  Of what is explained.
   */
  tell(told, name) {
    this.node.hidden = !told;
    if (!told) {
      this.halt();
      this.name = "";
      return;
    }
    const other = this.name !== name;
    const first = other && this.playing;
    this.name = name;
    this.told = told;
    setText(this.title, told.title);
    setText(this.words, told.words);
    this.svg.setAttribute("viewBox", `-2 -2 ${told.width * UNIT + 4} ${told.height * UNIT + 4}`);
    this.svg.style.width = `${(told.cell ?? CELL) * told.width}px`;
    this.svg.setAttribute("aria-label", `${told.title}. ${told.words}`);
    this.slider.max = String(told.frames - 1);
    if (other) {
      this.halt();
      this.at = told.frames - 1;
    }
    this.draw(Math.min(this.at, told.frames - 1));
    if (first && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.start();
  }

  /** @param {number} frame */
  draw(frame) {
    this.at = frame;
    this.slider.value = this.node.dataset.frame = String(frame);
    this.svg.replaceChildren(...(this.told?.draw(frame) ?? []));
    const sum = this.told?.sum?.(frame) ?? "";
    this.sum.hidden = !sum;
    setText(this.sum, sum);
  }

  isAtEnd() {
    return !this.told || this.at >= this.told.frames - 1;
  }

  start() {
    if (this.isAtEnd()) this.draw(0);
    setText(this.play, "❚❚ Pause");
    this.clock = setInterval(() => {
      if (this.isAtEnd() || !this.node.isConnected) this.halt();
      else this.draw(this.at + 1);
    }, PER_FRAME);
  }

  halt() {
    if (this.clock !== null) clearInterval(this.clock);
    this.clock = null;
    setText(this.play, "▶ Play");
  }
}
