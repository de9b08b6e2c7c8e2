// IoU against work: a dot a design with its band over seeds, and the line of those that nothing cheaper is as good as.

import { same } from "../lib/equal.js";
import { rough } from "../lib/format.js";
import { OWN_KEYS, assign, consume, drawn, element, focusedFrom, setText, targetOf } from "../lib/page.js";
import { logAxis, scoreTicks } from "./sweep_scale.js";

/** @import { Design } from "../lib/types.js" */
/** @import { PlacedDot, SweepDesign, SweepDot } from "./sweep_types.js" */

/** In units of the drawing. It is no wider than that, and then grows as a whole; on a phone it is as wide as the page. */
const PLOT = { widest: 560, narrowest: 220, height: 256, left: 46, right: 16, top: 14, bottom: 42 };
const HOW = "Point at a dot for its numbers; press it to open the design.";

export class SweepChart {
  /**
   * @param {(design: SweepDesign) => void} open
   * @param {AbortSignal} signal
   */
  constructor(open, signal) {
    this.open = open;
    /** @type {SweepDesign[]} */
    this.designs = [];
    /** @type {PlacedDot[]} */
    this.placed = [];
    /** @type {Map<number, SVGGElement>} */
    this.made = new Map();
    /** The design that is pointed at, or was last. */
    this.at = -1;
    this.width = PLOT.widest;
    this.redraw = () => {};
    this.axes = drawn("g");
    this.front = drawn("path", { class: "ue-front" });
    this.dots = drawn("g");
    this.svg = drawn("svg", { class: "ue-chart ue-sweep-chart", role: "group", "data-role": "sweep-chart" });
    this.svg.append(this.axes, this.front, this.dots);
    this.says = element("p", { class: "ue-dot-words", "data-role": "dot-words", role: "status" }, HOW);
    const caption = element("figcaption", {}, "IoU on validation images. Bar: all seeds. Line: nothing cheaper is as good.");
    this.node = element("figure", { hidden: true }, caption, this.svg, this.says);
    for (const type of ["pointerover", "focusin"]) this.svg.addEventListener(type, (event) => this.point(this.designOf(event)), { signal });
    for (const type of ["pointerleave", "focusout"]) this.svg.addEventListener(type, () => this.point(-1), { signal });
    const observer = new ResizeObserver(() => this.fit());
    observer.observe(this.node);
    signal.addEventListener("abort", () => observer.disconnect());
    this.svg.addEventListener("click", (event) => this.press(this.designOf(event)), { signal });
    this.svg.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  fit() {
    const width = Math.max(PLOT.narrowest, Math.min(PLOT.widest, Math.round(this.node.clientWidth)));
    if (!this.node.clientWidth || width === this.width) return;
    this.width = width;
    this.redraw();
  }

  /** @param {Event} event */
  designOf(event) {
    return Number(targetOf(event, "[data-design]")?.dataset.design ?? -1);
  }

  /** @param {number} design */
  press(design) {
    if (this.designs[design]) this.open(this.designs[design]);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const here = this.placed.findIndex(({ dot }) => dot.design === this.designOf(event));
    if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.placed.length - 1;
    /** @type {Record<string, number>} */
    const places = { ArrowRight: Math.min(last, here + 1), ArrowLeft: Math.max(0, here - 1), Home: 0, End: last };
    if (event.key in places) this.made.get(this.placed[places[event.key]].dot.design)?.focus();
    else if (event.key === "Enter" || event.key === " ") this.press(this.designOf(event));
    else return;
    consume(event);
  }

  /** @param {number} design */
  point(design) {
    const found = this.placed.find(({ dot }) => dot.design === design);
    setText(this.says, found ? dotWords(found.dot, this.designs[design]) : HOW);
    if (found) this.stopAt(design);
  }

  /**
   * One dot is a stop of the Tab key.
   *
   * @param {number} design
   */
  stopAt(design) {
    this.at = design;
    for (const [each, node] of this.made) node.setAttribute("tabindex", each === design ? "0" : "-1");
  }

  /**
   * @param {SweepDot[]} dots
   * @param {SweepDesign[]} designs
   * @param {Design} shown
   */
  show(dots, designs, shown) {
    this.designs = designs;
    this.redraw = () => this.show(dots, designs, shown);
    this.node.hidden = !dots.length;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${PLOT.height}`);
    if (!dots.length) {
      this.made.clear();
      this.dots.replaceChildren();
      return;
    }
    const work = dots.map(({ macs }) => macs);
    const { from, to, ticks } = logAxis(Math.min(...work), Math.max(...work));
    const down = scoreTicks(Math.min(...dots.map(({ low }) => low)), Math.max(...dots.map(({ high }) => high)));
    const [x, y] = [scale([Math.log10(from), Math.log10(to)], PLOT.left, this.width - PLOT.right), scale(down, PLOT.height - PLOT.bottom, PLOT.top)];
    this.axes.replaceChildren(...axes(ticks, down, x, y, this.width));
    this.placed = dots.map((dot) => ({ dot, x: x(Math.log10(dot.macs)), y: y(dot.iou) })).sort((a, b) => a.x - b.x || a.y - b.y);
    const nodes = this.placed.map((each) => this.showDot(each, y, shown));
    if (nodes.some((node, at) => this.dots.children[at] !== node) || this.dots.children.length !== nodes.length) this.order(nodes);
    this.front.setAttribute("d", stairs(this.placed.filter(({ dot }) => dot.best), this.width - PLOT.right));
    this.svg.setAttribute("aria-label", `IoU against multiply-adds: ${dots.length} designs. ${HOW}`);
    this.stopAt(this.made.has(this.at) && dots.some(({ design }) => design === this.at) ? this.at : this.placed[0].dot.design);
  }

  /** @param {SVGGElement[]} nodes */
  order(nodes) {
    const focused = nodes.find((node) => node === focusedFrom(this.dots));
    this.dots.replaceChildren(...nodes);
    focused?.focus();
  }

  /**
   * @param {PlacedDot} placed
   * @param {(value: number) => number} y
   * @param {Design} shown
   */
  showDot({ dot, x, y: at }, y, shown) {
    const design = this.designs[dot.design];
    const node = this.made.get(dot.design) ?? drawn("g", { role: "button", "data-design": dot.design, ...OWN_KEYS }, drawn("path", { class: "ue-band" }), drawn("circle", { class: "ue-reach", r: 13 }), drawn("circle", { class: "ue-ring", r: 9 }), drawn("circle", { class: "ue-sweep-dot" }));
    this.made.set(dot.design, node);
    const [band, ...circles] = node.children;
    assign(band, { d: dot.runs > 1 ? `M${x.toFixed(1)} ${y(dot.high).toFixed(1)}V${y(dot.low).toFixed(1)}` : "" });
    for (const circle of circles) assign(circle, { cx: x.toFixed(1), cy: at.toFixed(1) });
    assign(circles[2], { r: dot.best ? 5 : 4 });
    node.toggleAttribute("data-best", dot.best);
    const current = same(shown, { config: design.config, tile: design.tile });
    if (current) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
    node.setAttribute("aria-label", `${dotWords(dot, design)}${current ? ", shown now" : ""}`);
    return node;
  }
}

/**
 * A design and what it has learnt, in words.
 *
 * @param {SweepDot} dot
 * @param {SweepDesign} design
 */
export function dotWords({ macs, iou, low, high, runs, best }, { words }) {
  const band = runs > 1 ? ` (${low.toFixed(2)} to ${high.toFixed(2)} over ${runs} seeds)` : "";
  return `${words}: IoU ${iou.toFixed(2)}${band}, ${rough(macs)} multiply-adds${best ? "; nothing cheaper is as good" : ""}`;
}

/**
 * The best that there is for at most so much work.
 *
 * @param {PlacedDot[]} front  From the left to the right.
 * @param {number} end
 */
function stairs(front, end) {
  if (!front.length) return "";
  const steps = front.map(({ x, y }, at) => `${at ? `H${x.toFixed(1)}V` : `M${x.toFixed(1)} `}${y.toFixed(1)}`);
  return `${steps.join("")}H${end}`;
}

/**
 * From values to where they are drawn.
 *
 * @param {number[]} ticks
 * @param {number} from
 * @param {number} to
 * @returns {(value: number) => number}
 */
function scale(ticks, from, to) {
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  return (value) => from + ((to - from) * (value - low)) / (high - low);
}

/**
 * @param {number[]} across
 * @param {number[]} down
 * @param {(value: number) => number} x
 * @param {(value: number) => number} y
 * @param {number} width
 */
function axes(across, down, x, y, width) {
  const [left, right, top, bottom] = [PLOT.left, width - PLOT.right, PLOT.top, PLOT.height - PLOT.bottom];
  const grid = [...down.map((value) => `M${left} ${y(value)}H${right}`), ...across.map((value) => `M${x(Math.log10(value))} ${top}V${bottom}`)];
  /** @type {(words: string, place: { x: number, y: number }, anchor: string) => SVGTextElement} */
  const text = (words, place, anchor) => drawn("text", { ...place, "text-anchor": anchor, class: "ue-tick" }, words);
  // Where it is narrow, every second one is written.
  const roomy = (right - left) / across.length > 56;
  return [
    drawn("path", { class: "ue-grid", d: grid.join("") }),
    ...down.map((value) => text(value.toFixed(2).replace(/0$/, ""), { x: left - 6, y: y(value) + 4 }, "end")),
    ...across.filter((_, at) => roomy || at % 2 === 0).map((value) => text(rough(value), { x: x(Math.log10(value)), y: bottom + 17 }, x(Math.log10(value)) > right - 20 ? "end" : "middle")),
    text("multiply-adds for a tile, logarithmic", { x: (left + right) / 2, y: PLOT.height - 6 }, "middle"),
  ];
}
