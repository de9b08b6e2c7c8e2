// The instrument: its parts, and how the tile follows the hand without asking anyone. The stage gives them their places.

import { Bar } from "./bar.js";
import { Card } from "./card.js";
import { Drawing } from "./drawing.js";
import { setDesign } from "./history.js";
import { KernelWatch } from "./kernel.js";
import { DesignKnobs, TileKnobs } from "./knobs.js";
import { unpack } from "./pack.js";
import { ProblemBubble } from "./problem.js";
import { LayerTable } from "./table.js";
import { Totals } from "./totals.js";
import { same } from "../lib/equal.js";
import { exact, fill, givenWords } from "../lib/format.js";
import { closest, follow, nearest, tileForOutput } from "../lib/law.js";
import { element } from "../lib/page.js";
import { mapPair } from "../lib/pairs.js";
import { defectWords, send, setTraits } from "../lib/widget.js";

/** @import { Followed, InstrumentTraits, KnobValue, Model, Pair } from "../lib/types.js" */
/** @import { DesignHistory } from "./history.js" */
/** @import { KernelState } from "./kernel.js" */
/** @import { NetworkPack } from "./pack.js" */

export class Instrument {
  /**
   * Networks that need no kernel, once one of them was asked for.
   *
   * @type {NetworkPack | null}
   */
  pack = null;

  /**
   * @param {Model<InstrumentTraits>} model
   * @param {DesignHistory} history
   * @param {AbortSignal} signal
   */
  constructor(model, history, signal) {
    this.model = model;
    this.history = history;
    /** @type {Followed | null} */
    this.state = null;
    /**
     * The tile that was there before the knobs were turned, where it may be changed to one that fits.
     *
     * @type {Pair | null}
     */
    this.snapFrom = null;
    const choose = (/** @type {string} */ name) => this.set({ selected: name });
    this.drawing = new Drawing(choose, model.get("palette"), signal);
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
    this.designKnobs = new DesignKnobs(
      model.get("knobs"),
      {
        knob: (name, value, settled) => this.askKnob(name, value, settled),
        refuse: (reason, gaps) => this.refuse(reason, gaps),
      },
      signal,
    );
    this.kernel = new KernelWatch(model, (state) => this.showKernel(state));
    this.bar = new Bar(
      model,
      {
        preset: (design) => this.act(() => setDesign(model, design)),
        size: (tile) => this.takeTile(tile),
        other: (action) => this.act(() => this.goTo(action)),
      },
      signal,
    );
    this.problem = new ProblemBubble();
    this.totals = new Totals((text) => this.askBatch(text), signal);
    this.bar.words.append(this.tileKnobs.request);
    this.knobs = element("div", { class: "ue-knobs" }, this.tileKnobs.node, this.designKnobs.node);
    this.root = element("div", { class: "unet-explorer ue" }, this.problem.node);
    this.signal = signal;
    this.watchHands(signal);
    signal.addEventListener("abort", () => this.kernel.stop());
  }

  /**
   * A drag lasts from the first move of a slider until the pointer or the key is let go.
   *
   * @param {AbortSignal} signal
   */
  watchHands(signal) {
    const place = () => this.problem.place();
    addEventListener("resize", place, { signal });
    this.designKnobs.more.addEventListener("toggle", place, { signal });
    /** @type {(types: string[], listener: () => void) => void} */
    const on = (types, listener) => types.forEach((type) => this.root.addEventListener(type, listener, { signal }));
    const held = { pointer: false, key: false };
    const drop = () => {
      if (this.history.dragging && !held.pointer && !held.key) this.settle();
    };
    /** @type {(types: string[], hand: keyof typeof held, now: boolean) => void} */
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
    on(["pointerenter", "focusin"], () => {
      if (this.kernel.isGone()) this.showKernel("is gone");
    });
  }

  /** What is drawn: the network that the page has at hand, or else the one that the kernel told of last. */
  get network() {
    const [told, config] = [this.model.get("network"), this.model.get("config")];
    return same(told.config, config) ? told : (this.pack?.find(config) ?? told);
  }

  /** @param {Partial<InstrumentTraits>} values */
  set(values) {
    setTraits(this.model, values);
    send(this.model);
  }

