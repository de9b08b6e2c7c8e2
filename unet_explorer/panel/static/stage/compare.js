// A design is pinned as A, and one goes on as B: both Us at once, and what differs between them.

import { setDesign } from "../instrument/history.js";
import { PaleDrawing } from "../instrument/pale.js";
import { chosenRows, learntRows, resultRows, selectedRows, stateWords, stepSentences } from "../instrument/versus.js";
import { same } from "../lib/equal.js";
import { follow } from "../lib/law.js";
import { OWN_KEYS, assign, element, pressedButton, setText } from "../lib/page.js";
import { listenTo, send, setTraits } from "../lib/widget.js";

/** @import { Instrument } from "../instrument/instrument.js" */
/** @import { Versus } from "../instrument/versus.js" */
/** @import { Followed, InstrumentTraits, Model, Pinned, Told } from "../lib/types.js" */
/** @import { TrainTraits } from "../tabs/types.js" */

const PIN = "Pin as A: keep this design in sight, and compare what you change with it";

export class Compare {
  /**
   * @param {Instrument} instrument
   * @param {AbortSignal} signal
   */
  constructor(instrument, signal) {
    this.instrument = instrument;
    this.model = instrument.model;
    this.pin = button("pin", "Pin as A", PIN);
    this.pale = new PaleDrawing(signal);
    /** @type {[number | null, number | null]} */
    this.best = [null, null];
    this.titles = [element("p", { class: "ue-which-one", "data-role": "pinned-title" }), element("p", { class: "ue-which-one", "data-role": "live-title", hidden: true })];
    const buttons = [button("swap", "⇄ Swap", "Swap A and B"), button("unpin", "✕", "Unpin A: compare no longer")];
    const head = element("div", { class: "ue-compare-head" }, this.titles[0], ...buttons);
    this.table = new VersusTable();
    this.steps = element("ul", { class: "ue-step-words", "data-role": "step-words" });
    this.problem = element("p", { class: "ue-problem" });
    const scroll = { class: "ue-versus", role: "region", tabindex: 0, "aria-label": "What differs between A and B", ...OWN_KEYS };
    const numbers = element("div", scroll, this.table.node, this.steps, this.problem);
    this.node = element("div", { class: "ue-compare", role: "group", "aria-label": "Compared with A", "data-role": "compare", hidden: true }, head, this.pale.node, numbers);
    instrument.bar.tools.append(this.pin);
    instrument.drawing.node.append(this.titles[1]);
    for (const part of [this.pin, this.node]) part.addEventListener("click", (event) => this.onClick(event), { signal });
    /** @type {(keyof InstrumentTraits)[]} */
    const traits = ["network", "config", "tile", "pinned", "batch_size", "selected"];
    listenTo(this.model, traits, () => this.update(), signal, this.problem);
  }

  /**
   * How well both have learnt is told by the tab that teaches.
   *
   * @param {Model<TrainTraits>} train
   * @param {AbortSignal} signal
   */
  followTraining(train, signal) {
    const show = () => {
      this.best = train.get("pair").best ?? [null, null];
      this.update();
    };
    listenTo(train, ["pair"], show, signal, this.problem);
  }

  /** @param {Event} event */
  onClick(event) {
    const action = pressedButton(event)?.action;
    if (action === "pin") setTraits(this.model, { pinned: this.shown() });
    else if (action === "swap") this.swap();
    else if (action === "unpin") {
      setTraits(this.model, { pinned: {} });
      this.pin.focus();
    } else return;
    send(this.model);
  }

  /**
   * What the knobs show; of a design that the kernel has not answered yet, the one that is drawn.
   *
   * @returns {Pinned}
   */
  shown() {
    const { network } = this.instrument;
    return { config: network.config, tile: this.model.get("tile"), network };
  }

