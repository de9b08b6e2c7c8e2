// What two networks have learnt, A and B: their curves, their masks of the same images, and where these differ.

import { roundUp, smoothed } from "./progress.js";
import { ZOOM, bytesOf, easel, errorColour, imageColour, labelColour, paint } from "../lib/canvas.js";
import { Chart } from "../lib/charts.js";
import { rough } from "../lib/format.js";
import { OWN_KEYS, element, setText } from "../lib/page.js";

/** @import { Line } from "../lib/charts.js" */
/** @import { Colouring } from "../lib/canvas.js" */
/** @import { Model, Palette } from "../lib/types.js" */
/** @import { Compared, Held, LearntPair, PairPicture, TrainTraits } from "./types.js" */

const LETTERS = /** @type {const} */ (["A", "B"]);

export class PairView {
  /** @param {Model<TrainTraits>} model */
  constructor(model) {
    this.model = model;
    this.loss = new Chart("Loss, smoothed", "pair-loss", (value) => rough(value));
    this.iou = new Chart("IoU on validation images", "pair-iou", (value) => value.toFixed(2));
    this.words = element("p", { "data-role": "pair-words" });
    this.verdict = element("p", { class: "ue-verdict-words", "data-role": "pair-verdict" });
    this.about = element("p", { "data-role": "pair-about" });
    this.charts = element("div", { class: "ue-charts" }, this.loss.node, this.iou.node);
    this.pictures = element("div", { "data-role": "pair-masks" });
    const parts = [this.verdict, this.about, this.words, this.charts, this.pictures];
    const title = element("summary", { ...OWN_KEYS }, "A and B: what both have learnt");
    this.node = element("details", { class: "ue-part ue-pair", "data-role": "pair", open: true, hidden: true }, title, ...parts);
  }

  show() {
    const pair = this.model.get("pair");
    this.node.hidden = pair.words === undefined;
    if (pair.words === undefined) return;
    setText(this.words, pair.words);
    this.showCurves(pair);
    const held = pair.pictures?.length ? pair : null;
    setText(this.verdict, held ? differenceVerdict(held) : "");
    setText(this.about, held ? scoresVerdict(held) : "");
    const palette = this.model.get("palette");
    this.pictures.replaceChildren(...(held ? held.pictures.map((picture) => exampleOf(palette, picture, held.epochs)) : []));
  }

  /** @param {LearntPair} pair */
  showCurves({ curves }) {
    this.charts.hidden = curves.length < 2;
    if (curves.length < 2) return;
    const steps = Math.max(...curves.map((each) => each.steps));
    /** @type {(points: (each: Compared) => [number, number][], dots: boolean) => Line[]} */
    const lines = (points, dots) =>
      curves.map((each, at) => ({ name: LETTERS[at], points: points(each), kind: at ? "loss" : "pinned", dots: dots && Boolean(at) }));
    const losses = lines(({ points }) => smoothed(points), false);
    const top = roundUp(Math.max(0, ...losses.flatMap(({ points }) => points.map(([, loss]) => loss))));
    this.loss.show({ lines: losses, steps, top, at: null, words: endWords(losses, rough) });
    const scores = lines((each) => each.scores, true);
    this.iou.show({ lines: scores, steps, top: 1, at: null, words: endWords(scores, (value) => value.toFixed(2)) });
  }
}

/**
 * The image, its truth and both masks; and large, for it is what matters, where these differ.
 *
 * @param {Palette} palette
 * @param {PairPicture} picture
 * @param {[number, number] | undefined} epochs
 */
function exampleOf(palette, picture, epochs) {
  const truth = bytesOf(picture.truth);
  const masks = picture.masks.map(bytesOf);
  const { title } = picture;
  /** @type {(role: string, zoom: number, colour: Colouring, words: string, caption: (Node | string)[]) => HTMLElement} */
  const painted = (role, zoom, colour, words, caption) => {
    const canvas = easel(role);
    paint(canvas, picture, zoom, colour, `${title}: ${words}`);
    return element("figure", {}, element("figcaption", {}, ...caption), canvas);
  };
  const [a, b] = masks;
  const other = a.reduce((sum, label, pixel) => sum + (label === b[pixel] ? 0 : 1), 0);
  const share = `${percent(other / a.length)} of the pixels differ`;
  const legend = element("ul", { class: "ue-legend ue-errors-legend" }, ...legendOf(palette));
  const pictures = [
    painted("pair-image", 1, imageColour(picture), "the image", [title]),
    painted("pair-truth", 1, labelColour(palette, picture, truth), "the truth", ["truth"]),
    ...masks.map((mask, at) => {
      const colour = labelColour(palette, { ...picture, unknown: false }, mask);
      return painted(`pair-${LETTERS[at]}`, 1, colour, `the mask of ${LETTERS[at]}`, [`${LETTERS[at]}, epoch ${epochs?.[at] ?? "–"}`]);
    }),
    painted("pair-differ", ZOOM, differColour(palette, picture, truth, a, b), share, [share, legend]),
  ];
  return element("div", { class: "ue-pair-example" }, ...pictures);
}

/**
 * Where two masks agree it stays pale; elsewhere the colour says which of them is right, or that neither is.
 *
 * @param {Palette} palette
 * @param {PairPicture} picture
 * @param {Uint8Array} truth
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function differColour(palette, picture, truth, a, b) {
  // In the colours and hatchings of errors: A alone is right, B alone, or neither.
  const kinds = /** @type {const} */ ([[0, 0], [1, 0], [0, 1], [1, 2]]);
  const which = a.map((label, at) => (label === b[at] ? 0 : label === truth[at] ? 1 : b[at] === truth[at] ? 2 : 3));
  const [right, found] = [0, 1].map((part) => which.map((kind) => kinds[kind][part]));
  return errorColour(palette, { ...picture, unknown: false }, right, found);
}

/** @param {Palette} palette */
function legendOf(palette) {
  const all = (/** @type {number} */ label) => new Uint8Array(40).fill(label);
  /** @type {(a: number, b: number, words: string) => HTMLElement} */
  const sample = (a, b, words) => {
    const canvas = element("canvas", { class: "ue-sample", "aria-hidden": "true" });
    const picture = { title: "", height: 5, width: 8, channels: 1, pixels: new Uint8Array(40).fill(90), truth: all(1), masks: [] };
    paint(canvas, picture, ZOOM, differColour(palette, picture, all(1), all(a), all(b)), "");
    return element("li", {}, canvas, element("span", {}, words));
  };
  return [sample(1, 0, "A is right"), sample(0, 1, "B is right"), sample(2, 0, "neither")];
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;
}

/** @param {Held} held */
export function differenceVerdict({ differ, right: [a, b] }) {
  if (!differ) return "Their masks are the same, pixel by pixel.";
  return `Their masks differ in ${percent(differ)} of the pixels. There A is right in ${percent(a)}, B in ${percent(b)}.`;
}

/** @param {Held} held */
export function scoresVerdict({ iou: [a, b], between }) {
  const score = (/** @type {number | null} */ value) => value?.toFixed(2) ?? "undefined, for there is no object";
  return `On the images below, each at its best epoch: IoU of A ${score(a)}, of B ${score(b)}; of A's masks against B's ${score(between)}.`;
}

/**
 * @param {Line[]} lines
 * @param {(value: number) => string} words
 */
function endWords(lines, words) {
  const ends = lines.filter(({ points }) => points.length).map(({ name, points }) => `${name} ${words(points[points.length - 1][1])}`);
  return ends.join(", ") || "nothing yet";
}
