// The scales of the sweep's picture: multiply-adds by their logarithm, IoU between round numbers.

/**
 * Round numbers within bounds that a logarithmic axis is labelled with: of 1, 2 and 5 times a power of ten as many as there is
 * room for, and the bounds themselves, made round, at its ends.
 *
 * @param {number} low
 * @param {number} high
 * @returns {number[]}  At least two, rising.
 */
export function logTicks(low, high) {
  /** @type {number[]} */
  const every = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.ceil(Math.log10(high)); power += 1) {
    every.push(...[1, 2, 5].map((digit) => digit * 10 ** power));
  }
  const first = every.findLastIndex((value) => value <= low * 1.0001);
  const last = every.findIndex((value, at) => at > first && value >= high * 0.9999);
  const within = every.slice(first, last + 1);
  if (within.length <= 6) return within;
  const tens = within.filter((value, at) => at === 0 || at === within.length - 1 || isPower(value));
  // Ends that stand beside a power of ten would touch its label.
  return tens.filter((value, at) => isPower(value) || (at === 0 ? tens[1] / value > 3 : value / tens[at - 1] > 3) || at === 0 || at === tens.length - 1);
}

/** @param {number} value */
function isPower(value) {
  const power = Math.log10(value);
  return Math.abs(power - Math.round(power)) < 1e-9;
}

/**
 * Between which scores the picture is drawn, and what is written at its side: tenths, or twentieths where all lie close.
 *
 * @param {number} low
 * @param {number} high
 * @returns {number[]}  Rising, from 0 to 1 at most.
 */
export function scoreTicks(low, high) {
  const step = high - low > 0.25 ? 0.2 : high - low > 0.12 ? 0.1 : 0.05;
  let bottom = Math.floor(low / step + 1e-9);
  let top = Math.ceil(high / step - 1e-9);
  const most = Math.round(1 / step);
  while (top - bottom < 2) {
    if (top < most) top += 1;
    if (top - bottom < 2 && bottom > 0) bottom -= 1;
  }
  return Array.from({ length: top - bottom + 1 }, (_, at) => Math.round((bottom + at) * step * 100) / 100);
}
