// What the tabs of a page look at: one of the images that it holds, or one of the reader's own. Chosen once, for all of them.

import { sameNetwork } from "./networks.js";
import { decoded, networkInput } from "./pictures.js";

/** @import { InstrumentTraits, Model, StageTraits } from "../lib/types.js" */
/** @import { ImageTraits } from "../tabs/image_types.js" */
/** @import { Looked, PageNetworks } from "./networks.js" */
/** @import { PageImage } from "./pictures.js" */
/** @import { Maps } from "./worker/types.js" */

/** What browsers read. */
const READ_HERE = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif"];
const OWN_IMAGE = "Choose an image, or drop one onto the page. It stays on this computer: nothing is sent. It is read in 8 bits, grey or in colour as the network takes it.";

/**
 * A tab that looks at the image.
 *
 * @typedef {{
 *   title: string,
 *   model: Model<ImageTraits>,
 *   changed: () => void,
 *   failed: (error: unknown) => void,
 * }} Looker  It is told of another image, and of one that it asked for and that cannot be had.
 */

/**
 * What every tab that looks at the image is told at first.
 *
 * @param {PageNetworks} networks
 * @param {Model<InstrumentTraits>} instrument
 * @returns {ImageTraits}
 */
export function imageTraits({ looked }, instrument) {
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
    options: optionsOf(looked),
    choice: "",
    title: "",
    state: "new",
  };
}

/**
 * @param {Looked} looked
 * @returns {[string, string][]}
 */
function optionsOf({ titles }) {
  return titles.map((title, at) => [String(at), title]);
}

export class ChosenImage {
  /**
   * @param {PageNetworks} networks  Whose images are shown, and that is given them.
   * @param {Model<StageTraits>} stage
   */
  constructor(networks, stage) {
    this.networks = networks;
    this.looked = networks.looked;
    this.stage = stage;
    /** @type {PageImage | null} */
    this.image = null;
    /** Which of the held ones it is; empty for one of the reader's own. */
    this.choice = "";
    /** Another image has another number. */
    this.number = 0;
    /** How many were asked for. */
    this.asked = 0;
    /**
     * As the network is given it.
     *
     * @type {Maps}
     */
    this.input = { numbers: new Float32Array(0), channels: 0, height: 0, width: 0 };
    /** @type {Looker[]} */
    this.lookers = [];
    /** @type {BlobPart[]} */
    this.chunks = [];
    networks.model.on("change:looked", () => this.turn());
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => this.onDrop(event));
  }

  /** @param {Looker} looker */
  join(looker) {
    const { model } = looker;
    this.lookers.push(looker);
    model.on("change:request", () => {
      const { do: what, key } = model.get("request");
      if (what === "choose") void this.choose(Number(key));
    });
    model.on("change:chunk", () => this.receive(looker));
  }

  /**
   * It is shown in the tab that is open, or in the first that can show it.
   *
   * @param {DragEvent} event
   */
  onDrop(event) {
    // Or the browser would leave the page for the image.
    event.preventDefault();
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    const opened = this.stage.get("opened");
    const looker = this.lookers.find(({ title }) => title === opened) ?? this.lookers[0];
    this.stage.set("opened", looker.title);
    void this.bring(file, file.name, looker);
  }

  /**
   * A file comes in chunks, for a notebook wants it so.
   *
   * @param {Looker} looker
   */
  receive(looker) {
    const { upload = 0, chunk = 0, at, last, name = "", data } = looker.model.get("chunk");
    if (!data) return;
    if (at === 0) this.chunks = [];
    this.chunks.push(/** @type {BlobPart} */ (data));
    looker.model.set("received", { upload, chunk, stopped: false });
    if (last) void this.bring(new Blob(this.chunks), name, looker);
  }

  /**
   * @param {Blob} file
   * @param {string} title
   * @param {Looker} looker  Who asked for it.
   */
  async bring(file, title, looker) {
    const turn = this.another();
    try {
      const image = await decoded(file, title);
      if (turn === this.asked) this.take(image, "");
    } catch (error) {
      if (turn === this.asked) looker.failed(error);
    }
  }

  /** Another image is asked for: an earlier one that is slow to read is not wanted any more. */
  another() {
    this.asked += 1;
    return this.asked;
  }

  /** Another network brings other images, and may take one's own in other channels. */
  turn() {
    const { looked: former, networks } = this;
    this.looked = networks.looked;
    if (sameNetwork(former, this.looked)) return;
    if (this.image && this.choice === "") this.take(this.image, "");
    else {
      this.image = null;
      void this.chooseFirst();
    }
  }

  /** The first that the page holds, where there is none yet. */
  async chooseFirst() {
    const { looked } = this;
    const image = await looked.image(0);
    if (image && !this.image && sameNetwork(looked, this.looked)) this.take(image, "0");
  }

  /** @param {number} at */
  async choose(at) {
    const { looked } = this;
    const turn = this.another();
    const image = await looked.image(at);
    // Another network may be looked into by now.
    if (image && turn === this.asked && sameNetwork(looked, this.looked)) this.take(image, String(at));
  }

  /**
   * @param {PageImage} image
   * @param {string} choice
   */
  take(image, choice) {
    const { network } = this.looked;
    this.input = networkInput(image, network.config.in_channels, network.prepared);
    this.image = image;
    this.choice = choice;
    this.number += 1;
    for (const { model, changed } of this.lookers) {
      model.set("title", image.title);
      model.set("choice", choice);
      // The list of images is made anew for another title.
      model.set("options", optionsOf(this.looked));
      changed();
    }
  }
}
