// The Tile tab in a page: what the worker of a notebook answers, the network of this page does, tile by tile.

import { imageTraits } from "./chosen_image.js";
import { PageModel } from "./model.js";
import { sameNetwork } from "./networks.js";
import { mirrored, overviewOf } from "./pictures.js";
import { maskPng } from "./png.js";
import { Runner } from "./running.js";
import { laidTiles, writeTile } from "./tiles.js";
import { MOST_NUMBERS, NOTHING_YET, NO_IMAGE, networkWords, otherDesignWords, tooManyWords } from "./words.js";
import { same } from "../lib/equal.js";
import { bytesOf } from "../lib/canvas.js";
import { size } from "../lib/format.js";
import { heldAtOnce, tileForOutput, totals } from "../lib/law.js";
import { mapPair } from "../lib/pairs.js";
import { present } from "../lib/present.js";
import { cover } from "../tabs/cover.js";

/** @import { Followed, InstrumentTraits, Model, Pair, StageTraits } from "../lib/types.js" */
/** @import { Covered, Covering, Prediction, TileCost, TileTraits } from "../tabs/image_types.js" */
/** @import { ChosenImage } from "./chosen_image.js" */
/** @import { PageImage } from "./pictures.js" */
/** @import { PageNetworks } from "./networks.js" */
/** @import { Compared, Maps, Scored, Stopped } from "./worker/types.js" */

/** @typedef {{ tile: Pair, naive: boolean, number: number }} Asked  A prediction: of which image, in which tiles. */

const TILE = "Tile";
/** Seconds that a prediction may take to be made anew whenever the tile is dragged. */
const QUICK = 10;

/**
 * @param {PageNetworks} networks
 * @param {Model<InstrumentTraits>} instrument
 * @returns {TileTraits}
 */
function tileTraits(networks, instrument) {
  const nothing = { picture: {}, result: {}, saved: {}, learnt: false, naive: false };
  return { ...imageTraits(networks, instrument), ...nothing, files: ["mask-png"], limit: 0, best: [], table: [], progress: [0, 0] };
}

