// What the skips are good for: the same design taught with and without them, side by side.

import { ZOOM, bytesOf, easel, errorColour, imageColour, labelColour, paint } from "../lib/canvas.js";
import { Chart } from "../lib/charts.js";
import { exact } from "../lib/format.js";
import { OWN_KEYS, element, onTyped, pressedButton, setText, showNumber } from "../lib/page.js";
import { ask, askNumber, listenTo } from "../lib/widget.js";

/** @import { Colouring } from "../lib/canvas.js" */
/** @import { Bytes, Model, Painted, Pair, Palette, Shown } from "../lib/types.js" */
/** @import { AblationTraits, Run, Epoch, Example } from "./types.js" */

const KINDS = ["class1", "class6", "class3"];

class Ablation {
  /**
   * @param {Model<AblationTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    /**
     * The predictions that are painted.
     *
     * @type {Bytes[][]}
     */
    this.painted = [];
    this.steps = element("input", { type: "number", min: 1, step: 50, "data-setting": "steps", ...OWN_KEYS });
    this.start = element("button", { type: "button", class: "ue-main", "data-action": "start", ...OWN_KEYS }, "Teach all three");
    this.stop = element("button", { type: "button", "data-action": "stop", ...OWN_KEYS }, "Stop");
    this.state = element("span", { class: "ue-quiet", "data-role": "ablation-state", role: "status" });
    this.problem = element("p", { class: "ue-problem", "data-role": "ablation-problem", role: "alert" });
    this.verdict = element("p", { class: "ue-verdict-words", "data-role": "verdict" });
    this.chart = new Chart("IoU on images they do not learn from", "ablation-curve", (value) => value.toFixed(2));
    this.pictures = element("div", { class: "ue-pictures-grid ue-ablation-grid", "data-role": "masks" });
    const about =
      "Teaches the design on the knobs three times, on the same images and from the same seed: with skips cropped to fit (no padding), without skips, " +
      "and with padded convolutions, whose skips fit as they are. All else is as on the tab Train. Skips matter most where fine lines count: try the membranes.";
    const steps = element("label", { class: "ue-line" }, element("span", {}, "Steps each"), this.steps);
    const line = element("div", { class: "ue-line ue-wrap" }, this.start, this.stop, steps, this.state);
    const title = element("summary", OWN_KEYS, "What are the skips good for?");
    this.part = element("details", { class: "ue-part" }, title, element("p", { class: "ue-quiet" }, about), line);
    this.part.append(this.problem, this.verdict, this.chart.node, this.pictures);
    this.node = element("div", { class: "unet-explorer-tab ue ue-ablation", "data-tab": "ablation" }, this.part);
    line.addEventListener("click", (event) => this.onClick(event), { signal });
    onTyped(this.steps, () => askNumber(model, "steps", this.steps), signal);
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (pressed) ask(this.model, pressed.action);
  }

  show() {
    const state = this.model.get("state");
    const runs = this.model.get("runs");
    const running = state === "running";
    this.node.dataset.state = state;
    showNumber(this.steps, this.model.get("steps"));
    this.start.setAttribute("aria-disabled", String(running));
    this.stop.setAttribute("aria-disabled", String(!running));
    setText(this.problem, this.model.get("problem") || runs.map(({ problem }) => problem).find(Boolean) || "");
    setText(this.state, running ? runs.map(({ name, step }) => `${name}: step ${exact(step)}`).join(" · ") : "");
    this.chart.node.hidden = !runs.length;
    if (!runs.length) {
      this.pictures.replaceChildren();
      setText(this.verdict, "");
      return;
    }
    this.showCurves(runs);
    this.showVerdict(runs, running);
    this.showPictures(runs);
  }

  /** @param {Run[]} runs */
  showCurves(runs) {
    const lines = runs.map(({ name, curve }, at) => ({
      name,
      kind: KINDS[at],
      dots: true,
      points: curve.epochs.flatMap(({ step, mean_iou: mean }) => (mean === null ? [] : [/** @type {Pair} */ ([step, mean])])),
    }));
    const words = runs.map((run) => `${run.name} ${iouWords(last(run))}`).join(", ");
    this.chart.show({ lines, steps: runs[0].steps, top: 1, at: null, words });
  }

  /**
   * @param {Run[]} runs
   * @param {boolean} running
   */
  showVerdict(runs, running) {
    const scored = runs.filter(last);
    const taken = [...new Set(runs.map(({ step }) => exact(step)))].join(", ");
    const early = runs.some(({ step, steps }) => step < steps) ? `Ended early, after ${taken} steps` : "After all steps";
    const words = scored.map((run) => `${run.name}: IoU ${iouWords(last(run))}`).join(" · ");
    setText(this.verdict, scored.length === runs.length ? `${running ? "So far" : early}: ${words}` : "");
  }

  /** @param {Run[]} runs */
  showPictures(runs) {
    const [examples, predictions] = [this.model.get("examples"), this.model.get("predictions")];
    if (this.painted === predictions || !examples.length || !predictions.length) return;
    this.painted = predictions;
    const palette = this.model.get("palette");
    const heads = ["image", "truth", ...runs.map((run) => `${run.name} (IoU ${iouWords(last(run))})`)];
    /** @type {HTMLElement[]} */
    const cells = heads.map((words) => element("div", { class: "ue-quiet ue-column" }, words));
    examples[0].forEach((picture, row) => {
      const truth = bytesOf(picture.truth);
      cells.push(painted("image", picture, 1, imageColour(picture), `${picture.title}: the image`));
      cells.push(painted("truth", picture, 1, labelColour(palette, picture, truth), `${picture.title}: the truth`));
      runs.forEach(({ name }, at) => cells.push(answered(palette, name, examples[at][row], predictions[at][row])));
    });
    this.pictures.replaceChildren(...cells);
  }
}

/**
 * Where a network is wrong, over its own picture: another tile may show another part of the image.
 *
 * @param {Palette} palette
 * @param {string} name
 * @param {Example} picture
 * @param {Bytes} answer
 */
function answered(palette, name, picture, answer) {
  const truth = bytesOf(picture.truth);
  const found = bytesOf(answer);
  if (found.length !== truth.length) return painted("mask", picture, 1, () => [128, 128, 128], `${name}: nothing yet`);
  const wrong = found.reduce((sum, label, pixel) => sum + (label !== truth[pixel] ? 1 : 0), 0);
  const words = `${name}, ${picture.title}: ${((100 * wrong) / truth.length).toFixed(1)} % of its pixels are wrong`;
  return painted("mask", picture, ZOOM, errorColour(palette, picture, truth, found), words);
}

/**
 * @param {string} role
 * @param {Painted} picture
 * @param {number} zoom
 * @param {Colouring} colour
 * @param {string} words
 */
function painted(role, picture, zoom, colour, words) {
  const canvas = easel(role);
  paint(canvas, picture, zoom, colour, words);
  return canvas;
}

/**
 * @param {Run} run
 * @returns {Epoch | undefined}
 */
function last({ curve }) {
  return curve.epochs[curve.epochs.length - 1];
}

/** @param {Epoch | undefined} epoch */
function iouWords(epoch) {
  return epoch?.mean_iou?.toFixed(2) ?? "–";
}

export default {
  /** @param {Shown<AblationTraits>} shown */
  render({ model, el, signal }) {
    const tab = new Ablation(model, signal);
    const traits = /** @type {const} */ (["state", "runs", "problem", "handled", "steps", "examples", "predictions"]);
    listenTo(model, traits, () => tab.show(), signal, tab.problem);
    el.append(tab.node);
  },
};
