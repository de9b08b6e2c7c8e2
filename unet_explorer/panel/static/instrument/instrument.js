// The instrument: puts the parts together, and lets the tile follow the hand without asking anyone.

import { Bar } from "./bar.js";
import { Card } from "./card.js";
import { Drawing } from "./drawing.js";
import { DesignHistory, setDesign } from "./history.js";
import { KernelWatch } from "./kernel.js";
import { DesignKnobs, TileKnobs } from "./knobs.js";
import { LayerTable } from "./table.js";
import { same } from "../lib/equal.js";
import { bytes, exact, fill, plain, rough, size } from "../lib/format.js";
import { closest, follow, nearest, tileForOutput, totals } from "../lib/law.js";
import { OWN_KEYS, element, onTyped, setText, showNumber } from "../lib/page.js";

class Instrument {
  constructor(model, history, signal) {
    this.model = model;
    this.history = history;
    const choose = (name) => this.set({ selected: name });
    this.drawing = new Drawing(choose, signal);
    this.table = new LayerTable(choose, signal);
    this.card = new Card(signal);
    this.tileKnobs = new TileKnobs(
      {
        tile: (tile) => this.askTile(tile, false),
        typed: (at, text) => this.typeTile(at, text),
        flag: (name, on) => this.askFlag(name, on),
        output: (text) => this.askOutput(text),
      },
      signal,
    );
    const asks = { knob: (...asked) => this.askKnob(...asked), refuse: (...asked) => this.refuse(...asked) };
    this.designKnobs = new DesignKnobs(model.get("knobs"), asks, signal);
    this.kernel = new KernelWatch(model, (state) => this.showKernel(state));
    this.bar = new Bar(model, (action, data) => this.act(action, data), signal);
    this.batch = element("input", { type: "number", min: 1, step: 1, "data-knob": "batch_size", ...OWN_KEYS });
    onTyped(this.batch, () => this.askBatch(this.batch.value), signal);
    this.totals = element("div", { class: "ue-totals", "data-role": "totals" });
    this.node = element("div", { class: "unet-explorer ue" }, this.bar.node);
    const left = element("div", { class: "ue-knobs" }, this.tileKnobs.node, this.designKnobs.node);
    this.node.append(element("div", { class: "ue-body" }, left, this.drawing.node, this.card.node));
    this.node.append(this.layTotals(), this.table.node);
    this.watchHands(signal);
    signal.addEventListener("abort", () => this.kernel.stop());
  }

  /** A drag lasts from the first move of a slider until the pointer or the key is let go. */
  watchHands(signal) {
    const on = (types, listener) => types.forEach((type) => this.node.addEventListener(type, listener, { signal }));
    const held = { pointer: false, key: false };
    const drop = () => this.history.dragging && !held.pointer && !held.key && this.settle();
    const change = (types, hand, now) =>
      on(types, () => {
        held[hand] = now;
        drop();
      });
    change(["pointerdown"], "pointer", true);
    change(["pointerup", "pointercancel"], "pointer", false);
    change(["keydown"], "key", true);
    change(["keyup", "focusout"], "key", false);
    on(["change"], drop);
    on(["pointerenter", "focusin"], () => this.kernel.isGone() && this.showKernel("is gone"));
  }

  set(values) {
    this.model.set(values);
    this.model.save_changes();
  }

  // What the learner asks for ------------------------------------------------------------------------------------

  askTile(tile, settled = true) {
    this.history.dragging = true;
    this.snapFrom = null;
    this.set({ tile, problem: "" });
    if (settled) this.settle();
  }

  settle() {
    this.history.dragging = false;
    this.tileKnobs.settle();
    this.history.record();
    this.kernel.ask();
  }

  typeTile(at, text) {
    const side = Number(text);
    const { limit } = this.model.get("network").sizes;
    if (text === "" || !Number.isInteger(side) || side < 1 || side > limit) {
      this.refuse("refused", { given: text === "" ? "Nothing" : `“${text}”` });
      return;
    }
    const tile = [...this.model.get("tile")];
    tile[at] = side;
    if (this.model.get("linked")) tile[1 - at] = side;
    this.askTile(this.snapped(tile));
  }

  refuse(reason, numbers) {
    this.set({ problem: fill(this.model.get("network").words[reason], numbers) });
    this.show();
    this.showKnobs();
  }

  /** As small a tile as gives this output; of a rectangle only the sides that fall short are changed. */
  askOutput(text) {
    const wanted = Number(text);
    const network = this.model.get("network");
    const side = Number.isInteger(wanted) && wanted >= 1 ? tileForOutput(network, wanted) : null;
    if (side === null) {
      this.refuse("refused_output", { given: `“${text}”` });
      return;
    }
    const enough = (given) => given >= side && nearest(network.sizes, given)[0] === given;
    const tile = this.model.get("linked") ? [side, side] : this.model.get("tile").map((n) => (enough(n) ? n : side));
    this.askTile(tile);
  }

  askFlag(name, on) {
    this.model.set(name, on);
    const [height, width] = this.model.get("tile");
    this.askTile(this.snapped(name === "linked" && on ? [height, height] : [height, width]));
  }

  askBatch(text) {
    const batch = Number(text);
    const most = this.model.get("network").batch;
    if (text !== "" && Number.isInteger(batch) && batch >= 1 && batch <= most) this.set({ batch_size: batch, problem: "" });
    else {
      const allowed = `a whole number from 1 to ${exact(most)}`;
      this.refuse("refused_knob", { name: "batch_size", given: text === "" ? "''" : text, allowed });
    }
  }

