// What the Train tab of a page shows: what is taught, how it goes, and what comes of it.

import { designWords } from "./design.js";
import { exact } from "../lib/format.js";
import { OWN_KEYS, element, pressedButton, setText } from "../lib/page.js";
import { ask, listenTo } from "../lib/widget.js";
import { ProgressView } from "../tabs/progress.js";

/** @import { Config, Model } from "../lib/types.js" */
/** @import { TrainTraits, TrainingState } from "../tabs/types.js" */
/** @import { PageLearning, TaughtDesign } from "./worker/types.js" */
/** @import { PageTrainTraits } from "./train.js" */

/** @type {Partial<Record<TrainingState, string>>} */
const GOING = { starting: "getting ready …", running: "learning", paused: "paused", finished: "finished", failed: "it went wrong" };
const HEADS = /** @type {const} */ ([
  ["linear", "linear scores"],
  ["relu", "scores behind a ReLU"],
]);

/** @type {Record<string, string>} What a design wants that learns too slowly otherwise, in words. */
const WANTED = { webgpu: "WebGPU, with which a page computes on the graphics card" };

class TeachingView {
  /**
   * @param {Model<PageTrainTraits>} model
   * @param {PageLearning} learning
   * @param {AbortSignal} signal
   */
  constructor(model, learning, signal) {
    this.model = model;
    this.learning = learning;
    const button = (/** @type {string} */ action, /** @type {string} */ text, main = false) =>
      element("button", { type: "button", "data-action": action, class: main ? "ue-main" : "", ...OWN_KEYS }, text);
    this.buttons = { start: button("start", "Start", true), pause: button("pause", "Pause"), resume: button("resume", "Continue", true), step: button("step", "One step") };
    this.state = element("span", { class: "ue-state", "data-role": "train-state", role: "status" });
    this.done = element("progress", { max: 1, value: 0, "aria-label": "Steps done" });
    this.speed = element("span", { class: "ue-quiet", "data-role": "speed" });
    this.differs = element("p", { class: "ue-differs", hidden: true }, "The knobs show another design than this one. ", button("show_design", "Show it"));
    this.problem = element("p", { class: "ue-problem", "data-role": "train-problem", role: "alert" });
    this.head = element("select", { "data-setting": "head", ...OWN_KEYS }, ...HEADS.map(([value, words]) => element("option", { value }, words)));
    this.design = element("select", { "data-setting": "design", ...OWN_KEYS });
    this.designs = Object.entries(learning.designs).map(([value, design]) => ({ design, option: element("option", { value }, designTitle(value, design.config)) }));
    this.design.append(...this.designs.map(({ option }) => option));
    const words = () => element("p", { class: "ue-quiet" });
    this.said = { what: element("p"), wants: words(), how: words() };
    this.said.wants.dataset.role = "wants";
    // It asks for more than a page has only where it is not looked at.
    this.progressView = new ProgressView(/** @type {Model<TrainTraits>} */ (/** @type {unknown} */ (model)), signal);
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "train" });
    const controls = element("div", { class: "ue-line ue-wrap" }, ...Object.values(this.buttons));
    const line = element("div", { class: "ue-line ue-wrap" }, this.state, this.done, this.speed);
    const right = element("div", { class: "ue-right" }, controls, line, this.differs, this.problem, this.progressView.node);
    this.node.append(element("div", { class: "ue-train" }, right, this.layLeft()));
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
    this.design.addEventListener("change", () => this.showDesigns(), { signal });
  }

  layLeft() {
    const { what, wants, how } = this.said;
    const setting = (/** @type {string} */ words, /** @type {Node} */ node) => element("label", { class: "ue-setting" }, element("span", {}, words), node);
    const relu = "Behind a ReLU, as is widely copied, a score cannot fall below 0, and some trainings never begin to learn. Each Start begins from other numbers.";
    const more = "A notebook teaches any design, from images of your own.";
    const quiet = (/** @type {string} */ words) => element("p", { class: "ue-quiet" }, words);
    const settings = [setting("Design", this.design), wants, what, setting("The last layer gives", this.head), quiet(relu)];
    return element("div", { class: "ue-left" }, ...settings, how, quiet(more));
  }

  /** The designs that can be taught here, and the one that the next Start takes. */
  showDesigns() {
    const { learning, said, designs } = this;
    const device = this.model.get("device");
    const missing = designs.filter(({ design, option }) => (option.disabled = design.wants !== "" && design.wants !== device));
    said.wants.hidden = !missing.length;
    setText(said.wants, missing.map(({ design, option }) => wantedWords(design, option.value, device)).join(" "));
    const { config, parameters, tile, rate, batch } = learning.designs[this.design.value];
    const { side, images, validation, name, steps } = learning;
    setText(
      said.what,
      `A network of depth ${config.depth} with ${config.base_filters} filters, ${exact(parameters)} numbers, learns here, in this page, from ${images - validation} images of ${name}, ${side} × ${side} px, ` +
        `and is examined on ${validation} others. Nothing is sent.`,
    );
    const tiles = batch === 1 ? `a tile of ${tile} px a step` : `${batch} tiles of ${tile} px a step`;
    setText(said.how, `Adam, learning rate ${rate}; ${tiles}, turned and mirrored at random; ${exact(steps)} steps.`);
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (pressed) ask(this.model, pressed.action, { head: this.head.value, design: this.design.value });
  }

  showStatus() {
    const status = this.model.get("status");
    const { state = "new", step = 0, steps = 1, epoch = 0, epochs = 1, rate = 0, left } = status;
    this.node.dataset.state = state;
    const busy = state === "starting" || state === "running";
    const shown = { start: !busy, pause: state === "running", resume: state === "paused", step: state === "new" || state === "paused" };
    for (const [action, button] of Object.entries(this.buttons)) {
      // Not `hidden`: a button that is pressed must keep its place and the focus.
      button.setAttribute("aria-disabled", String(!shown[/** @type {keyof typeof shown} */ (action)]));
    }
    setText(this.buttons.start, state === "new" ? "Start" : "Start again");
    setText(this.state, state === "new" ? "" : `${GOING[state] ?? state} · step ${exact(step)} of ${exact(steps)} · epoch ${epoch} of ${epochs}`);
    this.done.hidden = state === "new";
    this.done.value = step / steps;
    const ahead = state === "running" && left ? ` · about ${Math.max(1, Math.round(left))} s left` : "";
    setText(this.speed, rate ? `${rate.toFixed(1)} steps/s${ahead}` : "");
    this.differs.hidden = state === "new" || !status.differs;
    setText(this.problem, this.model.get("problem"));
  }
}

