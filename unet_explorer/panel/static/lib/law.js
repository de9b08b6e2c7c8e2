// The law of sizes, and sums over it. This is all the arithmetic the browser does: every constant comes from Python.

/** Follow a tile [height, width] through the network: a side for every step, and the first that cannot be. */
export function follow(network, tile) {
  const maps = network.steps.map((step) => {
    const [height, width] = tile.map((side) => (side + step.shift) / 2 ** step.level);
    return { step, height, width, whole: isWhole(height) && isWhole(width), pixels: height * width };
  });
  const byName = new Map(maps.map((map) => [map.step.name, map]));
  const failures = ["height", "width"].map((axis) => firstFailure(maps, byName, axis));
  const [down, across] = failures;
  const failure = across && (!down || across.index < down.index) ? across : down;
  const output = maps[maps.length - 1];
  return { network, tile, maps, byName, failures, failure, output, fits: !failure };
}

export function isWhole(side) {
  return side > 0 && Number.isInteger(side);
}

function firstFailure(maps, byName, axis) {
  const index = maps.findIndex((map) => !isWhole(map[axis]));
  if (index < 0) return null;
  const { step } = maps[index];
  // A pooling fails on what it was handed; any other step on what it leaves.
  const odd = step.op === "pool";
  const side = odd ? byName.get(step.inputs[step.inputs.length - 1])[axis] : maps[index][axis];
  return { index, step, axis, side, kind: odd ? "odd" : "vanished" };
}

/** The nearest sides that fit, [below or null, above or null]; the side itself, twice, if it fits. */
export function nearest({ smallest, period, limit }, side) {
  if (side < smallest) return [null, smallest];
  const most = Math.min(side, limit);
  const below = most - ((most - smallest) % period);
  const above = below === side ? below : below + period;
  return [below, above <= limit ? above : null];
}

/** The closer of the two. */
export function closest(sizes, side) {
  const [below, above] = nearest(sizes, side);
  if (below === null || above === null) return below ?? above;
  return side - below <= above - side ? below : above;
}

/** The smallest fitting side whose prediction has at least this side; null beyond the limit. */
export function tileForOutput(network, wanted) {
  const head = network.steps[network.steps.length - 1];
  return nearest(network.sizes, wanted * 2 ** head.level - head.shift)[1];
}

/** Multiply-adds, and bytes to predict and to train, as long as the tile fits. */
export function totals({ network, maps }, batch) {
  const bytes = maps.map((map) => map.pixels * map.step.bytes);
  const sum = (places) => places.reduce((all, place) => all + bytes[place], 0);
  const peak = ({ fixed, always, moments, spread }) =>
    fixed + batch * spread * (sum(always) + Math.max(...moments.map(sum)));
  return {
    parameters: maps.reduce((all, map) => all + (map.step.parameters || 0), 0),
    macs: maps.reduce((all, map) => all + map.pixels * (map.step.macs || 0), 0),
    predict: peak(network.memory.predict),
    train: peak(network.memory.train),
  };
}

/** First and last pixel of the tile that a pixel of this step sees, on one axis. */
export function sees({ first, last, stride }, pixel, tile) {
  const period = first.length;
  const phase = ((pixel % period) + period) % period;
  const moved = ((pixel - phase) / period) * stride;
  return [Math.max(first[phase] + moved, 0), Math.min(last[phase] + moved, tile - 1)];
}

/** The longest side any pixel of a map of this side sees: only borders shorten it, so the middle is enough. */
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

/** The pixel of a map, on one axis, whose view of the tile is centred nearest to a place in it. */
export function pixelSeeing({ first, last, stride }, side, place) {
  const period = first.length;
  const centre = (pixel) => (first[pixel % period] + last[pixel % period] + 1) / 2 + Math.floor(pixel / period) * stride;
  const guess = Math.round(((place - centre(0)) / stride) * period);
  let best = 0;
  for (let pixel = Math.max(0, guess - 2 * period); pixel <= Math.min(side - 1, guess + 2 * period); pixel += 1) {
    if (Math.abs(centre(pixel) - place) < Math.abs(centre(best) - place)) best = pixel;
  }
  return guess > side - 1 + 2 * period ? side - 1 : best;
}

export function receptiveField(map, tile) {
  const { sight } = map.step;
  const down = longestSight(sight, map.height, tile[0]);
  return tile[0] === tile[1] ? down : Math.max(down, longestSight(sight, map.width, tile[1]));
}
