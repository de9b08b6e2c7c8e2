// A network that runs: the steps that Python sent, walked on jax-js.

import { halvesIn } from "./halves.js";
import { computed, laidOut } from "./steps.js";

/** @import { Jax, JaxArray, Maps, RunStep, Weights } from "./types.js" */

export class Network {
  /**
   * @param {Jax} jax
   * @param {RunStep[]} steps
   */
  constructor(jax, steps) {
    this.jax = jax;
    this.steps = steps;
    /** @type {Map<string, JaxArray[]>} */
    this.arrays = new Map();
    // Each step is compiled once for a size.
    this.compiled = new Map(steps.map((step) => [step.name, jax.jit((/** @type {JaxArray[]} */ inputs, /** @type {JaxArray[]} */ own) => computed(jax, step, inputs, own))]));
  }

  /**
   * What it has learnt; it may be told anew.
   *
   * @param {Weights} weights
   */
  hold(weights) {
    for (const array of [...this.arrays.values()].flat()) array.dispose();
    const held = arraysIn(this.steps, weights instanceof Float32Array ? weights : halvesIn(weights));
    this.arrays = new Map(this.steps.map((step, at) => [step.name, laidOut(step, held[at].map((array) => this.jax.np.array(array.numbers, array)))]));
  }

  /**
   * The maps behind every step, by name; and the tile.
   *
   * @param {Maps} tile
   * @returns {Promise<Map<string, Maps>>}
   */
  async run(tile) {
    const { jax, steps } = this;
    const input = steps[0].inputs[0];
    const maps = new Map([[input, jax.np.array(tile.numbers, { shape: [1, tile.channels, tile.height, tile.width] })]]);
    const found = new Map([[input, tile]]);
    try {
      for (const step of steps) {
        const inputs = step.inputs.map((name) => kept(maps, name).ref);
        const made = this.computed(step, inputs);
        maps.set(step.name, made);
        const [, channels, height, width] = made.shape;
        found.set(step.name, { numbers: await made.ref.data(), channels, height, width });
      }
    } finally {
      for (const each of maps.values()) each.dispose();
    }
    return found;
  }

  /**
   * The scores of a tile alone: what nobody needs any more is dropped meanwhile.
   *
   * @param {Maps} tile
   * @param {() => Promise<boolean>} wanted  Asked before each step whether it is to go on.
   * @returns {Promise<Maps | null>}  Null if not.
   */
  async scores(tile, wanted) {
    const { jax, steps } = this;
    const maps = new Map([[steps[0].inputs[0], jax.np.array(tile.numbers, { shape: [1, tile.channels, tile.height, tile.width] })]]);
    const needed = steps.flatMap(({ inputs }) => inputs);
    try {
      for (const step of steps) {
        if (!(await wanted())) return null;
        maps.set(step.name, this.computed(step, inputsOf(step, maps, needed)));
      }
      const made = kept(maps, steps[steps.length - 1].name);
      const [, channels, height, width] = made.shape;
      return { numbers: await made.ref.data(), channels, height, width };
    } finally {
      for (const each of maps.values()) each.dispose();
    }
  }

  /**
   * @param {RunStep} step
   * @param {JaxArray[]} inputs  They are used up.
   */
  computed(step, inputs) {
    return /** @type {JaxArray} */ (this.compiled.get(step.name)?.(inputs, (this.arrays.get(step.name) ?? []).map((array) => array.ref)));
  }
}

/**
 * The maps that a step is given; one that nobody needs any more is used up.
 *
 * @param {RunStep} step
 * @param {Map<string, JaxArray>} maps  Those there are.
 * @param {string[]} needed  By whom each is still needed: its name stands there as often.
 */
export function inputsOf(step, maps, needed) {
  return step.inputs.map((name) => {
    const found = kept(maps, name);
    needed.splice(needed.indexOf(name), 1);
    if (needed.includes(name)) return found.ref;
    maps.delete(name);
    return found;
  });
}

/**
 * All numbers, handed out to the steps: for each of them its arrays, in the order and the layout of Keras.
 *
 * @param {RunStep[]} steps
 * @param {Float32Array} numbers
 * @returns {{ numbers: Float32Array, shape: number[] }[][]}
 */
export function arraysIn(steps, numbers) {
  let from = 0;
  const next = (/** @type {number[]} */ shape) => numbers.slice(from, (from += shape.reduce((one, other) => one * other, 1)));
  return steps.map(({ shapes }) => shapes.map((shape) => ({ numbers: next(shape), shape })));
}

/**
 * @param {Map<string, JaxArray>} maps
 * @param {string} name
 */
function kept(maps, name) {
  const found = maps.get(name);
  if (!found) throw new Error(`there is no ${name} in this network`);
  return found;
}
