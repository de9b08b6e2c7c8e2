// The U. Python lays it out; here it follows the tile in place, and answers to pointer and keyboard.

import { Badge, Hint } from "./notes.js";
import { same } from "../lib/equal.js";
import { size } from "../lib/format.js";
import { isWhole } from "../lib/law.js";
import { OWN_KEYS, assign, drawn, element, setText } from "../lib/page.js";

export class Drawing {
  /** `choose(name)` is called when a step is picked; an empty name picks nothing. */
  constructor(choose, signal) {
    this.choose = choose;
    this.hint = new Hint(this);
    this.paper = element("div", { class: "ue-paper" });
    this.legend = element("ul", { class: "ue-legend", "aria-label": "Legend" });
    this.caption = element("p", { class: "ue-caption ue-quiet" });
    this.node = element("div", { class: "ue-stage" }, this.paper, this.legend, this.caption, this.hint.node);
    const measure = new ResizeObserver(([{ contentRect }]) => this.fit(contentRect.width));
    measure.observe(this.paper);
    signal.addEventListener("abort", () => measure.disconnect());
    const on = (type, listener) => this.paper.addEventListener(type, listener, { signal });
    on("click", (event) => this.choose(this.nameAt(event)));
    on("pointerdown", () => this.hint.show(""));
    on("pointerover", (event) => this.hint.show(this.nameAt(event)));
    on("pointerleave", () => this.hint.show(""));
    // A click says enough by filling the card.
    on("focusin", (event) => event.target.matches(":focus-visible") && this.hint.show(this.nameAt(event)));
    on("focusout", () => this.hint.show(""));
    on("keydown", (event) => this.onKey(event));
    on("scroll", () => this.hint.show(""));
  }

  nameAt(event) {
    const group = event.target.closest?.("[data-step], [data-input]");
    return group ? group.dataset.step || "input" : "";
  }

  /** Show another network: new paper, on which the boxes glide from where they were. */
  setNetwork(network) {
    const focused = this.paper.contains(document.activeElement) ? this.focusName : null;
    const before = this.parts && { parts: this.byName, scale: this.scale };
    this.hint.show("");
    this.network = network;
    const parsed = new DOMParser().parseFromString(network.svg, "image/svg+xml").documentElement;
    this.svg = document.importNode(parsed, true);
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
    this.focusOn(this.byName.has(this.focusName) ? this.focusName : "input", focused !== null);
    return () => before && this.glide(before);
  }

