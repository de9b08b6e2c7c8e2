// The Inside tab in a page: what the worker of a notebook answers, the network of this page does.

import { imageTraits } from "./chosen_image.js";
import { showDesign } from "./design.js";
import { PageModel } from "./model.js";
import { sameNetwork } from "./networks.js";
import { mirrored, overviewOf, pictureOf } from "./pictures.js";
import { AbandonedError, MOMENT, Runner } from "./running.js";
import { MOST_NUMBERS, NOTHING_YET, NO_IMAGE, networkWords, otherDesignWords, tooManyWords } from "./words.js";
import { same } from "../lib/equal.js";
import { follow } from "../lib/law.js";
import { mapPair } from "../lib/pairs.js";
import { misfitWords } from "../lib/sentences.js";
import { startOf } from "../tabs/tile_place.js";

/** @import { Followed, InstrumentTraits, Model, Pair, StageTraits } from "../lib/types.js" */
/** @import { InsideTraits, Way } from "../tabs/image_types.js" */
/** @import { ChosenImage } from "./chosen_image.js" */
/** @import { PageNetworks, Which } from "./networks.js" */
/** @import { PageImage } from "./pictures.js" */

const INSIDE = "Inside";

/**
 * @param {PageNetworks} networks
 * @param {Model<InstrumentTraits>} instrument
 * @returns {InsideTraits}
 */
function traitsOf(networks, instrument) {
  return {
    ...imageTraits(networks, instrument),
    channel: -1,
    place: [0.5, 0.5],
    overview: {},
    picture: {},
    seen: {},
    views: [],
    patch: {},
    network: "",
    at: 0,
    mask: {},
    networks: networks.options,
    which: networks.which,
    way: { words: "", to: "" },
  };
}

export class PageInside {
  /**
   * @param {PageNetworks} networks
   * @param {Model<InstrumentTraits>} instrument
   * @param {Model<StageTraits>} stage
   * @param {ChosenImage} chosen
   */
  constructor(networks, instrument, stage, chosen) {
    this.networks = networks;
    this.looked = networks.looked;
    this.instrument = instrument;
    this.stage = stage;
    this.runner = new Runner();
    this.model = new PageModel(traitsOf(networks, instrument));
    this.chosen = chosen;
    /** The tile whose maps the worker has. */
    this.ran = "";
    /** The channel that was the liveliest when a step was first seen; it stays, or pictures would jump. */
    this.lively = new Map();
    this.busy = false;
    this.again = false;
    /** What is being computed; another object each time. @type {{ key: string, began: number } | null} */
    this.running = null;
    /** Why an image cannot be had: told until another is asked for, or something is moved. */
    this.refusal = { asked: -1, words: "" };
    this.listen();
  }

  get network() {
    return this.looked.network;
  }

  listen() {
    const { model, instrument, stage } = this;
    const settle = () => void this.settle();
    const moved = () => {
      this.refusal.words = "";
      settle();
    };
    for (const trait of /** @type {const} */ (["tile", "shown", "config", "network"])) instrument.on(`change:${trait}`, moved);
    for (const trait of /** @type {const} */ (["place", "channel"])) model.on(`change:${trait}`, moved);
    stage.on("change:opened", settle);
    this.networks.model.on("change:looked", () => this.turn());
    model.on("change:request", () => {
      const { do: what, key } = model.get("request");
      if (what === "choose_network") this.networks.choose(/** @type {Which} */ (key));
      else if (what === "show_design") showDesign(instrument, this.looked.design);
    });
    this.chosen.join({ title: INSIDE, model, changed: () => this.onImage(), failed: (error) => this.refuse(error) });
  }

  /** @param {unknown} error  Of an image; what is shown stays. */
  refuse(error) {
    this.refusal = { asked: this.chosen.asked, words: error instanceof Error ? error.message : String(error) };
    this.model.set("problem", this.refusal.words);
  }

  /** Another network is looked into, or the same has learnt more. */
  turn() {
    const { model, networks, looked: former } = this;
    this.looked = networks.looked;
    model.set("which", networks.which);
    if (!sameNetwork(former, this.looked)) {
      // What was shown is not of it.
      this.lively.clear();
      for (const trait of /** @type {const} */ (["picture", "mask"])) model.set(trait, {});
      model.set("views", []);
      model.set("network", "");
      model.set("state", "new");
    }
    void this.settle();
  }

  onImage() {
    const { image, number } = this.chosen;
    if (image) this.model.set("overview", overviewOf(image, number));
    void this.settle();
  }

