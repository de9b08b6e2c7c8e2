// What goes into the U and what comes out: an image at its left end, and the classes of its pixels at the right one.

import { EXAMPLE } from "./example.js";
import { bytesOf, classColour, easel, imageColour, labelColour, paint } from "../lib/canvas.js";
import { OWN_KEYS, element, setText } from "../lib/page.js";

/** @import { Bytes, Painted, Palette } from "../lib/types.js" */
/** @import { Drawing } from "./drawing.js" */

/** Not a step of the network, but what becomes of its scores. */
export const ARGMAX = "argmax";
/** Px: smaller than this nobody sees anything in them. */
const SMALLEST = 44;
const LARGEST = 132;
/** Classes that are named. */
const MOST = 4;

export class Ends {
  /**
   * @param {Palette} palette
   * @param {(name: string) => void} choose  Called when it is asked how the mask is made.
   * @param {AbortSignal} signal
   */
  constructor(palette, choose, signal) {
    this.palette = palette;
    this.canvases = [easel("end-image"), easel("end-mask")];
    this.captions = [element("figcaption"), element("figcaption")];
    this.how = element("button", { type: "button", class: "ue-argmax", "data-action": "argmax", ...OWN_KEYS }, "argmax");
    this.how.addEventListener("click", () => choose(ARGMAX), { signal });
    this.nodes = this.canvases.map((canvas, at) => element("figure", { class: "ue-end-picture" }, this.captions[at], canvas));
    this.legend = element("ul", { class: "ue-end-classes" });
    this.nodes[1].append(this.how, this.legend);
    this.showExample();
  }

  /** What stands there as long as there is no network. */
  showExample() {
    const { image, labels } = example();
    this.show(image, labels, ["an image", "its mask"], ["background", "cell"]);
  }

  /**
   * @param {Painted} image
   * @param {Bytes} labels  A class a pixel, a byte each.
   * @param {[string, string]} captions  What stands above the image and above the mask.
   * @param {string[]} classes  Of each pixel the one with the highest score is shown.
   */
  show(image, labels, captions, classes) {
    paint(this.canvases[0], image, 1, imageColour(image), captions[0]);
    paint(this.canvases[1], image, 1, labelColour(this.palette, image, bytesOf(labels)), captions[1]);
    this.captions.forEach((caption, at) => setText(caption, captions[at]));
    const shown = classes.slice(1, 1 + MOST).map((name, at) => {
      const swatch = element("span", { class: "ue-swatch" });
      swatch.style.background = `rgb(${classColour(this.palette, at + 1).join()})`;
      return element("li", {}, swatch, name);
    });
    this.legend.replaceChildren(...shown);
  }

  /** @param {string} name  Of what is selected. */
  select(name) {
    this.how.setAttribute("aria-pressed", String(name === ARGMAX));
  }

  /**
   * Into the corners that a U leaves free: below its first row, outside of its second.
   *
   * @param {Drawing} drawing
   * @param {{ left: number, top: number, floor: number }} corner  Where it begins, in px of what it stands in, and where the legend does.
   * @param {boolean} larger  Whether it is larger than its room: then its corners are not those of the room.
   */
  place(drawing, { left, top, floor }, larger) {
    const [first, ...others] = drawing.parts;
    const last = others[others.length - 1];
    const second = others.filter(({ row }) => row === 1);
    const lower = top + first.y + drawing.placement.scale.tall * drawing.network.metrics.tallest / 2 + 2 * drawing.type.line + 4;
    const rooms = [
      [left + first.left, left + Math.min(...second.map((part) => part.left)) - 16],
      [left + Math.max(...second.map((part) => part.right)) + 16, left + last.right],
    ];
    // Above each stands a line that says what it is.
    const side = Math.min(LARGEST, floor - lower - 2 * drawing.type.line, ...rooms.map(([from, to]) => to - from));
    this.nodes.forEach((node, at) => {
      const [from, to] = rooms[at];
      node.hidden = larger || !(side >= SMALLEST);
      node.style.cssText = `left: ${(at ? to - side : from).toFixed(0)}px; top: ${lower.toFixed(0)}px; width: ${side.toFixed(0)}px`;
    });
  }
}

/** The example, unpacked. */
function example() {
  const { side, grey, labels } = EXAMPLE;
  const bytes = (/** @type {string} */ text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const pixels = [...bytes(grey)].flatMap((pair) => [17 * (pair >> 4), 17 * (pair & 15)]);
  const bits = [...bytes(labels)].flatMap((eight) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => (eight >> bit) & 1));
  return { image: { height: side, width: side, channels: 1, pixels: Uint8Array.from(pixels) }, labels: Uint8Array.from(bits) };
}
