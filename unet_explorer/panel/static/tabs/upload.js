// Images from this computer: read chunk by chunk, so that nothing has to fit into one message.

import { element } from "../lib/page.js";
import { send } from "../lib/widget.js";

/** @import { Model } from "../lib/types.js" */
/** @import { Accepted, Chunk, BackgroundTraits } from "./types.js" */

/** Bytes of a chunk. */
const CHUNK = 1 << 19;

/**
 * Whether a file is any that Python reads; one that is hidden is not.
 *
 * @param {string} name
 * @param {Accepted} accepted
 */
export function isWanted(name, { images, archives, classes }) {
  const small = name.toLowerCase();
  const known = small === classes || [...images, ...archives].some((ending) => small.endsWith(ending));
  return known && !small.startsWith(".");
}

export class Upload {
  /**
   * @param {Model<BackgroundTraits>} model
   * @param {AbortSignal} signal
   * @param {[string, HTMLInputElement][]} inputs  Words and a field, for each way to choose files.
   */
  constructor(model, signal, inputs) {
    this.model = model;
    this.signal = signal;
    for (const [, input] of inputs) {
      input.addEventListener("change", () => this.send([...(input.files ?? [])]).finally(() => (input.value = "")), { signal });
    }
    this.progress = element("progress", { max: 1, value: 0, hidden: true, "aria-label": "Upload" });
    const labels = inputs.map(([text, input]) => element("label", { class: "ue-file" }, input, element("span", {}, text)));
    this.node = element("div", { class: "ue-line ue-wrap" }, ...labels, this.progress);
  }

  /**
   * One chunk after the other; the next one goes when the last has been received.
   *
   * @param {File[]} chosen
   */
  async send(chosen) {
    const accepted = this.model.get("accepted");
    const files = chosen.filter(({ name }) => isWanted(name, accepted));
    if (!files.length) return;
    const upload = Date.now();
    const total = files.reduce((sum, { size }) => sum + Math.max(1, size), 0);
    let [sent, chunk] = [0, 0];
    this.progress.hidden = false;
    try {
      for (const [number, file] of files.entries()) {
        for (let at = 0; at === 0 || at < file.size; at += CHUNK) {
          const data = new DataView(await file.slice(at, at + CHUNK).arrayBuffer());
          const last = number === files.length - 1 && at + CHUNK >= file.size;
          const name = file.webkitRelativePath || file.name;
          if (!(await this.hand({ upload, chunk, name, at, last, data }))) return;
          chunk += 1;
          sent += data.byteLength;
          this.progress.value = sent / total;
        }
      }
    } finally {
      this.progress.hidden = true;
    }
  }

  /**
   * Whether the chunk was received and more may come.
   *
   * @param {Chunk} chunk
   * @returns {Promise<boolean>}
   */
  hand(chunk) {
    const { model } = this;
    return new Promise((done) => {
      const heard = () => {
        const received = model.get("received");
        if (received.upload === chunk.upload && received.chunk === chunk.chunk) finish(!received.stopped);
      };
      const abort = () => finish(false);
      const finish = (/** @type {boolean} */ received) => {
        model.off("change:received", heard);
        this.signal.removeEventListener("abort", abort);
        done(received);
      };
      model.on("change:received", heard);
      this.signal.addEventListener("abort", abort);
      model.set("chunk", chunk);
      send(model);
    });
  }
}
