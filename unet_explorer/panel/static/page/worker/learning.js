// A network that learns: the loss of a batch, its gradients by jax-js, and a step of Adam (Kingma and Ba 2015), in one function
// that is compiled once for a size.

import { arraysIn, inputsOf } from "./network.js";
import { computed, laidOut } from "./steps.js";

/** @import { Batch, Jax, JaxArray, ManyMaps, RunStep } from "./types.js" */

/** @typedef {JaxArray[][]} Numbers  For each step its arrays, in the layout of Keras. */

/** As Keras has them: how long what was is remembered, and what keeps from dividing by zero. */
const FIRST = 0.9;
const SECOND = 0.999;
const LEAST = 1e-7;

export class Learner {
  /**
   * @param {Jax} jax
   * @param {RunStep[]} steps  Without normalisation and dropout, which are others while it learns; its head gives logits.
   * @param {Float32Array} numbers  What it starts from, all arrays one behind the other, in the layout of Keras.
   */
  constructor(jax, steps, numbers) {
    const other = steps.find(({ op }) => op === "norm" || op === "dropout");
    if (other) throw new Error(`a network with ${other.op} cannot learn in a page`);
    this.jax = jax;
    this.steps = steps;
    const held = arraysIn(steps, numbers);
    const made = (/** @type {boolean} */ empty) => held.map((arrays) => arrays.map(({ numbers: own, shape }) => jax.np.array(empty ? new Float32Array(own.length) : own, { shape })));
    this.numbers = made(false);
    this.first = made(true);
    this.second = made(true);
    /** How many steps it has learnt. */
    this.at = 0;
    const loss = (/** @type {Numbers} */ own, /** @type {JaxArray} */ tiles, /** @type {JaxArray} */ truth) => lossOf(jax, steps, own, tiles, truth);
    this.predicted = jax.jit((/** @type {Numbers} */ own, /** @type {JaxArray} */ tiles) => scoresOf(jax, steps, own, tiles));
    this.graded = jax.jit(jax.valueAndGrad(loss));
    this.taught = jax.jit(adam(jax, jax.valueAndGrad(loss)));
  }

  /**
   * The loss of a batch, and its slope along every number, in the order and the layout of Keras.
   *
   * @param {Batch} batch
   */
  async gradients(batch) {
    const [loss, slopes] = /** @type {[JaxArray, Numbers]} */ (this.graded(refs(this.numbers), ...this.arrays(batch)));
    return { loss: (await loss.data())[0], numbers: await flat(slopes) };
  }

  /**
   * One step; the loss is that of before.
   *
   * @param {Batch} batch
   * @param {number} rate
   */
  async learn(batch, rate) {
    this.at += 1;
    // What both memories have not seen yet is made up for.
    const scale = this.jax.np.array(Float32Array.of((rate * Math.sqrt(1 - SECOND ** this.at)) / (1 - FIRST ** this.at)), { shape: [1] });
    const made = /** @type {[JaxArray, Numbers, Numbers, Numbers]} */ (this.taught(this.numbers, this.first, this.second, scale, ...this.arrays(batch)));
    [, this.numbers, this.first, this.second] = made;
    return (await made[0].data())[0];
  }

  /**
   * The scores of several tiles.
   *
   * @param {ManyMaps} tiles
   * @returns {Promise<ManyMaps>}
   */
  async predict({ numbers, count, channels, height, width }) {
    const scores = this.predicted(refs(this.numbers), this.jax.np.array(numbers, { shape: [count, channels, height, width] }));
    const [, classes, tall, wide] = scores.shape;
    return { numbers: await scores.data(), count, channels: classes, height: tall, width: wide };
  }

  /** All that it has learnt, in the order and the layout of Keras. */
  learnt() {
    return flat(refs(this.numbers));
  }

  /**
   * @param {Batch} batch
   * @returns {[JaxArray, JaxArray]}
   */
  arrays({ tiles, truth }) {
    const array = (/** @type {ManyMaps} */ { numbers, count, channels, height, width }) => this.jax.np.array(numbers, { shape: [count, channels, height, width] });
    return [array(tiles), array(truth)];
  }
}

/** @param {Numbers} numbers */
function refs(numbers) {
  return numbers.map((arrays) => arrays.map((array) => array.ref));
}

/** @param {Numbers} numbers */
async function flat(numbers) {
  const parts = [];
  for (const array of numbers.flat()) parts.push(await array.data());
  const all = new Float32Array(parts.reduce((sum, { length: own }) => sum + own, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/**
 * @param {Jax} jax
 * @param {RunStep[]} steps
 * @param {Numbers} numbers
 * @param {JaxArray} tiles
 */
function scoresOf(jax, steps, numbers, tiles) {
  const maps = new Map([[steps[0].inputs[0], tiles]]);
  const needed = steps.flatMap(({ inputs }) => inputs);
  steps.forEach((step, at) => {
    maps.set(step.name, computed(jax, step, inputsOf(step, maps, needed), laidOut(step, numbers[at])));
  });
  return /** @type {JaxArray} */ (maps.get(steps[steps.length - 1].name));
}

/**
 * Cross-entropy, by the share that each pixel has in it.
 *
 * @param {Jax} jax
 * @param {RunStep[]} steps
 * @param {Numbers} numbers
 * @param {JaxArray} tiles
 * @param {JaxArray} truth  For each pixel its weight at its class, and 0 at all others; together with all weights it is a mean.
 */
function lossOf(jax, steps, numbers, tiles, truth) {
  const scores = scoresOf(jax, steps, numbers, tiles);
  return jax.np.sum(jax.np.multiply(jax.nn.logSoftmax(scores, 1), truth)).mul(-1);
}

/**
 * @param {Jax} jax
 * @param {(numbers: Numbers, tiles: JaxArray, truth: JaxArray) => [JaxArray, Numbers]} graded
 */
function adam({ np }, graded) {
  return (/** @type {Numbers} */ numbers, /** @type {Numbers} */ first, /** @type {Numbers} */ second, /** @type {JaxArray} */ scale, /** @type {JaxArray} */ tiles, /** @type {JaxArray} */ truth) => {
    const [loss, slopes] = graded(refs(numbers), tiles, truth);
    const mixed = (/** @type {Numbers} */ old, /** @type {Numbers} */ fresh, /** @type {number} */ share) =>
      old.map((arrays, at) => arrays.map((array, each) => np.add(array.mul(share), fresh[at][each].mul(1 - share))));
    const squares = slopes.map((arrays) => arrays.map((array) => np.multiply(array.ref, array.ref)));
    const [means, spreads] = [mixed(first, slopes, FIRST), mixed(second, squares, SECOND)];
    const moved = numbers.map((arrays, at) =>
      arrays.map((array, each) => {
        const by = np.divide(means[at][each].ref, np.add(np.sqrt(spreads[at][each].ref), LEAST));
        return np.subtract(array, np.multiply(by, scale.ref));
      }),
    );
    scale.dispose();
    return [loss, moved, means, spreads];
  };
}
