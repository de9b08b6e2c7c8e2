// Numbers of 16 bits, which not every browser knows by itself.

/**
 * @param {ArrayBuffer} buffer  IEEE 754 halves, the low byte first.
 */
export function halvesIn(buffer) {
  const bits = new Uint16Array(buffer);
  const numbers = new Float32Array(bits.length);
  for (let at = 0; at < bits.length; at += 1) numbers[at] = numberOf(bits[at]);
  return numbers;
}

/** @param {number} half */
function numberOf(half) {
  const [sign, exponent, rest] = [half & 0x8000 ? -1 : 1, (half >> 10) & 31, half & 1023];
  if (exponent === 0) return sign * rest * 2 ** -24;
  if (exponent === 31) return rest ? NaN : sign * Infinity;
  return sign * (1 + rest / 1024) * 2 ** (exponent - 15);
}
