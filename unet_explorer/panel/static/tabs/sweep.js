// The Sweep tab: values of knobs, the runs they combine to, and what came of them.

import { setDesign } from "../instrument/history.js";
import { exact, leftWords } from "../lib/format.js";
import { OWN_KEYS, element, pressedButton, setText } from "../lib/page.js";
import { ask, listenTo } from "../lib/widget.js";
import { SweepChart } from "./sweep_chart.js";
import { MatteredView } from "./sweep_mattered.js";
import { SweepNumbers } from "./sweep_numbers.js";
import { Ranges } from "./sweep_ranges.js";
import { SweepTable } from "./sweep_table.js";
import { misfitWordsOf, planWords } from "./sweep_words.js";

/** @import { InstrumentTraits, Model, Shown } from "../lib/types.js" */
/** @import { SweepDesign, SweepTraits } from "./sweep_types.js" */

const HINT =
  "Press more values of a knob at the left: every combination is taught, and stands here as a dot – how good it becomes, for how much work. All else is as on the tab Train.";

class Sweep {
  /**
   * @param {Model<SweepTraits>} model
   * @param {Model<InstrumentTraits>} instrument
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, signal) {
    this.model = model;
    this.instrument = instrument;
    const open = (/** @type {SweepDesign} */ design) => setDesign(instrument, design);
    this.numbers = new SweepNumbers(model, signal);
    this.ranges = new Ranges((name, value) => ask(model, "toggle", { name, value }), this.numbers.snap, signal);
    this.chart = new SweepChart(open, signal);
    this.mattered = new MatteredView();
    this.table = new SweepTable(open, signal);
    this.buttons = { start: sweepButton("start", "Start", true), stop: sweepButton("stop", "Stop") };
    this.says = element("strong", { "data-role": "sweep-plan" });
    this.progress = element("progress", { max: 1, value: 0, "aria-label": "Runs done" });
    this.state = element("span", { class: "ue-quiet", "data-role": "sweep-state", role: "status" });
    this.problem = element("p", { class: "ue-problem", "data-role": "sweep-problem", role: "alert" });
    this.misfits = element("p", { class: "ue-quiet", "data-role": "misfits" });
    this.images = element("span", { "data-role": "sweep-images" });
    const leads = element("button", { type: "button", class: "ue-lead", "data-leads": "Train", ...OWN_KEYS }, "Change in Train");
    const controls = element("div", { class: "ue-line ue-wrap" }, ...Object.values(this.buttons), ...this.numbers.nodes, this.says);
    this.hint = element("p", { class: "ue-quiet" }, HINT);
    // Nothing is known of them at first.
    this.data = element("span", { class: "ue-quiet", hidden: "" }, this.images, leads);
    const line = element("div", { class: "ue-line ue-wrap ue-sweep-line" }, this.progress, this.state, this.data);
    const doing = element("div", { class: "ue-right" }, controls, line, this.problem, this.misfits, this.hint);
    const left = element("div", { class: "ue-left" }, this.ranges.node);
    const came = element("div", { class: "ue-right" }, element("div", { class: "ue-sweep-results" }, this.chart.node, this.mattered.node), this.table.node);
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "sweep" }, element("div", { class: "ue-train" }, doing, left, came));
    controls.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (pressed) ask(this.model, pressed.action);
  }

  showPlan() {
    const plan = this.model.get("plan");
    this.ranges.show(this.model.get("varied"));
    this.numbers.show();
    const images = this.model.get("images");
    setText(this.images, `All learn from ${images}. `);
    this.data.hidden = !images;
    if (plan.combinations === undefined) return;
    setText(this.says, planWords(plan, this.model.get("seeds")));
    setText(this.misfits, misfitWordsOf(plan));
  }

  showProgress() {
    const state = this.model.get("state");
    const { done = 0, total = 1, failed = 0, left = null } = this.model.get("progress");
    const live = ["starting", "running", "stopping"].includes(state);
    const missing = this.model.get("missing");
    const { designs = 0 } = this.model.get("plan");
    this.node.dataset.state = state;
    this.buttons.start.setAttribute("aria-disabled", String(live || Boolean(missing) || !designs));
    this.buttons.stop.setAttribute("aria-disabled", String(!live || state === "stopping"));
    this.progress.hidden = this.state.hidden = state === "new";
    this.hint.hidden = state !== "new";
    this.progress.value = done / Math.max(1, total);
    const words = { new: "", starting: "getting ready: the first runs take longest", running: leftWords(left), stopping: "stopping …", done: done < total ? "stopped" : "finished" }[state];
    const bad = failed ? [`${exact(failed)} without a score`] : [];
    setText(this.state, [`${exact(done)} of ${exact(total)} runs`, ...bad, words].filter(Boolean).join(" · "));
    setText(this.problem, missing || this.model.get("problem"));
  }

  showResults() {
    const { model, instrument } = this;
    const shown = { config: instrument.get("config"), tile: instrument.get("tile") };
    const designs = model.get("designs");
    this.chart.show(model.get("dots"), designs, shown);
    this.table.show(model.get("rows"), designs, shown);
    this.mattered.show(model.get("mattered"));
  }
}

/**
 * @param {string} action
 * @param {string} words
 * @param {boolean} [main]
 */
function sweepButton(action, words, main = false) {
  return element("button", { type: "button", "data-action": action, class: main ? "ue-main" : "", ...OWN_KEYS }, words);
}

export default {
  /** @param {Shown<SweepTraits>} shown */
  async render({ model, el, host, signal }) {
    const instrument = await host.getModel(model.get("instrument"));
    const sweep = new Sweep(model, instrument, signal);
    /** @type {(traits: (keyof SweepTraits)[], listener: () => void) => void} */
    const on = (traits, listener) => listenTo(model, traits, listener, signal, sweep.problem);
    on(["varied", "plan", "nearest", "seeds", "steps", "images"], () => sweep.showPlan());
    on(["state", "progress", "missing", "problem", "plan"], () => sweep.showProgress());
    // What was refused is taken back.
    on(["handled"], () => sweep.numbers.show());
    on(["rows", "dots", "designs", "mattered"], () => sweep.showResults());
    listenTo(instrument, ["config", "tile"], () => sweep.showResults(), signal, sweep.problem);
    el.append(sweep.node);
  },
};
