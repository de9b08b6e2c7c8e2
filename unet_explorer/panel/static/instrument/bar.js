// The bar: presets, undo, redo, reset; whether the tile fits, why not, and what would.

import { same } from "../lib/equal.js";
import { plain, size } from "../lib/format.js";
import { closest, nearest } from "../lib/law.js";
import { OWN_KEYS, assign, element, setText } from "../lib/page.js";
import { misfitWords } from "../lib/sentences.js";

export class Bar {
  constructor(model, act, signal) {
    this.model = model;
    this.presets = model.get("presets");
    const options = this.presets.map(({ name, about }) =>
      element("optgroup", { label: about }, element("option", { value: name }, name)),
    );
    this.preset = element("select", { "data-knob": "preset", ...OWN_KEYS }, ...options);
    this.custom = element("option", { value: "", disabled: true, hidden: true }, "your own");
    this.preset.append(this.custom);
    this.preset.addEventListener(
      "change",
      () => act("preset", this.presets.find(({ name }) => name === this.preset.value)),
      { signal },
    );
    const button = (action, label, text) =>
      element("button", { type: "button", "data-action": action, "aria-label": label, title: label, ...OWN_KEYS }, text);
    this.undo = button("undo", "Undo", "↶");
    this.redo = button("redo", "Redo", "↷");
    this.verdict = element("span", { class: "ue-verdict" });
    this.problem = element("span", { class: "ue-problem", "data-role": "problem", role: "alert" });
    this.waiting = element("span", { class: "ue-waiting ue-quiet", "data-role": "waiting", hidden: true });
    this.reason = element("span", { class: "ue-reason" });
    this.status = element("div", { class: "ue-status", "data-role": "status", role: "status" }, this.verdict, this.reason);
    this.sizes = Array.from({ length: 5 }, () => button("use-size", "", ""));
    this.hint = element("span", { class: "ue-quiet" });
    this.fixes = element("div", { class: "ue-fixes", "data-role": "fixes" }, this.hint, ...this.sizes, this.waiting);
    this.offline = element("div", { class: "ue-offline", "data-role": "offline" });
    setText(this.offline, "The kernel is gone. The tile still moves; for everything else, run the cell again.");
    const tools = element("div", { class: "ue-tools" }, element("label", {}, "Design ", this.preset));
    tools.append(this.undo, this.redo, button("reset", "Back to where it started", "reset"));
    const words = element("div", { class: "ue-words-of-fit" }, this.status, this.fixes, this.problem, this.offline);
    this.node = element("div", { class: "ue-bar" }, tools, words);
    this.node.addEventListener(
      "click",
      (event) => {
        const pressed = event.target.closest("button[data-action]");
        if (!pressed || pressed.getAttribute("aria-disabled") === "true") return;
        const { action, height, width } = pressed.dataset;
        act(action, height ? [Number(height), Number(width)] : undefined);
      },
      { signal },
    );
  }

  say(problem) {
    setText(this.problem, problem);
  }

  /** What there is to say of the kernel. */
  showKernel(state) {
    const words = { "is late": "waiting for the kernel …", "is silent": "no answer from the kernel: is it busy, or gone?" };
    setText(this.waiting, words[state] || "");
    this.waiting.hidden = !words[state];
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
    const known = this.presets.find(({ config, tile }) => same({ config, tile }, now));
    this.custom.hidden = Boolean(known);
    this.preset.value = known ? known.name : "";
  }

  update(state, linked) {
    const { output, tile, network } = state;
    this.status.dataset.fits = String(state.fits);
    if (state.fits) {
      const border = (tile[0] - output.height) / 2;
      const lost = border ? `, border ${plain(border)} px lost per side` : ", no border lost";
      setText(this.verdict, `✓ ${size(tile)} fits → ${size([output.height, output.width])}${lost}`);
      const { smallest, period } = network.sizes;
      const first = [0, 1, 2].map((step) => smallest + step * period).join(", ");
      setText(this.reason, `A side fits every ${period} px: ${first}, …`);
    } else {
      setText(this.verdict, `✗ ${size(tile)} does not fit`);
      setText(this.reason, `${misfitWords(state)}.`);
    }
    this.showSizes(state, linked);
  }

  /** The nearest sizes that fit, as buttons: for both axes, for each alone, and together. */
  showSizes(state, linked) {
    const offers = linked ? this.squares(state) : this.sides(state);
    const neighbours = linked && state.fits;
    setText(this.hint, neighbours ? "next that fit" : offers.length ? "nearest that fit" : "");
    this.sizes.forEach((button, at) => {
      const offer = offers[at];
      button.hidden = !offer;
      if (!offer) return;
      const eaten = state.tile[0] - state.output.height;
      [button.dataset.height, button.dataset.width] = offer.tile;
      const becomes = offer.tile.map((side) => side - eaten);
      const shown = becomes[0] === becomes[1] ? plain(becomes[0]) : size(becomes);
      // Mending one axis of two has no output to promise yet.
      setText(button, offer.fits ? `${offer.text} → ${shown}` : offer.text);
      const label = `Use tile ${size(offer.tile)}${offer.fits ? `, output ${size(becomes)}` : ""}`;
      assign(button, { "aria-label": label, title: label });
    });
  }

  squares({ network, tile, fits }) {
    const { smallest, period, limit } = network.sizes;
    const [side] = tile;
    const around = fits ? [side - period, side + period] : nearest(network.sizes, side);
    return around
      .filter((each) => each !== null && each >= smallest && each <= limit)
      .map((each) => ({ tile: [each, each], text: plain(each), fits: true }));
  }

  sides({ network, tile, failures }) {
    const offers = [];
    failures.forEach((failure, at) => {
      if (!failure) return;
      for (const side of new Set(nearest(network.sizes, tile[at]))) {
        if (side === null) continue;
        const offer = [...tile];
        offer[at] = side;
        offers.push({ tile: offer, text: `${["height", "width"][at]} ${plain(side)}`, fits: !failures[1 - at] });
      }
    });
    if (failures[0] && failures[1]) {
      const both = tile.map((side) => closest(network.sizes, side));
      offers.push({ tile: both, text: `both ${size(both)}`, fits: true });
    }
    return offers;
  }
}
