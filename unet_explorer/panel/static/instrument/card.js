// The card: the selected step with its numbers filled in, and what one of its pixels sees of the tile.

import { ARGMAX } from "./ends.js";
import { HowItWorks } from "./how.js";
import { bytes, exact, fill, plain, rough, size } from "../lib/format.js";
import { same } from "../lib/equal.js";
import { isLayer, mapOf, pixelSeeing, sees } from "../lib/law.js";
import { OWN_KEYS, assign, drawn, element, frame, onTyped, placeIn, setText, showNumber } from "../lib/page.js";
import { AXES, mapPair } from "../lib/pairs.js";
import { failureWords, formulaLines, misfitWords } from "../lib/sentences.js";

/** @import { Followed, FollowedMap, Layer, LayerMap, Pair, Sides } from "../lib/types.js" */
/** @import { Patch } from "../tabs/image_types.js" */

const FACTS = /** @type {const} */ ([
  ["output", "Output"],
  ["crop", "Crop per side"],
  ["parameters", "Parameters"],
  ["macs", "Multiply-adds"],
  ["bytes", "Memory"],
]);
/** @typedef {(typeof FACTS)[number][0]} Fact */

export class Card {
  /** @param {AbortSignal} signal */
  constructor(signal) {
    /** @type {Followed | null} */
    this.state = null;
    /**
     * Of a network that has learnt.
     *
     * @type {Patch}
     */
    this.numbers = {};
    this.title = element("h3");
    this.what = element("p", { class: "ue-what" });
    this.formula = element("p", { class: "ue-formula", "data-role": "formula" });
    this.reason = element("p");
    /** @type {Map<Fact, { row: HTMLElement, value: HTMLElement }>} */
    this.facts = new Map();
    const list = element("dl");
    for (const [key, label] of FACTS) {
      const value = element("dd", { "data-fact": key });
      const row = element("div", {}, element("dt", {}, label), value);
      this.facts.set(key, { row, value });
      list.append(row);
    }
    this.picture = new SightView(signal, () => this.updateSight());
    this.cut = new CropView();
    this.how = new HowItWorks(signal, true);
    const text = [this.title, this.what, this.formula, this.reason, this.how.node, list];
    const pictures = element("div", { class: "ue-pictures" }, this.cut.node, this.picture.node);
    const inside = element("div", { class: "ue-card-inside" }, element("div", { class: "ue-card-text" }, ...text), pictures);
    const scroller = { tabindex: "0", role: "region", "aria-label": "The selected step", ...OWN_KEYS };
    assign(inside, scroller);
    this.node = element("section", { class: "ue-card", "data-role": "card" }, inside);
    this.name = "";
  }

  /** @param {string} name */
  select(name) {
    this.name = name;
    this.picture.centre();
  }

  /** @param {Followed} state */
  update(state) {
    this.state = state;
    const map = state.byName.get(this.name);
    if (this.name === ARGMAX) this.showArgmax(state);
    else if (map && isLayer(map)) this.showStep(state, map);
    else this.showTile(state);
    this.updateSight();
  }

  /**
   * @param {Followed} state
   * @param {LayerMap} map
   */
  showStep(state, map) {
    const { step } = map;
    const ghost = state.failure !== null && state.maps.indexOf(map) >= state.failure.index;
    setText(this.title, step.name);
    const { title, where } = step.explanation;
    setText(this.what, where ? `${where}: ${title}` : title);
    this.showFormula(formulaLines(state, map), ghost);
    // What cannot be computed is not played with numbers; the step that fails shows why.
    this.how.show(state, ghost && state.failure?.step.name !== step.name ? undefined : map, this.numbersOf(step.name));
    setText(this.reason, ghost ? this.ghostReason(state, step) : step.explanation.reason);
    this.cut.show(state, map, ghost);
    const area = size([map.height, map.width]);
    this.fact("output", ghost ? "" : `${area} × ${exact(step.channels)}`);
    this.fact("crop", step.crop ? `${step.crop} px` : "");
    this.fact("parameters", step.explanation.parameters);
    const work = fill(step.explanation.work, { area: `(${area})` });
    this.fact("macs", ghost || !step.macs ? "" : `${work} = ${rough(map.pixels * step.macs)}`);
    const memory = fill(step.explanation.memory, { area: `(${area})` });
    this.fact("bytes", ghost ? "" : `${memory} = ${bytes(map.pixels * step.bytes)}`);
  }

  /**
   * What was computed of a step at this tile, if it was.
   *
   * @param {string} name
   * @returns {Patch}
   */
  numbersOf(name) {
    const { numbers, state } = this;
    return numbers.step === name && state && same(numbers.tile, state.tile) ? numbers : {};
  }

  /** @param {Patch} numbers */
  takeNumbers(numbers) {
    this.numbers = numbers;
  }

