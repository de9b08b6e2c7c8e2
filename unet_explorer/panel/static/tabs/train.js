// The Train tab: images, how to teach, and what comes of it while it happens.

import { easel, heatColour, paint, rimColour } from "../lib/canvas.js";
import { exact, size } from "../lib/format.js";
import { OWN_KEYS, element, onTyped, pressedButton, setText } from "../lib/page.js";
import { ask, listenTo } from "../lib/widget.js";
import { ProgressView } from "./progress.js";
import { Proposals } from "./proposals.js";
import { Settings } from "./settings.js";
import { TrainingsList } from "./trainings.js";
import { Upload } from "./upload.js";

/** @import { InstrumentTraits, Model, Shown } from "../lib/types.js" */
/** @import { Finding, Source, TrainTraits, TrainingState } from "./types.js" */

/** @type {Record<TrainingState, string>} */
const STATE_WORDS = {
  new: "",
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
    this.proposals = new Proposals(model);
    this.progressView = new ProgressView(model, signal);
    this.trainings = new TrainingsList(model, signal);
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
    const right = element("div", { class: "ue-right" }, this.controls, line, this.differs, this.problem, this.findings);
    right.append(this.trainings.node, this.progressView.node, this.images.varied);
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
    const done = ` · step ${exact(step)} of ${exact(steps)} · epoch ${epoch} of ${epochs}`;
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
      step: state === "new" || live,
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

/** Which images, and how they vary. */
class Images {
  /**
   * @param {Model<TrainTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    const made = model.get("sources").map((name) => element("option", { value: name }, name));
    this.choice = element("select", { "data-setting": "source", ...OWN_KEYS }, ...made);
    this.own = element("option", { value: "", disabled: true, hidden: true }, "your own");
    this.choice.append(this.own);
    this.path = element("input", { type: "text", "data-setting": "path", placeholder: "/home/me/images", ...OWN_KEYS });
    this.about = element("p", { class: "ue-quiet", "data-role": "data" });
    this.gallery = element("div", { class: "ue-gallery", "data-role": "gallery" });
    const folder = element("input", { type: "file", multiple: true, webkitdirectory: true, "data-upload": "folder", ...OWN_KEYS });
    const accept = model.get("accepted").archives.join(",");
    const zip = element("input", { type: "file", accept, "data-upload": "zip", ...OWN_KEYS });
    this.upload = new Upload(model, signal, [
      ["Upload a folder …", folder],
      ["Upload a .zip …", zip],
    ]);
    this.choice.addEventListener("change", () => this.choose({ kind: "made", name: this.choice.value }), { signal });
    onTyped(this.path, () => this.path.value && this.choose({ kind: "path", path: this.path.value }), signal);
    const how = "Either two folders, images/ and masks/, with the same file names; or one folder for each image, with one mask file for each object; or a .zip of one of these.";
    const own = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "Your own images"));
    const label = element("label", { class: "ue-setting" }, element("span", {}, "Folder or .zip, where the notebook runs"), this.path);
    own.append(label, this.upload.node, element("p", { class: "ue-quiet" }, how));
    const words = "Training data: one image with each variation, and the weight of each pixel";
    this.varied = element("details", { class: "ue-part" }, element("summary", OWN_KEYS, words), this.gallery);
    const choice = element("label", { class: "ue-setting" }, element("span", {}, "Images"), this.choice);
    this.node = element("div", { class: "ue-images" }, choice, this.about, own);
  }

  /** @param {Source} source */
  choose(source) {
    // Numbered, so that the same path may be read anew.
    const again = (this.model.get("source").again || 0) + 1;
    this.model.set("source", { ...source, again });
    this.model.save_changes();
  }

  show() {
    const source = this.model.get("source");
    this.own.hidden = source.kind === "made";
    this.choice.value = source.kind === "made" ? source.name : "";
    const data = this.model.get("data");
    if (data.loading) setText(this.about, "reading the images …");
    else if (data.name) {
      const shape = data.size.length ? size(data.size) : "various sizes";
      const colour = new Map([[1, "grey"], [3, "RGB"]]).get(data.channels) ?? `${data.channels} channels`;
      const licence = data.licence ? ` · ${data.licence}` : "";
      setText(this.about, `${data.name}: ${data.count} images, ${shape}, ${colour}. Classes: ${data.classes.join(", ")}${licence}`);
    } else setText(this.about, "");
  }

  showGallery() {
    const figures = this.model.get("gallery").map((picture) => {
      const canvas = easel("variation");
      const colour = picture.kind === "weights" ? heatColour(picture) : rimColour(this.model.get("palette"), picture);
      paint(canvas, picture, 1, colour, `The first image, ${picture.title}`);
      return element("figure", {}, canvas, element("figcaption", {}, picture.title));
    });
    this.gallery.replaceChildren(...figures);
  }
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
    on(["proposals"], () => train.proposals.show());
    on(["gallery"], () => train.images.showGallery());
    on(["findings"], () => train.showFindings());
    on(["status", "problem"], () => train.showStatus());
    on(["trainings", "compared"], () => train.trainings.show());
    on(["curve", "compared", "status", "predictions"], () => train.progressView.showCurves());
    on(["examples"], () => train.progressView.showExamples());
    on(["predictions", "examples"], () => train.progressView.showPredictions());
    el.append(train.node);
  },
};
