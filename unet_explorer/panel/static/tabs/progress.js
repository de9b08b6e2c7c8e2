// What comes of a training: the curves, the scores, and pictures that can be turned back through the epochs.

import { UNKNOWN, ZOOM, bytesOf, classColour, easel, errorColour, imageColour, labelColour, paint } from "../lib/canvas.js";
import { Chart } from "../lib/charts.js";
import { exact, rough } from "../lib/format.js";
import { OWN_KEYS, element, setText } from "../lib/page.js";
import { send } from "../lib/widget.js";

/** @import { Line } from "../lib/charts.js" */
/** @import { Model, Pair, Palette } from "../lib/types.js" */
/** @import { Compared, Epoch, Example, TrainTraits } from "./types.js" */

const SEEN = /** @type {const} */ (["image", "truth", "prediction", "errors"]);

/** @typedef {{ picture: Example, truth: Uint8Array, canvases: Record<(typeof SEEN)[number], HTMLCanvasElement> }} Row */

/** Milliseconds that the eye needs for an epoch. */
const PER_EPOCH = 400;

export class ProgressView {
  /**
   * @param {Model<TrainTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    /**
     * A row of pictures for each example.
     *
     * @type {Row[]}
     */
    this.rows = [];
    /** @type {ReturnType<typeof setInterval> | null} */
    this.clock = null;
    this.loss = new Chart("Loss (thin: each step, thick: smoothed)", "loss-curve", (value) => rough(value));
    this.iou = new Chart("Scores on validation images, not used to learn", "iou-curve", (value) => value.toFixed(2));
    this.scores = element("table", { class: "ue-scores", "data-role": "scores" });
    this.mislead = element("p", { class: "ue-quiet", "data-role": "misleading" });
    this.slider = element("input", { type: "range", min: 1, max: 1, step: 1, "data-setting": "epoch", ...OWN_KEYS });
    this.which = element("output", { class: "ue-which", "data-role": "epoch" });
    const byHand = () => (this.halt(), this.lookAt(Number(this.slider.value)));
    this.slider.addEventListener("input", byHand, { signal });
    this.play = element("button", { type: "button", "data-action": "play-epochs", ...OWN_KEYS }, "▶ Play");
    this.play.addEventListener("click", () => (this.clock === null ? this.start() : this.halt()), { signal });
    signal.addEventListener("abort", () => this.halt());
    const look = element("label", { class: "ue-back" }, element("span", {}, "Look back"), this.slider, this.which);
    this.back = element("div", { class: "ue-line" }, this.play, look);
    this.pictures = element("div", { class: "ue-pictures-grid", "data-role": "pictures" });
    this.legend = element("ul", { class: "ue-legend ue-errors-legend" });
    const charts = element("div", { class: "ue-charts" }, this.loss.node, this.iou.node);
    this.beside = element("p", { class: "ue-quiet", "data-role": "beside", hidden: true });
    this.node = element("div", { class: "ue-course", hidden: true }, charts, this.beside, this.back, this.pictures, this.scores, this.mislead);
  }

  /**
   * The last epoch means: whatever is the latest; 0 is before the first step.
   *
   * @param {number} epoch
   */
  lookAt(epoch) {
    const { epochs = [] } = this.model.get("curve");
    this.model.set("shown", epoch >= epochs.length ? 0 : epoch || -1);
    send(this.model);
  }

  /** From the first epoch to the latest, each as soon as the one before it was seen. */
  start() {
    this.lookAt(Number(this.slider.min));
    setText(this.play, "❚❚ Pause");
    this.clock = setInterval(() => {
      const { epochs = [] } = this.model.get("curve");
      const { epoch = 0 } = this.model.get("predictions");
      const shown = this.model.get("shown");
      if (!shown || !this.node.isConnected) this.halt();
      else if (epoch === Math.max(0, shown)) this.lookAt(Math.min(epoch + 1, epochs.length));
    }, PER_EPOCH);
  }

  halt() {
    if (this.clock !== null) clearInterval(this.clock);
    this.clock = null;
    setText(this.play, "▶ Play");
  }

  showCurves() {
    const [curve, compared] = [this.model.get("curve"), this.model.get("compared")];
    this.node.hidden = !curve.points && !compared.length;
    this.node.dataset.alone = String(!curve.points);
    const steps = Math.max(this.model.get("status").steps ?? 1, ...compared.map((each) => each.steps));
    this.beside.hidden = !compared.length;
    const unlike = compared.filter(({ images }) => images !== (curve.images ?? compared[0].images)).map(({ title }) => title);
    const warning = unlike.length ? ` ${unlike.join(", ")} learnt from other images: these scores cannot be compared.` : "";
    setText(this.beside, `Dashed: ${compared.map(({ title }) => title).join(", ")}.${warning}`);
    if (!curve.points) {
      this.showLoss([], steps, null);
      this.showScores([], [], steps, null);
      return;
    }
    const { first, points, classes } = curve;
    const epochs = first ? [first, ...curve.epochs] : curve.epochs;
    const answered = this.model.get("predictions").epoch || 0;
    const shown = epochs.find(({ number }) => number === answered);
    const at = shown && epochs.length > 1 ? shown.step : null;
    this.showLoss(points, steps, at);
    this.showScores(epochs, classes, steps, at);
    this.back.hidden = !epochs.length;
    const last = curve.epochs.length;
    this.slider.min = first ? "0" : "1";
    this.slider.max = String(Math.max(1, last));
    // Where the hand has put it, even if the answer is still on its way.
    const wanted = this.model.get("shown");
    this.slider.value = String(wanted < 0 ? 0 : wanted || last);
    this.slider.setAttribute("aria-valuetext", answered ? `epoch ${answered} of ${last}` : "before the first step");
    const so = this.model.get("states").live.includes(this.model.get("status").state ?? "new") ? " so far" : "";
    const best = answered && answered === curve.best ? `, the best${so}` : "";
    const words = answered ? `epoch ${answered} (step ${exact(shown?.step ?? 0)})${best}` : "before the first step";
    setText(this.which, shown ? words : "");
    this.showTable(shown, classes);
  }

  /**
   * @param {Pair[]} points
   * @param {number} steps
   * @param {number | null} at
   */
  showLoss(points, steps, at) {
    const others = this.others(({ points: all }) => smoothed(all));
    const highest = Math.max(0, ...[points, ...others.map((each) => each.points)].flat().map(([, loss]) => loss));
    const last = points.length ? points[points.length - 1][1] : 0;
    const words = points.length ? `from ${rough(points[0][1])} to ${rough(last)}` : "nothing yet";
    const lines = [
      ...others,
      { name: "", points, kind: "loss-each" },
      { name: "loss", points: smoothed(points), kind: "loss" },
    ];
    this.loss.show({ lines, steps, top: roundUp(highest), at, words });
  }

  /**
   * @param {Epoch[]} epochs
   * @param {string[]} classes
   * @param {number} steps
   * @param {number | null} at
   */
  showScores(epochs, classes, steps, at) {
    /** @type {(name: string, kind: string, value: (epoch: Epoch) => number | null) => Line} */
    const line = (name, kind, value) => ({ name, kind, dots: kind !== "accuracy", points: pointsOf(epochs, value) });
    const many = classes.length > 2;
    const lines = [...this.others((each) => each.scores), line("accuracy", "accuracy", ({ accuracy }) => accuracy)];
    if (many) {
      // More names than these would not fit beside the chart; the table below has them all.
      const few = classes.length <= 6;
      classes.slice(1).forEach((name, place) => {
        lines.push(line(few ? short(name) : "", `class${(place % 7) + 1}`, ({ iou }) => iou[place + 1]));
      });
    }
    lines.push(line(many ? "mean IoU" : "IoU", "iou", ({ mean_iou: mean }) => mean));
    const last = epochs[epochs.length - 1];
    const words = last ? `IoU ${last.mean_iou?.toFixed(2) ?? "undefined: there is no object"}, accuracy ${last.accuracy.toFixed(2)}` : "nothing yet";
    this.iou.show({ lines, steps, top: 1, at, words });
  }

  /**
   * Curves of the trainings that are compared.
   *
   * @param {(each: Compared) => Pair[]} points
   * @returns {Line[]}
   */
  others(points) {
    return this.model.get("compared").map((each, at) => ({ name: short(each.title), points: points(each), kind: `other${at + 1}` }));
  }

  /**
   * @param {Epoch | undefined} epoch
   * @param {string[]} classes
   */
  showTable(epoch, classes) {
    this.scores.hidden = this.mislead.hidden = !epoch;
    if (!epoch) return;
    const palette = this.model.get("palette");
    const cell = (/** @type {number | null} */ value) => element("td", {}, value === null ? "does not occur" : value.toFixed(3));
    const head = ["class", "IoU", "Dice"].map((text) => element("th", { scope: "col" }, text));
    const rows = classes.map((name, at) => {
      const swatch = element("span", { class: "ue-swatch" });
      if (at) swatch.style.background = `rgb(${classColour(palette, at).join()})`;
      const title = element("th", { scope: "row" }, swatch, name);
      return element("tr", {}, title, cell(epoch.iou[at]), cell(epoch.dice[at]));
    });
    this.scores.replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)} %`;
    const nothing = percent(epoch.constant);
    setText(
      this.mislead,
      `Pixel accuracy is ${percent(epoch.accuracy)}. It misleads: whoever says “${classes[epoch.constant_class]}” everywhere has ${nothing}, and an ` +
        "IoU of 0 for all else. IoU counts the pixels that truth and prediction share against those that either has.",
    );
  }

  showExamples() {
    const [asked, palette] = [this.model.get("examples"), this.model.get("palette")];
    this.rows = asked.map((picture) => {
      const [image, right, prediction, errors] = SEEN.map(easel);
      const canvases = { image, truth: right, prediction, errors };
      const truth = bytesOf(picture.truth);
      paint(canvases.image, picture, 1, imageColour(picture), `${picture.title}: the image`);
      paint(canvases.truth, picture, 1, labelColour(palette, picture, truth), `${picture.title}: the truth`);
      return { picture, truth, canvases };
    });
    const many = (this.model.get("curve").classes ?? []).length > 2;
    this.legend.replaceChildren(...errorLegend(palette, many));
    const head = SEEN.map((kind) => element("div", { class: "ue-quiet ue-column" }, kind === "errors" ? this.legend : kind));
    const cells = this.rows.flatMap(({ canvases }) => SEEN.map((kind) => canvases[kind]));
    this.pictures.replaceChildren(...(asked.length ? head : []), ...cells);
  }

  showPredictions() {
    const { images = [], epoch = 0 } = this.model.get("predictions");
    const palette = this.model.get("palette");
    this.pictures.dataset.epoch = String(epoch);
    this.rows.forEach(({ picture, truth, canvases }, at) => {
      const known = images[at] && bytesOf(images[at]).length === truth.length;
      const found = known ? bytesOf(images[at]) : new Uint8Array(truth.length);
      const skipped = picture.unknown ? UNKNOWN : -1;
      const isWrong = (/** @type {number} */ label, /** @type {number} */ pixel) => label !== truth[pixel] && truth[pixel] !== skipped;
      const wrong = known ? found.filter(isWrong).length : 0;
      const share = `${((100 * wrong) / truth.length).toFixed(1)} % of its pixels are wrong`;
      const words = `${picture.title}, ${epoch ? `after epoch ${epoch}` : "before the first step"}`;
      const blank = () => [128, 128, 128];
      paint(canvases.prediction, picture, 1, known ? labelColour(palette, picture, found) : blank, `${words}: the prediction`);
      paint(canvases.errors, picture, ZOOM, known ? errorColour(palette, picture, truth, found) : blank, `${words}: ${share}`);
    });
  }
}

/**
 * A score of every examination that has it, as [step, score].
 *
 * @param {Epoch[]} epochs
 * @param {(epoch: Epoch) => number | null} value
 * @returns {Pair[]}
 */
function pointsOf(epochs, value) {
  return epochs.flatMap((epoch) => {
    const score = value(epoch);
    return score === null ? [] : [/** @type {Pair} */ ([epoch.step, score])];
  });
}

/** @param {string} name */
function short(name) {
  return name.length > 10 ? `${name.slice(0, 9)}…` : name;
}

/**
 * Each point the mean of its neighbours on either side, so that the eye sees where it goes.
 *
 * @param {Pair[]} points
 * @returns {Pair[]}
 */
export function smoothed(points) {
  const reach = Math.ceil(points.length / 40);
  return points.map(([step], at) => {
    const side = Math.min(reach, at, points.length - 1 - at);
    const near = points.slice(at - side, at + side + 1);
    return [step, near.reduce((sum, [, loss]) => sum + loss, 0) / near.length];
  });
}

/**
 * The next "round" number above: 0.37 → 0.4.
 *
 * @param {number} value
 */
export function roundUp(value) {
  if (!(value > 0 && value < Infinity)) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * ([1, 1.5, 2, 3, 4, 5, 6, 8].find((round) => round * unit >= value * 0.999) ?? 10);
}

/**
 * @param {Palette} palette
 * @param {boolean} many  Whether there are more than two classes.
 */
function errorLegend(palette, many) {
  /** @type {(truth: number, found: number, words: string) => HTMLElement} */
  const sample = (truth, found, words) => {
    const canvas = element("canvas", { class: "ue-sample", "aria-hidden": "true" });
    const picture = { height: 5, width: 8, channels: 1, pixels: new Uint8Array(40).fill(90) };
    const all = (/** @type {number} */ label) => new Uint8Array(40).fill(label);
    paint(canvas, picture, ZOOM, errorColour(palette, picture, all(truth), all(found)), "");
    return element("li", {}, canvas, element("span", {}, words));
  };
  return [sample(1, 0, "missed"), sample(0, 1, "invented"), ...(many ? [sample(1, 2, "mistaken")] : [])];
}