export class PageTile {
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
    this.chosen = chosen;
    // Its own: maps are looked at while tiles are predicted.
    this.runner = new Runner();
    this.model = new PageModel(tileTraits(networks, instrument));
    /** Which prediction goes on: what comes of an earlier one is dropped. */
    this.turn = 0;
    /**
     * What was asked for last.
     *
     * @type {Asked | null}
     */
    this.asked = null;
    /**
     * Scores of an image in one piece: they are the same however the tiles lie.
     *
     * @type {{ number: number, scores: Maps } | null}
     */
    this.whole = null;
    /** Multiply-adds a second; 0 as long as nothing was predicted. */
    this.speed = 0;
    this.due = false;
    this.listen();
  }

  get network() {
    return this.looked.network;
  }

  listen() {
    const { model, instrument, stage } = this;
    const follow = () => this.follow();
    for (const trait of /** @type {const} */ (["tile", "network", "config"])) instrument.on(`change:${trait}`, follow);
    model.on("change:naive", follow);
    stage.on("change:opened", follow);
    this.networks.model.on("change:looked", () => this.onNetwork());
    model.on("change:request", () => {
      const { do: what, number = 0 } = model.get("request");
      if (what === "predict") void this.predict();
      else if (what === "stop") this.stop();
      else if (what === "save") void this.save(number);
    });
    this.chosen.join({ title: TILE, model, changed: () => this.onImage(), failed: (error) => model.set("problem", wordsOf(error)) });
  }

  /** Another network is looked at, or the same has learnt more. */
  onNetwork() {
    const { model, looked: former } = this;
    this.looked = this.networks.looked;
    this.whole = null;
    if (!sameNetwork(former, this.looked)) this.onImage();
    else if (model.get("result").labels) model.set("learnt", true);
    this.follow();
  }

  /** Another image: nothing is known of it yet. */
  onImage() {
    this.drop();
    this.model.set("result", {});
    this.model.set("state", "new");
    this.follow();
  }

  /** Several knobs may be turned at once: it is looked at when all of them have been. */
  follow() {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => {
      this.due = false;
      this.refresh();
    });
  }

  refresh() {
    const { model, chosen } = this;
    if (this.stage.get("opened") !== TILE) return;
    if (!chosen.image) void chosen.chooseFirst();
    const { image, number } = chosen;
    model.set("problem", this.obstacle());
    if (!image) return;
    if (model.get("picture").number !== number) model.set("picture", overviewOf(image, number, Infinity));
    model.set("table", this.costs(image));
    this.followHand(image);
  }

  /** Why nothing can be predicted, whatever the tile. */
  obstacle() {
    if (!this.looked.weights) return NOTHING_YET;
    if (!same(this.instrument.get("config"), this.network.config)) return otherDesignWords(this.networks, "to predict");
    return this.chosen.image ? "" : NO_IMAGE;
  }

  /** @returns {Asked} */
  get wanted() {
    return { tile: this.instrument.get("tile"), naive: this.model.get("naive"), number: this.chosen.number };
  }

  /**
   * @param {PageImage} image
   * @param {Pair} tile
   * @param {boolean} naive
   */
  covered({ height, width }, tile, naive) {
    return cover(this.instrument.get("network"), [height, width], tile, !naive);
  }

  /**
   * The image in one tile.
   *
   * @param {PageImage} image
   */
  inOnePiece(image) {
    const network = this.instrument.get("network");
    const tile = mapPair([image.height, image.width], (side) => present(tileForOutput(network, side), `a tile for ${side} px`));
    return /** @type {Covering} */ (this.covered(image, tile, false));
  }

  /** @param {PageImage} image */
  costs(image) {
    const { instrument } = this;
    const { sizes } = instrument.get("network");
    const whole = this.inOnePiece(image);
    let smallest = /** @type {Covered} */ (whole);
    for (let side = sizes.smallest; side < Math.max(...whole.state.tile) && smallest === whole; side += sizes.period) {
      const tried = this.covered(image, [side, side], false);
      if (tried.count) smallest = tried;
    }
    /** @type {[string, Covered][]} */
    const named = [["smallest that covers it", smallest], ["chosen now", this.covered(image, instrument.get("tile"), false)], ["the image in one piece", whole]];
    /** @type {Map<string, TileCost>} */
    const rows = new Map();
    for (const [name, covered] of named) {
      if (!covered.count) continue;
      const key = String(covered.state.tile);
      rows.set(key, costOf(rows.has(key) ? `${rows.get(key)?.name}, ${name}` : name, covered));
    }
    return [...rows.values()].sort((one, other) => one.tile[0] - other.tile[0] || one.tile[1] - other.tile[1]);
  }

  /**
   * Once somebody has asked for a prediction, and it is a quick one, it follows the hand.
   *
   * @param {PageImage} image
   */
  followHand(image) {
    const { wanted, speed } = this;
    if (!this.model.get("result").labels || same(wanted, this.asked) || this.obstacle()) return;
    const covered = this.covered(image, wanted.tile, wanted.naive);
    if (covered.count && !tooLarge(covered.state) && workOf(covered) < QUICK * speed) void this.predict();
  }

  stop() {
    this.drop();
    this.model.set("state", this.model.get("result").labels ? "done" : "new");
  }

  /** Whatever is being predicted is not wanted any more. */
  drop() {
    this.turn += 1;
    // What has failed meanwhile needs not be stopped.
    if (this.model.get("state") === "working") this.runner.stop();
    return this.turn;
  }

  async predict() {
    const { model, chosen, wanted } = this;
    const { image } = chosen;
    if (this.obstacle() || !image) return;
    const covered = this.covered(image, wanted.tile, wanted.naive);
    const large = covered.count ? tooLarge(covered.state) : 0;
    model.set("problem", covered.problem || (large ? `A tile of ${size(covered.state.tile)} px makes ${tooManyWords(large)}: take a smaller tile.` : ""));
    if (!covered.count || large) return;
    const turn = this.drop();
    this.asked = wanted;
    this.runner.take(this.looked);
    model.set("learnt", false);
    model.set("state", "working");
    try {
      const result = await this.segmented(image, wanted, covered, turn);
      if (!result) return;
      model.set("result", result);
      model.set("state", "done");
      this.follow();
    } catch (error) {
      if (turn === this.turn) this.fail(error);
    }
  }

  /** @param {unknown} error */
  fail(error) {
    this.model.set("problem", wordsOf(error));
    this.model.set("state", "failed");
  }

  /**
   * @param {PageImage} image
   * @param {Asked} asked
   * @param {Covering} covering
   * @param {number} turn
   * @returns {Promise<Prediction | null>}  Null where it is not wanted any more.
   */
  async segmented(image, asked, covering, turn) {
    const { runner, instrument } = this;
    const began = performance.now();
    const piece = this.inOnePiece(image);
    const large = tooLarge(piece.state);
    const known = large || this.whole?.number === asked.number;
    if (!known) {
      const scores = await this.scored(piece, turn, [0, 0]);
      if (!scores) return null;
      this.whole = { number: asked.number, scores };
    }
    const tiled = await this.scored(covering, turn, [0, covering.count]);
    if (!tiled) return null;
    const compared = /** @type {Compared} */ (await runner.ask({ do: "compare", tiled, whole: large || !this.whole ? tiled : this.whole.scores }));
    if (turn !== this.turn) return null;
    const seconds = (performance.now() - began) / 1000;
    this.speed = (workOf(covering) + (known ? 0 : workOf(piece))) / seconds;
    const uncompared = large ? `Not compared with the image in one piece, which makes ${tooManyWords(large)}.` : "";
    const about = { config: instrument.get("config"), pieces: 1, seconds, uncompared, network: networkWords(this.network, runner.device) };
    return { ...asked, ...compared, ...about, number: asked.number };
  }

  /**
   * The scores of the image, tile by tile.
   *
   * @param {Covering} covering
   * @param {number} turn
   * @param {Pair} progress  Tiles done and in all, as they are shown; none where there is but one piece.
   * @returns {Promise<Maps | null>}
   */
  async scored(covering, turn, [done, total]) {
    const { chosen, runner, model } = this;
    const { input } = chosen;
    const { height, width } = input;
    const channels = this.network.config.num_classes;
    const scores = { numbers: new Float32Array(channels * height * width), channels, height, width };
    model.set("progress", [done, total]);
    for (const [at, tile] of laidTiles(covering).entries()) {
      const told = /** @type {Scored | Stopped} */ (await runner.ask({ do: "score", tile: mirrored(input, tile.start, covering.state.tile) }));
      if (turn !== this.turn || told.event === "stopped") return null;
      writeTile(scores, told.scores, tile);
      if (total) model.set("progress", [at + 1, total]);
    }
    return scores;
  }

  /** @param {number} number  Of the request. */
  async save(number) {
    const { picture, result, palette, accepted } = this.model.traits;
    if (!result.labels || !picture.pixels) return;
    const content = await maskPng(picture, bytesOf(result.labels), palette);
    this.model.set("saved", { number, name: `${stemOf(picture.title, accepted.images)}_mask.png`, type: "image/png", content });
  }
}

