// The plan on arrays of jax-js: what each step does to the maps that it is given.

/** @import { Jax, JaxArray, RunStep } from "./types.js" */

/** What Keras adds to a variance before it divides by its root. */
const EPSILON = 1e-3;

/**
 * The arrays of a step as jax-js wants them, channels first, from the layout of Keras.
 *
 * @param {RunStep} step
 * @param {JaxArray[]} arrays  They are used up.
 * @returns {JaxArray[]}
 */
export function laidOut({ op, shapes }, arrays) {
  return arrays.map((array, at) => {
    if (shapes[at].length === 1) return array.reshape([1, shapes[at][0], 1, 1]);
    if (op !== "upconv") return array.transpose([3, 2, 0, 1]);
    // A number for each of the pixels that one becomes: it is a 1×1 convolution to as many times the channels.
    const [down, across, channels, arriving] = shapes[at];
    return array.transpose([2, 0, 1, 3]).reshape([channels * down * across, arriving, 1, 1]);
  });
}

/**
 * Compute a step.
 *
 * @param {Jax} jax
 * @param {RunStep} step
 * @param {JaxArray[]} inputs  (batch, channels, height, width); they are used up.
 * @param {JaxArray[]} arrays  What it has learnt, see `laidOut`; used up as well.
 * @returns {JaxArray}
 */
export function computed(jax, step, inputs, arrays) {
  const { np } = jax;
  const [first, second] = inputs;
  switch (step.op) {
    case "conv":
    case "conv1x1":
      return activated(jax, step.activation, biased(jax, convolved(jax, step, first, arrays[0]), arrays));
    case "pool":
      return pooled(jax, first);
    case "upconv":
      return biased(jax, doubled(jax, step, first, arrays[0]), arrays);
    case "upsample":
      return between(jax, between(jax, first, 2), 3);
    case "crop_concat":
      return np.concatenate([cropped(first, step.crop), second], 1);
    case "norm":
      return normed(jax, first, arrays);
    case "relu":
      return activated(jax, "relu", first);
    case "dropout":
      // Only while it learns.
      return first;
    default:
      throw new Error(`the step ${step.name} cannot be computed`);
  }
}

/**
 * As Keras pads: of an odd rest more comes behind.
 *
 * @param {Jax} jax
 * @param {RunStep} step
 * @param {JaxArray} maps
 * @param {JaxArray} kernel
 */
function convolved({ lax }, { kernel: side, padding }, maps, kernel) {
  const before = padding === "same" ? Math.floor((side - 1) / 2) : 0;
  const behind = padding === "same" ? side - 1 - before : 0;
  const rim = /** @type {[number, number]} */ ([before, behind]);
  return lax.convGeneralDilated(maps, kernel, [1, 1], [rim, rim]);
}

/**
 * @param {Jax} jax
 * @param {JaxArray} maps
 * @param {JaxArray[]} arrays  The second one is what is added, if there is any.
 */
function biased({ np }, maps, arrays) {
  return arrays[1] ? np.add(maps, arrays[1]) : maps;
}

/**
 * @param {Jax} jax
 * @param {string} activation
 * @param {JaxArray} maps
 */
function activated({ nn }, activation, maps) {
  if (activation === "relu") return nn.relu(maps);
  if (activation === "sigmoid") return nn.sigmoid(maps);
  if (activation === "softmax") return nn.softmax(maps, 1);
  if (activation === "linear") return maps;
  throw new Error(`the activation ${activation} cannot be computed`);
}

/**
 * Of each 2×2 pixels the largest.
 *
 * @param {Jax} jax
 * @param {JaxArray} maps
 */
function pooled({ np }, maps) {
  const [batch, channels, height, width] = maps.shape;
  return np.max(maps.reshape([batch, channels, height / 2, 2, width / 2, 2]), [3, 5]);
}

/**
 * A transposed 2×2 convolution by 2: each pixel becomes four, and none of them overlap.
 *
 * @param {Jax} jax
 * @param {RunStep} step
 * @param {JaxArray} maps
 * @param {JaxArray} kernel  As a 1×1 convolution, see `laidOut`.
 */
function doubled({ lax }, { channels, kernel: side }, maps, kernel) {
  const [batch, , height, width] = maps.shape;
  const apart = lax.convGeneralDilated(maps, kernel, [1, 1], [[0, 0], [0, 0]]).reshape([batch, channels, side, side, height, width]);
  return apart.transpose([0, 1, 4, 2, 5, 3]).reshape([batch, channels, height * side, width * side]);
}

/**
 * Twice as long along an axis: each pixel becomes two, a quarter of the way from its neighbours on either side; beyond the
 * border lies the border once more.
 *
 * @param {Jax} jax
 * @param {JaxArray} maps
 * @param {2 | 3} axis
 */
function between({ np }, maps, axis) {
  const length = maps.shape[axis];
  const part = (/** @type {number} */ from, /** @type {number} */ to) => cut(maps.ref, axis, from, to);
  const before = length > 1 ? np.concatenate([part(0, 1), part(0, length - 1)], axis) : maps.ref;
  const behind = length > 1 ? np.concatenate([part(1, length), part(length - 1, length)], axis) : maps.ref;
  const own = maps.mul(0.75);
  const pair = np.stack([np.add(own.ref, before.mul(0.25)), np.add(own, behind.mul(0.25))], axis + 1);
  const shape = [...pair.shape];
  shape.splice(axis, 2, 2 * length);
  return pair.reshape(shape);
}

/**
 * @param {JaxArray} maps
 * @param {2 | 3} axis
 * @param {number} from
 * @param {number} to
 */
function cut(maps, axis, from, to) {
  return axis === 2 ? maps.slice([], [], [from, to]) : maps.slice([], [], [], [from, to]);
}

/**
 * @param {JaxArray} maps
 * @param {number} crop  Pixels a side.
 */
function cropped(maps, crop) {
  const [, , height, width] = maps.shape;
  return crop ? maps.slice([], [], [crop, height - crop], [crop, width - crop]) : maps;
}

/**
 * By the mean and the variance that were tracked while it learnt.
 *
 * @param {Jax} jax
 * @param {JaxArray} maps
 * @param {JaxArray[]} arrays  By what it multiplies, what it adds, mean and variance.
 */
function normed({ np }, maps, [factor, added, mean, variance]) {
  const scale = np.divide(factor, np.sqrt(np.add(variance, EPSILON)));
  return np.add(np.multiply(np.subtract(maps, mean), scale), added);
}