  snapped(tile) {
    if (!this.model.get("snap")) return tile;
    return tile.map((side) => closest(this.model.get("network").sizes, side));
  }

  askKnob(name, value, settled) {
    // With "snap" on, the tile goes along to a size that fits the new network: the nearest to where it started.
    if (!this.history.dragging || !this.snapFrom) this.snapFrom = this.model.get("tile");
    this.history.dragging = true;
    this.set({ config: { ...this.model.get("config"), [name]: value }, problem: "" });
    if (settled) this.settle();
  }

  act(action, data) {
    this.history.dragging = false;
    this.snapFrom = null;
    if (action === "use-size") {
      this.askTile(data);
      return;
    }
    if (action === "undo") this.history.go(-1);
    else if (action === "redo") this.history.go(1);
    else if (action === "preset") setDesign(this.model, data);
    else if (action === "reset") {
      const start = this.model.get("start");
      this.model.set("linked", start.tile[0] === start.tile[1]);
      setDesign(this.model, start);
    }
    this.kernel.ask();
  }

  // What is shown ------------------------------------------------------------------------------------------------

  /** Another network: new drawing, new table; then the tile as always. */
  showNetwork() {
    const network = this.model.get("network");
    const glide = this.drawing.setNetwork(network);
    this.table.setNetwork(network);
    this.tileKnobs.settle();
    const tile = this.snapFrom && this.model.get("snap") ? this.snapped(this.snapFrom) : this.model.get("tile");
    if (!this.history.dragging) this.snapFrom = null;
    if (same(tile, this.model.get("tile"))) this.show();
    else this.set({ tile });
    this.select();
    glide();
  }

  show() {
    const { model } = this;
    const state = follow(model.get("network"), model.get("tile"));
    this.state = state;
    this.drawing.update(state);
    this.tileKnobs.update(state, { linked: model.get("linked"), snap: model.get("snap") });
    this.bar.update(state, model.get("linked"));
    this.card.update(state);
    this.table.update(state);
    this.showTotals(state);
  }

  showProof() {
    this.drawing.setProof(this.model.get("proof"), this.model.get("network").config);
  }

  select() {
    const name = this.model.get("selected");
    this.drawing.select(name);
    this.table.select(name);
    this.card.select(name);
    this.card.update(this.state);
  }

  showKernel(state) {
    this.node.dataset.kernel = state;
    this.bar.showKernel(state);
  }

  /** Knobs go back to what is true, whether a wish was granted or refused. */
  showKnobs() {
    this.designKnobs.update(this.model.get("config"));
    this.bar.showPreset();
  }

  layTotals() {
    const one = (key, label) => {
      const value = element("strong", { "data-total": key });
      this.totals[key] = value;
      return element("span", {}, value, element("span", { class: "ue-quiet" }, label));
    };
    const batch = element("label", { class: "ue-quiet" }, this.batch, "tiles per batch");
    this.totals.append(
      one("output", "output"),
      one("border", "border lost"),
      one("parameters", "parameters"),
      one("macs", "work per tile"),
      one("predict", "to predict, in all"),
      one("train", "to train, in all"),
      batch,
    );
    return this.totals;
  }

  showTotals(state) {
    const batch = this.model.get("batch_size");
    const sums = totals(state, batch);
    const open = (text) => (state.fits ? text : "–");
    const { output, tile } = state;
    setText(this.totals.output, open(`${size([output.height, output.width])} × ${output.step.channels}`));
    setText(this.totals.border, open(`${plain((tile[0] - output.height) / 2)} px`));
    setText(this.totals.parameters, rough(sums.parameters));
    this.totals.parameters.title = exact(sums.parameters);
    this.totals.macs.title = "multiply-adds to predict one tile";
    const process = "memory of a process of its own at its fullest moment, the interpreter and TensorFlow included";
    this.totals.predict.title = this.totals.train.title = process;
    setText(this.totals.macs, open(`${rough(sums.macs)}MAC`));
    setText(this.totals.predict, open(bytes(sums.predict)));
    setText(this.totals.train, open(bytes(sums.train)));
    showNumber(this.batch, batch);
  }
}

export default () => {
  let history;
  return {
    initialize({ model }) {
      history = new DesignHistory(model);
    },
    render({ model, el }) {
      const controller = new AbortController();
      const instrument = new Instrument(model, history, controller.signal);
      const listening = [];
      const on = (traits, listener) => {
        // A defect here must be seen, and must not keep the other listeners from their work.
        const guarded = () => {
          try {
            listener();
          } catch (error) {
            console.error(error);
            instrument.bar.say(`Something went wrong in the panel (${error.message}). Run the cell again.`);
          }
        };
        for (const trait of traits.split(" ")) {
          model.on(`change:${trait}`, guarded);
          listening.push([`change:${trait}`, guarded]);
        }
      };
      on("network", () => instrument.showNetwork());
      on("tile linked snap batch_size", () => instrument.show());
      on("selected", () => instrument.select());
      on("config network tile", () => instrument.showKnobs());
      on("history position", () => instrument.bar.showHistory());
      on("problem", () => instrument.bar.say(model.get("problem")));
      on("config network tile", () => history.record(true));
      on("proof network", () => instrument.showProof());
      on("asked answered", () => instrument.kernel.watch());
      el.append(instrument.node);
      instrument.showNetwork();
      instrument.showKnobs();
      instrument.bar.showHistory();
      instrument.bar.say(model.get("problem"));
      instrument.showProof();
      instrument.kernel.ask();
      return () => {
        controller.abort();
        for (const [type, listener] of listening) model.off(type, listener);
      };
    },
  };
};
