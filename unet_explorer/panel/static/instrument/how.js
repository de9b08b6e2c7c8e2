// How a step works, drawn small and moved by hand or by a clock, with the numbers of the step in its words.

import { exact, plain, size } from "../lib/format.js";
import { mapOf } from "../lib/law.js";
import { OWN_KEYS, drawn, element, setText } from "../lib/page.js";

/** @import { Followed, FollowedMap, Sides } from "../lib/types.js" */
/** @import { Patch } from "../tabs/image_types.js" */

/**
 * What is to be played for a step: how many frames, a drawing for each, and words. Its sides are in cells; it is shown as
 * large as `stretch` says, 1 as it is.
 *
 * @typedef {{
 *   title: string,
 *   words: string,
 *   frames: number,
 *   draw: (frame: number) => SVGElement[],
 *   width: number,
 *   height: number,
 *   stretch?: number,
 * }} Explanation
 */
/** @typedef {(row: number, column: number) => [string, string]} CellOf  A class and a text. */

/** Side of a cell, in units of the drawing. */
const UNIT = 22;
const PER_FRAME = 550; // milliseconds

/**
 * What there is to be played for a step; null where nothing needs to be explained.
 *
 * @param {Followed} state
 * @param {FollowedMap} map
 * @param {Patch} patch
 * @returns {Explanation | null}
 */
export function explanation(state, map, patch) {
  const { step } = map;
  const before = step.inputs.map((name) => mapOf(state, name));
  if (step.op === "conv" || step.op === "conv1x1") return convolution(map, before[0]);
  const blocked = state.failure !== null && state.maps.indexOf(map) > state.failure.index;
  if (step.op === "pool") return pooling(before[0], patch, blocked);
  if (step.op === "upconv" || step.op === "upsample") return upConvolution(map, before[0]);
  if (step.op === "crop_concat") return concatenation(map, before[0], before[1]);
  return null;
}

/**
 * @param {(side: number) => number} value
 * @param {Sides} of
 */
function sideWords(value, of) {
  return of.height === of.width ? plain(value(of.height)) : `${plain(value(of.height))} × ${plain(value(of.width))}`;
}

/**
 * A field of squares.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} rows
 * @param {number} columns
 * @param {CellOf} cellOf
 */
function cells(x, y, rows, columns, cellOf) {
  const group = drawn("g", { transform: `translate(${x} ${y})` });
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const [kind, text] = cellOf(row, column);
      const place = { x: column * UNIT, y: row * UNIT, width: UNIT, height: UNIT };
      group.append(drawn("rect", { class: `ue-cell ${kind}`, ...place }));
      if (text) {
        const at = { x: (column + 0.5) * UNIT, y: (row + 0.68) * UNIT, class: "ue-cell-text" };
        group.append(drawn("text", at, text));
      }
    }
  }
  return group;
}

/**
 * A frame round some squares; its place is given in squares, too.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} rows
 * @param {number} columns
 * @param {string} kind  Its class.
 */
function outline(x, y, rows, columns, kind) {
  return drawn("rect", { class: kind, x, y, width: columns * UNIT, height: rows * UNIT });
}

/**
 * @param {FollowedMap} map
 * @param {FollowedMap} before
 * @returns {Explanation}
 */
