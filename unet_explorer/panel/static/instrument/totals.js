// What the network takes in all: its output, its work, its memory, for as many tiles as a batch has.

import { bytes, exact, plain, rough, size } from "../lib/format.js";
import { totals } from "../lib/law.js";
import { OWN_KEYS, element, onTyped, setText, showNumber } from "../lib/page.js";

/** @import { Followed } from "../lib/types.js" */

const PEAK = "memory of a process of its own at its fullest moment, the interpreter and TensorFlow included";
const TOTALS = /** @type {const} */ ([
  ["output", "output", undefined],
  ["border", "border lost", undefined],
  ["parameters", "parameters", undefined],
  ["macs", "multiply-adds (MAC) per tile", "what it takes to predict one tile: a multiplication and an addition are one"],
  ["predict", "memory to predict", PEAK],
  ["train", "to train", PEAK],
]);
/** @typedef {(typeof TOTALS)[number][0]} Total */

export class Totals {
  /**
   * @param {(text: string) => void} askBatch  Called with the number of tiles that was typed.
   * @param {AbortSignal} signal
   */
  constructor(askBatch, signal) {
    this.batch = element("input", { type: "number", min: 1, step: 1, "data-knob": "batch_size", ...OWN_KEYS });
    onTyped(this.batch, () => askBatch(this.batch.value), signal);
    /** @type {Map<Total, HTMLElement>} */
    this.values = new Map();
    const made = TOTALS.map(([key, label, title]) => {
      const value = element("strong", { "data-total": key, title });
      this.values.set(key, value);
      return element("span", {}, value, element("span", { class: "ue-quiet" }, label));
    });
    this.name = element("span");
    const batch = element("label", { class: "ue-quiet" }, this.batch, this.name);
    this.node = element("div", { class: "ue-totals", "data-role": "totals" }, ...made, batch);
  }

  /**
   * @param {Followed} state
   * @param {number} batch
   */
  update(state, batch) {
    const sums = totals(state, batch);
    const open = (/** @type {string} */ text) => (state.fits ? text : "–");
    const { output, tile } = state;
    /** @type {Record<Total, string>} */
    const texts = {
      output: open(`${size([output.height, output.width])} × ${output.step.channels}`),
      border: open(`${plain((tile[0] - output.height) / 2)} px`),
      parameters: rough(sums.parameters),
      macs: open(rough(sums.macs).trim()),
      predict: open(bytes(sums.predict)),
      train: open(bytes(sums.train)),
    };
    for (const [key, node] of this.values) setText(node, texts[key]);
    this.values.get("parameters")?.setAttribute("title", exact(sums.parameters));
    showNumber(this.batch, batch);
    setText(this.name, state.network.sentences.batch.toLowerCase());
  }
}