  /** Show what is wanted; while that is computed, what is wanted may change: then once more, with the latest. */
  async settle() {
    this.again = true;
    if (this.stage.get("opened") !== INSIDE) return;
    if (this.busy) {
      this.hurry();
      return;
    }
    this.busy = true;
    while (this.again) {
      this.again = false;
      await this.show().catch((error) => this.fail(error));
    }
    this.busy = false;
  }

  /** What takes longer than a moment is given up once something else is wanted; a quick one need not. */
  hurry() {
    const { running } = this;
    if (!running) return;
    const giveUp = () => {
      if (this.running === running && this.again && this.wantedKey() !== running.key) this.runner.abandon();
    };
    setTimeout(giveUp, Math.max(0, running.began + MOMENT - performance.now()));
  }

  /** @param {unknown} error */
  fail(error) {
    this.ran = "";
    if (error instanceof AbandonedError) return;
    this.model.set("state", "failed");
    this.model.set("problem", error instanceof Error ? error.message : String(error));
  }

  async show() {
    const { model, instrument, chosen } = this;
    // The laws of this design follow at once.
    if (!same(instrument.get("network").config, instrument.get("config"))) return;
    if (!chosen.image) await chosen.chooseFirst();
    const { network } = this;
    const state = follow(instrument.get("network"), instrument.get("tile"));
    const words = this.obstacle(state);
    const { refusal } = this;
    model.set("problem", words || (refusal.asked === chosen.asked ? refusal.words : ""));
    model.set("way", this.way());
    if (words || !chosen.image || !this.looked.weights) {
      model.set("state", words ? "failed" : "new");
      return;
    }
    // The worker gets the network, or what it has learnt since.
    if (this.runner.take(this.looked)) this.ran = "";
    const { number, image } = chosen;
    const key = this.wantedKey();
    const step = instrument.get("shown");
    if (key !== this.ran) await this.run(state, image, key);
    const { views } = await this.runner.view(this.joined(step), this.channelOf(step));
    if (number !== chosen.number) return;
    const last = views[views.length - 1];
    if (!this.lively.has(step)) this.lively.set(step, last.channel);
    model.set("at", network.at);
    model.set("seen", { step, tile: state.tile });
    model.set("views", views.map((view) => ({ ...view, grid: network.grid })));
    model.set("network", networkWords(network, this.runner.device));
    model.set("state", "done");
  }

  /**
   * Where the tile begins.
   *
   * @param {PageImage} image
   * @param {Pair} tile
   */
  startIn({ height, width }, tile) {
    return /** @type {Pair} */ (mapPair(this.model.get("place"), (place, axis) => startOf(place, [height, width][axis], tile[axis])));
  }

  /**
   * The maps that are wanted: of which network, image, place and tile; empty where there is nothing to be had. One that learns on is
   * the same, or maps that take longer than an epoch would never come.
   */
  wantedKey() {
    const { chosen, instrument, looked, networks } = this;
    const tile = instrument.get("tile");
    if (!chosen.image || !same(instrument.get("config"), looked.network.config)) return "";
    return JSON.stringify([networks.which, chosen.number, this.startIn(chosen.image, tile), tile]);
  }

  /**
   * What can be done where nothing can be shown.
   *
   * @returns {Way}
   */
  way() {
    if (!this.looked.weights) return { words: NOTHING_YET, to: "Train" };
    return { words: "", to: same(this.instrument.get("config"), this.network.config) ? "" : "design" };
  }

  /**
   * Why nothing can be shown.
   *
   * @param {Followed} state
   */
  obstacle(state) {
    if (!this.looked.weights) return "";
    if (!same(this.instrument.get("config"), this.network.config)) return otherDesignWords(this.networks, "to look inside");
    if (!state.fits) return `This tile does not fit: ${misfitWords(state)}.`;
    const numbers = state.maps.reduce((sum, { pixels, step }) => sum + pixels * step.channels, 0);
    if (numbers > MOST_NUMBERS) return `This tile makes ${tooManyWords(numbers)}: take a smaller tile.`;
    return this.chosen.image ? "" : NO_IMAGE;
  }

  /**
   * @param {Followed} state
   * @param {PageImage} image
   * @param {string} key
   */
  async run(state, image, key) {
    const { model, network, chosen } = this;
    model.set("state", "working");
    const start = this.startIn(image, state.tile);
    const tile = mirrored(chosen.input, start, state.tile);
    this.running = { key, began: performance.now() };
    const { labels } = await this.runner.run(tile).finally(() => (this.running = null));
    this.ran = key;
    const picture = pictureOf(tile, image.title);
    model.set("picture", { ...picture, number: chosen.number, start });
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