function convolution(map, before) {
  const k = map.step.kernel || 1;
  const padded = map.height === before.height;
  const rim = padded ? Math.floor((k - 1) / 2) : 0;
  const n = k + 3;
  const m = padded ? n : n - k + 1;
  const left = n + 2 * (k - 1) / 2 + 2;
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    const [row, column] = [Math.floor(frame / m), frame % m];
    const done = (/** @type {number} */ at) => at <= frame;
    /** @type {(y: number, x: number) => boolean} */
    const eaten = (y, x) => !padded && (y < (k - 1) / 2 || x < (k - 1) / 2 || y >= n - (k - 1) / 2 || x >= n - (k - 1) / 2);
    const given = cells(rim * UNIT, rim * UNIT, n, n, (y, x) => [eaten(y, x) ? "ue-cell-lost" : "ue-cell-map", ""]);
    const zeros = rim ? cells(0, 0, n + 2 * rim, n + 2 * rim, () => ["ue-cell-zero", "0"]) : drawn("g");
    const made = cells(left * UNIT, ((n - m) / 2 + rim) * UNIT, m, m, (y, x) => [done(y * m + x) ? "ue-cell-made" : "ue-cell-empty", ""]);
    const kernel = outline(column * UNIT, row * UNIT, k, k, "ue-window");
    const target = outline((left + column) * UNIT, ((n - m) / 2 + rim + row) * UNIT, 1, 1, "ue-window");
    return [zeros, given, made, kernel, target];
  };
  const into = `${sideWords((side) => side, before)} → ${sideWords((side) => side, map)}`;
  const words =
    k === 1
      ? `A 1×1 kernel needs no neighbours: each of the ${exact(map.pixels)} pixels gets ${exact(map.step.channels)} new values, and no rim is lost.`
      : padded
        ? `The kernel lies over every pixel, for a rim of zeros stands in for what is missing outside: ${into}.`
        : `The ${k}×${k} kernel must lie wholly inside. Along a side of ${plain(before.height)} px it finds ${plain(before.height)} − (${k} − 1) = ` +
          `${plain(map.height)} places, so the outermost ${(k - 1) / 2} px (orange) ${k > 3 ? "have" : "has"} no output: ${into}.`;
  const title = k === 1 ? "Why no rim is lost" : padded ? "What padding does" : "Why the side shrinks";
  return { title, frames: m * m, draw, words, width: left + m, height: n + 2 * rim };
}

/**
 * @param {FollowedMap} before
 * @param {Patch} patch
 * @param {boolean} blocked  Whether it is never reached with this tile.
 * @returns {Explanation}
 */
function pooling(before, patch, blocked) {
  // A map that is a strip has no square of numbers to show, and a single one is no picture.
  const square = patch.before && patch.before.length === patch.before[0].length && patch.before.length > 2;
  const m = square ? patch.behind.length : 2;
  const n = 2 * m;
  const wide = square ? 2.2 : 1;
  /** @type {[string, number][]} */
  const sides = [
    ["row", before.height],
    ["column", before.width],
  ];
  const odds = blocked ? [] : sides.filter(([, side]) => side % 2);
  const [more, wider] = sides.map(([, side]) => (blocked ? 0 : side % 2));
  const shown = square && !blocked ? patch : null;
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    const [row, column] = [Math.floor(frame / m), frame % m];
    const given = cells(0, 0, n + more, n + wider, (y, x) => {
      if (y >= n || x >= n) return ["ue-cell-lost", ""];
      const [down, across] = [Math.floor(y / 2), Math.floor(x / 2)];
      const won = shown && shown.before[y][x] === shown.behind[down][across];
      return [down * m + across <= frame && won ? "ue-cell-made" : "ue-cell-map", shown ? short2(shown.before[y][x]) : ""];
    });
    const left = n + 2;
    const made = cells(left * UNIT, ((n - m) / 2) * UNIT, m, m, (y, x) => {
      const done = y * m + x <= frame;
      return [done ? "ue-cell-made" : "ue-cell-empty", done && shown ? short2(shown.behind[y][x]) : ""];
    });
    return [given, made, outline(2 * column * UNIT, 2 * row * UNIT, 2, 2, "ue-window"), outline((left + column) * UNIT, ((n - m) / 2 + row) * UNIT, 1, 1, "ue-window")];
  };
  const lost = odds.length ? oddWords(odds)
    : `With a side of ${plain(before.height + 1)} the last row would have no partner: it would be dropped, and what was learnt there lost.`;
  const real = shown ? "The numbers are those around the brightest pixel of the channel shown. " : "";
  const halves = before.height === before.width ? sides.slice(1) : sides;
  const halved = halves.map(([name, side]) => `${plain(side)} ÷ 2 = ${plain(side / 2)}${halves.length > 1 ? ` ${name}s` : ""}`).join(", ");
  const words = blocked
    ? "Of every 2×2 pixels only the largest is kept. With this tile it is never reached."
    : `Of every 2×2 pixels only the largest is kept${odds.length ? "" : `: ${halved}`}. ${real}${lost}`;
  return { title: "What max-pooling keeps", frames: m * m, draw, words, width: n + 2 + m, height: n + more, stretch: wide };
}

