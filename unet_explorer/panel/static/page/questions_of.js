// Questions on a network, for paper. What they ask is worded by Python (lessons/asking.py); the answers follow from the
// same laws as all that is shown.

import { exact, fill, size } from "../lib/format.js";
import { closest, follow, isLayer, mapOf } from "../lib/law.js";
import { mapPair } from "../lib/pairs.js";
import { misfitWords } from "../lib/sentences.js";

/** @import { Axis, Followed, LayerMap, Network, Pair } from "../lib/types.js" */

/**
 * What Python says: the questions by their kinds, what a step is called by its operation, the word for a tile that
 * fits, and how everything is meant.
 *
 * @typedef {{ questions: Record<string, string>, operations: Record<string, string>, fits: string, how: string }} SheetWords
 * @typedef {{ text: string, unit: string, answer: string, why: string }} AskedOnPaper
 */

/**
 * Asked of another tile than the one that is drawn, so that no answer stands in the drawing.
 *
 * @param {Followed} state
 * @param {SheetWords} words
 * @returns {AskedOnPaper[]}
 */
export function questionsOf(state, words) {
  const { network } = state;
  const other = follow(network, otherTile(network, state.tile));
  const layers = other.maps.filter(isLayer).filter(({ step }) => step.op in words.operations);
  const sized = layers.filter(({ step }) => step.op !== "norm");
  // Where all pixels see equally much, it can be counted step by step.
  const seeing = layers.filter(({ step }) => step.kernel && step.sight.first.length === 1);
  const learning = layers.filter(({ step }) => step.parameters);
  const shape = (/** @type {LayerMap} */ map, /** @type {Axis} */ axis) => shapeAsked(other, map, axis, words);
  return [
    shape(at(sized, 0.3), "height"),
    shape(at(sized, 0.7), "width"),
    shape(at(sized, 1), "height"),
    fitsAsked(network, other.tile, words),
    parametersAsked(at(learning, 0.4), words),
    parametersAsked(at(learning, 0.75), words),
    fieldAsked(at(seeing, 0.5), words),
    fieldAsked(at(seeing, 1), words),
  ];
}

/**
 * @template T
 * @param {T[]} some
 * @param {number} share  How far into them.
 */
function at(some, share) {
  return some[Math.round(share * (some.length - 1))];
}

/**
 * @param {Network} network
 * @param {Pair} tile
 */
function otherTile({ sizes }, tile) {
  return mapPair(tile, (side) => {
    const near = closest(sizes, side);
    return near + sizes.period <= sizes.limit ? near + sizes.period : near - sizes.period;
  });
}

/**
 * @param {LayerMap} map
 * @param {SheetWords} words
 */
function stepWords({ step }, { operations }) {
  return `the ${operations[step.op]} \`${step.name}\``;
}

/** @param {Pair} tile */
function tileWords(tile) {
  return `${size(tile)} px`;
}

/**
 * @param {Followed} state
 * @param {LayerMap} map
 * @param {Axis} axis
 * @param {SheetWords} words
 * @returns {AskedOnPaper}
 */
function shapeAsked(state, map, axis, words) {
  const text = fill(words.questions.shape, { tile: tileWords(state.tile), axis, step: stepWords(map, words) });
  const way = [map[axis]];
  for (let { inputs } = map.step; inputs.length; ) {
    const before = mapOf(state, inputs[inputs.length - 1]);
    if (before[axis] !== way[0]) way.unshift(before[axis]);
    ({ inputs } = before.step);
  }
  return { text, unit: "px", answer: exact(map[axis]), why: way.join(" → ") };
}

/**
 * @param {Network} network
 * @param {Pair} tile  One that fits.
 * @param {SheetWords} words
 * @returns {AskedOnPaper}
 */
function fitsAsked(network, [side], words) {
  const { period } = network.sizes;
  const wrong = side + 1 + (side % (period - 1));
  const state = follow(network, [wrong, wrong]);
  const text = fill(words.questions.fits, { tile: tileWords(state.tile), fits: words.fits });
  return { text, unit: "", answer: state.failure?.step.name ?? words.fits, why: misfitWords(state) };
}

/**
 * @param {LayerMap} map
 * @param {SheetWords} words
 * @returns {AskedOnPaper}
 */
function parametersAsked(map, words) {
  const text = fill(words.questions.parameters, { step: stepWords(map, words) });
  return { text, unit: "", answer: exact(map.step.parameters), why: map.step.explanation.parameters };
}

/**
 * @param {LayerMap} map
 * @param {SheetWords} words
 * @returns {AskedOnPaper}
 */
function fieldAsked(map, words) {
  const { first, last } = map.step.sight;
  const text = fill(words.questions.field, { step: stepWords(map, words) });
  return { text, unit: "px", answer: exact(last[0] - first[0] + 1), why: "" };
}
