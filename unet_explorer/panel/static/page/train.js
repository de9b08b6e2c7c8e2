// The Train tab in a page: a small network learns here, from images that lie in the page.

import { batchOf, freshNumbers, learntImages, middleOf, randomFrom, scoresOf, wholeTiles } from "./batches.js";
import { designWords, showDesign } from "./design.js";
import { PageModel } from "./model.js";
import { Runner } from "./running.js";
import { same } from "../lib/equal.js";

/** @import { InstrumentTraits, Model, Pair, Told } from "../lib/types.js" */
/** @import { Epoch, Example, TrainTraits, TrainingState } from "../tabs/types.js" */
/** @import { LearntImage } from "./batches.js" */
/** @import { Device, Head, Learnt, Numbers, PageLearning, Predicted } from "./worker/types.js" */

/** @typedef {{ design: string, head: Head, at: number, numbers: Float32Array }} Taught  What has been learnt after `at` steps. */
/**
 * What of a notebook's Train tab a page has; `device` is what the browser computes with, empty while that is not known, and
 * `taught` the network as it was last paused or examined.
 *
 * @typedef {Pick<TrainTraits, "request" | "problem" | "palette" | "states" | "status" | "curve" | "examples" | "predictions" | "shown" | "compared" | "pair">
 *   & { device: string, taught: Told<Taught> }} PageTrainTraits
 */

/** States in which it goes on, or could at once. */
const LIVE = /** @type {TrainingState[]} */ (["starting", "running", "paused"]);

export class PageTrain {
  /**
   * @param {PageLearning} learning
   * @param {Model<InstrumentTraits>} instrument
   */
  constructor(learning, instrument) {
    this.learning = learning;
    this.instrument = instrument;
    this.runner = new Runner();
    /** @type {LearntImage[]} */
    this.images = [];
    /** The name of the design that is taught. */
    this.name = Object.keys(learning.designs)[0];
    /** @type {Head} */
    this.head = "linear";
    /** Each training starts from other numbers. */
    this.seed = 0;
    this.random = randomFrom(0);
    this.at = 0;
    /** Milliseconds of the steps so far. */
    this.spent = 0;
    /** @type {Pair[]} */
    this.points = [];
    /** @type {Epoch[]} */
    this.epochs = [];
    /** What was predicted at each examination. @type {Uint8Array[][]} */
    this.masks = [];
    /** Whether the loop runs. */
    this.busy = false;
    /** What was asked for before the loop had ended. @type {(() => Promise<void>)[]} */
    this.next = [];
    this.model = new PageModel(/** @type {PageTrainTraits} */ ({
      request: {},
      problem: "",
      palette: instrument.get("palette"),
      states: { live: LIVE, again: [] },
      status: { state: "new", left: null },
      curve: {},
      examples: [],
      predictions: {},
      shown: 0,
      compared: [],
      pair: {},
      device: "",
      taught: {},
    }));
    this.model.on("change:request", () => this.onRequest());
    this.model.on("change:shown", () => this.showMasks());
    instrument.on("change:config", () => this.at && this.showStatus(this.state));
  }

  get state() {
    return this.model.get("status").state ?? "new";
  }

  /** The design that is taught. */
  get design() {
    return this.learning.designs[this.name];
  }

  onRequest() {
    const { do: what, head, design } = this.model.get("request");
    const start = (/** @type {boolean} */ once) => this.start(String(design), head === "relu" ? "relu" : "linear", once);
    if (what === "start") void start(false);
    else if (what === "step") void (LIVE.includes(this.state) ? this.goOn(true) : start(true));
    else if (what === "resume") void this.goOn(false);
    else if (what === "pause" && this.state === "running") this.pause();
    else if (what === "show_design") this.showDesign();
  }

  /** It ends behind the step that it is at; what was to follow does not. */
  pause() {
    this.next = [];
    this.showStatus("paused");
  }

  /** Carry out what was asked for meanwhile. */
  async follow() {
    this.busy = false;
    if (this.state === "failed") this.next = [];
    await this.next.shift()?.();
  }

  /** What the browser computes with is known once a worker has tried. */
  async findDevice() {
    if (this.model.get("device")) return;
    try {
      const { device } = /** @type {Device} */ (await this.runner.ask({ do: "device" }));
      this.model.set("device", device);
    } catch (error) {
      this.fail(error);
    }
  }

  showDesign() {
    const { config, tile } = this.design;
    showDesign(this.instrument, { config, tile: [tile, tile] });
  }

  /** Those that it learns from, and behind them those that it is examined on. */
  async unpacked() {
    if (!this.images.length) this.images = await learntImages(this.learning);
    return this.images;
  }

