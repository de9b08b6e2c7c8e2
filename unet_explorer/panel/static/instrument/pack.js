// Networks that were packed ahead (panel/instrument/pack.py): any of them is at hand without asking anybody.

import { unzipped } from "../lib/gzip.js";

/** @import { Config, Network } from "../lib/types.js" */

/** @typedef {{ parts: unknown[], groups: { count: number, network: unknown }[] }} Packed */

/** What stands in the place of a part, and in that of a value which differs from network to network. */
const PART = "$";
const COLUMN = "~";

export class NetworkPack {
  /** @param {Packed} packed */
  constructor({ parts, groups }) {
    this.parts = parts;
    /**
     * Where a network lies, by its design.
     *
     * @type {Map<string, () => Network>}
     */
    this.places = new Map();
    for (const { count, network } of groups) {
      for (let at = 0; at < count; at += 1) {
        const { config } = /** @type {{ config: unknown }} */ (network);
        const design = /** @type {Config} */ (this.unfold(config, at));
        this.places.set(designKey(design), () => /** @type {Network} */ (this.unfold(network, at)));
      }
    }
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
    const known = this.used.get(key);
    if (known) return known;
    const network = this.places.get(key)?.();
    if (network) this.used.set(key, network);
    return network;
  }

  /** All designs that were packed. */
  designs() {
    return [...this.places.keys()].map((key) => /** @type {Config} */ (Object.fromEntries(JSON.parse(key))));
  }

  /**
   * A tree as it was before it was packed.
   *
   * @param {unknown} tree
   * @param {number} at  Which network of its group is meant.
   * @returns {unknown}
   */
  unfold(tree, at) {
    if (Array.isArray(tree)) return tree.map((each) => this.unfold(each, at));
    if (typeof tree !== "object" || tree === null) return tree;
    const keyed = /** @type {Record<string, unknown>} */ (tree);
    if (PART in keyed) return this.unfold(this.parts[/** @type {number} */ (keyed[PART])], at);
    if (COLUMN in keyed) return this.unfold(/** @type {unknown[]} */ (keyed[COLUMN])[at], at);
    return Object.fromEntries(Object.entries(keyed).map(([name, each]) => [name, this.unfold(each, at)]));
  }
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
 * @param {BlobPart} bytes  As `packed` in Python gives them.
 * @returns {Promise<NetworkPack>}
 */
export async function unpack(bytes) {
  return new NetworkPack(await unzipped(bytes).json());
}
