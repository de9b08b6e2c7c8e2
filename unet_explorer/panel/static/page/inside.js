// The Inside tab in a page: what the worker of a notebook answers, the network of this page does.

import { PageModel } from "./model.js";
import { decoded, heldImage, mirrored, networkInput, overviewOf, pictureOf } from "./pictures.js";
import { Runner } from "./running.js";
import { same } from "../lib/equal.js";
import { follow } from "../lib/law.js";
import { mapPair } from "../lib/pairs.js";
import { misfitWords } from "../lib/sentences.js";
import { startOf } from "../tabs/tile_place.js";

/** @import { Followed, InstrumentTraits, Model, Pair, StageTraits } from "../lib/types.js" */
/** @import { InsideTraits } from "../tabs/image_types.js" */
/** @import { PageImage } from "./pictures.js" */
/** @import { Maps, PageNetwork } from "./worker/types.js" */

/** What browsers read. */
const READ_HERE = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif"];
/** Numbers in all maps together, of 4 bytes each: a browser gives a page no more than some GB. */
const MOST_NUMBERS = 100_000_000;
const OWN_IMAGE = "Choose an image, or drop one onto the page. It stays on this computer: nothing is sent. It is read in 8 bits, grey or in colour as the network takes it.";
/** What a network runs on, in words. */
const DEVICES = new Map([["wasm", "WebAssembly"], ["webgpu", "WebGPU"]]);
const INSIDE = "Inside";

/**
 * @param {PageNetwork} network
 * @param {Model<InstrumentTraits>} instrument
 * @returns {InsideTraits}
 */
function traitsOf(network, instrument) {
  return {
    instrument: "",
    alone: OWN_IMAGE,
    request: {},
    handled: 0,
    problem: "",
    question: {},
    chunk: {},
    received: {},
    accepted: { images: READ_HERE, archives: [], classes: "" },
    palette: instrument.get("palette"),
    options: network.images.map(({ title }, at) => [String(at), title]),
    choice: "",
    title: "",
    state: "new",
    channel: -1,
    place: [0.5, 0.5],
    overview: {},
    picture: {},
    seen: {},
    views: [],
    patch: {},
    network: "",
    at: network.at,
    mask: {},
  };
}

export class PageInside {
  /**
   * @param {PageNetwork} network
   * @param {Model<InstrumentTraits>} instrument
   * @param {Model<StageTraits>} stage
   */
  constructor(network, instrument, stage) {
    this.network = network;
    this.instrument = instrument;
    this.stage = stage;
    this.runner = new Runner(network);
    this.model = new PageModel(traitsOf(network, instrument));
    /** @type {PageImage | null} */
    this.image = null;
    /** Another image has another number. */
    this.number = 0;
    /** @type {Maps} */
    this.input = { numbers: new Float32Array(0), channels: 0, height: 0, width: 0 };
    /** The tile whose maps the worker has. */
    this.ran = "";
    /** The channel that was the liveliest when a step was first seen; it stays, or pictures would jump. */
    this.lively = new Map();
    this.busy = false;
    this.again = false;
    /** @type {BlobPart[]} */
    this.chunks = [];
    this.listen();
  }

