// The Train tab: images, how to teach, and what comes of it while it happens.

import { exact } from "../lib/format.js";
import { OWN_KEYS, element, pressedButton, setText } from "../lib/page.js";
import { ask, listenTo } from "../lib/widget.js";
import { Images } from "./own_images.js";
import { ProgressView } from "./progress.js";
import { Proposals } from "./proposals.js";
import { QuestionView } from "./questions.js";
import { Settings } from "./settings.js";
import { PairView } from "./side_by_side.js";
import { TrainingsList } from "./trainings.js";

/** @import { InstrumentTraits, Model, Shown } from "../lib/types.js" */
/** @import { Finding, TrainTraits, TrainingState } from "./types.js" */

/** @type {Record<TrainingState, string>} */
const STATE_WORDS = {
  new: "",
  waiting: "waiting for its turn",
  starting: "getting ready …",
  running: "learning",
  paused: "paused",
  stopped: "stopped",
  finished: "finished",
  failed: "it went wrong",
  interrupted: "cut off",
};

class Train {
  /**
   * @param {Model<TrainTraits>} model
   * @param {Model<InstrumentTraits>} instrument
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, signal) {
    this.model = model;
    this.states = model.get("states");
    /** The findings that are listed. */
    this.found = "";
    this.settings = new Settings(model, instrument, signal);
    this.images = new Images(model, signal);
    this.question = new QuestionView(model, signal);
    this.proposals = new Proposals(model);
    this.progressView = new ProgressView(model, signal);
    this.trainings = new TrainingsList(model, signal);
    this.pair = new PairView(model);
    this.problem = element("p", { class: "ue-problem", "data-role": "train-problem", role: "alert" });
    this.findings = element("ul", { class: "ue-findings", "data-role": "findings", "aria-label": "Before you start" });
    const button = (/** @type {string} */ action, /** @type {string} */ text, main = false) =>
      element("button", { type: "button", "data-action": action, class: main ? "ue-main" : "", ...OWN_KEYS }, text);
    this.buttons = {
      start: button("start", "Start", true),
      pause: button("pause", "Pause"),
      resume: button("resume", "Continue", true),
      step: button("step", "One step"),
      stop: button("stop", "Stop"),
      reset: button("reset", "Close training"),
    };
    this.controls = element("div", { class: "ue-line ue-wrap" }, ...Object.values(this.buttons));
    this.state = element("span", { class: "ue-state", "data-role": "train-state", role: "status" });
    this.progress = element("progress", { max: 1, value: 0, "aria-label": "Steps done" });
    this.speed = element("span", { class: "ue-quiet", "data-role": "speed" });
    this.differs = element("p", { class: "ue-differs", "data-role": "differs", hidden: true });
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "train" });
    const left = element("div", { class: "ue-left" }, this.images.node, this.proposals.node, this.settings.node);
    const line = element("div", { class: "ue-line ue-wrap" }, this.state, this.progress, this.speed);
    const right = element("div", { class: "ue-right" }, this.controls, line, this.differs, this.problem, this.question.node, this.findings);
    right.append(this.trainings.node, this.pair.node, this.progressView.node, this.images.varied);
    this.node.append(element("div", { class: "ue-train" }, right, left));
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (!pressed) return;
    const { action, kind } = pressed;
    if (action === "start-anyway") ask(this.model, "start", { force: true });
    else ask(this.model, action, kind ? { kind } : {});
  }

  showStatus() {
    const status = this.model.get("status");
    const state = status.state || "new";
    // What it will learn from is looked at before, not while it learns.
    if (this.node.dataset.state !== state && [this.node.dataset.state, state].includes("new")) this.images.varied.open = state === "new";
    this.node.dataset.state = state;
    this.showButtons(state);
    const { step = 0, steps = 1, epoch = 0, epochs = 1 } = status;
    // Others learn on this machine, and were here first.
    const before = state === "waiting" ? ` · ${status.before ?? 1} before you` : "";
    const done = `${before} · step ${exact(step)} of ${exact(steps)} · epoch ${epoch} of ${epochs}`;
    setText(this.state, state === "new" ? "" : STATE_WORDS[state] + done);
    this.progress.hidden = state === "new";
    this.progress.value = step / steps;
    const speed = status.rate ? `${status.rate.toFixed(status.rate < 10 ? 1 : 0)} steps/s` : "";
    const left = state === "running" && status.left ? ` · about ${duration(status.left)} left` : "";
    const ahead = state === "new" && status.left ? `about ${duration(status.left)} to learn, by estimate` : "";
    setText(this.speed, ahead || speed + left);
    const other = status.differs || Boolean(status.images);
    this.progressView.node.dataset.stale = String(Boolean(status.images));
    this.differs.hidden = !other;
    if (other) {
      const show = element("button", { type: "button", "data-action": "show_design", ...OWN_KEYS }, "Load its settings");
      const words = `This training is of ${status.images ? "other images than are chosen now" : "another design than the settings show"}: ${status.design}. `;
      if (this.differs.dataset.design !== words) this.differs.replaceChildren(words, ...(status.differs ? [show] : []));
      this.differs.dataset.design = words;
    }
    this.showProblem();
  }

  /** @param {TrainingState} state */
  showButtons(state) {
    const live = this.states.live.includes(state);
    /** @type {Record<string, boolean>} */
    const shown = {
      start: !live,
      resume: state === "paused" || this.states.again.includes(state),
      pause: state === "running" || state === "starting",
      step: state === "new" || (live && state !== "waiting"),
      stop: live,
      reset: state !== "new",
    };
    for (const [action, button] of Object.entries(this.buttons)) {
      // Not `hidden`: a button that is pressed must keep its place and the focus.
      button.setAttribute("aria-disabled", String(!shown[action]));
    }
    setText(this.buttons.start, state === "new" ? "Start" : "Start again");
  }

  showProblem() {
    const problem = this.model.get("problem") || this.model.get("status").problem || "";
    setText(this.problem, problem);
  }

  /** What speaks against starting, with a button that mends it where there is one. */
  showFindings() {
    const found = this.model.get("findings");
    const key = JSON.stringify(found);
    if (key === this.found) return;
    this.found = key;
    const items = found.map(findingItem);
    const weights = found.map(({ weight }) => weight);
    if (weights.includes("doubt") && !weights.includes("stop")) {
      const anyway = element("button", { type: "button", "data-action": "start-anyway", ...OWN_KEYS }, "Start anyway");
      items.push(element("li", { class: "ue-anyway" }, anyway));
    }
    this.findings.replaceChildren(...items);
  }
}

