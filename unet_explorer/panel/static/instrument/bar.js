// The bar: presets, undo, redo, reset; whether the tile fits, why not, and what would.

import { same } from "../lib/equal.js";
import { plain, size } from "../lib/format.js";
import { closest, nearest } from "../lib/law.js";
import { OWN_KEYS, assign, element, howAgain, pressedButton, setText } from "../lib/page.js";
import { AXES, mapPair } from "../lib/pairs.js";
import { misfitWords, verdictWords } from "../lib/sentences.js";

/** @import { Design, Followed, InstrumentTraits, Model, Pair } from "../lib/types.js" */
/** @import { KernelState } from "./kernel.js" */

/**
 * @typedef {{
 *   preset(design: Design): void,
 *   size(tile: Pair): void,
 *   other(action: string): void,
 * }} BarActions  A design is chosen, a tile that fits, or anything else.
 */
/** @typedef {{ tile: Pair, text: string, fits: boolean }} Offer  A tile to take; or one that mends one axis of two. */

/** @type {Partial<Record<KernelState, string>>} */
const WAITING = { "is late": "waiting for the kernel …", "is silent": "no answer from the kernel: is it busy, or gone?" };

export class Bar {
  /**
   * @param {Model<InstrumentTraits>} model
   * @param {BarActions} act
   * @param {AbortSignal} signal
   */
  constructor(model, act, signal) {
    this.model = model;
    this.act = act;
    this.presets = model.get("presets");
    const options = this.presets.map(({ name, about }) =>
      element("optgroup", { label: about }, element("option", { value: name }, name)),
    );
    this.preset = element("select", { "data-knob": "preset", "aria-label": "Start from", ...OWN_KEYS }, ...options);
    this.custom = element("option", { value: "", disabled: true, hidden: true }, "your own");
    this.preset.append(this.custom);
    this.preset.addEventListener("change", () => this.choosePreset(), { signal });
    const button = (/** @type {string} */ action, /** @type {string} */ label, /** @type {string} */ text) =>
      element("button", { type: "button", "data-action": action, "aria-label": label, title: label, ...OWN_KEYS }, text);
    this.undo = button("undo", "Undo", "↶");
    this.redo = button("redo", "Redo", "↷");
    this.verdict = element("span", { class: "ue-verdict" });
    this.waiting = element("span", { class: "ue-waiting ue-quiet", "data-role": "waiting", hidden: true });
    this.reason = element("span", { class: "ue-reason" });
    this.status = element("div", { class: "ue-status", "data-role": "status", role: "status" }, this.verdict, this.reason);
    this.sizes = Array.from({ length: 5 }, () => button("use-size", "", ""));
    this.hint = element("span", { class: "ue-quiet" });
    this.fixes = element("div", { class: "ue-fixes", "data-role": "fixes" }, this.hint, ...this.sizes, this.waiting);
    this.offline = element("div", { class: "ue-offline", "data-role": "offline" });
    setText(this.offline, `The kernel is gone. The tile still moves; for everything else, ${howAgain().toLowerCase()}.`);
    this.tools = element("div", { class: "ue-tools" }, element("span", { class: "ue-start" }, element("span", { "aria-hidden": "true" }, "Start from "), this.preset));
    this.tools.append(this.undo, this.redo, button("reset", "Reset: back to where it started", "Reset"));
    this.words = element("div", { class: "ue-words-of-fit" }, this.status, this.fixes, this.offline);
    for (const part of [this.tools, this.words]) part.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  choosePreset() {
    const chosen = this.presets.find(({ name }) => name === this.preset.value);
    if (chosen) this.act.preset(chosen);
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (!pressed) return;
    const { action, height, width } = pressed;
    if (height) this.act.size([Number(height), Number(width)]);
    else this.act.other(action);
  }

  /**
   * What there is to say of the kernel.
   *
   * @param {KernelState} state
   */
  showKernel(state) {
    setText(this.waiting, WAITING[state] || "");
    this.waiting.hidden = !WAITING[state];
    this.offline.classList.toggle("ue-gone", state === "is gone");
  }

  showHistory() {
    const { model } = this;
    const position = model.get("position");
    // Not `disabled`: a button that is pressed until there is nothing left must keep the focus.
    this.undo.setAttribute("aria-disabled", String(position <= 0));
    this.redo.setAttribute("aria-disabled", String(position >= model.get("history").length - 1));
  }

  showPreset() {
    const now = { config: this.model.get("config"), tile: this.model.get("tile") };
    const known = this.presets.find(({ config, tile }) => same(tile, now.tile) && same(config, now.config));
    this.custom.hidden = Boolean(known);
    this.preset.value = known ? known.name : "";
  }

  /**
   * @param {Followed} state
   * @param {boolean} linked
   */
  update(state, linked) {
    const { network } = state;
    this.status.dataset.fits = String(state.fits);
    setText(this.verdict, verdictWords(state));
    if (state.fits) {
      const { smallest, period } = network.sizes;
      const first = [0, 1, 2].map((step) => smallest + step * period).join(", ");
      setText(this.reason, `Tile sizes that fit, every ${period} px: ${first}, …`);
    } else {
      setText(this.reason, `${misfitWords(state)}.`);
    }
    this.showSizes(state, linked);
  }

  /**
   * The nearest sizes that fit, as buttons: for both axes, for each alone, and together.
   *
   * @param {Followed} state
   * @param {boolean} linked
   */
  showSizes(state, linked) {
    const offers = linked ? this.squares(state) : this.sides(state);
    const neighbours = linked && state.fits;
    setText(this.hint, neighbours ? "sizes that fit" : offers.length ? "sizes that fit" : "");
    this.sizes.forEach((button, at) => {
      const offer = offers[at];
      button.hidden = !offer;
      if (!offer) return;
      const eaten = state.tile[0] - state.output.height;
      [button.dataset.height, button.dataset.width] = mapPair(offer.tile, String);
      const becomes = mapPair(offer.tile, (side) => side - eaten);
      const shown = becomes[0] === becomes[1] ? plain(becomes[0]) : size(becomes);
      // Mending one axis of two has no output to promise yet.
      setText(button, offer.fits ? `${offer.text} → ${shown}` : offer.text);
      const label = `Use tile ${size(offer.tile)}${offer.fits ? `, output ${size(becomes)}` : ""}`;
      assign(button, { "aria-label": label, title: label });
    });
  }

  /**
   * @param {Followed} state
   * @returns {Offer[]}
   */
  squares({ network, tile, fits }) {
    const { smallest, period, limit } = network.sizes;
    const [side] = tile;
    /** @type {(number | null)[]} */
    const around = fits ? [side - period, side + period] : nearest(network.sizes, side);
    return around
      .filter((each) => each !== null)
      .filter((each) => each >= smallest && each <= limit)
      .map((each) => ({ tile: [each, each], text: plain(each), fits: true }));
  }

  /**
   * @param {Followed} state
   * @returns {Offer[]}
   */
  sides({ network, tile, failures }) {
    /** @type {Offer[]} */
    const offers = [];
    failures.forEach((failure, at) => {
      if (!failure) return;
      for (const side of new Set(nearest(network.sizes, tile[at]))) {
        if (side === null) continue;
        const mended = mapPair(tile, (each, axis) => (axis === at ? side : each));
        offers.push({ tile: mended, text: `${AXES[at]} ${plain(side)}`, fits: !failures[1 - at] });
      }
    });
    if (failures[0] && failures[1]) {
      const both = mapPair(tile, (side) => closest(network.sizes, side));
      offers.push({ tile: both, text: `both ${size(both)}`, fits: true });
    }
    return offers;
  }
}
