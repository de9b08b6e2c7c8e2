// Numbers as they are read aloud.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

/**
 * 31030658 → "31,030,658".
 *
 * @param {number} number
 */
export function exact(number) {
  return grouped.format(number).replace("-", "−");
}

/**
 * A side as it would be typed, a fraction in full: 1660, 31.875.
 *
 * @param {number} number
 */
export function plain(number) {
  return String(number).replace("-", "−");
}

/**
 * 31030658 → "31.0 M": three figures and a unit.
 *
 * @param {number} number
 * @param {readonly string[]} [units]  Each a thousand times the one before.
 */
export function rough(number, units = ["", " k", " M", " G", " T", " P"]) {
  let unit = 0;
  let left = number;
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  const places = left >= 99.95 || Number.isInteger(number / 1000 ** unit) ? 0 : left >= 9.995 ? 1 : left >= 0.9995 ? 2 : 3;
  return left.toFixed(places) + units[unit];
}

/** @param {number} number */
export function bytes(number) {
  return rough(number, [" B", " kB", " MB", " GB", " TB", " PB"]);
}

/**
 * [572, 572] → "572 × 572"; a side of which nothing is left is a dash.
 *
 * @param {readonly number[]} pair
 */
export function size(pair) {
  return pair.map((side) => (side > 0 ? plain(side) : "–")).join(" × ");
}

/**
 * What was typed, as a message names it.
 *
 * @param {string} text
 */
export function givenWords(text) {
  return text === "" ? "nothing" : text.replace("-", "−");
}

/**
 * Put numbers into the gaps of a sentence: fill("{a} is odd", { a: 3 }). A gap that nothing is given for stays.
 *
 * @param {string} sentence
 * @param {Record<string, string | number>} numbers
 */
export function fill(sentence, numbers) {
  return sentence.replace(/\{(\w+)\}/g, (gap, name) => (name in numbers ? String(numbers[name]) : gap));
}

/**
 * Seconds as one would say them; nothing as long as nobody can know.
 *
 * @param {number | null} seconds
 */
export function leftWords(seconds) {
  if (seconds === null) return "";
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min left`;
  return `about ${(seconds / 3600).toFixed(1)} h left`;
}

/** How long the rest will take, from how fast it has gone since it was first looked at. */
export class TimeLeft {
  constructor() {
    /** @type {{ done: number, at: number } | null} */
    this.first = null;
  }

  /**
   * Seconds; null as long as nobody can know.
   *
   * @param {number} done
   * @param {number} total
   * @param {number} now  In milliseconds.
   */
  after(done, total, now) {
    if (!this.first || done < this.first.done) this.first = { done, at: now };
    const { first } = this;
    return done > first.done ? ((now - first.at) / 1000 / (done - first.done)) * (total - done) : null;
  }
}
