// The scales of the sweep's picture: multiply-adds by their logarithm, IoU between round numbers.

/**
 * A logarithmic axis: its ends, round numbers below and above all values, and what is written at it – 1, 2 and 5 times powers
 * of ten, or where these would be many the powers alone.
 *
 * @param {number} low
 * @param {number} high
 */
export function logAxis(low, high) {
  const fine = within([1, 2, 5], low, high);
  const [from, to] = [fine[0], fine[fine.length - 1]];
  const ticks = fine.length > 6 ? within([1], low, high).filter((value) => value >= from * 0.999 && value <= to * 1.001) : fine;
  return { from, to, ticks };
}

/**
 * @param {number[]} digits
 * @param {number} low
 * @param {number} high
 */
function within(digits, low, high) {
  /** @type {number[]} */
  const every = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)) + 1; power += 1) every.push(...digits.map((digit) => digit * 10 ** power));
  const first = every.filter((value) => value <= low).length - 1;
  const last = every.findIndex((value) => value >= high);
  return every.slice(first, Math.max(last, first + 1) + 1);
}

/**
 * Between which scores the picture is drawn, and what is written at its side: tenths, or twentieths where all lie close.
 *
 * @param {number} low
 * @param {number} high
 * @returns {number[]}  Rising, from 0 to 1 at most.
 */
export function scoreTicks(low, high) {
  const step = high - low > 0.5 ? 0.2 : high - low > 0.12 ? 0.1 : 0.05;
  let bottom = Math.floor(low / step + 1e-9);
  let top = Math.ceil(high / step - 1e-9);
  const most = Math.round(1 / step);
  while (top - bottom < 2) {
    if (top < most) top += 1;
    if (top - bottom < 2 && bottom > 0) bottom -= 1;
  }
  return Array.from({ length: top - bottom + 1 }, (_, at) => Math.round((bottom + at) * step * 100) / 100);
}