  swap() {
    const { model } = this;
    const pinned = model.get("pinned");
    if (!isPinned(pinned)) return;
    const shown = this.shown();
    setTraits(model, { pinned: shown });
    this.instrument.act(() => setDesign(model, pinned));
    // It is known here already: no kernel needs to be asked. Last, so that it counts as one step to be undone.
    if (!same(model.get("network").config, pinned.config)) setTraits(model, { network: pinned.network });
  }

  update() {
    const { model, pale, table } = this;
    const pinned = model.get("pinned");
    const on = isPinned(pinned);
    this.instrument.root.toggleAttribute("data-compared", on);
    this.node.hidden = this.titles[1].hidden = !on;
    const title = on ? "Pin as A: this design, instead of the one that is pinned" : PIN;
    assign(this.pin, { title, "aria-label": title });
    if (!on) return;
    const [a, b] = [follow(pinned.network, pinned.tile), follow(this.instrument.network, model.get("tile"))];
    this.showTitles([a, b]);
    if (a.network !== pale.state?.network || !same(a.tile, pale.state.tile)) pale.show(a, `The U of A: ${stateWords(a)}`);
    const selected = model.get("selected");
    pale.select(selected);
    table.show([
      ["chosen", chosenRows(model.get("knobs"), a, b)],
      ["results", resultRows(a, b, model.get("batch_size"))],
      ["learnt", learntRows(this.best)],
      ["selected", selectedRows(selected, a, b)],
    ]);
    const sentences = stepSentences(a, b);
    if (this.steps.textContent !== sentences.join("")) this.steps.replaceChildren(...sentences.map((each) => element("li", {}, each)));
  }

  /** @param {Followed[]} states  A and B. */
  showTitles(states) {
    states.forEach((state, at) => {
      const [name, words] = ["AB"[at], stateWords(state)];
      const title = this.titles[at];
      if (title.dataset.words === words) return;
      title.dataset.words = words;
      title.replaceChildren(element("strong", { class: "ue-letter" }, name), " ", element("span", {}, words));
    });
  }
}

/**
 * Whether a design is pinned.
 *
 * @param {Told<Pinned>} pinned
 * @returns {pinned is Pinned}
 */
function isPinned(pinned) {
  return Boolean(pinned.network);
}

/**
 * @param {string} action
 * @param {string} words
 * @param {string} label
 */
function button(action, words, label) {
  return element("button", { type: "button", "data-action": action, "aria-label": label, title: label, ...OWN_KEYS }, words);
}

/** Both values a row, and the difference. Rows stay where they are while a tile is dragged. */
class VersusTable {
  constructor() {
    /** Which rows there are. */
    this.keys = "";
    /** @type {HTMLElement[]} */
    this.rows = [];
    this.bodies = element("tbody");
    const head = ["", "A", "B", "Change"].map((words) => element("th", { scope: "col", class: words.length === 1 ? "ue-letter" : "" }, words));
    head[0].append(element("span", { class: "ue-unseen" }, "what is compared"));
    const caption = element("caption", { class: "ue-unseen" }, "A and B, compared");
    this.node = element("table", { "data-role": "versus" }, caption, element("thead", {}, element("tr", {}, ...head)), this.bodies);
  }

  /** @param {[string, Versus[]][]} groups */
  show(groups) {
    const all = groups.flatMap(([group, rows]) => rows.map((row, at) => ({ ...row, group: at ? "" : group })));
    const keys = all.map(({ key, group }) => `${group} ${key}`).join();
    if (keys !== this.keys) {
      this.keys = keys;
      this.rows = all.map(({ key, group }) => {
        const title = element("th", { scope: "row" });
        return element("tr", { "data-versus": key, "data-first": group || undefined }, title, element("td"), element("td"), element("td"));
      });
      this.bodies.replaceChildren(...this.rows);
    }
    all.forEach(({ label, a, b, difference, same: alike }, at) => {
      const row = this.rows[at];
      row.toggleAttribute("data-same", alike);
      [label, a, b, difference].forEach((text, place) => setText(row.children[place], text));
    });
  }
}
