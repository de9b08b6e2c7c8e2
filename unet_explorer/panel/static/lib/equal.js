// Plain values held against each other.

/**
 * Whether two plain values are the same, whatever the order of their keys.
 *
 * @param {unknown} a
 * @param {unknown} b
 * @returns {boolean}
 */
export function same(a, b) {
  if (!isKeyed(a) || !isKeyed(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isKeyed(value) {
  return typeof value === "object" && value !== null;
}
