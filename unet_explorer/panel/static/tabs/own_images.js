// Which images are learnt from, how they vary, and what was understood of them.

import { bytesOf, classColour, easel, heatColour, paint, rimColour } from "../lib/canvas.js";
import { exact, size } from "../lib/format.js";
import { OWN_KEYS, download, element, onTyped, pressedButton, setText } from "../lib/page.js";
import { ask, send } from "../lib/widget.js";
import { Upload } from "./upload.js";

/** @import { Model } from "../lib/types.js" */
/** @import { ClassWords, DataWords, Source, TrainTraits } from "./types.js" */

const HOW = "Two folders, images/ and masks/, with the same file names; or a folder for each image, with a mask for each object; or train/ and val/ with one of these in each; or a .zip of them. Other layouts: see the README.";

export class Images {
  /**
   * @param {Model<TrainTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    const made = model.get("sources").map((name) => element("option", { value: name }, name));
    this.choice = element("select", { "data-setting": "source", ...OWN_KEYS }, ...made);
    this.own = element("option", { value: "", disabled: true, hidden: true }, "your own");
    this.choice.append(this.own);
    this.about = element("p", { class: "ue-quiet", "data-role": "data" });
    this.understood = new Understood(model, signal);
    this.gallery = element("div", { class: "ue-gallery", "data-role": "gallery" });
    this.choice.addEventListener("change", () => this.choose({ kind: "made", name: this.choice.value }), { signal });
    model.on("change:sample", () => this.takeSample());
    const words = "Training data: one image with each variation, and the weight of each pixel";
    this.varied = element("details", { class: "ue-part" }, element("summary", OWN_KEYS, words), this.gallery);
    const choice = element("label", { class: "ue-setting" }, element("span", {}, "Images"), this.choice);
    this.node = element("div", { class: "ue-images" }, choice, this.about, this.understood.node, this.ownImages(signal));
  }

  /** @param {AbortSignal} signal */
  ownImages(signal) {
    const { model } = this;
    this.path = element("input", { type: "text", "data-setting": "path", placeholder: "/home/me/images", ...OWN_KEYS });
    this.masks = element("input", { type: "text", "data-setting": "masks", placeholder: "only if they lie elsewhere", ...OWN_KEYS });
    this.grey = element("input", { type: "checkbox", "data-setting": "grey", ...OWN_KEYS });
    const folder = element("input", { type: "file", multiple: true, webkitdirectory: true, "data-upload": "folder", ...OWN_KEYS });
    const accept = model.get("accepted").archives.join(",");
    const zip = element("input", { type: "file", accept, "data-upload": "zip", ...OWN_KEYS });
    this.upload = new Upload(model, signal, [
      ["Upload a folder …", folder],
      ["Upload a .zip …", zip],
    ]);
    for (const field of [this.path, this.masks]) onTyped(field, () => this.read(), signal);
    this.grey.addEventListener("change", () => this.read(), { signal });
    const sample = element("button", { type: "button", "data-action": "sample", ...OWN_KEYS }, "A sample .zip to try");
    const field = (/** @type {string} */ text, /** @type {HTMLElement} */ input) => element("label", { class: "ue-setting" }, element("span", {}, text), input);
    const own = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "Your own images"));
    const grey = element("label", { class: "ue-flag" }, this.grey, "Turn colour into grey");
    own.append(field("Folder or .zip, where the notebook runs", this.path), field("Folder of the masks", this.masks), grey);
    own.append(this.upload.node, element("p", { class: "ue-quiet" }, HOW), sample);
    return own;
  }

  /** Read what is typed. */
  read() {
    const [path, masks] = [this.path?.value ?? "", this.masks?.value ?? ""];
    if (path) this.choose({ kind: "path", path, masks, options: this.grey?.checked ? { grey: true } : {} });
  }

  /** @param {Source} source */
  choose(source) {
    // Numbered, so that the same path may be read anew.
    const again = (this.model.get("source").again || 0) + 1;
    this.model.set("source", { ...source, again });
    send(this.model);
  }

  takeSample() {
    const { name, content } = this.model.get("sample");
    if (name && content) download(name, new Uint8Array(bytesOf(content)), "application/zip");
  }

  show() {
    const source = this.model.get("source");
    this.own.hidden = source.kind === "made";
    this.choice.value = source.kind === "made" ? source.name : "";
    const data = this.model.get("data");
    if (data.loading) setText(this.about, data.progress || "reading the images …");
    else setText(this.about, data.name ? aboutOf(data) : "");
    this.understood.show();
  }

  showGallery() {
    const figures = this.model.get("gallery").map((picture) => {
      const canvas = easel("variation");
      const colour = picture.kind === "weights" ? heatColour(picture) : rimColour(this.model.get("palette"), picture);
      paint(canvas, picture, 1, colour, `The first image, ${picture.title}`);
      return element("figure", {}, canvas, element("figcaption", {}, picture.title));
    });
    this.gallery.replaceChildren(...figures);
  }
}