/** @param {[string, number][]} odds  What of a map is odd, and its side. */
function oddWords(odds) {
  const lengths = [...new Set(odds.map(([, side]) => plain(side)))];
  const are = lengths.length > 1 ? "are" : "is";
  const [have, them] = odds.length > 1 ? ["have", "them"] : ["has", "it"];
  const names = odds.map(([name]) => name).join(" and ");
  return `${lengths.join(" and ")} ${are} odd: the last ${names} ${have} no partner (orange). Keras would drop ${them}, and the skip would no longer match.`;
}

/** @param {number} number */
function short2(number) {
  return Math.abs(number) >= 10 ? number.toFixed(0) : number.toFixed(1);
}

/**
 * @param {FollowedMap} map
 * @param {FollowedMap} before
 * @returns {Explanation}
 */
function upConvolution(map, before) {
  const n = 3;
  const learnt = map.step.op === "upconv";
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    const [row, column] = [Math.floor(frame / n), frame % n];
    const given = cells(0, n / 2 * UNIT, n, n, () => ["ue-cell-map", ""]);
    const made = cells((n + 2) * UNIT, 0, 2 * n, 2 * n, (y, x) => [Math.floor(y / 2) * n + Math.floor(x / 2) <= frame ? "ue-cell-up" : "ue-cell-empty", ""]);
    return [given, made, outline(column * UNIT, (n / 2 + row) * UNIT, 1, 1, "ue-window"), outline((n + 2 + 2 * column) * UNIT, 2 * row * UNIT, 2, 2, "ue-window")];
  };
  const how = learnt
    ? `Every pixel is spread over 2×2 new ones by a learned kernel, and the ${exact(before.step.channels)} channels become ${exact(map.step.channels)}`
    : "Every pixel becomes 2×2, interpolated between its neighbours";
  const words = `${how}: ${plain(before.height)} × 2 = ${plain(map.height)}.`;
  return { title: learnt ? "What a transposed convolution does" : "How a map is doubled", frames: n * n, draw, words, width: 3 * n + 2, height: 2 * n };
}

/**
 * @param {FollowedMap} map
 * @param {FollowedMap} skip
 * @param {FollowedMap} main
 * @returns {Explanation}
 */
function concatenation(map, skip, main) {
  const cut = map.step.crop;
  const n = cut ? 7 : 5;
  const m = 5;
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    /** @type {(y: number, x: number) => boolean} */
    const kept = (y, x) => !cut || (y > 0 && x > 0 && y < n - 1 && x < n - 1);
    const first = cells(0, 0, n, n, (y, x) => [kept(y, x) ? "ue-cell-copy" : frame > 0 ? "ue-cell-lost" : "ue-cell-copy", ""]);
    const away = [0, 0.5, 1][Math.min(2, Math.max(0, frame - 1))];
    const from = cut ? 1 : 0;
    const to = n + 2;
    const second = cells((to + m + 3) * UNIT, from * UNIT, m, m, () => ["ue-cell-up", ""]);
    const moved = frame > 1 ? cells((from + away * (to + m + 1.4 - from)) * UNIT, from * UNIT * (1 - away) + (from - 0.5) * UNIT * away, m, m, () => ["ue-cell-copy", ""]) : drawn("g");
    const frameOf = cut ? outline(UNIT, UNIT, m, m, "ue-window") : drawn("g");
    return [first, second, moved, frameOf];
  };
  const cropped = cut
    ? `The skip, ${size([skip.height, skip.width])}, is larger than what comes up, ${size([main.height, main.width])}: ${cut} px are cut off every side`
    : `The skip and what comes up are both ${size([main.height, main.width])}`;
  const words = `${cropped}. Then both lie on each other: ${exact(skip.step.channels)} + ${exact(main.step.channels)} = ${exact(map.step.channels)} channels, where things are and what they are.`;
  return { title: "What the skip brings", frames: 4, draw, words, width: n + 2 + m + 3 + m, height: n };
}

