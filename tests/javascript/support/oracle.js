// The network reckoned step by step, without the laws: what is compared with them.

/** @import { Network, Step } from "../../../unet_explorer/panel/static/lib/types.js" */

/**
 * The side of every map on one axis; from where a tile cannot go on, nothing.
 *
 * @param {Network} network
 * @param {number} tile
 */
export function walk(network, tile) {
  /** @type {Map<string, number>} */
  const sides = new Map();
  for (const step of network.steps) {
    const side = step.op === "input" ? tile : stepped(network, step, sides);
    if (!Number.isInteger(side) || side < 1) return sides;
    sides.set(step.name, side);
  }
  return sides;
}

/**
 * @param {Network} network
 * @param {Step} step
 * @param {Map<string, number>} sides
 */
function stepped({ config }, step, sides) {
  const before = sides.get(step.inputs[step.inputs.length - 1]) ?? NaN;
  // The 2 × 2 convolution behind a bilinear up-sampling is padded, whatever the others are.
  const eats = step.op === "conv" && config.padding === "valid" && step.kernel % 2 === 1;
  if (eats) return before - (step.kernel - 1);
  if (step.op === "pool") return before / 2;
  return step.op === "upconv" || step.op === "upsample" ? 2 * before : before;
}

/**
 * First and last pixel of the tile that each pixel of a step sees on one axis, from pixel to pixel.
 *
 * @param {Network} network
 * @param {number} tile
 */
export function sightsOf(network, tile) {
  const sides = walk(network, tile);
  /** @type {Map<string, [number, number][]>} */
  const seen = new Map();
  for (const step of network.steps) {
    const side = sides.get(step.name) ?? 0;
    const given = step.inputs.map((name) => seen.get(name) ?? []);
    const pixels = Array.from({ length: side }, (_, pixel) => /** @type {[number, number]} */ (
      step.op === "input" ? [pixel, pixel] : joined(reached(step, pixel, side, given))
    ));
    seen.set(step.name, pixels);
  }
  return seen;
}

/**
 * What the pixels see that a pixel is made from.
 *
 * @param {Step} step
 * @param {number} pixel
 * @param {number} side
 * @param {[number, number][][]} given
 */
function reached(step, pixel, side, given) {
  const [first] = given;
  if (step.op === "pool") return [first[2 * pixel], first[2 * pixel + 1]];
  if (step.op === "upconv") return [first[Math.floor(pixel / 2)]];
  if (step.op === "conv") {
    const from = first.length === side ? pixel - (step.kernel - 1) / 2 : pixel;
    return first.slice(Math.max(0, from), from + step.kernel);
  }
  if (step.op === "crop_concat") {
    const [skip, main] = given;
    const crop = (skip.length - main.length) / 2;
    return [skip[pixel + crop], main[pixel]];
  }
  return [first[pixel]];
}

/** @param {[number, number][]} ranges */
function joined(ranges) {
  return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
}
