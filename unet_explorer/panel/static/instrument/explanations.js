// How a step works, drawn small, with the numbers of the step in its words. It is played by how.js.

import { exact, plain, size } from "../lib/format.js";
import { mapOf } from "../lib/law.js";
import { drawn } from "../lib/page.js";

/** @import { Followed, FollowedMap, Sides } from "../lib/types.js" */
/** @import { Patch } from "../tabs/image_types.js" */

/**
 * What is to be played for a step: how many frames, a drawing for each, and words; `sum` is what is computed in a frame.
 * Its sides are in cells, each `cell` px wide where the page has room for it.
 *
 * @typedef {{
 *   title: string,
 *   words: string,
 *   frames: number,
 *   draw: (frame: number) => SVGElement[],
 *   width: number,
 *   height: number,
 *   cell?: number,
 *   sum?: (frame: number) => string,
 * }} Explanation
 */
/** @typedef {(row: number, column: number) => [string, string]} CellOf  A class and a text. */

/** Side of a cell, in units of the drawing. */
export const UNIT = 22;
/** Px, so that a number in a cell can be read. */
const READABLE = 32;

/** What scores look like, as long as there is no network: [row][column][class]. */
const EXAMPLE_SCORES = [
  [[2.1, -1.3], [1.4, -0.2], [0.3, 0.9]],
  [[1.8, -0.9], [0.2, 0.7], [-0.8, 1.9]],
  [[0.6, 0.4], [-0.5, 1.6], [-1.4, 2.2]],
];
const EXAMPLE_CLASSES = ["background", "cell"];

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
  const blocked = state.failure !== null && state.maps.indexOf(map) > state.failure.index;
  if (step.op === "conv" || step.op === "conv1x1") {
    return patch.kernel && !blocked ? followedConvolution(map, before[0], patch) : convolution(map, before[0]);
  }
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
      ? `A 1×1 kernel needs no neighbours: each of the ${exact(map.pixels)} pixels gets ${exact(map.step.channels)} new values, and no border is lost.`
      : padded
        ? `The kernel lies over every pixel, for a frame of zeros stands in for what is missing outside: ${into}.`
        : `The ${k}×${k} kernel must lie wholly inside. Along a side of ${plain(before.height)} px it finds ${plain(before.height)} − (${k} − 1) = ` +
          `${plain(map.height)} places, so the outermost ${(k - 1) / 2} px (orange) ${k > 3 ? "have" : "has"} no output: ${into}.`;
  const title = k === 1 ? "Why no border is lost" : padded ? "What padding does" : "Why the side shrinks";
  return { title, frames: m * m, draw, words, width: left + m, height: n + 2 * rim };
}

/**
 * With the weights that were learnt, and the sum that they make.
 *
 * @param {FollowedMap} map
 * @param {FollowedMap} before
 * @param {Patch} patch
 * @returns {Explanation}
 */