  /** The page gives it another width. */
  fit(width) {
    this.room = width;
    if (!this.network) return;
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

  part(box) {
    const selector = box.name === "input" ? "[data-input]" : `[data-step="${box.name}"]`;
    const group = this.svg.querySelector(selector);
    assign(group, { tabindex: "-1", ...OWN_KEYS });
    const find = (kind) => group.querySelector(kind);
    const side = find(".ue-side");
    return {
      ...box,
      group,
      rect: find(".ue-box"),
      channels: find(".ue-channels"),
      end: find(".ue-end"),
      side,
      lines: side ? [...side.children] : [],
      arrow: box.direction === "across" ? null : find(".ue-arrow"),
      crop: find(".ue-crop"),
    };
  }

  /** Move everything that depends on the tile. */
  update(state) {
    this.state = state;
    const square = state.tile[0] === state.tile[1];
    this.place = placement(this.network, state);
    const failed = state.failure ? state.failure.index : Infinity;
    state.maps.forEach((map, index) => {
      const part = this.byName.get(map.step.name);
      if (part) this.updatePart(part, map, index >= failed, square);
    });
    this.badge.show(state);
    this.showProof();
    this.hint.fill();
  }

  /** `proof`: what Keras made of a design, or an empty object. */
  setProof(proof, config) {
    this.proof = proof.steps && same(proof.config, config) ? proof : null;
    if (this.state) this.showProof();
  }

  /** A ✓ at every box that agrees with Keras, a ✗ at one that does not; none for any other tile or network. */
  showProof() {
    const holds = Boolean(this.proof) && same(this.proof.tile, this.state.tile);
    if (!holds && !this.proven) return;
    this.proven = holds;
    const wrong = new Set();
    if (holds) {
      for (const { name, host } of this.network.steps) if (this.proof.steps[name]) wrong.add(host || name);
    }
    for (const part of this.parts) {
      if (part.name === "input") continue;
      if (!holds) {
        delete part.group.dataset.proof;
        part.mark?.remove();
        part.mark = null;
        continue;
      }
      const agrees = !wrong.has(part.name);
      part.group.dataset.proof = agrees ? "agrees" : "differs";
      part.mark ||= part.group.appendChild(drawn("g", { class: "ue-mark" }, drawn("circle", { r: 6 }), drawn("path")));
      part.mark.lastChild.setAttribute("d", agrees ? "M-3 0l2 2.5l4 -5" : "M-2.5 -2.5l5 5M2.5 -2.5l-5 5");
      // On the corner of the box, where neither arrow nor label is.
      part.mark.setAttribute("transform", `translate(${(part.x + part.width / 2).toFixed(1)} ${this.place.y(part, "top").toFixed(1)})`);
      const words = agrees ? "agrees with Keras" : this.proof.steps[part.name] || "does not agree with Keras";
      part.group.setAttribute("aria-label", `${part.group.getAttribute("aria-label").split(";")[0]}; ${words}`);
    }
  }

  updatePart(part, map, ghost, square) {
    const { metrics } = this.network;
    const { group } = part;
    group.classList.toggle("ue-ghost", ghost);
    this.move(part);
    if (part.name !== "input") {
      const { step } = map;
      for (const axis of ["height", "width"]) {
        if (isWhole(map[axis])) group.dataset[axis] = map[axis];
        else delete group.dataset[axis];
      }
      group.setAttribute("aria-label", `${step.name}, ${step.words.title}: ${this.shape(map)}`);
    } else {
      group.setAttribute("aria-label", `the tile: ${this.shape(map)}`);
    }
    if (part.channels) {
      const lines = sideText(map, square);
      setText(part.lines[0], lines[0]);
      setText(part.lines[1], lines[1] || "");
      const font = this.font || metrics.font;
      const fitting = (longest) => Math.min(font, Math.floor((10 * part.room) / (metrics.character * longest)) / 10);
      const size = fitting(Math.max(...lines.map((line) => line.length)));
      if (part.font !== size) part.side.style.fontSize = `${size}px`;
      part.font = size;
      if (this.font) part.channels.style.fontSize = `${fitting(part.channels.textContent.length)}px`;
    }
  }

  /** To where its anchors are. */
  move(part) {
    const y = (what) => this.place.y(part, what).toFixed(1);
    const height = (name) => this.place.height(name).toFixed(1);
    const { rect, channels, side, end, arrow, crop, kept } = part;
    assign(rect, { y: y("top"), height: height(part.name) });
    if (channels) {
      channels.setAttribute("y", y("channels"));
      side.setAttribute("y", y("side"));
    }
    if (end) end.setAttribute("y", y("end"));
    if (arrow) arrow.setAttribute("d", this.arrowPath(part));
    if (crop) assign(crop, { y: y("crop"), height: height(kept.name) });
  }

  arrowPath(part) {
    const { head } = this.network.metrics;
    const [x, start, tip] = [part.x, this.place.y(part, "start"), this.place.y(part, "tip")].map((length) => length.toFixed(1));
    return `M${x} ${start}L${x} ${tip}M${x} ${tip}l${-head / 2} ${part.direction === "down" ? -head : head}h${head}z`;
  }

  shape(map) {
    return `${size([map.height, map.width])} × ${map.step.channels}`;
  }

  select(name) {
    const host = this.network.steps.find((step) => step.name === name)?.host || name;
    for (const part of this.parts) {
      part.group.classList.toggle("ue-selected", part.name === host);
      part.group.setAttribute("aria-selected", String(part.name === host));
    }
    if (this.byName.has(host)) this.focusOn(host, false);
  }

  focusOn(name, now) {
    for (const part of this.parts) part.group.setAttribute("tabindex", part.name === name ? "0" : "-1");
    this.focusName = name;
    if (now) this.byName.get(name).group.focus({ preventScroll: false });
  }

  /** Left and right follow the data, up and down change the level. */
  onKey(event) {
    const here = this.byName.get(this.focusName);
    const order = this.parts;
    const at = order.indexOf(here);
    const level = (sign) => {
      const others = order.filter((part) => sign * (part.y - here.y) > 1);
      const y = others.reduce((next, part) => (Math.abs(part.y - here.y) < Math.abs(next - here.y) ? part.y : next), Infinity);
      const row = others.filter((part) => part.y === y);
      return row.sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0];
    };
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
    event.preventDefault();
    event.stopPropagation();
  }

  /** From where a step stood on the screen to where it stands now; what is new fades in. */
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

/** Where everything stands for a tile: the laws of heights and the anchors of Python's placement.py, evaluated. */
function placement({ boxes, heights: law }, { tile, byName }) {
  const whole = Math.sqrt(tile[0] * tile[1]);
  const unit = law.unit * (law.largest / Math.max(whole, law.largest)) ** 0.25;
  const area = (sides) => sides.reduce((product, side) => product * Math.max(0, side), 1);
  const heights = new Map();
  for (const { name } of boxes) {
    const { height, width } = byName.get(name);
    heights.set(name, Math.max(law.shortest, unit * (area([height, width]) / whole) ** 0.25));
  }
  for (const { kept } of boxes) {
    if (!kept) continue;
    const { height, width } = byName.get(kept.source);
    const left = area(tile.map((side) => (side + kept.shift) / 2 ** kept.level));
    const share = area([height, width]) > 0 ? left / area([height, width]) : 0;
    heights.set(kept.name, heights.get(kept.source) * Math.sqrt(share));
  }
  const second = tile[0] === tile[1] ? 0 : 1;
  return {
    height: (name) => heights.get(name),
    y: ({ anchors }, part) => {
      const [base, box, share, line] = anchors[part];
      return base + share * heights.get(box) + second * line;
    },
  };
}

/**
 * The lines below a box. A side that is no whole number has one decimal, and a mark where that is not all of it; where
 * nothing is left of a map there is a dash.
 */
function sideText({ height, width }, square) {
  const [[down, rough], [across, also]] = [height, width].map(shortSide);
  const mark = rough || also ? "≈" : "";
  if (square) return [isWhole(height) ? `${height}²` : mark + down];
  return [mark + down, `×${across}`];
}

/** A side in figures, and whether that is only roughly it. */
function shortSide(side) {
  if (side <= 0) return ["–", false];
  if (Number.isInteger(side)) return [String(side), false];
  const tenths = Math.floor(side * 10 + 0.5);
  return [(tenths / 10).toFixed(1), tenths / 10 !== side];
}

function legendItem(op, text) {
  const sign = drawn("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" });
  sign.append(drawn("path", { class: `ue-arrow ue-${op}`, d: "M0 5L26 5M28 5l-9 -4.5v9z" }));
  return element("li", {}, sign, element("span", {}, text));
}
