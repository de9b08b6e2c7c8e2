// The worker that runs the network, from what lies in the page: nothing of it is unpacked before it is needed.

import { bytesIn, textOf } from "./held.js";
import { unzipped } from "../lib/gzip.js";

/** @import { Looked } from "./networks.js" */
/** @import { Maps, Order, Ran, Told, Viewed } from "./worker/types.js" */

/** @typedef {{ resolve: (told: any) => void, reject: (error: Error) => void }} Waiting */

/**
 * An order before it has its number.
 *
 * @template T
 * @typedef {T extends unknown ? Omit<T, "number"> : never} Numberless
 */

/**
 * Milliseconds after which what nobody waits for any more is ended, and the worker with it: a large image takes long. A new worker
 * takes as long to begin.
 */
export const MOMENT = 1500;

/** Nobody waits for it any more. */
export class AbandonedError extends Error {}

export class Runner {
  constructor() {
    /** What is run; for learning it needs none. @type {Looked | null} */
    this.looked = null;
    /** What the browser computes with; empty before it has begun. */
    this.device = "";
    this.number = 0;
    /**
     * Who waits for which answer.
     *
     * @type {Map<number, Waiting>}
     */
    this.waiting = new Map();
    /**
     * What has been given up, and not ended yet.
     *
     * @type {Promise<unknown>}
     */
    this.ending = Promise.resolve();
    /** @type {Promise<Worker> | undefined} */
    this.worker = undefined;
  }

  /**
   * Run this network from now on.
   *
   * @param {Looked} looked
   * @returns {boolean}  Whether it is another one, or has learnt more.
   */
  take(looked) {
    if (this.looked === looked) return false;
    this.looked = looked;
    void this.worker?.then((worker) => this.give(worker));
    return true;
  }

  /** @param {Worker} worker */
  give(worker) {
    const { network, weights } = this.looked ?? {};
    if (!network || !weights) return;
    // The worker takes them for itself.
    const copy = weights();
    worker.postMessage(/** @type {Order} */ ({ do: "start", number: 0, steps: network.steps, weights: copy }), [copy instanceof Float32Array ? copy.buffer : copy]);
  }

  /**
   * All maps of a tile; they stay in the worker.
   *
   * @param {Maps} tile
   * @returns {Promise<Ran>}
   */
  run(tile) {
    return this.ask({ do: "run", tile });
  }

  /**
   * Maps of the tile that was run last, as they are shown.
   *
   * @param {string[]} steps
   * @param {number} channel
   * @returns {Promise<Viewed>}
   */
  view(steps, channel) {
    return this.ask({ do: "view", steps, channel, cells: this.looked?.network.cells ?? {} });
  }

  /**
   * @param {Numberless<Order>} order
   * @returns {Promise<any>}
   */
  async ask(order) {
    if (order.do !== "stop") await this.ending;
    this.worker ??= this.start();
    const worker = await this.worker;
    this.number += 1;
    const { number } = this;
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      worker.postMessage({ ...order, number });
    });
  }

  /** What is waited for is not wanted any more: it ends between two steps, or in a moment. */
  stop() {
    if (!this.waiting.size) return;
    const stopped = this.ask({ do: "stop" }).catch(() => {});
    const late = new Promise((go) => {
      setTimeout(go, MOMENT, true);
    });
    this.ending = Promise.race([stopped, late]).then((isLate) => isLate === true && this.abandon());
  }

  /** End what is waited for at once; the next order has a worker of its own. */
  abandon() {
    this.end(new AbandonedError("it was given up"));
  }

  /** @returns {Promise<Worker>} */
  async start() {
    const library = await unzipped(bytesIn(textOf("ue-library"))).text();
    const url = URL.createObjectURL(new Blob([library, "\n", textOf("ue-worker")], { type: "text/javascript" }));
    const worker = new Worker(url);
    worker.onmessage = ({ data }) => this.hear(data);
    worker.onerror = (event) => this.fail(event.message || "the worker cannot start");
    this.give(worker);
    return worker;
  }

  /** @param {Told} told */
  hear(told) {
    if (told.event === "started") this.device = told.device;
    else if (told.event === "failed") this.fail(told.words);
    else {
      this.waiting.get(told.number)?.resolve(told);
      this.waiting.delete(told.number);
    }
  }

  /**
   * What went wrong once may be well the next time, with a smaller tile: it begins anew.
   *
   * @param {string} words
   */
  fail(words) {
    this.end(new Error(words));
  }

  /** @param {Error} error  What those who wait are told. */
  end(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    this.worker?.then((worker) => worker.terminate());
    this.worker = undefined;
  }
}