function followedConvolution(map, before, patch) {
  const { kernel = [], before: given = [], behind = [], others = [], bias = [0], from = [0] } = patch;
  const k = kernel.length;
  const [rows, columns] = [behind.length, behind[0].length];
  const legible = k <= 3;
  const right = given[0].length + 1;
  const text = (/** @type {number} */ value) => (legible ? tiny(value) : "");
  /** @type {(frame: number) => [number, number]} */
  const placeOf = (frame) => [Math.floor(frame / columns), frame % columns];
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    const [row, column] = placeOf(frame);
    return [
      cells(0, 0, given.length, given[0].length, (y, x) => ["ue-cell-map", text(given[y][x])]),
      cells(right * UNIT, 0, k, k, (y, x) => ["ue-cell-kernel", text(kernel[y][x])]),
      cells(right * UNIT, (k + 0.5) * UNIT, rows, columns, (y, x) => {
        const done = y * columns + x <= frame;
        return [done ? "ue-cell-made" : "ue-cell-empty", done ? text(behind[y][x]) : ""];
      }),
      outline(column * UNIT, row * UNIT, k, k, "ue-window"),
      outline((right + column) * UNIT, (k + 0.5 + row) * UNIT, 1, 1, "ue-window"),
    ];
  };
  /** @type {(frame: number) => string} */
  const sum = (frame) => {
    const [row, column] = placeOf(frame);
    const own = kernel.flat().reduce((total, weight, at) => total + weight * given[row + Math.floor(at / k)][column + (at % k)], 0);
    const rest = others[row][column];
    const all = own + rest + bias[0];
    const more = before.step.channels - 1;
    const parts = [`${decimals(own)} (this channel)`, ...(more ? [`${sign(rest)} (the other ${exact(more)})`] : []), `${sign(bias[0])} (bias)`];
    const after = map.step.activation === "relu" ? `; ${all > 0 ? "positive, so ReLU keeps it" : "not positive, so ReLU makes it 0"}` : "";
    return `${parts.join(" ")} = ${decimals(all)}${after}`;
  };
  const window = k > 1 ? `each of the ${k}×${k} numbers in the window times the weight (grey) at its place` : "each number times its weight (grey)";
  const words = `Real numbers, rounded: ${window}, all added up, for every channel. Shown is channel ${from[0]} of ${exact(before.step.channels)}, the one that counts most here. ${convolution(map, before).words}`;
  const width = right + Math.max(k, columns);
  return { title: "What the convolution computes", frames: rows * columns, draw, words, sum, width, height: Math.max(given.length, k + 0.5 + rows), cell: legible ? READABLE : undefined };
}

/**
 * How scores become a mask: pixel by pixel the class with the highest one.
 *
 * @param {Patch} patch  Of the head, with real scores; or an example is shown.
 * @returns {Explanation}
 */
export function argmax(patch) {
  const scores = patch.scores ?? EXAMPLE_SCORES;
  const [rows, columns, count] = [scores.length, scores[0].length, scores[0][0].length];
  const names = Array.from({ length: Math.max(2, count) }, (_, at) => patch.classes?.[at] ?? (patch.scores ? `class ${at}` : EXAMPLE_CLASSES[at]));
  /** @type {(row: number, column: number) => number} */
  const winner = (row, column) => {
    const each = scores[row][column];
    return count === 1 ? Number(each[0] > 0) : each.indexOf(Math.max(...each));
  };
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    const [row, column] = [Math.floor(frame / columns), frame % columns];
    const mask = cells(0, 0, rows, columns, (y, x) => {
      const done = y * columns + x <= frame;
      return [done ? (winner(y, x) ? `ue-cell-class${winner(y, x)}` : "ue-cell-map") : "ue-cell-empty", ""];
    });
    const lines = scores[row][column].map((score, at) => {
      const won = count === 1 ? score > 0 : at === winner(row, column);
      const line = drawn("g", { transform: `translate(${(columns + 0.75) * UNIT} ${at * 1.1 * UNIT})` });
      const name = count === 1 ? names[1] : names[at];
      line.append(
        drawn("rect", { class: `ue-cell ${won ? "ue-cell-won" : "ue-cell-empty"}`, width: 5.5 * UNIT, height: UNIT }),
        drawn("text", { class: "ue-cell-text ue-cell-name", x: 0.25 * UNIT, y: 0.68 * UNIT }, name.length > 12 ? `${name.slice(0, 11)}…` : name),
        drawn("text", { class: "ue-cell-text ue-cell-score", x: 4.75 * UNIT, y: 0.68 * UNIT }, decimals(score)),
      );
      return line;
    });
    return [mask, ...lines, outline(column * UNIT, row * UNIT, 1, 1, "ue-window")];
  };
  const rule = count === 1 ? `one score; above 0 it is “${names[1]}”` : "one score for each class; the mask shows the class with the highest";
  const few = patch.scores ? " These are real scores, where the classes are closest." : " These scores are an example.";
  const words = `Each pixel has ${rule}. That choice is called argmax. Nothing is learnt in it.${few}`;
  const height = Math.max(rows, 1.1 * count);
  return { title: "How scores become a mask", frames: rows * columns, draw, words, width: columns + 6.25, height, cell: 30 };
}