  /** From now on whatever changes is shown. */
  start() {
    const { model, signal, history } = this;
    /** @type {(traits: (keyof InstrumentTraits)[], listener: () => void) => void} */
    const on = (traits, listener) => {
      // A defect here must be seen, and must not keep the other listeners from their work.
      const guarded = () => {
        try {
          listener();
        } catch (error) {
          this.problem.say(defectWords(error));
        }
      };
      for (const trait of traits) {
        model.on(`change:${trait}`, guarded);
        signal.addEventListener("abort", () => model.off(`change:${trait}`, guarded));
      }
    };
    on(["network", "config"], () => this.showOther());
    on(["packed", "config"], () => this.takePack());
    on(["tile", "linked", "snap", "batch_size"], () => this.show());
    on(["selected"], () => this.select());
    on(["numbers"], () => this.showNumbers());
    on(["config", "network", "tile"], () => this.showKnobs());
    on(["history", "position"], () => this.bar.showHistory());
    on(["problem"], () => this.problem.say(model.get("problem")));
    on(["config", "network", "tile"], () => history.record(true));
    on(["proof", "network"], () => this.showProof());
    on(["asked", "answered"], () => this.kernel.watch());
    this.showNetwork();
    this.takePack();
    this.showKnobs();
    this.bar.showHistory();
    this.problem.say(model.get("problem"));
    this.showProof();
    this.showNumbers();
    this.kernel.ask();
  }

  // What the learner asks for ------------------------------------------------------------------------------------

  /**
   * @param {Pair} tile
   * @param {boolean} [settled]  Whether the hand has let go.
   */
  askTile(tile, settled = true) {
    this.history.dragging = true;
    this.snapFrom = null;
    this.set({ tile, problem: "" });
    if (settled) this.settle();
  }

  settle() {
    this.history.dragging = false;
    this.tileKnobs.settle();
    this.history.record(false, this.network);
    this.kernel.ask();
  }

  /**
   * @param {0 | 1} at
   * @param {string} text
   */
  typeTile(at, text) {
    const side = Number(text);
    const { limit } = this.network.sizes;
    if (text === "" || !Number.isInteger(side) || side < 1 || side > limit) {
      this.refuse("refused", { given: text === "" ? "Nothing" : `“${text}”` });
      return;
    }
    const linked = this.model.get("linked");
    this.askTile(this.snapped(mapPair(this.model.get("tile"), (each, axis) => (linked || axis === at ? side : each))));
  }

  /**
   * @param {"refused" | "refused_output" | "refused_knob"} reason
   * @param {Record<string, string>} gaps
   */
  refuse(reason, gaps) {
    this.set({ problem: fill(this.network.sentences[reason], gaps) });
    this.show();
    this.showKnobs();
  }

  /**
   * As small a tile as gives this output; of a rectangle only the sides that fall short are changed.
   *
   * @param {string} text
   */
  askOutput(text) {
    const wanted = Number(text);
    const { network } = this;
    const side = Number.isInteger(wanted) && wanted >= 1 ? tileForOutput(network, wanted) : null;
    if (side === null) {
      this.refuse("refused_output", { given: `“${text}”` });
      return;
    }
    const enough = (/** @type {number} */ given) => given >= side && nearest(network.sizes, given)[0] === given;
    const linked = this.model.get("linked");
    this.askTile(mapPair(this.model.get("tile"), (given) => (!linked && enough(given) ? given : side)));
  }

  /**
   * @param {"linked" | "snap"} name
   * @param {boolean} on
   */
  askFlag(name, on) {
    this.model.set(name, on);
    const [height, width] = this.model.get("tile");
    this.askTile(this.snapped(name === "linked" && on ? [height, height] : [height, width]));
  }

  /** @param {string} text */
  askBatch(text) {
    const batch = Number(text);
    const most = this.network.batch;
    if (text !== "" && Number.isInteger(batch) && batch >= 1 && batch <= most) this.set({ batch_size: batch, problem: "" });
    else {
      const allowed = `a whole number from 1 to ${exact(most)}`;
      this.refuse("refused_knob", { label: this.network.sentences.batch, given: givenWords(text), allowed });
    }
  }

