// The knobs: native labels and inputs. They only ask; what is true comes back from the model.

import { givenWords } from "../lib/format.js";
import { OWN_KEYS, consume, drawn, element, onTyped, setText, showNumber } from "../lib/page.js";
import { AXES, mapPair } from "../lib/pairs.js";

/** @import { Axis, ChoiceKnob, Config, FlagKnob, Followed, Knob, KnobValue, NumberKnob, Pair, Sizes } from "../lib/types.js" */

/**
 * @typedef {{
 *   tile(tile: Pair): void,
 *   typed(at: 0 | 1, text: string): void,
 *   flag(name: "linked" | "snap", on: boolean): void,
 *   output(text: string): void,
 * }} TileAsks  `at` is 0 for the height, 1 for the width.
 */
/**
 * @typedef {{
 *   knob(name: string, value: KnobValue | undefined, settled: boolean): void,
 *   refuse(reason: "refused_knob", gaps: Record<string, string>): void,
 * }} DesignAsks  A value is `settled` once the hand has let go.
 */
/** @typedef {{ knob: Knob, node: HTMLElement, show: (value: KnobValue) => void }} MadeKnob */
/** @typedef {{ min: number, max: number, step: number }} Range */
/**
 * A slider of the tile; it reaches at least to `reach`, and its ruler is drawn for what `ruled` says.
 *
 * @typedef {{
 *   node: HTMLElement,
 *   slider: HTMLInputElement,
 *   number: HTMLInputElement,
 *   name: HTMLElement,
 *   ticks: SVGPathElement,
 *   ruler: SVGSVGElement,
 *   reach: number,
 *   ruled: string,
 * }} TileSlider
 */

/** The tile's two sliders with the ruler of sizes that fit, and the ways to ask for a size. */
export class TileKnobs {
  /**
   * @param {TileAsks} ask
   * @param {AbortSignal} signal
   */
  constructor(ask, signal) {
    this.ask = ask;
    /** @type {Followed | null} */
    this.state = null;
    this.square = true;
    this.axes = mapPair(AXES, (axis, at) => this.makeAxis(axis, at, signal));
    this.linked = checkbox("linked", "Square", (on) => ask.flag("linked", on), signal);
    this.snap = checkbox("snap", "Snap to fitting sizes", (on) => ask.flag("snap", on), signal);
    this.wanted = element("input", { type: "number", min: 1, step: 1, "data-knob": "wanted_output", ...OWN_KEYS });
    onTyped(this.wanted, () => this.wanted.value && ask.output(this.wanted.value), signal);
    this.request = element("label", { class: "ue-wish" }, "I need an output of at least ", this.wanted, " px");
    const flags = element("div", { class: "ue-flags" }, this.linked.node, this.snap.node);
    this.node = element("div", { class: "ue-tile-knobs" }, ...this.axes.map(({ node }) => node), flags);
  }

  /**
   * @param {Axis} axis
   * @param {0 | 1} at
   * @param {AbortSignal} signal
   * @returns {TileSlider}
   */
  makeAxis(axis, at, signal) {
    const slider = element("input", { type: "range", "data-knob": `tile_${axis}`, ...OWN_KEYS });
    const number = element("input", { type: "number", min: 1, step: 1, "data-number": `tile_${axis}`, ...OWN_KEYS });
    const name = element("span");
    const ticks = drawn("path", {});
    const ruler = drawn("svg", { class: "ue-ruler", preserveAspectRatio: "none", "aria-hidden": "true" }, ticks);
    const label = element("label", {}, name, element("span", { class: "ue-track" }, slider, ruler));
    number.setAttribute("aria-label", `Tile ${axis}, in pixels`);
    const node = element("div", { class: "ue-knob ue-tile-knob" }, label, number);
    slider.addEventListener("input", () => this.move(at, Number(slider.value)), { signal });
    onTyped(number, () => this.ask.typed(at, number.value), signal);
    return { node, slider, number, name, ticks, ruler, reach: 0, ruled: "" };
  }

  /**
   * @param {0 | 1} at
   * @param {number} side
   */
  move(at, side) {
    if (!this.state) return;
    this.ask.tile(mapPair(this.state.tile, (each, axis) => (this.square || axis === at ? side : each)));
  }

  /** The sliders' range may shrink again; while one is dragged it would run away under the hand. */
  settle() {
    this.axes.forEach((axis, at) => (axis.reach = this.state ? this.state.tile[at] : 0));
  }