  /** @param {Followed} state */
  showArgmax(state) {
    const { output } = state;
    this.cut.node.hidden = true;
    this.how.showArgmax(this.numbersOf(output.step.name));
    setText(this.title, "argmax");
    setText(this.what, "from the scores of the classes to the mask");
    const area = size([output.height, output.width]);
    this.showFormula([state.fits ? `${area} × ${exact(output.step.channels)} → ${area} × 1` : ""], false);
    setText(this.reason, state.fits ? "" : "With this tile there are no scores to choose from.");
    this.fact("output", state.fits ? `${area}, one class a pixel` : "");
    for (const [key] of FACTS.slice(1)) this.fact(key, "");
  }

  /**
   * @param {Followed} state
   * @param {Layer} step
   */
  ghostReason({ network, failure }, step) {
    if (!failure) return "";
    const words = failureWords(network, failure);
    const here = step.name === failure.step.name;
    return here ? `This cannot be: ${words}.` : `This cannot be computed, since at ${failure.step.name} ${words}.`;
  }

  /** @param {Followed} state */
  showTile(state) {
    this.cut.node.hidden = true;
    this.how.show(state, undefined, {});
    const { period } = state.network.sizes;
    const { output, tile } = state;
    const eaten = tile[0] - output.height;
    setText(this.title, "The tile");
    setText(this.what, "what the network is given, and what is left of it");
    const line = (/** @type {number} */ side) => (eaten ? `${plain(side)} − ${eaten} = ${plain(side - eaten)}` : `${side} → ${side}`);
    const lines = tile[0] === tile[1] ? [line(tile[0])] : [`height: ${line(tile[0])}`, `width: ${line(tile[1])}`];
    this.showFormula(lines, !state.fits);
    const lost = eaten
      ? `The convolutions take away ${eaten} px in all, so a border of ${eaten / 2} px on every side has no prediction.`
      : "No convolution takes anything away here, so the prediction is as large as the tile.";
    const rule = `Each pooling must get an even side, so sides that fit are ${period} px apart.`;
    const why = state.fits ? "" : `This tile does not fit: ${misfitWords(state)}. `;
    setText(this.reason, `${why}${state.fits ? `${lost} ` : ""}${rule}`);
    this.fact("output", state.fits ? `${size([output.height, output.width])} × ${exact(output.step.channels)}` : "");
    for (const [key] of FACTS.slice(1)) this.fact(key, "");
  }

  /**
   * @param {string[]} lines
   * @param {boolean} ghost
   */
  showFormula(lines, ghost) {
    setText(this.formula, lines.join("\n"));
    this.formula.classList.toggle("ue-pale", ghost);
    this.formula.classList.toggle("ue-two", lines.length > 1);
  }

  /**
   * @param {Fact} key
   * @param {string} text  Nothing hides it.
   */
  fact(key, text) {
    const fact = this.facts.get(key);
    if (!fact) return;
    fact.row.hidden = !text;
    setText(fact.value, text);
  }

  updateSight() {
    const { state } = this;
    if (!state) return;
    // Of the tile itself there is nothing to tell, so it is the prediction that is looked at.
    const chosen = state.byName.get(this.name);
    const map = chosen && isLayer(chosen) ? chosen : state.output;
    const failed = state.failure && state.maps.indexOf(map) >= state.failure.index;
    this.picture.show(state, failed ? null : map);
  }
}

/** The skip as it arrives, to scale, and the frame of what is kept of it. */
class CropView {
  constructor() {
    this.whole = drawn("rect", { class: "ue-tile", x: 0, y: 0 });
    this.kept = drawn("rect", { class: "ue-kept" });
    this.svg = drawn("svg", { class: "ue-picture", role: "img", "aria-label": "What the crop keeps of the skip" });
    this.svg.append(this.whole, this.kept);
    this.words = element("p", { class: "ue-quiet" });
    this.node = element("div", { class: "ue-sight" }, element("h4", {}, "The skip keeps"), this.svg, this.words);
  }

  /**
   * @param {Followed} state
   * @param {LayerMap} map
   * @param {boolean} ghost
   */
  show(state, map, ghost) {
    const { crop, inputs } = map.step;
    this.node.hidden = ghost || !crop;
    if (this.node.hidden) return;
    const skip = mapOf(state, inputs[0]);
    fitPicture(this.svg, skip);
    assign(this.whole, { width: skip.width, height: skip.height });
    frame(this.kept, [crop, crop], map);
    const share = (100 * map.pixels) / skip.pixels;
    setText(
      this.words,
      `Of ${size([skip.height, skip.width])} px, ${size([map.height, map.width])} are kept: ${share.toFixed(0)} %. ` +
        `${crop} px are cut off on every side.`,
    );
  }
}

/**
 * @param {SVGSVGElement} svg
 * @param {Sides} sides
 */
