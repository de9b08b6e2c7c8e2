// The U. Python lays it out; here it follows the tile in place, and predictions to pointer and keyboard.

import { Badge, Hint } from "./notes.js";
import { Placement } from "./placement.js";
import { same } from "../lib/equal.js";
import { size } from "../lib/format.js";
import { isLayer, isWhole } from "../lib/law.js";
import { OWN_KEYS, assign, consume, drawn, drawnFrom, element, setText, targetOf } from "../lib/page.js";
import { AXES, mapPair } from "../lib/pairs.js";
import { present } from "../lib/present.js";

/** @import { Anchors, Box, Config, Followed, FollowedMap, Network, Op, Proof, Sides, Told } from "../lib/types.js" */

/**
 * A box, and the elements that it is drawn with; which of them there are depends on the step.
 *
 * @typedef {Box & {
 *   group: SVGGElement,
 *   rect: SVGRectElement,
 *   channels: SVGTextElement | null,
 *   end: SVGTextElement | null,
 *   side: SVGTextElement | null,
 *   lines: Element[],
 *   arrow: SVGPathElement | null,
 *   crop: SVGRectElement | null,
 *   font: number,
 *   mark: { node: SVGGElement, sign: SVGPathElement } | null,
 * }} Part  `font` is that of its sides, 0 at first.
 */

export class Drawing {
  /**
   * @param {(name: string) => void} choose  Called when a step is picked; an empty name picks nothing.
   * @param {AbortSignal} signal
   */
  constructor(choose, signal) {
    this.choose = choose;
    /** @type {Network | null} */
    this.shown = null;
    /** @type {Followed | null} */
    this.state = null;
    /** @type {Placement | null} */
    this.placed = null;
    /** @type {Proof | null} */
    this.proof = null;
    this.proven = false;
    /** @type {Part[]} */
    this.parts = [];
    /** @type {Map<string, Part>} */
    this.byName = new Map();
    this.svg = drawn("svg");
    /** Width that the page gives it, its scale and its font; 0 until that is known. */
    this.room = this.scale = this.font = 0;
    this.focusName = "";
    this.badge = new Badge(this);
    this.hint = new Hint(this);
    this.paper = element("div", { class: "ue-paper" });
    this.legend = element("ul", { class: "ue-legend", "aria-label": "Legend" });
    this.caption = element("p", { class: "ue-caption ue-quiet" });
    this.node = element("div", { class: "ue-stage" }, this.paper, this.legend, this.caption, this.hint.node);
    const measure = new ResizeObserver(([{ contentRect }]) => this.fit(contentRect.width));
    measure.observe(this.paper);
    signal.addEventListener("abort", () => measure.disconnect());
    this.listen(signal);
  }

  /** @param {AbortSignal} signal */
  listen(signal) {
    const { paper } = this;
    paper.addEventListener("click", (event) => this.choose(this.nameAt(event)), { signal });
    paper.addEventListener("keydown", (event) => this.onKey(event), { signal });
    paper.addEventListener("pointerover", (event) => this.hint.show(this.nameAt(event)), { signal });
    // A click says enough by filling the card.
    const focused = (/** @type {Event} */ event) => targetOf(event, ":focus-visible") === event.target;
    paper.addEventListener("focusin", (event) => focused(event) && this.hint.show(this.nameAt(event)), { signal });
    for (const type of ["pointerdown", "pointerleave", "focusout", "scroll"]) {
      paper.addEventListener(type, () => this.hint.show(""), { signal });
    }
  }

  /** The network that is drawn. */
  get network() {
    return present(this.shown, "the network of the drawing");
  }

  /** Where everything stands for the tile that is shown. */
  get placement() {
    return present(this.placed, "the places of the boxes");
  }

  /**
   * Of a step that has a box.
   *
   * @param {string} name
   */
  partOf(name) {
    return present(this.byName.get(name), `the box of ${name}`);
  }

  /** @param {Event} event */
  nameAt(event) {
    const group = targetOf(event, "[data-step], [data-input]");
    return group ? group.dataset.step || this.network.input : "";
  }