  /** @param {Pair} tile */
  snapped(tile) {
    if (!this.model.get("snap")) return tile;
    return mapPair(tile, (side) => closest(this.network.sizes, side));
  }

  /**
   * @param {string} name
   * @param {KnobValue | undefined} value
   * @param {boolean} settled
   */
  askKnob(name, value, settled) {
    // With "snap" on, the tile goes along to a size that fits the new network: the nearest to where it started.
    if (!this.history.dragging || !this.snapFrom) this.snapFrom = this.model.get("tile");
    this.history.dragging = true;
    this.set({ config: { ...this.model.get("config"), [name]: value }, problem: "" });
    if (settled) this.settle();
  }

  /** @param {Pair} tile */
  takeTile(tile) {
    this.history.dragging = false;
    this.askTile(tile);
  }

  /**
   * Show another design, and ask the kernel whether it has heard of it.
   *
   * @param {() => void} change
   */
  act(change) {
    this.history.dragging = false;
    this.snapFrom = null;
    change();
    this.history.record(false, this.network);
    this.kernel.ask();
  }

  /** @param {string} action */
  goTo(action) {
    if (action === "undo") this.history.go(-1);
    else if (action === "redo") this.history.go(1);
    else if (action === "reset") {
      const start = this.model.get("start");
      this.model.set("linked", start.tile[0] === start.tile[1]);
      setDesign(this.model, start);
    }
  }

  // What is shown ------------------------------------------------------------------------------------------------

  /** They come once the first picture stands, and are unpacked when the first one is asked for. */
  takePack() {
    const packed = this.model.get("packed");
    if (!packed.byteLength || this.pack) return;
    this.root.dataset.pack = "here";
    if (same(this.model.get("network").config, this.model.get("config"))) return;
    const taken = (/** @type {NetworkPack} */ pack) => {
      this.pack = pack;
      this.root.dataset.pack = "unpacked";
      this.showOther();
      this.history.record(false, this.network);
    };
    unpack(packed).then(taken, (error) => this.problem.say(defectWords(error)));
  }

  /** Nothing is drawn anew when the kernel tells of what stands there already. */
  showOther() {
    if (!same(this.drawing.network.config, this.network.config)) this.showNetwork();
  }

  /** Another network: new drawing, new table; then the tile as always. */
  showNetwork() {
    const { network } = this;
    const glide = this.drawing.setNetwork(network);
    this.table.setNetwork(network);
    this.tileKnobs.settle();
    this.card.takeNumbers(this.numbers);
    this.mark();
    const tile = this.snapFrom && this.model.get("snap") ? this.snapped(this.snapFrom) : this.model.get("tile");
    if (!this.history.dragging) this.snapFrom = null;
    if (same(tile, this.model.get("tile"))) this.show();
    else this.set({ tile });
    glide();
  }

  show() {
    const { model } = this;
    const state = follow(this.network, model.get("tile"));
    this.state = state;
    this.drawing.update(state, model.get("linked"));
    this.tileKnobs.update(state, { linked: model.get("linked"), snap: model.get("snap") });
    this.bar.update(state, model.get("linked"));
    this.card.update(state);
    this.table.update(state);
    this.totals.update(state, model.get("batch_size"));
  }

  /** Those of another network are none of this one's. */
  get numbers() {
    const theirs = same(this.model.get("network").config, this.model.get("config"));
    return theirs ? this.model.get("numbers") : {};
  }

  showNumbers() {
    this.card.takeNumbers(this.numbers);
    if (this.state) this.card.update(this.state);
  }

  showProof() {
    this.drawing.setProof(this.model.get("proof"), this.network.config);
  }

  select() {
    this.mark();
    if (this.state) this.card.update(this.state);
  }

  /** What is selected, wherever it is to be seen. */
  mark() {
    const name = this.model.get("selected");
    this.drawing.select(name);
    this.table.select(name);
    this.card.select(name);
  }

  /** @param {KernelState} state */
  showKernel(state) {
    this.root.dataset.kernel = state;
    this.bar.showKernel(state);
  }

  /** Knobs go back to what is true, whether a request was granted or refused. */
  showKnobs() {
    this.designKnobs.update(this.model.get("config"));
    this.bar.showPreset();
  }
}