/** @param {Finding} finding */
function findingItem({ kind, weight, message, fix, mendable }) {
  const item = element("li", { "data-finding": kind, "data-weight": weight }, element("span", {}, message));
  if (fix && mendable) item.append(" ", element("button", { type: "button", "data-action": "fix", "data-kind": kind, ...OWN_KEYS }, fix));
  else if (fix) item.append(` ${fix}`);
  return item;
}

/**
 * Seconds as one would say them.
 *
 * @param {number} seconds
 */
function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export default {
  /** @param {Shown<TrainTraits>} shown */
  async render({ model, el, host, signal }) {
    const instrument = await host.getModel(model.get("instrument"));
    const train = new Train(model, instrument, signal);
    /** @type {(traits: (keyof TrainTraits)[], listener: () => void) => void} */
    const on = (traits, listener) => listenTo(model, traits, listener, signal, train.problem);
    on(["recipe"], () => train.settings.show());
    listenTo(instrument, ["batch_size"], () => train.settings.show(), signal, train.problem);
    on(["source", "data"], () => train.images.show());
    on(["question"], () => train.question.show());
    on(["proposals"], () => train.proposals.show());
    on(["gallery"], () => train.images.showGallery());
    on(["findings"], () => train.showFindings());
    on(["status", "problem"], () => train.showStatus());
    on(["trainings", "compared"], () => train.trainings.show());
    on(["curve", "compared", "status", "predictions"], () => train.progressView.showCurves());
    on(["pair"], () => train.pair.show());
    on(["examples"], () => train.progressView.showExamples());
    on(["predictions", "examples"], () => train.progressView.showPredictions());
    el.append(train.node);
  },
};