  /**
   * Show another network: new paper, on which the boxes glide from where they were.
   *
   * @param {Network} network
   * @returns {() => void}  To be called once the tile is shown as well.
   */
  setNetwork(network) {
    const focused = this.paper.contains(document.activeElement) ? this.focusName : null;
    const before = this.shown && { parts: this.byName, scale: this.scale };
    this.hint.show("");
    this.shown = network;
    this.svg = drawnFrom(network.svg);
    this.paper.replaceChildren(this.svg);
    // Not now: it would make the browser lay out the page before the rest has changed.
    requestAnimationFrame(() => (this.paper.scrollLeft = 0));
    this.badge = new Badge(this);
    this.svg.append(this.badge.node);
    this.proven = false;
    this.parts = network.boxes.map((box) => this.part(box));
    this.byName = new Map(this.parts.map((part) => [part.name, part]));
    this.legend.replaceChildren(...network.legend.map(([op, text]) => legendItem(op, text)));
    setText(this.caption, network.caption);
    this.setScale();
    this.focusOn(this.byName.has(this.focusName) ? this.focusName : network.input, focused !== null);
    return () => {
      if (before) this.glide(before);
    };
  }

  /**
   * The page gives it another width.
   *
   * @param {number} width
   */
  fit(width) {
    this.room = width;
    if (!this.shown) return;
    this.setScale();
    if (this.state) this.update(this.state);
  }

  /** As large as fits beside and above the rest, but never so small that it cannot be read: then it scrolls. */
  setScale() {
    const { width, height, metrics } = this.network;
    if (!this.room) return;
    const tallest = Math.max(440, 0.7 * window.innerHeight);
    this.scale = Math.max(0.55, Math.min(this.room / width, tallest / height, 1.25));
    this.svg.style.width = `${Math.floor(this.scale * width)}px`;
    // Labels keep their size on the screen as far as there is room beside their neighbours.
    this.font = Math.min(1.25 * metrics.font, Math.max(metrics.font, 10.5 / this.scale));
  }

  /**
   * @param {Box} box
   * @returns {Part}
   */
  part(box) {
    const selector = box.name === this.network.input ? "[data-input]" : `[data-step="${box.name}"]`;
    /** @type {SVGGElement} */
    const group = present(this.svg.querySelector(selector), `the box of ${box.name}`);
    assign(group, { tabindex: "-1", ...OWN_KEYS });
    /** @type {SVGTextElement | null} */
    const side = group.querySelector(".ue-side");
    return {
      ...box,
      group,
      rect: present(/** @type {SVGRectElement | null} */ (group.querySelector(".ue-box")), "the box"),
      channels: group.querySelector(".ue-channels"),
      end: group.querySelector(".ue-end"),
      side,
      lines: side ? [...side.children] : [],
      arrow: box.direction === "across" ? null : group.querySelector(".ue-arrow"),
      crop: group.querySelector(".ue-crop"),
      font: 0,
      mark: null,
    };
  }

  /**
   * Move everything that depends on the tile.
   *
   * @param {Followed} state
   */
  update(state) {
    this.state = state;
    this.placed = new Placement(this.network, state);
    const failed = state.failure ? state.failure.index : Infinity;
    state.maps.forEach((map, index) => {
      const part = this.byName.get(map.step.name);
      if (part) this.updatePart(part, map, index >= failed);
    });
    this.badge.show(state);
    this.showProof();
    this.hint.fill();
  }

  /**
   * @param {Told<Proof>} proof
   * @param {Config} config  Of the network that is shown.
   */
  setProof(proof, config) {
    this.proof = proof.steps && same(proof.config, config) ? proof : null;
    if (this.state) this.showProof();
  }

