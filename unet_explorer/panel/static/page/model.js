// A model without a kernel behind it: what is set is there at once, and whoever listens hears of it.

/** @import { Model } from "../lib/types.js" */

/**
 * @template {object} T
 * @implements {Model<T>}
 */
export class PageModel {
  /** @param {T} traits */
  constructor(traits) {
    this.traits = traits;
    /** @type {Map<string, Set<() => void>>} */
    this.listeners = new Map();
  }

  /**
   * @template {keyof T} K
   * @param {K} name
   */
  get(name) {
    return this.traits[name];
  }

  /**
   * @template {keyof T} K
   * @param {K} name
   * @param {T[K]} value
   */
  set(name, value) {
    if (this.traits[name] === value) return;
    this.traits[name] = value;
    for (const listener of [...(this.listeners.get(`change:${String(name)}`) ?? [])]) listener();
  }

  save_changes() {
    // There is nobody to tell.
  }

  /**
   * @param {string} event
   * @param {() => void} listener
   */
  on(event, listener) {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  /**
   * @param {string} event
   * @param {() => void} listener
   */
  off(event, listener) {
    this.listeners.get(event)?.delete(listener);
  }
}