  listen() {
    const { model, instrument, stage } = this;
    const settle = () => void this.settle();
    for (const trait of /** @type {const} */ (["tile", "shown", "config"])) instrument.on(`change:${trait}`, settle);
    for (const trait of /** @type {const} */ (["place", "channel"])) model.on(`change:${trait}`, settle);
    stage.on("change:opened", settle);
    model.on("change:request", () => {
      const { do: what, key } = model.get("request");
      if (what === "choose") this.choose(Number(key));
    });
    model.on("change:chunk", () => this.receive());
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => this.onDrop(event));
  }

  /** @param {DragEvent} event */
  onDrop(event) {
    // Or the browser would leave the page for the image.
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    this.stage.set("opened", INSIDE);
    void this.bring(file, file.name);
  }

  /** A file comes in chunks, for a notebook wants it so. */
  receive() {
    const { upload = 0, chunk = 0, at, last, name = "", data } = this.model.get("chunk");
    if (!data) return;
    if (at === 0) this.chunks = [];
    this.chunks.push(/** @type {BlobPart} */ (data));
    this.model.set("received", { upload, chunk, stopped: false });
    if (last) void this.bring(new Blob(this.chunks), name);
  }

  /**
   * @param {Blob} file
   * @param {string} title
   */
  async bring(file, title) {
    try {
      this.take(await decoded(file, title), "");
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {number} at */
  choose(at) {
    const held = this.network.images[at];
    if (held) this.take(heldImage(held), String(at));
  }

  /**
   * @param {PageImage} image
   * @param {string} choice
   */
  take(image, choice) {
    const { model, network } = this;
    this.input = networkInput(image, network.config.in_channels, network.prepared);
    this.image = image;
    this.number += 1;
    model.set("title", image.title);
    model.set("choice", choice);
    // The list of images is made anew for another title.
    model.set("options", [...model.get("options")]);
    model.set("overview", overviewOf(image, this.number));
    void this.settle();
  }

  /** Show what is wanted; while that is computed, what is wanted may change: then once more, with the latest. */
  async settle() {
    this.again = true;
    if (this.busy || this.stage.get("opened") !== INSIDE) return;
    this.busy = true;
    try {
      while (this.again) {
        this.again = false;
        await this.show();
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.busy = false;
    }
  }

  /** @param {unknown} error */
  fail(error) {
    this.ran = "";
    this.model.set("state", "failed");
    this.model.set("problem", error instanceof Error ? error.message : String(error));
  }

  async show() {
    const { model, instrument, network } = this;
    if (!this.image) this.choose(0);
    const state = follow(instrument.get("network"), instrument.get("tile"));
    const words = this.obstacle(state);
    model.set("problem", words);
    if (words || !this.image) {
      model.set("state", words ? "failed" : "new");
      return;
    }
    const { number, image } = this;
    const start = /** @type {Pair} */ (mapPair(model.get("place"), (place, axis) => startOf(place, [image.height, image.width][axis], state.tile[axis])));
    const key = JSON.stringify([number, start, state.tile]);
    const step = instrument.get("shown");
    if (key !== this.ran) await this.run(state, start, image, key);
    const { views } = await this.runner.view(this.joined(step), this.channelOf(step));
    if (number !== this.number) return;
    const last = views[views.length - 1];
    if (!this.lively.has(step)) this.lively.set(step, last.channel);
    model.set("seen", { step, tile: state.tile });
    model.set("views", views.map((view) => ({ ...view, grid: network.grid })));
    model.set("network", `${network.summary}, on ${DEVICES.get(this.runner.device) ?? this.runner.device}`);
    model.set("state", "done");
  }

  /**
   * Why nothing can be shown.
   *
   * @param {Followed} state
   */
  obstacle(state) {
    const { config } = this.network;
    if (!same(this.instrument.get("config"), config)) {
      return `The network in this page is of another design: depth ${config.depth}, ${config.base_filters} filters, ${config.padding} padding. Undo, or set the knobs so, to look inside.`;
    }
    if (!state.fits) return `This tile does not fit: ${misfitWords(state)}.`;
    const numbers = state.maps.reduce((sum, { pixels, step }) => sum + pixels * step.channels, 0);
    if (numbers > MOST_NUMBERS) return `This tile makes ${Math.round(numbers / 1e6)} million numbers, and a page takes ${MOST_NUMBERS / 1e6} million: take a smaller tile.`;
    return this.image ? "" : "This page brings no image that the network takes: choose one of your own.";
  }

  /**
   * @param {Followed} state
   * @param {Pair} start
   * @param {PageImage} image
   * @param {string} key
   */
  async run(state, start, image, key) {
    const { model, network } = this;
    if (model.get("state") !== "done") model.set("state", "working");
    const tile = mirrored(this.input, start, state.tile);
    const { labels } = await this.runner.run(tile);
    this.ran = key;
    const picture = pictureOf(tile, image.title);
    model.set("picture", { ...picture, number: this.number, start });
    const { height, width } = state.output;
    const middle = mapPair(state.tile, (side, axis) => (side - [height, width][axis]) / 2);
    model.set("mask", { picture: pictureOf(mirrored(tile, middle, [height, width]), image.title), labels, classes: network.classes });
  }

  /**
   * The step, and the skip in front of it where it joins two.
   *
   * @param {string} name
   */
  joined(name) {
    const step = this.network.steps.find((each) => each.name === name);
    return step && step.inputs.length > 1 ? step.inputs : [name];
  }

  /** @param {string} step */
  channelOf(step) {
    const chosen = this.model.get("channel");
    return chosen >= 0 ? chosen : (this.lively.get(step) ?? -1);
  }
}
