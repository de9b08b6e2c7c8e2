// The law of sizes, and sums over it. This is all the arithmetic the browser does: every constant comes from Python.

import { AXES, mapPair } from "./pairs.js";
import { present } from "./present.js";

/** @import { Axis, Failure, Followed, FollowedMap, LayerMap, Memory, Network, Pair, Sight, Sizes } from "./types.js" */

/**
 * Follow a tile through the network: a side for every step, and the first that cannot be.
 *
 * @param {Network} network
 * @param {Pair} tile
 * @returns {Followed}
 */
export function follow(network, tile) {
  const maps = network.steps.map((step) => {
    const [height, width] = mapPair(tile, (side) => (side + step.shift) / 2 ** step.level);
    return { step, height, width, whole: isWhole(height) && isWhole(width), pixels: height * width };
  });
  const byName = new Map(maps.map((map) => [map.step.name, map]));
  const failures = mapPair(AXES, (axis) => firstFailure(maps, byName, axis));
  const [down, across] = failures;
  const failure = across && (!down || across.index < down.index) ? across : down;
  const output = maps[maps.length - 1];
  return { network, tile, maps, byName, failures, failure, output, fits: !failure };
}

/**
 * Whether a map can have this side.
 *
 * @param {number} side
 */
export function isWhole(side) {
  return side > 0 && Number.isInteger(side);
}

/**
 * Whether a map is that of a step, not the tile itself.
 *
 * @param {FollowedMap} map
 * @returns {map is LayerMap}
 */
export function isLayer(map) {
  return map.step.op !== "input";
}

/**
 * A map by its name.
 *
 * @param {{ byName: Map<string, FollowedMap> }} state
 * @param {string} name
 */
export function mapOf({ byName }, name) {
  return present(byName.get(name), `the step ${name}`);
}

/**
 * @param {FollowedMap[]} maps
 * @param {Map<string, FollowedMap>} byName
 * @param {Axis} axis
 * @returns {Failure | null}
 */
function firstFailure(maps, byName, axis) {
  const index = maps.findIndex((map) => !isWhole(map[axis]));
  if (index < 0) return null;
  const { step } = maps[index];
  // A pooling fails on what it was handed; any other step on what it leaves.
  const odd = step.op === "pool";
  const { [axis]: side } = odd ? mapOf({ byName }, step.inputs[step.inputs.length - 1]) : maps[index];
  return { index, step, axis, side, kind: odd ? "odd" : "vanished" };
}

/**
 * The nearest sides that fit, [below or null, above or null]; the side itself, twice, if it fits.
 *
 * @param {Pick<Sizes, "smallest" | "period" | "limit">} sizes
 * @param {number} side
 * @returns {[number | null, number | null]}
 */
export function nearest({ smallest, period, limit }, side) {
  if (side < smallest) return [null, smallest];
  const most = Math.min(side, limit);
  const below = most - ((most - smallest) % period);
  const above = below === side ? below : below + period;
  return [below, above <= limit ? above : null];
}

/**
 * The closer of the two; the side itself, if there is none.
 *
 * @param {Sizes} sizes
 * @param {number} side
 */
export function closest(sizes, side) {
  const [below, above] = nearest(sizes, side);
  if (below === null || above === null) return below ?? above ?? side;
  return side - below <= above - side ? below : above;
}

/**
 * The smallest fitting side whose prediction has at least this side; null beyond the limit.
 *
 * @param {Network} network
 * @param {number} wanted
 */
export function tileForOutput(network, wanted) {
  const head = network.steps[network.steps.length - 1];
  return nearest(network.sizes, wanted * 2 ** head.level - head.shift)[1];
}

/**
 * Multiply-adds, and bytes to predict and to train, as long as the tile fits.
 *
 * @param {Followed} state
 * @param {number} batch  Tiles.
 */
export function totals({ network, maps }, batch) {
  const peak = (/** @type {Memory} */ memory) => memory.fixed + batch * memory.spread * heldAtOnce(maps, memory);
  return {
    parameters: maps.reduce((all, map) => all + (map.step.parameters || 0), 0),
    macs: maps.reduce((all, map) => all + map.pixels * (map.step.macs || 0), 0),
    predict: peak(network.memory.predict),
    train: peak(network.memory.train),
  };
}

/**
 * Bytes of the maps that are held at the dearest moment, of one tile.
 *
 * @param {FollowedMap[]} maps
 * @param {Memory} memory  To predict, or to train.
 */
export function heldAtOnce(maps, { always, moments }) {
  const sum = (/** @type {number[]} */ places) => places.reduce((all, place) => all + maps[place].pixels * maps[place].step.bytes, 0);
  return sum(always) + Math.max(...moments.map(sum));
}

/**
 * First and last pixel of the tile that a pixel of this step sees, on one axis.
 *
 * @param {Sight} sight
 * @param {number} pixel
 * @param {number} tile  Its side.
 * @returns {Pair}
 */
export function sees({ first, last, stride }, pixel, tile) {
  const period = first.length;
  const phase = ((pixel % period) + period) % period;
  const moved = ((pixel - phase) / period) * stride;
  return [Math.max(first[phase] + moved, 0), Math.min(last[phase] + moved, tile - 1)];
}

/**
 * The longest side any pixel of a map of this side sees: only borders shorten it, so the middle is enough.
 *
 * @param {Sight} sight
 * @param {number} side
 * @param {number} tile
 */
function longestSight(sight, side, tile) {
  const period = sight.first.length;
  const middle = Math.floor(side / 2);
  let longest = 0;
  for (let place = Math.max(0, middle - period); place < Math.min(side, middle + period + 1); place += 1) {
    const [first, last] = sees(sight, place, tile);
    longest = Math.max(longest, last - first + 1);
  }
  return longest;
}

/**
 * The pixel of a map, on one axis, whose view of the tile is centred nearest to a place in it.
 *
 * @param {Sight} sight
 * @param {number} side  Of the map.
 * @param {number} place
 */
export function pixelSeeing({ first, last, stride }, side, place) {
  const period = first.length;
  const centre = (/** @type {number} */ pixel) =>
    (first[pixel % period] + last[pixel % period] + 1) / 2 + Math.floor(pixel / period) * stride;
  const guess = Math.round(((place - centre(0)) / stride) * period);
  let best = 0;
  for (let pixel = Math.max(0, guess - 2 * period); pixel <= Math.min(side - 1, guess + 2 * period); pixel += 1) {
    if (Math.abs(centre(pixel) - place) < Math.abs(centre(best) - place)) best = pixel;
  }
  return guess > side - 1 + 2 * period ? side - 1 : best;
}

/**
 * Side of the part of the tile that a pixel sees, at most.
 *
 * @param {FollowedMap} map
 * @param {Pair} tile
 */
export function receptiveField(map, tile) {
  const { sight } = map.step;
  const down = longestSight(sight, map.height, tile[0]);
  return tile[0] === tile[1] ? down : Math.max(down, longestSight(sight, map.width, tile[1]));
}
