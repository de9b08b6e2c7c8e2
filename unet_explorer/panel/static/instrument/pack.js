// Networks that were packed ahead (panel/instrument/pack.py): any of them is at hand without asking anybody.

import { exact } from "../lib/format.js";
import { unzipped } from "../lib/gzip.js";

/** @import { Config, Network } from "../lib/types.js" */

/**
 * As `as_records` in Python (panel/instrument/records.py) writes trees: each consists of records, and a record is a text
 * with gaps, which numbers fill.
 *
 * @typedef {{
 *   names: string[],
 *   texts: string[],
 *   from: number[][],
 *   columns: (number | number[])[][],
 *   kinds: number[],
 *   lists: string[],
 *   trees: string[],
 * }} Packed
 */

/** From where a column is counted: from nothing, or from the row above; else from another column. */
const OWN = 0;
const ABOVE = -1;
const GAP = /[`~^|@]/g;

export class NetworkPack {
  /** @param {Packed} packed */
  constructor(packed) {
    this.packed = packed;
    const counts = packed.texts.map(() => 0);
    /** The row of each record among those with the same text. */
    this.rows = packed.kinds.map((kind) => counts[kind]++);
    this.counts = counts;
    /**
     * The numbers of each text, once they are asked for.
     *
     * @type {number[][][]}
     */
    this.tables = [];
    /** @type {unknown[]} */
    this.records = [];
    const trees = packed.trees.map((text) => /** @type {(number | number[])[]} */ (JSON.parse(summedWords(text))));
    const config = 1 + packed.names.indexOf("config");
    /** The records of a network, by its design. */
    this.places = new Map(trees.map((tree) => [designKey(/** @type {Config} */ (this.recordsAt(tree[config]))), tree]));
    /** @type {Map<string, Network>} */
    this.used = new Map();
  }

  /**
   * The network of a design, or undefined where it was not packed.
   *
   * @param {Config} config
   */
  find(config) {
    const key = designKey(config);
    const tree = this.places.get(key);
    if (!tree || this.used.has(key)) return this.used.get(key);
    const [rest, ...parts] = tree.map((numbers) => this.recordsAt(numbers));
    const named = parts.map((part, at) => [this.packed.names[at], part]);
    const network = /** @type {Network} */ ({ .../** @type {object} */ (rest), ...Object.fromEntries(named) });
    this.used.set(key, network);
    return network;
  }

  /** All designs that were packed. */
  designs() {
    return [...this.places.keys()].map((key) => /** @type {Config} */ (Object.fromEntries(JSON.parse(key))));
  }

  /**
   * A record by its number, or several; networks share those that are the same.
   *
   * @param {number | number[]} numbers
   * @returns {unknown}
   */
  recordsAt(numbers) {
    if (Array.isArray(numbers)) return numbers.map((number) => this.recordsAt(number));
    this.records[numbers] ??= JSON.parse(this.textOf(numbers));
    return this.records[numbers];
  }

  /** @param {number} number */
  textOf(number) {
    const { kinds, texts } = this.packed;
    const [kind, row] = [kinds[number], this.rows[number]];
    const table = (this.tables[kind] ??= this.tableOf(kind));
    let column = 0;
    return texts[kind].replace(GAP, (sign) => this.filled(sign, table[column++][row]));
  }

  /**
   * @param {string} sign
   * @param {number} number
   */
  filled(sign, number) {
    if (sign === "~") return (number / 10).toFixed(1);
    if (sign === "^") return (number / 100).toFixed(2);
    if (sign === "|") return exact(number);
    return sign === "@" ? summedWords(this.packed.lists[number]) : String(number);
  }

  /** @param {number} kind */
  tableOf(kind) {
    /** @type {number[][]} */
    const table = [];
    this.packed.columns[kind].forEach((written, at) => {
      const from = this.packed.from[kind][at];
      const column = Array.from({ length: this.counts[kind] }, (_, row) => (typeof written === "number" ? written : written[row]));
      for (let row = 0; row < column.length; row += 1) {
        if (from === ABOVE) column[row] += row ? column[row - 1] : 0;
        else if (from !== OWN) column[row] += table[at - from][row];
      }
      table.push(column);
    });
    return table;
  }
}

/**
 * A text in which each number was written as the difference to the one before it.
 *
 * @param {string} text
 */
function summedWords(text) {
  let sum = 0;
  return text.replace(/-?\d+/g, (difference) => String((sum += Number(difference))));
}

/**
 * Equal for equal designs, whatever the order of their keys.
 *
 * @param {Config} config
 */
function designKey(config) {
  return JSON.stringify(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Unpacked when it is first asked for, and then once, however many ask.
 *
 * @type {WeakMap<ArrayBufferView, Promise<NetworkPack>>}
 */
const packs = new WeakMap();

/**
 * @param {ArrayBufferView<ArrayBuffer>} bytes  As `packed` in Python gives them.
 * @returns {Promise<NetworkPack>}
 */
export function unpack(bytes) {
  const known = packs.get(bytes) ?? readPack(bytes);
  packs.set(bytes, known);
  return known;
}

/** @param {ArrayBufferView<ArrayBuffer>} bytes */
async function readPack(bytes) {
  return new NetworkPack(await unzipped(bytes).json());
}
