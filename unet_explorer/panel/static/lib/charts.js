// Curves that grow while a network learns: the loss of every step, and the scores of every examination.

import { exact } from "./format.js";
import { drawn, element } from "./page.js";

const CHART = { width: 420, height: 190, left: 44, right: 106, top: 12, bottom: 28 };

/** @import { Pair } from "./types.js" */

/**
 * @typedef {{ name: string, points: Pair[], kind: string, dots?: boolean }} Line  Points are [step, value]; one without a
 *   name has no label.
 */
/** @typedef {(value: number) => number} Scale  From a step or a value to where it is drawn. */

export class Chart {
  /**
   * @param {string} title  Names it for those who cannot see it, too.
   * @param {string} role
   * @param {(value: number) => string} unit  Writes a value at the axis.
   */
  constructor(title, role, unit) {
    this.title = title;
    this.unit = unit;
    this.svg = drawn("svg", {
      class: "ue-chart",
      viewBox: `0 0 ${CHART.width} ${CHART.height}`,
      role: "img",
      "data-role": role,
    });
    this.node = element("figure", {}, element("figcaption", {}, title), this.svg);
  }

  /**
   * `lines` in drawing order; `steps`: the right end; `top`: the highest value shown; `at`: a step to mark, or null;
   * `words`: the curve in words.
   *
   * @param {{ lines: Line[], steps: number, top: number, at: number | null, words: string }} curve
   */
  show({ lines, steps, top, at, words }) {
    /** @type {Scale} */
    const x = (step) => CHART.left + ((CHART.width - CHART.left - CHART.right) * step) / Math.max(1, steps);
    /** @type {Scale} */
    const y = (value) => CHART.top + (CHART.height - CHART.top - CHART.bottom) * (1 - Math.min(1, value / top));
    const parts = [...this.axes(x, y, steps, top)];
    if (at !== null) parts.push(drawn("path", { class: "ue-at", d: `M${x(at)} ${y(0)}V${y(top)}` }));
    for (const line of lines) {
      if (!line.points.length) continue;
      const path = line.points.map(([step, value]) => `${x(step).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
      parts.push(drawn("path", { class: `ue-curve ue-curve-${line.kind}`, d: `M${path}` }));
      if (line.dots) parts.push(...line.points.map(([step, value]) => this.dot(line, x(step), y(value))));
    }
    parts.push(...this.labels(lines, x, y));
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute("aria-label", `${this.title}: ${words}`);
  }

  /**
   * @param {Line} line
   * @param {number} x
   * @param {number} y
   */
  dot({ kind }, x, y) {
    return drawn("circle", { class: `ue-dot ue-curve-${kind}`, cx: x.toFixed(1), cy: y.toFixed(1), r: 2.5 });
  }

  /**
   * @param {Scale} x
   * @param {Scale} y
   * @param {number} steps
   * @param {number} top
   */
  axes(x, y, steps, top) {
    const [left, right] = [x(0), x(Math.max(1, steps))];
    const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => y(share * top));
    /** @type {(words: string, at: number, place: number, anchor: string) => SVGTextElement} */
    const text = (words, at, place, anchor) =>
      drawn("text", { x: at, y: place, "text-anchor": anchor, class: "ue-tick" }, words);
    return [
      drawn("path", { class: "ue-grid", d: grid.map((height) => `M${left} ${height}H${right}`).join("") }),
      ...[0, 0.5, 1].map((share) => text(this.unit(share * top), left - 6, y(share * top) + 4, "end")),
      ...[0, 0.5, 1].map((share) => {
        const anchor = ["start", "middle", "end"][2 * share];
        return text(exact(Math.round(share * steps)), x(share * steps), CHART.height - 10, anchor);
      }),
      text("step", right + 8, CHART.height - 10, "start"),
    ];
  }

  /**
   * Names at the ends of the lines, moved apart where they would touch.
   *
   * @param {Line[]} lines
   * @param {Scale} x
   * @param {Scale} y
   */
  labels(lines, x, y) {
    const named = lines
      .filter(({ points, name }) => points.length && name)
      .map(({ points, name, kind }) => {
        const [step, value] = points[points.length - 1];
        return { name: `${name} ${this.unit(value)}`, kind, x: x(step) + 6, y: y(value) + 4 };
      })
      .sort((a, b) => a.y - b.y);
    const line = 14;
    named.forEach((label, at) => {
      if (at) label.y = Math.max(label.y, named[at - 1].y + line);
    });
    // Those that were pushed out at the bottom push the others back up.
    [...named].reverse().forEach((label, at) => {
      label.y = Math.min(label.y, CHART.height - CHART.bottom + 4 - at * line);
    });
    return named.map((label) =>
      drawn("text", { class: `ue-name ue-curve-${label.kind}`, x: label.x.toFixed(1), y: label.y.toFixed(1) }, label.name),
    );
  }
}