/**
 * How many images, how large, in which colours.
 *
 * @param {DataWords} data
 */
function aboutOf({ name, count, validation, smallest, largest, channels, objects, licence }) {
  const same = smallest.join() === largest.join();
  const shape = same ? size(smallest) : `${size(smallest)} to ${size(largest)} px`;
  const colour = new Map([[1, "grey"], [3, "RGB"]]).get(channels) ?? `${channels} channels`;
  const kept = validation ? `, ${exact(validation)} of them for validation` : "";
  const numbered = objects ? ", objects known one by one" : "";
  return `${name}: ${exact(count)} images${kept}, ${shape}, ${colour}${numbered}${licence ? ` · ${licence}` : ""}`;
}

/** The classes with their colours and shares, and what was noted while the images were read. */
class Understood {
  /**
   * @param {Model<TrainTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    /** What is shown. */
    this.known = "";
    this.classes = element("ul", { class: "ue-classes", "data-role": "classes", "aria-label": "Classes, and their share of the pixels" });
    this.notes = element("ul", { class: "ue-notes", "data-role": "notes", "aria-label": "What was noted while they were read" });
    this.node = element("div", { class: "ue-understood" }, this.classes, this.notes);
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    // It is answered here; the tab has other buttons.
    event.stopPropagation();
    if (pressed?.action === "rename-classes") this.show(true);
    if (pressed?.action !== "name-classes") return;
    const names = [...this.classes.querySelectorAll("input")].map((input) => input.value);
    ask(this.model, "name_classes", { names });
  }

  /** @param {boolean} [typed]  Whether names are to be typed. */
  show(typed = false) {
    const { classes = [], notes = [], unknown = 0, more = 0, loading } = this.model.get("data");
    const asked = typed || classes.some(({ name }) => name.startsWith("#"));
    const key = JSON.stringify([classes, notes, unknown, more, asked]);
    if (loading || key === this.known) return;
    this.known = key;
    const rows = classes.map((each, at) => this.row(each, at, asked));
    if (more) rows.push(element("li", {}, `and ${more} more`));
    if (unknown) rows.push(element("li", {}, `${shareOf(unknown)} of the pixels are not known, and not learnt from`));
    const button = element("button", { type: "button", "data-action": asked ? "name-classes" : "rename-classes", ...OWN_KEYS }, asked ? "Call them so" : "Rename");
    if (classes.length && !more) rows.push(element("li", { class: "ue-naming" }, button, asked ? " What does each colour stand for?" : ""));
    this.classes.replaceChildren(...rows);
    this.notes.replaceChildren(...notes.map((note) => element("li", {}, note)));
  }

  /**
   * @param {ClassWords} words
   * @param {number} at
   * @param {boolean} typed
   */
  row({ name, share, colour }, at, typed) {
    const mine = at ? `rgb(${classColour(this.model.get("palette"), at).join()})` : "#000";
    const swatch = (/** @type {string} */ fill, /** @type {string} */ words) => {
      const made = element("span", { class: "ue-swatch", title: words });
      made.style.background = fill;
      return made;
    };
    const item = element("li", {}, swatch(mine, "as it is drawn here"));
    if (colour) item.append(swatch(colour, `in the masks: ${colour}`));
    item.append(typed ? element("input", { type: "text", value: name, "aria-label": `Name of class ${at}`, ...OWN_KEYS }) : element("span", {}, name));
    item.append(element("span", { class: "ue-quiet" }, shareOf(share)));
    return item;
  }
}

/** @param {number} share */
function shareOf(share) {
  const percent = 100 * share;
  if (percent === 0) return "0 %";
  if (percent < 0.01) return "under 0.01 %";
  return `${percent.toFixed(percent < 1 ? 2 : percent > 99 && percent < 100 ? 2 : 1)} %`;
}