  /**
   * @param {string} name  Of the design.
   * @param {Head} head
   * @param {boolean} once  Whether it learns one step and waits.
   */
  async start(name, head, once) {
    if (this.busy) {
      // One that is paused is about to end.
      if (this.state === "paused") this.next = [() => this.start(name, head, once)];
      return;
    }
    this.busy = true;
    const { model } = this;
    Object.assign(this, { name, head, at: 0, spent: 0, points: [], epochs: [], masks: [] });
    this.seed += 1;
    this.random = randomFrom(this.seed);
    model.set("problem", "");
    model.set("shown", 0);
    this.showDesign();
    this.showStatus("starting");
    try {
      await this.unpacked();
      const { shared, heads } = this.design;
      const steps = [...shared, ...heads[head]];
      await this.runner.ask({ do: "teach", steps, numbers: freshNumbers(steps, this.random) });
      model.set("examples", this.examples());
      await this.examine();
    } catch (error) {
      this.fail(error);
    }
    this.next = [() => this.goOn(once)];
    await this.follow();
  }

  /** @param {boolean} once */
  async goOn(once) {
    if (this.at >= this.learning.steps) return;
    if (this.busy) {
      this.next.push(() => this.goOn(once));
      return;
    }
    this.busy = true;
    this.showStatus("running");
    try {
      await this.learn();
      if (!once) await this.learnOn();
      if (this.model.get("taught").at !== this.at) await this.handOver();
      if (this.at >= this.learning.steps) this.showStatus("finished");
      else this.showStatus("paused");
    } catch (error) {
      this.fail(error);
    }
    await this.follow();
  }

  /** Until somebody pauses it, or it is done. */
  async learnOn() {
    while (this.state === "running" && this.at < this.learning.steps) await this.learn();
  }

  /** @param {unknown} error */
  fail(error) {
    this.showStatus("failed");
    this.model.set("problem", `It cannot go on: ${error instanceof Error ? error.message : error}. Start again.`);
  }

  /** The images that are learnt from. */
  get taught() {
    return this.images.slice(0, this.images.length - this.learning.validation);
  }

  /** Those that it is examined on, which it never learns from. */
  get kept() {
    return this.images.slice(this.images.length - this.learning.validation);
  }

  async learn() {
    const { learning, design } = this;
    const began = performance.now();
    const batch = batchOf(this.taught, design, learning.classes.length, this.random);
    const learnt = /** @type {Learnt} */ (await this.runner.ask({ do: "learn", batch, rate: design.rate }));
    this.spent += performance.now() - began;
    this.at = learnt.at;
    if (!Number.isFinite(learnt.loss)) throw new Error("the loss is no number any more");
    this.points.push([this.at, learnt.loss]);
    if (this.at % learning.steps_per_epoch === 0) await this.examine();
    this.showStatus(this.state);
  }

  async examine() {
    const { learning, design } = this;
    const told = /** @type {Predicted} */ (await this.runner.ask({ do: "predict", tiles: wholeTiles(this.kept, design.whole) }));
    const labels = told.labels.map((mask) => middleOf(mask, design.predicted, learning.side));
    const truths = this.kept.map((each) => each.labels);
    this.epochs.push({ ...scoresOf(truths, labels, learning.classes.length), number: this.epochs.length, step: this.at });
    this.masks.push(labels);
    this.showMasks();
    await this.handOver();
  }

  /** What it has learnt so far may be looked into. */
  async handOver() {
    const { name: design, head, at } = this;
    const { numbers } = /** @type {Numbers} */ (await this.runner.ask({ do: "numbers" }));
    this.model.set("taught", { design, head, at, numbers });
  }

  /** @returns {Example[]} */
  examples() {
    const { side } = this.learning;
    return this.kept.map(({ pixels, labels }, at) => ({ title: this.titles[at], height: side, width: side, channels: 1, pixels, truth: labels }));
  }

  /** Of the images that it is examined on. */
  get titles() {
    const { name, images, validation } = this.learning;
    return Array.from({ length: validation }, (_, at) => `${name}, image ${images - validation + at + 1}`);
  }

  /** Those of the epoch that is looked at: 0 is the latest, and below 0 what was before the first step. */
  showMasks() {
    const shown = this.model.get("shown");
    const epoch = shown < 0 ? 0 : shown || this.masks.length - 1;
    if (this.masks[epoch]) this.model.set("predictions", { epoch, images: this.masks[epoch] });
    this.showCurve();
  }

  showCurve() {
    const [first, ...epochs] = this.epochs;
    const best = epochs.reduce((high, each) => ((each.mean_iou ?? -1) > (high?.mean_iou ?? -1) ? each : high), epochs[0]);
    this.model.set("curve", { points: [...this.points], first, epochs, best: best?.number ?? 0, classes: this.learning.classes });
  }

  /** @param {TrainingState} state */
  showStatus(state) {
    if (state === "new") return;
    const { learning, at, spent, model } = this;
    const { config, tile } = this.design;
    const { steps, steps_per_epoch: long } = learning;
    const rate = at && spent ? (1000 * at) / spent : 0;
    const design = `${designWords(config)}, tile ${tile}`;
    const done = { step: at, steps, epoch: Math.floor(at / long), epochs: Math.ceil(steps / long), problem: "", before: 0 };
    const left = rate ? (steps - at) / rate : null;
    model.set("status", { state, ...done, rate, left, design, differs: !same(this.instrument.get("config"), config), images: "" });
    this.showCurve();
  }
}
