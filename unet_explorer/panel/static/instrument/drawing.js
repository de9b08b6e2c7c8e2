// The U. Python says what is drawn and by which laws it is placed; here it follows the tile and the room that the page
// gives it, and answers to pointer and keyboard.

import { Ends } from "./ends.js";
import { legendItem, sideText } from "./labels.js";
import { mark, unmark } from "./marks.js";
import { Badge, Hint } from "./notes.js";
import { Papers, glide } from "./papers.js";
import { partOfBox } from "./part.js";
import { Placement } from "./placement.js";
import { Room } from "./room.js";
import { walk } from "./walk.js";
import { same } from "../lib/equal.js";
import { size } from "../lib/format.js";
import { isLayer, isWhole } from "../lib/law.js";
import { OWN_KEYS, assign, consume, drawn, element, focusedFrom, setText, targetOf } from "../lib/page.js";
import { AXES } from "../lib/pairs.js";
import { present } from "../lib/present.js";

/** @import { Paper } from "./papers.js" */
/** @import { Part } from "./part.js" */
/** @import { Config, Followed, FollowedMap, Network, Palette, Proof, Told } from "../lib/types.js" */

export class Drawing {
  /**
   * @param {(name: string) => void} choose  Called when a step is picked; an empty name picks nothing.
   * @param {Palette} palette
   * @param {AbortSignal} signal
   */
  constructor(choose, palette, signal) {
    /** Whether sizes are kept from who would hear them. */
    this.sizesKept = false;
    this.choose = choose;
    this.ends = new Ends(palette, choose, signal);
    /** @type {Network | null} */
    this.shown = null;
    /** @type {Followed | null} */
    this.state = null;
    /** @type {Placement | null} */
    this.placed = null;
    /** @type {Proof | null} */
    this.proof = null;
    this.proven = false;
    /**
     * What the legend says.
     *
     * @type {Network["legend"]}
     */
    this.told = [];
    /** Whether height and width of the tile move together: then every label has one line. */
    this.linked = true;
    /** @type {Part[]} */
    this.parts = [];
    /** @type {Map<string, Part>} */
    this.byName = new Map();
    this.svg = drawn("svg");
    this.papers = new Papers();
    /**
     * The one that is shown.
     *
     * @type {Paper | null}
     */
    this.sheet = null;
    this.room = new Room();
    /** Whether all of it is shown, however small its labels. */
    this.whole = false;
    this.type = this.room.type;
    this.focusName = "";
    this.badge = new Badge(this);
    this.hint = new Hint(this);
    this.paper = element("div", { class: "ue-paper" });
    this.legend = element("ul", { class: "ue-legend", "aria-label": "Legend" });
    this.caption = element("p", { class: "ue-caption ue-quiet" });
    this.larger = element("button", { type: "button", class: "ue-larger", "data-action": "whole", hidden: true, ...OWN_KEYS });
    this.below = this.words();
    this.node = element("div", { class: "ue-stage" }, this.paper, ...this.ends.nodes, this.below, this.hint.node);
    const measure = new ResizeObserver(([{ contentRect }]) => this.fit(contentRect));
    measure.observe(this.paper);
    signal.addEventListener("abort", () => measure.disconnect());
    this.listen(signal);
  }

  /** What is written below its arms. */
  words() {
    const arm = (/** @type {string} */ name, /** @type {string} */ what) =>
      element("p", { class: "ue-arm" }, element("strong", {}, name), element("br"), what);
    const down = element("div", {}, arm("Contracting path ↓", "what is there"), this.legend);
    const up = element("div", {}, arm("Expanding path ↑", "where it is"), this.caption);
    return element("div", { class: "ue-below" }, down, up, this.larger);
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
    const toggle = () => {
      this.whole = !this.whole;
      this.relay();
    };
    this.larger.addEventListener("click", toggle, { signal });
  }

  /** The network that is drawn. */
  get network() {
    return present(this.shown, "the network of the drawing");
  }

  /** All that is drawn of that network. */
  get sheetShown() {
    return present(this.sheet, "the drawing that is shown");
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
    const focused = this.paper.contains(focusedFrom(this.paper)) ? this.focusName : null;
    const before = this.shown && this.byName;
    this.hint.show("");
    this.shown = network;
    this.sheet = this.papers.of(network, () => this.paperOf(network));
    const { svg, parts, byName, badge, laid } = this.sheet;
    Object.assign(this, { svg, parts, byName, badge });
    this.paper.replaceChildren(svg);
    // Not now: it would make the browser lay out the page before the rest has changed.
    requestAnimationFrame(() => (this.paper.scrollLeft = 0));
    this.proven = parts.some(({ mark: made }) => made);
    this.showLegend(network.legend);
    setText(this.caption, network.caption);
    this.placed = null;
    if (laid && laid.room === this.room && laid.whole === this.whole && laid.linked === this.linked) {
      Object.assign(this, { placed: laid.placed, type: laid.type });
      this.layOut(false);
    }
    this.focusOn(this.byName.has(this.focusName) ? this.focusName : network.input, focused !== null);
    return () => {
      if (before) glide(parts, before, () => parts === this.parts && this.room.width > 0);
    };
  }

  /**
   * @param {Network} network
   * @returns {Paper}
   */
  paperOf(network) {
    const svg = drawn("svg", { class: "ue-drawing", role: "listbox", "aria-label": "The network, step by step", "aria-orientation": "horizontal" });
    const parts = network.boxes.map((box) => partOfBox(network, box));
    const badge = new Badge(this);
    svg.append(...parts.map(({ group }) => group), badge.node);
    return { svg, parts, byName: new Map(parts.map((part) => [part.name, part])), badge, laid: null, selected: "", focus: "" };
  }