/**
 * How many numbers are held at once, where they are more than a page takes; else 0.
 *
 * @param {Followed} state
 */
function tooLarge(state) {
  const numbers = heldIn(state) / 4;
  return numbers > MOST_NUMBERS ? numbers : 0;
}

/** @param {Followed} state */
function heldIn({ maps, network }) {
  return heldAtOnce(maps, network.memory.predict);
}

/**
 * Multiply-adds of all tiles.
 *
 * @param {Covering} covering
 */
function workOf({ count, state }) {
  return count * totals(state, 1).macs;
}

/**
 * @param {string} name
 * @param {Covering} covering
 * @returns {TileCost}
 */
function costOf(name, covering) {
  const { count, kept, computed, state } = covering;
  return { name, tile: state.tile, count, share: kept / computed, macs: workOf(covering), memory: heldIn(state), within: !tooLarge(state) };
}

/** @param {unknown} error */
function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The beginning of a file's name, as panel/tabs/saving.py makes it.
 *
 * @param {string} title
 * @param {string[]} endings
 */
function stemOf(title, endings) {
  const ending = endings.find((each) => title.toLowerCase().endsWith(each)) ?? "";
  const plainTitle = title.slice(0, title.length - ending.length);
  return plainTitle.replace(/[^\p{L}\p{N}_]+/gu, "-").slice(0, 80).replace(/^[-_]+|[-_]+$/g, "") || "image";
}
