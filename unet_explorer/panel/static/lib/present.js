// What must be there by now.

/**
 * A value that cannot be missing unless we have made a mistake: then it is said what is missing.
 *
 * @template T
 * @param {T} value
 * @param {string} what
 * @returns {NonNullable<T>}
 */
export function present(value, what) {
  if (value === null || value === undefined) throw new Error(`${what} is missing`);
  return value;
}