function fitPicture(svg, { height, width }) {
  const unit = Math.max(height, width) / 200;
  svg.setAttribute("viewBox", `${-unit} ${-unit} ${width + 2 * unit} ${height + 2 * unit}`);
  svg.style.aspectRatio = `${width} / ${height}`;
}

/** The tile to scale, the part that is predicted, and the part that one pixel of a map sees. */
class SightView {
  /**
   * @param {AbortSignal} signal
   * @param {() => void} changed  Called when another pixel was chosen.
   */
  constructor(signal, changed) {
    this.changed = changed;
    /** @type {FollowedMap | null} */
    this.map = null;
    /**
     * The pixel as a share of the map, so that it stays where it is while the tile is dragged.
     *
     * @type {Pair}
     */
    this.share = [0.5, 0.5];
    this.tile = drawn("rect", { class: "ue-tile", x: 0, y: 0 });
    this.output = drawn("rect", { class: "ue-output" });
    this.seen = drawn("rect", { class: "ue-seen", "data-role": "receptive-field" });
    this.svg = drawn("svg", { class: "ue-picture ue-aim", role: "img", "aria-label": "What the pixel sees of the tile" });
    this.cross = drawn("path", { class: "ue-cross" });
    this.svg.append(this.tile, this.output, this.cross, this.seen);
    this.words = element("p", { class: "ue-quiet", "data-role": "sight" });
    this.inputs = mapPair(["row", "column"], (axis) =>
      element("input", { type: "number", min: 0, step: 1, "data-pixel": axis, ...OWN_KEYS }),
    );
    const choose = element("div", { class: "ue-pixel" });
    choose.append(element("label", {}, "Row ", this.inputs[0]), element("label", {}, "Column ", this.inputs[1]));
    this.node = element("div", { class: "ue-sight" }, element("h4", {}, "Receptive field of a pixel"), this.svg, this.words, choose);
    const point = (/** @type {PointerEvent} */ event) => {
      if (event.type === "pointerdown" || event.buttons) this.pointAt(placeIn(this.svg, event));
    };
    this.svg.addEventListener("pointerdown", point, { signal });
    this.svg.addEventListener("pointermove", point, { signal });
    this.inputs.forEach((input, at) => onTyped(input, () => this.typed(input, at), signal));
  }

  /**
   * @param {HTMLInputElement} input
   * @param {number} at  0 for the row, 1 for the column.
   */
  typed(input, at) {
    const last = Number(input.max);
    const place = Math.min(Math.max(Math.floor(Number(input.value)) || 0, 0), last);
    this.share[at] = (place + 0.5) / (last + 1);
    this.changed();
  }

  /**
   * Of the map's pixels, the one that sees what lies around this place of the tile.
   *
   * @param {{ x: number, y: number }} place
   */
  pointAt({ x, y }) {
    const { map } = this;
    if (!map) return;
    const { sight } = map.step;
    const seeing = (/** @type {number} */ place, /** @type {number} */ side) => (pixelSeeing(sight, side, place) + 0.5) / side;
    this.share = [seeing(y, map.height), seeing(x, map.width)];
    this.changed();
  }

  centre() {
    this.share = [0.5, 0.5];
  }

  /**
   * @param {Followed} state
   * @param {FollowedMap | null} map  Null hides it.
   */
  show(state, map) {
    this.map = map;
    // It keeps its place, so that nothing below it moves while the tile is dragged.
    this.node.style.visibility = map ? "" : "hidden";
    if (!map) return;
    const [height, width] = state.tile;
    fitPicture(this.svg, { height, width });
    assign(this.tile, { width, height });
    this.output.style.display = state.fits ? "" : "none";
    if (state.fits) frame(this.output, [(height - state.output.height) / 2, (width - state.output.width) / 2], state.output);
    const pixel = mapPair(AXES, (axis, at) => Math.floor(this.share[at] * map[axis]));
    const [rows, columns] = mapPair(pixel, (place, at) => sees(map.step.sight, place, state.tile[at]));
    const box = { height: rows[1] - rows[0] + 1, width: columns[1] - columns[0] + 1 };
    frame(this.seen, [rows[0], columns[0]], box);
    // A field of 3 px in a tile of 572 would be missed without a cross on it.
    const [y, x] = [rows[0] + box.height / 2, columns[0] + box.width / 2];
    this.cross.setAttribute("d", `M0 ${y}H${width}M${x} 0V${height}`);
    setText(
      this.words,
      `This pixel of ${map === state.output ? "the output" : map.step.name} sees ${size([box.height, box.width])} px of the tile: rows ${rows[0]}–${rows[1]}, columns ${columns[0]}–${columns[1]}.`,
    );
    AXES.forEach((axis, at) => {
      const input = this.inputs[at];
      input.max = String(map[axis] - 1);
      showNumber(input, pixel[at]);
    });
  }
}
