// Stand-ins for what a browser has: a model, a canvas, and as much of a page as a drawing needs.

/** @import { InstrumentTraits, Model, Network, Pair } from "../../../unet_explorer/panel/static/lib/types.js" */

/**
 * A model without a kernel: what is set is there at once, and listeners hear of it.
 *
 * @template {object} T
 * @param {T} traits
 * @returns {{ model: Model<T>, traits: T, saved: () => number, listening: () => number }}
 */
export function standInModel(traits) {
  /** @type {Map<string, Set<() => void>>} */
  const listeners = new Map();
  let saves = 0;
  /** @type {Model<T>} */
  const model = {
    get: (name) => traits[name],
    set: (/** @type {keyof T | Partial<T>} */ given, /** @type {unknown} */ value = undefined) => {
      const values = typeof given === "object" ? given : { [given]: value };
      Object.assign(traits, values);
      for (const name of Object.keys(values)) listeners.get(`change:${name}`)?.forEach((listener) => listener());
    },
    save_changes: () => {
      saves += 1;
    },
    on: (event, listener) => {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(listener));
    },
    off: (event, listener) => {
      listeners.get(event)?.delete(listener);
    },
  };
  const listening = () => [...listeners.values()].reduce((sum, each) => sum + each.size, 0);
  return { model, traits, saved: () => saves, listening };
}

/**
 * The instrument's model, as it is opened with a network.
 *
 * @param {Network} network
 */
export function standInInstrument(network) {
  const design = { config: network.config, tile: /** @type {Pair} */ ([572, 572]) };
  /** @type {InstrumentTraits} */
  const traits = {
    ...design,
    ...{ selected: "", shown: "enc0_conv1", linked: true, snap: false, batch_size: 1, problem: "", network, position: 0, asked: 0, answered: 0 },
    ...{ history: [design], pinned: {}, numbers: {}, packed: new DataView(new ArrayBuffer(0)), proof: {}, start: design, presets: [], knobs: [], palette: { classes: [], missed: [], invented: [], confused: [] } },
  };
  return standInModel(traits);
}

/** A canvas that keeps what is painted on it. */
export function standInCanvas() {
  /** @type {{ data: Uint8ClampedArray }[]} */
  const painted = [];
  /** @type {Record<string, string>} */
  const attributes = {};
  const canvas = {
    width: 0,
    height: 0,
    getContext: () => ({
      createImageData: (/** @type {number} */ width, /** @type {number} */ height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: (/** @type {{ data: Uint8ClampedArray }} */ image) => painted.push(image),
    }),
    setAttribute: (/** @type {string} */ name, /** @type {string} */ value) => {
      attributes[name] = value;
    },
  };
  const shown = /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (canvas));
  return { canvas: shown, attributes, pixels: () => [...painted[painted.length - 1].data] };
}

/** An element that knows its attributes and children, and nothing else. */
export class StandInElement {
  /** @param {string} tag */
  constructor(tag) {
    this.tag = tag;
    /** @type {Record<string, string>} */
    this.attributes = {};
    /** @type {(StandInElement | string)[]} */
    this.children = [];
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  /** @param {...(StandInElement | string)} children */
  append(...children) {
    this.children.push(...children);
  }

  /**
   * This one and all in it.
   *
   * @returns {StandInElement[]}
   */
  all() {
    return [this, ...this.children.flatMap((child) => (child instanceof StandInElement ? child.all() : []))];
  }
}

/** Let drawings be made of stand-ins from now on. */
export function standInPage() {
  const made = (/** @type {string} */ _, /** @type {string} */ tag) => new StandInElement(tag);
  Object.assign(globalThis, { document: { createElementNS: made } });
}