/** Plays an explanation; a slider goes through it by hand. */
export class HowItWorks {
  /**
   * @param {AbortSignal} signal
   * @param {boolean} [playing]  Whether it starts by itself when another step is shown.
   */
  constructor(signal, playing = false) {
    this.playing = playing;
    /** @type {Explanation | null} */
    this.told = null;
    /** The step that is explained, and the frame that is shown. */
    this.name = "";
    this.at = 0;
    /** @type {ReturnType<typeof setInterval> | null} */
    this.clock = null;
    this.title = element("h4");
    this.svg = drawn("svg", { class: "ue-how", role: "img" });
    this.words = element("p");
    this.play = element("button", { type: "button", "data-action": "play", ...OWN_KEYS }, "▶ Play");
    this.slider = element("input", { type: "range", min: 0, max: 1, step: 1, "aria-label": "Through the explanation", ...OWN_KEYS });
    this.node = element("section", { class: "ue-explained", "data-role": "how" }, this.title, this.svg);
    this.node.append(element("div", { class: "ue-line" }, this.play, this.slider), this.words);
    this.play.addEventListener("click", () => (this.clock ? this.halt() : this.start()), { signal });
    this.slider.addEventListener("input", () => (this.halt(), this.draw(Number(this.slider.value))), { signal });
    signal.addEventListener("abort", () => this.halt());
  }

  /**
   * @param {Followed} state
   * @param {FollowedMap | undefined} map
   * @param {Patch} patch
   */
  show(state, map, patch) {
    const told = map ? explanation(state, map, patch) : null;
    this.node.hidden = !told;
    if (!map || !told) {
      this.halt();
      return;
    }
    const other = this.name !== map.step.name;
    const first = other && this.playing;
    this.name = map.step.name;
    this.told = told;
    setText(this.title, told.title);
    setText(this.words, told.words);
    const stretch = told.stretch || 1;
    this.svg.setAttribute("viewBox", `-2 -2 ${told.width * UNIT + 4} ${told.height * UNIT + 4}`);
    this.svg.style.width = `${Math.min(1, stretch) * 1.25 * told.width * UNIT}px`;
    this.svg.setAttribute("aria-label", `${told.title}. ${told.words}`);
    this.slider.max = String(told.frames - 1);
    if (other) {
      this.halt();
      this.at = told.frames - 1;
    }
    this.draw(Math.min(this.at, told.frames - 1));
    if (first && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.start();
  }

  /** @param {number} frame */
  draw(frame) {
    this.at = frame;
    this.slider.value = this.node.dataset.frame = String(frame);
    this.svg.replaceChildren(...(this.told?.draw(frame) ?? []));
  }

  isAtEnd() {
    return !this.told || this.at >= this.told.frames - 1;
  }

  start() {
    if (this.isAtEnd()) this.draw(0);
    setText(this.play, "❚❚ Pause");
    this.clock = setInterval(() => {
      if (this.isAtEnd() || !this.node.isConnected) this.halt();
      else this.draw(this.at + 1);
    }, PER_FRAME);
  }

  halt() {
    if (this.clock !== null) clearInterval(this.clock);
    this.clock = null;
    setText(this.play, "▶ Play");
  }
}