/**
 * @param {string} name
 * @param {Config} config
 */
function designTitle(name, config) {
  return `${name}: ${designWords(config)}`;
}

/**
 * Why a design cannot be taught.
 *
 * @param {TaughtDesign} design
 * @param {string} name
 * @param {string} device
 */
function wantedWords({ wants }, name, device) {
  const wanted = `${name} learns where the browser offers ${WANTED[wants] ?? wants}`;
  return device ? `${wanted}. Here there is none: a step would take seconds.` : `${wanted}; that is being tried …`;
}

/**
 * @param {Model<PageTrainTraits>} model
 * @param {PageLearning} learning
 * @param {HTMLElement} el
 * @param {AbortSignal} signal
 */
export function showTeaching(model, learning, el, signal) {
  const view = new TeachingView(model, learning, signal);
  const { progressView } = view;
  /** @type {(traits: (keyof PageTrainTraits)[], listener: () => void) => void} */
  const on = (traits, listener) => listenTo(model, traits, listener, signal, view.problem);
  on(["device"], () => view.showDesigns());
  on(["status", "problem"], () => view.showStatus());
  on(["curve", "status", "predictions"], () => progressView.showCurves());
  on(["examples"], () => progressView.showExamples());
  on(["predictions", "examples"], () => progressView.showPredictions());
  el.append(view.node);
}
