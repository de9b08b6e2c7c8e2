// The networks of a page that can be looked into: the one that it brings, and the one that learns in it.

import { designWords } from "./design.js";
import { bytesIn, textOf } from "./held.js";
import { PageModel } from "./model.js";
import { heldImage } from "./pictures.js";
import { same } from "../lib/equal.js";

/** @import { Design, Pair } from "../lib/types.js" */
/** @import { PageImage } from "./pictures.js" */
/** @import { PageTrain } from "./train.js" */
/** @import { PageNetwork, RunNetwork, Weights } from "./worker/types.js" */

/**
 * A network with the images that it is shown with; without `weights` it has not learnt anything yet.
 *
 * @typedef {{
 *   network: RunNetwork,
 *   weights: (() => Weights) | null,
 *   design: Design,
 *   titles: string[],
 *   image: (at: number) => Promise<PageImage | null>,
 * }} Looked
 */

/** @typedef {"brought" | "taught"} Which */

const NETWORK_NAMES = /** @type {const} */ ([
  ["brought", "the one that this page brings"],
  ["taught", "the one that learns in Train"],
]);

export class PageNetworks {
  /**
   * @param {PageNetwork | null} brought
   * @param {Pair} tile  What it is shown with at first.
   * @param {PageTrain} train
   */
  constructor(brought, tile, train) {
    this.train = train;
    this.brought = brought && broughtNetwork(brought, tile);
    /** What is looked at is another object whenever it is another network, or has learnt more. */
    this.model = new PageModel({ which: /** @type {Which} */ (brought ? "brought" : "taught"), looked: this.brought ?? taughtNetwork(train) });
    train.model.on("change:taught", () => {
      // What somebody has begun to teach is what is looked at next.
      if (train.model.get("taught").at === 0 || this.which === "taught") this.choose("taught");
    });
  }

  get which() {
    return this.model.get("which");
  }

  get looked() {
    return this.model.get("looked");
  }

  /** @returns {[string, string][]} */
  get options() {
    return this.brought ? NETWORK_NAMES.map(([which, words]) => [which, words]) : [];
  }

  /** @param {Which} which */
  choose(which) {
    this.model.set("which", which);
    this.model.set("looked", which === "brought" && this.brought ? this.brought : taughtNetwork(this.train));
  }
}

/**
 * Whether it is the same network, which may have learnt since.
 *
 * @param {Looked} one
 * @param {Looked} other
 */
export function sameNetwork(one, other) {
  return same(one.network.steps, other.network.steps) && same(one.titles, other.titles);
}

/**
 * @param {PageNetwork} network
 * @param {Pair} tile
 * @returns {Looked}
 */
function broughtNetwork(network, tile) {
  const { config, images, summary } = network;
  return {
    network: { ...network, summary: `brought by this page, ${summary}` },
    weights: () => bytesIn(textOf("ue-weights")).buffer,
    design: { config, tile },
    titles: images.map(({ title }) => title),
    image: (at) => Promise.resolve(images[at] ? heldImage(images[at]) : null),
  };
}

/**
 * @param {PageTrain} train
 * @returns {Looked}
 */
function taughtNetwork(train) {
  const { learning, titles } = train;
  const { design: name = train.name, head = "linear", at = 0, numbers } = train.model.get("taught");
  const { config, tile, shared, heads, cells } = learning.designs[name];
  const summary = `taught in this page, ${designWords(config)}${head === "relu" ? ", a ReLU behind its scores" : ""}, ${stepsWords(at)}`;
  return {
    network: { config, steps: [...shared, ...heads[head]], cells, grid: learning.grid, prepared: true, at, summary, classes: learning.classes },
    weights: numbers ? () => numbers.slice() : null,
    design: { config, tile: [tile, tile] },
    titles,
    image: async (which) => {
      const images = await train.unpacked();
      const { pixels } = images[images.length - learning.validation + which];
      return { title: titles[which], height: learning.side, width: learning.side, channels: 1, pixels };
    },
  };
}

/** @param {number} at */
function stepsWords(at) {
  if (!at) return "before the first step";
  return `after ${at} step${at === 1 ? "" : "s"}`;
}
