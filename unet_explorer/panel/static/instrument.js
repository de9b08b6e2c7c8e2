// The instrument: puts the parts together, and lets the tile follow the hand without asking anyone.

/** Wider than this in its own units, a drawing is given the card's column too. */
const LONG = 1200;

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
        tile: (tile, settled) => this.askTile(tile, settled),
        typed: (at, text) => this.typeTile(at, text),
        flag: (name, on) => this.askFlag(name, on),
        output: (text) => this.askOutput(text),
      },
      signal,
    );
    const knobs = model.get("knobs");
    this.designKnobs = new DesignKnobs(knobs, { knob: (...asked) => this.askKnob(...asked) }, signal);
    this.kernel = new KernelWatch(model, (state) => this.showKernel(state));
    this.bar = new Bar(model, (action, data) => this.act(action, data), signal);
    this.batch = element("input", { type: "number", min: 1, step: 1, "data-knob": "batch_size", ...OWN_KEYS });
    onTyped(this.batch, () => this.set({ batch_size: Number(this.batch.value) }), signal);
    this.totals = element("div", { class: "ue-totals", "data-role": "totals" });
    this.node = element("div", { class: "unet-explorer" }, this.bar.node);
    const look = () => this.kernel.isGone() && this.showKernel("is gone");
    for (const type of ["pointerenter", "focusin"]) this.node.addEventListener(type, look, { signal });
    signal.addEventListener("abort", () => this.kernel.stop());
    // A slider that is dragged back to where it was says nothing more, so the end of a drag is heard of here.
    const dropped = () => this.history.dragging && this.endDrag();
    for (const type of ["pointerup", "pointercancel", "keyup", "focusout"]) {
      this.node.addEventListener(type, dropped, { signal });
    }
    const left = element("div", { class: "ue-knobs" }, this.tileKnobs.node, this.designKnobs.node);
    this.node.append(element("div", { class: "ue-body" }, left, this.drawing.node, this.card.node));
    this.node.append(this.layTotals(), this.table.node);
  }

  set(values) {
    this.model.set(values);
    this.model.save_changes();
  }

  // What the learner asks for ------------------------------------------------------------------------------------

  askTile(tile, settled) {
    this.bar.say("");
    this.history.dragging = !settled;
    this.set({ tile });
    if (settled) this.settle();
  }

  endDrag() {
    this.history.dragging = false;
    this.settle();
  }

  settle() {
    this.history.record();
    this.kernel.ask();
  }

  typeTile(at, text) {
    const side = Number(text);
    const { limit } = this.model.get("network").sizes;
    if (text === "" || !Number.isInteger(side) || side < 1 || side > limit) {
      this.refuse("refused", text);
      return;
    }
    const tile = [...this.model.get("tile")];
    tile[at] = side;
    if (this.model.get("linked")) tile[1 - at] = side;
    this.askTile(this.snapped(tile), true);
  }

  refuse(reason, given) {
    this.bar.say(fill(this.model.get("network").words[reason], { given: given === "" ? "Nothing" : `“${given}”` }));
    this.show();
  }

  askOutput(text) {
    const wanted = Number(text);
    const network = this.model.get("network");
    if (!Number.isInteger(wanted) || wanted < 1 || wanted > network.sizes.limit) {
      this.refuse("refused_output", text);
      return;
    }
    const side = tileForOutput(network, wanted);
    this.askTile([side, side], true);
  }

  askFlag(name, on) {
    this.model.set(name, on);
    const [height, width] = this.model.get("tile");
    const tile = name === "linked" && on ? [height, height] : [height, width];
    this.askTile(this.snapped(tile), true);
  }

  snapped(tile) {
    if (!this.model.get("snap")) return tile;
    return tile.map((side) => closest(this.model.get("network").sizes, side));
  }

  askKnob(name, value, settled) {
    this.bar.say("");
    this.history.dragging = !settled;
    this.set({ config: { ...this.model.get("config"), [name]: value } });
    if (settled) this.settle();
  }

  act(action, data) {
    this.bar.say("");
    this.history.dragging = false;
    if (action === "undo") this.history.go(-1);
    else if (action === "redo") this.history.go(1);
    else if (action === "reset") setDesign(this.model, this.model.get("start"));
    else if (action === "preset") setDesign(this.model, data);
    else if (action === "use-size") this.askTile(data, true);
    this.kernel.ask();
  }

  // What is shown ------------------------------------------------------------------------------------------------

  /** Another network: new drawing, new table; then the tile as always. */
  showNetwork() {
    const network = this.model.get("network");
    this.node.classList.toggle("ue-long-net", network.width > LONG);
    const glide = this.drawing.setNetwork(network);
    this.table.setNetwork(network);
    this.designKnobs.update(network.config);
    // With "snap" on, the tile goes along to a size that fits the new network.
    const tile = this.snapped(this.model.get("tile"));
    if (!same(tile, this.model.get("tile"))) this.set({ tile });
    this.show();
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
      return element("span", {}, value, ` ${label}`);
    };
    const batch = element("label", { class: "ue-quiet" }, "tiles a batch ", this.batch);
    this.totals.append(
      one("output", "output"),
      one("border", "border lost"),
      one("parameters", "parameters"),
      one("macs", "work a tile"),
      one("predict", "to predict"),
      one("train", "to train"),
      batch,
    );
    return this.totals;
  }

  showTotals(state) {
    const batch = this.model.get("batch_size");
    const sums = totals(state, batch);
    const open = (text) => (state.fits ? text : "–");
    const { output, tile } = state;
    const border = (tile[0] - output.height) / 2;
    setText(this.totals.output, open(size([output.height, output.width])));
    setText(this.totals.border, open(`${plain(border)} px`));
    setText(this.totals.parameters, rough(sums.parameters));
    this.totals.parameters.title = exact(sums.parameters);
    this.totals.macs.title = "thousand million multiply-adds to predict one tile";
    setText(this.totals.macs, open(`${rough(sums.macs / 1e9, [""])} GMAC`));
    setText(this.totals.predict, open(bytes(sums.predict)));
    setText(this.totals.train, open(bytes(sums.train)));
    showNumber(this.batch, batch);
  }
}

export default () => {
  let history;
  return {
    initialize({ model }) {
      history = new History(model);
    },
    render({ model, el }) {
      const controller = new AbortController();
      const { signal } = controller;
      const instrument = new Instrument(model, history, signal);
      const listening = [];
      const on = (traits, listener) => {
        for (const trait of traits.split(" ")) {
          model.on(`change:${trait}`, listener);
          listening.push([`change:${trait}`, listener]);
        }
      };
      on("network", () => instrument.showNetwork());
      on("tile linked snap batch_size", () => instrument.show());
      on("selected", () => instrument.select());
      on("config network tile", () => instrument.showKnobs());
      on("history position", () => instrument.bar.showHistory());
      on("problem", () => instrument.bar.say(model.get("problem")));
      on("config network tile", () => history.record());
      on("asked answered", () => instrument.kernel.watch());
      el.append(instrument.node);
      instrument.showNetwork();
      instrument.showKnobs();
      instrument.bar.showHistory();
      instrument.bar.say(model.get("problem"));
      instrument.kernel.ask();
      return () => {
        controller.abort();
        for (const [type, listener] of listening) model.off(type, listener);
      };
    },
  };
};