  /**
   * @param {Followed} state
   * @param {{ linked: boolean, snap: boolean }} flags
   */
  update(state, { linked, snap }) {
    [this.state, this.square] = [state, linked];
    const { smallest, period, largest } = state.network.sizes;
    this.linked.box.checked = linked;
    this.snap.box.checked = snap;
    this.axes.forEach((axis, at) => {
      const { node, slider, number, name } = axis;
      node.hidden = at === 1 && linked;
      setText(name, linked ? "Tile" : ["Height", "Width"][at]);
      axis.reach = Math.max(axis.reach, largest, state.tile[at]);
      const { reach } = axis;
      const range = snap
        ? { min: smallest, max: smallest + Math.floor((reach - smallest) / period) * period, step: period }
        : { min: 1, max: reach, step: 1 };
      setRange(slider, range);
      if (Number(slider.value) !== state.tile[at]) slider.value = String(state.tile[at]);
      slider.setAttribute("aria-valuetext", `${state.tile[at]} px, ${state.failures[at] ? "does not fit" : "fits"}`);
      showNumber(number, state.tile[at]);
      this.rule(axis, state.network.sizes, range);
    });
  }

  /**
   * A mark at every size that fits.
   *
   * @param {TileSlider} axis
   * @param {Sizes} sizes
   * @param {Range} range
   */
  rule(axis, { smallest, period }, { min, max }) {
    const key = [smallest, period, min, max].join();
    if (axis.ruled === key) return;
    axis.ruled = key;
    // Closer together than this they are a band; a softer one is easier on the eye, and far more are one shape.
    const count = Math.floor((max - smallest) / period) + 1;
    axis.ruler.classList.toggle("ue-dense", count > 90);
    let marks = "";
    if (count > 1000) marks = `M${smallest - min} 0H${max - min}V1H${smallest - min}z`;
    else for (let side = smallest; side <= max; side += period) marks += `M${side - min} 0v1`;
    axis.ticks.setAttribute("d", marks);
    axis.ruler.setAttribute("viewBox", `0 0 ${Math.max(1, max - min)} 1`);
  }
}

/**
 * @param {HTMLInputElement} slider
 * @param {Range} range
 */
function setRange(slider, { min, max, step }) {
  // In this order, or the browser would cut off the value; what is set anew would be laid out anew.
  if (Number(slider.min) !== min) slider.min = String(min);
  if (Number(slider.max) !== max) slider.max = String(max);
  if (Number(slider.step) !== step) slider.step = String(step);
}

/**
 * Keys by which a slider goes up or down.
 *
 * @type {Record<string, number>}
 */
const KEY_WAYS = { ArrowUp: 1, ArrowRight: 1, PageUp: 1, ArrowDown: -1, ArrowLeft: -1, PageDown: -1 };

/**
 * As the hand sees it: from 8 to 16 is as far as from 16 to 32.
 *
 * @param {number[]} values
 * @param {number} wanted
 */
function nearestOf(values, wanted) {
  const far = (/** @type {number} */ each) => Math.abs(Math.log((each + 1) / (wanted + 1)));
  return values.reduce((best, each) => (far(each) < far(best) ? each : best));
}