  /** @param {Network["legend"]} legend */
  showLegend(legend) {
    if (same(legend, this.told)) return;
    this.told = legend;
    this.legend.replaceChildren(...legend.map(([op, text]) => legendItem(op, text)));
  }

  /**
   * The page gives it another room.
   *
   * @param {{ width: number, height: number }} inner
   */
  fit(inner) {
    if (!inner.width || !inner.height) return;
    this.room = Room.of(this.paper, inner, this.below);
    this.relay();
  }

  /** Lay everything out anew. */
  relay() {
    this.placed = null;
    if (this.state && this.shown) this.update(this.state, this.linked);
  }

  /**
   * Move everything that depends on the tile.
   *
   * @param {Followed} state
   * @param {boolean} linked  Whether height and width move together.
   */
  update(state, linked) {
    this.state = state;
    const anew = !this.placed || linked !== this.linked;
    const { sheetShown: sheet, room, whole, sizesKept } = this;
    const { laid } = sheet;
    this.linked = linked;
    // One that was shown before with this tile stands as it did then.
    if (anew || !laid || laid.sizesKept !== sizesKept || !same(laid.tile, state.tile)) {
      const { scale, type } = anew ? room.scale(this.network, whole, linked) : { scale: this.placement.scale, type: this.type };
      this.type = type;
      this.placed = new Placement(this.network, state, scale, linked);
      if (anew) this.layOut(true);
      sheet.laid = { room, whole, linked, placed: this.placed, type, tile: state.tile, sizesKept };
      const failed = state.failure ? state.failure.index : Infinity;
      state.maps.forEach((map, index) => {
        const part = this.byName.get(map.step.name);
        if (part) this.updatePart(part, map, index >= failed, anew);
      });
    }
    this.badge.show(state);
    this.showProof();
    this.hint.fill();
  }

  /**
   * What depends on the room alone.
   *
   * @param {boolean} anew  Whether it is another one than when this network was shown last.
   */
  layOut(anew) {
    const { width, height, larger, corner } = this.room.taken(this.network, this.placement);
    if (anew) {
      assign(this.svg, { viewBox: `0 0 ${width} ${height}`, width, height });
      // Smaller than the page sets it, where all is to be seen.
      this.svg.style.fontSize = this.type.font < this.room.type.font ? `${this.type.font.toFixed(1)}px` : "";
      this.placeParts();
    }
    this.ends.place(this, corner, larger);
    this.larger.hidden = !larger && !this.whole;
    setText(this.larger, this.whole ? "Make it readable" : "See all of it");
  }

  placeParts() {
    const { placement } = this;
    for (const part of this.parts) {
      const edges = part.pieces.find(({ look }) => look === "ue-box")?.mark[2] ?? [part.box.x, part.box.x];
      [part.left, part.right] = edges.map((edge) => placement.x(edge));
      part.x = placement.x(part.box.x);
      part.y = placement.y(part.box.y);
    }
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
    setText(this.caption, `${this.network.caption}${proof ? " ✓: Keras agrees." : ""}`);
    this.proven = Boolean(proof);
    const wrong = new Set();
    const scale = Math.max(0.5, Math.min(1, this.placement.scale.type));
    for (const { name, host } of this.network.steps) if (proof?.steps[name]) wrong.add(host || name);
    for (const part of this.parts) {
      if (part.name === this.network.input) continue;
      if (proof) mark(part, this.topOf(part), !wrong.has(part.name), proof.steps[part.name], scale);
      else unmark(part);
    }
  }

  /** @param {Part} part */
  topOf(part) {
    return part.y - this.placement.heightOf(part.name) / 2;
  }

  /**
   * @param {Part} part
   * @param {FollowedMap} map
   * @param {boolean} ghost  Whether it cannot be, with this tile.
   * @param {boolean} anew  Whether the room is another one, too.
   */
  updatePart(part, map, ghost, anew) {
    const { placement, type } = this;
    const { group, side } = part;
    group.classList.toggle("ue-ghost", ghost);
    for (const piece of part.pieces) if (anew || piece.moves) piece.place(placement, type, anew);
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
    if (side) side.say([sideText(map, this.isSquare()), sideText(map, this.isSquare(), 1)], placement.x(side.mark[2][1]), type);
  }

  isSquare() {
    return this.state?.tile[0] === this.state?.tile[1];
  }

  /**
   * Say no sizes to those who cannot see either, while they are asked for.
   *
   * @param {boolean} kept
   */
  keepSizes(kept) {
    if (this.sizesKept === kept) return;
    this.sizesKept = kept;
    if (this.state) this.update(this.state, this.isSquare());
  }

  /** @param {FollowedMap} map */
  shape(map) {
    if (this.sizesKept) return "size not shown";
    return `${size([map.height, map.width])} × ${map.step.channels}`;
  }

  /** @param {string} name */
  select(name) {
    const host = this.network.steps.find((step) => step.name === name)?.host || name;
    const sheet = this.sheetShown;
    if (sheet.selected !== host) {
      sheet.selected = host;
      for (const part of this.parts) {
        part.group.classList.toggle("ue-selected", part.name === host);
        part.group.setAttribute("aria-selected", String(part.name === host));
      }
    }
    this.ends.select(name);
    if (this.byName.has(host)) this.focusOn(host, false);
  }

  /**
   * @param {string} name
   * @param {boolean} now  Whether it takes the focus, or only where the Tab key leads.
   */
  focusOn(name, now) {
    const sheet = this.sheetShown;
    if (sheet.focus !== name) {
      sheet.focus = name;
      for (const part of this.parts) part.group.setAttribute("tabindex", part.name === name ? "0" : "-1");
    }
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
    const next = walk(this.parts, here, event.key);
    if (next !== undefined) {
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
}