  /** A ✓ at every box that agrees with Keras, a ✗ at one that does not; none for any other tile or network. */
  showProof() {
    const proof = this.proof && same(this.proof.tile, this.state?.tile) ? this.proof : null;
    if (!proof && !this.proven) return;
    this.proven = Boolean(proof);
    const wrong = new Set();
    for (const { name, host } of this.network.steps) if (proof?.steps[name]) wrong.add(host || name);
    for (const part of this.parts) {
      if (part.name === this.network.input) continue;
      if (proof) this.markPart(part, !wrong.has(part.name), proof.steps[part.name]);
      else {
        delete part.group.dataset.proof;
        part.mark?.node.remove();
        part.mark = null;
      }
    }
  }

  /**
   * @param {Part} part
   * @param {boolean} agrees
   * @param {string} problem  How it does not, if it is the step itself that does not.
   */
  markPart(part, agrees, problem) {
    part.group.dataset.proof = agrees ? "agrees" : "differs";
    if (!part.mark) {
      const sign = drawn("path");
      part.mark = { sign, node: drawn("g", { class: "ue-mark" }, drawn("circle", { r: 6 }), sign) };
      part.group.append(part.mark.node);
    }
    part.mark.sign.setAttribute("d", agrees ? "M-3 0l2 2.5l4 -5" : "M-2.5 -2.5l5 5M2.5 -2.5l-5 5");
    // On the corner of the box, where neither arrow nor label is.
    const corner = `translate(${(part.x + part.width / 2).toFixed(1)} ${this.placement.y(part, "top").toFixed(1)})`;
    part.mark.node.setAttribute("transform", corner);
    const words = agrees ? "agrees with Keras" : problem || "does not agree with Keras";
    const [label] = (part.group.getAttribute("aria-label") ?? "").split(";");
    part.group.setAttribute("aria-label", `${label}; ${words}`);
  }

  /**
   * @param {Part} part
   * @param {FollowedMap} map
   * @param {boolean} ghost  Whether it cannot be, with this tile.
   */
  updatePart(part, map, ghost) {
    const { metrics } = this.network;
    const { group } = part;
    group.classList.toggle("ue-ghost", ghost);
    this.move(part);
    if (isLayer(map)) {
      const { step } = map;
      for (const axis of AXES) {
        if (isWhole(map[axis])) group.dataset[axis] = String(map[axis]);
        else delete group.dataset[axis];
      }
      group.setAttribute("aria-label", `${step.name}, ${step.explanation.title}: ${this.shape(map)}`);
    } else {
      group.setAttribute("aria-label", `the tile: ${this.shape(map)}`);
    }
    if (part.channels && part.side) {
      const lines = sideText(map, this.placement.square);
      setText(part.lines[0], lines[0]);
      setText(part.lines[1], lines[1] || "");
      const font = this.font || metrics.font;
      const fitting = (/** @type {number} */ longest) => Math.min(font, Math.floor((10 * part.room) / (metrics.character * longest)) / 10);
      const small = fitting(Math.max(...lines.map((line) => line.length)));
      if (part.font !== small) part.side.style.fontSize = `${small}px`;
      part.font = small;
      if (this.font) part.channels.style.fontSize = `${fitting((part.channels.textContent ?? "").length)}px`;
    }
  }

  /**
   * To where its anchors are.
   *
   * @param {Part} part
   */
  move(part) {
    const { placement } = this;
    const y = (/** @type {keyof Anchors} */ what) => placement.y(part, what).toFixed(1);
    const height = (/** @type {string} */ name) => placement.heightOf(name).toFixed(1);
    assign(part.rect, { y: y("top"), height: height(part.name) });
    part.channels?.setAttribute("y", y("channels"));
    part.side?.setAttribute("y", y("side"));
    part.end?.setAttribute("y", y("end"));
    part.arrow?.setAttribute("d", this.arrowPath(part, y("start"), y("tip")));
    if (part.crop && part.kept) assign(part.crop, { y: y("crop"), height: height(part.kept.name) });
  }

  /**
   * A straight arrow between two rows: the shaft, then the head.
   *
   * @param {Part} part
   * @param {string} start
   * @param {string} tip
   */
  arrowPath(part, start, tip) {
    const { head } = this.network.metrics;
    const x = part.x.toFixed(1);
    return `M${x} ${start}L${x} ${tip}M${x} ${tip}l${-head / 2} ${part.direction === "down" ? -head : head}h${head}z`;
  }