/** Everything else that a learner chooses; which values are allowed comes with the knob from Python. */
export class DesignKnobs {
  /**
   * @param {Knob[]} knobs
   * @param {DesignAsks} ask
   * @param {AbortSignal} signal
   */
  constructor(knobs, ask, signal) {
    this.ask = ask;
    this.made = knobs.map((knob) => this.make(knob, signal));
    const nodes = (/** @type {boolean} */ primary) => this.made.filter(({ knob }) => knob.primary === primary).map(({ node }) => node);
    this.more = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "More"));
    this.more.append(element("div", { class: "ue-over-stage" }, ...nodes(false)));
    this.node = element("div", { class: "ue-design-knobs" }, ...nodes(true), this.more);
  }

  /**
   * @param {Knob} knob
   * @param {AbortSignal} signal
   * @returns {MadeKnob}
   */
  make(knob, signal) {
    if (knob.kind === "flag") return this.makeFlag(knob, signal);
    if (knob.kind === "choice") return this.makeChoice(knob, signal);
    return this.makeNumber(knob, signal);
  }

  /**
   * @param {FlagKnob} knob
   * @param {AbortSignal} signal
   * @returns {MadeKnob}
   */
  makeFlag(knob, signal) {
    const { node, box } = checkbox(knob.name, knob.label, (on) => this.ask.knob(knob.name, on, true), signal);
    node.title = knob.help;
    return { knob, node, show: (value) => (box.checked = Boolean(value)) };
  }

  /**
   * @param {ChoiceKnob} knob
   * @param {AbortSignal} signal
   * @returns {MadeKnob}
   */
  makeChoice(knob, signal) {
    const options = knob.values.map(([value, text]) => element("option", { value }, String(text)));
    const select = element("select", { "data-knob": knob.name, ...OWN_KEYS }, ...options);
    // As Python knows it: a number stays one.
    const chosen = () => knob.values.map(([value]) => value).find((value) => String(value) === select.value);
    select.addEventListener("change", () => this.ask.knob(knob.name, chosen(), true), { signal });
    const node = element("label", { class: "ue-knob ue-choice", title: knob.help }, element("span", {}, knob.label), select);
    return { knob, node, show: (value) => showValue(select, value) };
  }

  /**
   * @param {NumberKnob} knob
   * @param {AbortSignal} signal
   * @returns {MadeKnob}
   */
  makeNumber(knob, signal) {
    const hook = { "data-knob": knob.name, ...OWN_KEYS };
    const { held, low, high, step } = knob;
    const reach = held ? { min: held[0], max: held[held.length - 1] } : { min: low, max: high };
    const slider = element("input", { type: "range", ...reach, step, ...hook });
    const number = element("input", { type: "number", min: low, max: high, step: knob.exact, "data-number": knob.name, ...OWN_KEYS });
    number.setAttribute("aria-label", knob.label);
    const moved = () => {
      const value = held ? nearestOf(held, Number(slider.value)) : Number(slider.value);
      // Where it is let go, there it stays.
      showValue(slider, value);
      this.ask.knob(knob.name, value, false);
    };
    slider.addEventListener("input", moved, { signal });
    if (held) for (const field of [slider, number]) field.addEventListener("keydown", (event) => this.stepThrough(knob.name, held, field, event), { signal });
    const typed = () => {
      if (isAllowed(knob, number.value)) this.ask.knob(knob.name, Number(number.value), true);
      else this.ask.refuse("refused_knob", { label: knob.label, given: givenWords(number.value), allowed: knob.allowed });
    };
    onTyped(number, typed, signal);
    const label = element("label", {}, element("span", {}, knob.label), slider);
    const node = element("div", { class: "ue-knob", title: knob.help }, label, number);
    const show = (/** @type {KnobValue} */ value) => {
      showValue(slider, value);
      showNumber(number, Number(value));
    };
    return { knob, node, show };
  }

  /**
   * Keys lead from one value that the page holds to the next.
   *
   * @param {string} name  Of the knob.
   * @param {number[]} held
   * @param {HTMLInputElement} field
   * @param {KeyboardEvent} event
   */
  stepThrough(name, held, field, event) {
    const way = KEY_WAYS[event.key];
    // In a field of figures the others move the cursor.
    if (!way || (field.type === "number" && !["ArrowUp", "ArrowDown"].includes(event.key))) return;
    consume(event);
    const now = Number(field.value);
    const next = way > 0 ? held.find((each) => each > now) : [...held].reverse().find((each) => each < now);
    if (next !== undefined) this.ask.knob(name, next, false);
  }

  /** @param {Config} config */
  update(config) {
    /** @type {Record<string, KnobValue>} */
    const values = config;
    for (const { knob, show } of this.made) show(values[knob.name]);
  }
}

/**
 * Only where it is another: what is set would be laid out anew.
 *
 * @param {HTMLInputElement | HTMLSelectElement} field
 * @param {KnobValue} value
 */
function showValue(field, value) {
  if (field.value !== String(value)) field.value = String(value);
}

/**
 * Whether Python would take it; asked here so that the answer needs no kernel.
 *
 * @param {NumberKnob} knob
 * @param {string} text
 */
export function isAllowed({ low, high, below, exact: step }, text) {
  const value = Number(text);
  const whole = step !== 1 || Number.isInteger(value);
  return text !== "" && Number.isFinite(value) && whole && value >= low && (below === null ? value <= high : value < below);
}

/**
 * @param {string} name
 * @param {string} text
 * @param {(on: boolean) => void} asked
 * @param {AbortSignal} signal
 */
function checkbox(name, text, asked, signal) {
  const box = element("input", { type: "checkbox", "data-knob": name, ...OWN_KEYS });
  box.addEventListener("change", () => asked(box.checked), { signal });
  return { box, node: element("label", { class: "ue-check" }, box, element("span", {}, text)) };
}