/**
 * @param {FollowedMap} before
 * @param {Patch} patch
 * @param {boolean} blocked  Whether it is never reached with this tile.
 * @returns {Explanation}
 */
function pooling(before, patch, blocked) {
  // A map that is a strip has no square of numbers to show, and a single one is no picture.
  const { before: given = [], behind = [] } = patch;
  const square = given.length > 2 && given.length === given[0].length;
  const m = square ? behind.length : 2;
  const n = 2 * m;
  /** @type {[string, number][]} */
  const sides = [
    ["row", before.height],
    ["column", before.width],
  ];
  const odds = blocked ? [] : sides.filter(([, side]) => side % 2);
  const [more, wider] = sides.map(([, side]) => (blocked ? 0 : side % 2));
  const shown = square && !blocked;
  /** @type {Explanation["draw"]} */
  const draw = (frame) => {
    const [row, column] = [Math.floor(frame / m), frame % m];
    const entering = cells(0, 0, n + more, n + wider, (y, x) => {
      if (y >= n || x >= n) return ["ue-cell-lost", ""];
      const [down, across] = [Math.floor(y / 2), Math.floor(x / 2)];
      const won = shown && given[y][x] === behind[down][across];
      return [down * m + across <= frame && won ? "ue-cell-made" : "ue-cell-map", shown ? short2(given[y][x]) : ""];
    });
    const left = n + 2;
    const made = cells(left * UNIT, ((n - m) / 2) * UNIT, m, m, (y, x) => {
      const done = y * m + x <= frame;
      return [done ? "ue-cell-made" : "ue-cell-empty", done && shown ? short2(behind[y][x]) : ""];
    });
    return [entering, made, outline(2 * column * UNIT, 2 * row * UNIT, 2, 2, "ue-window"), outline((left + column) * UNIT, ((n - m) / 2 + row) * UNIT, 1, 1, "ue-window")];
  };
  const lost = odds.length ? oddWords(odds)
    : `If a side were odd, say ${plain(before.height + 1)}, its last row would have no partner and be lost.`;
  const real = shown ? "The numbers are those around the brightest pixel of the channel shown. " : "";
  const halves = before.height === before.width ? sides.slice(1) : sides;
  const halved = halves.map(([name, side]) => `${plain(side)} ÷ 2 = ${plain(side / 2)}${halves.length > 1 ? ` ${name}s` : ""}`).join(", ");
  const words = blocked
    ? "Of every 2×2 pixels only the largest is kept. With this tile it is never reached."
    : `Of every 2×2 pixels only the largest is kept${odds.length ? "" : `: ${halved}`}. ${real}${lost}`;
  return { title: "What max-pooling keeps", frames: m * m, draw, words, width: n + 2 + m, height: n + more, cell: shown ? READABLE : undefined };
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
 * As many figures as a cell has room for: 0.12 → .12, -0.7 → −.70, 12.3 → 12.
 *
 * @param {number} number
 */
export function tiny(number) {
  const much = Math.abs(number);
  const figures = much < 0.995 ? much.toFixed(2).slice(1) : much.toFixed(much < 9.95 ? 1 : 0);
  return Number(figures) === 0 ? "0" : `${number < 0 ? "−" : ""}${figures}`;
}

/** @param {number} number */
function decimals(number) {
  const figures = Math.abs(number).toFixed(2);
  return Number(figures) === 0 ? "0" : `${number < 0 ? "−" : ""}${figures}`;
}

/** @param {number} number */
function sign(number) {
  const figures = decimals(number);
  return figures.startsWith("−") ? `− ${figures.slice(1)}` : `+ ${figures}`;
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
  const words = `${cropped}. Then both are stacked: ${exact(skip.step.channels)} + ${exact(main.step.channels)} = ${exact(map.step.channels)} channels.`;
  return { title: "What the skip brings", frames: 4, draw, words, width: n + 2 + m + 3 + m, height: n };
}