  /** @param {FollowedMap} map */
  shape(map) {
    return `${size([map.height, map.width])} × ${map.step.channels}`;
  }

  /** @param {string} name */
  select(name) {
    const host = this.network.steps.find((step) => step.name === name)?.host || name;
    for (const part of this.parts) {
      part.group.classList.toggle("ue-selected", part.name === host);
      part.group.setAttribute("aria-selected", String(part.name === host));
    }
    if (this.byName.has(host)) this.focusOn(host, false);
  }

  /**
   * @param {string} name
   * @param {boolean} now  Whether it takes the focus, or only where the Tab key leads.
   */
  focusOn(name, now) {
    for (const part of this.parts) part.group.setAttribute("tabindex", part.name === name ? "0" : "-1");
    this.focusName = name;
    if (now) this.partOf(name).group.focus({ preventScroll: false });
  }

  /**
   * Left and right follow the data, up and down change the level.
   *
   * @param {KeyboardEvent} event
   */
  onKey(event) {
    const here = this.partOf(this.focusName);
    const order = this.parts;
    const at = order.indexOf(here);
    const level = (/** @type {1 | -1} */ sign) => {
      const others = order.filter((part) => sign * (part.y - here.y) > 1);
      const y = others.reduce((next, part) => (Math.abs(part.y - here.y) < Math.abs(next - here.y) ? part.y : next), Infinity);
      const row = others.filter((part) => part.y === y);
      return row.sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0];
    };
    /** @type {Record<string, () => Part | undefined>} */
    const moves = {
      ArrowRight: () => order[at + 1],
      ArrowLeft: () => order[at - 1],
      ArrowDown: () => level(1),
      ArrowUp: () => level(-1),
      Home: () => order[0],
      End: () => order[order.length - 1],
    };
    if (event.key in moves) {
      const next = moves[event.key]();
      if (next) this.focusOn(next.name, true);
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose(here.name);
    } else if (event.key === "Escape") {
      this.choose("");
    } else {
      return;
    }
    consume(event);
  }

  /**
   * From where a step stood on the screen to where it stands now; what is new fades in.
   *
   * @param {{ parts: Map<string, Part>, scale: number }} before
   */
  glide({ parts, scale }) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches || !scale || !this.scale) return;
    const ratio = scale / this.scale;
    for (const { name, group, x, y } of this.parts) {
      const old = parts.get(name);
      const from = old
        ? { transform: `translate(${old.x * ratio - x}px, ${old.y * ratio - y}px)` }
        : { opacity: 0 };
      group.animate([from, {}], { duration: 200, easing: "ease-out" });
    }
  }
}

/**
 * The lines below a box. A side that is no whole number has one decimal, and a mark where that is not all of it; where
 * nothing is left of a map there is a dash.
 *
 * @param {Sides} sides
 * @param {boolean} square  Whether both are the same.
 */
function sideText({ height, width }, square) {
  const [[down, rough], [across, also]] = mapPair([height, width], shortSide);
  const mark = rough || also ? "≈" : "";
  if (square) return [isWhole(height) ? `${height}²` : mark + down];
  return [mark + down, `×${across}`];
}

/**
 * A side in figures, and whether that is only roughly it.
 *
 * @param {number} side
 * @returns {[string, boolean]}
 */
function shortSide(side) {
  if (side <= 0) return ["–", false];
  if (Number.isInteger(side)) return [String(side), false];
  const tenths = Math.floor(side * 10 + 0.5);
  return [(tenths / 10).toFixed(1), tenths / 10 !== side];
}

/**
 * @param {Op} op
 * @param {string} text
 */
function legendItem(op, text) {
  const sign = drawn("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" });
  sign.append(drawn("path", { class: `ue-arrow ue-${op}`, d: "M0 5L26 5M28 5l-9 -4.5v9z" }));
  return element("li", {}, sign, element("span", {}, text));
}
