// What the Inside tab shows: the maps behind a step, what a pixel of them sees of the tile, and the mask that comes of it.

import { HowItWorks } from "../instrument/how.js";
import { same } from "../lib/equal.js";
import { bytesOf, classColour, easel, imageColour, labelColour, paint } from "../lib/canvas.js";
import { plain, size } from "../lib/format.js";
import { follow, sees } from "../lib/law.js";
import { OWN_KEYS, drawn, element, frame, setText } from "../lib/page.js";
import { mapPair } from "../lib/pairs.js";
import { listenTo, send } from "../lib/widget.js";
import { MapGrid, WholeMap, valueWords } from "./maps.js";
import { Picker } from "./picker.js";
import { Whereabouts } from "./tile_place.js";
import { WhichNetwork } from "./which_network.js";

/** @import { Followed, InstrumentTraits, Model, Pair, Shown, Sides } from "../lib/types.js" */
/** @import { InsideTraits } from "./image_types.js" */

/** @type {Partial<Record<InsideTraits["state"], string>>} */
const UNTIL_THEN = { working: "computing the maps …", starting: "starting TensorFlow, which takes a few seconds …", new: "" };

/** Milliseconds after which it is said that something is computed. */
const LATE = 400;

class Inside {
  /**
   * @param {Model<InsideTraits>} model
   * @param {Model<InstrumentTraits>} instrument
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, signal) {
    this.model = model;
    this.instrument = instrument;
    /**
     * The laws at the tile that the maps are of; null before there are maps.
     *
     * @type {Followed | null}
     */
    this.followed = null;
    /**
     * The pixel of the last map that is looked at, and of what step and tile that map is.
     *
     * @type {Pair}
     */
    this.pixel = [0, 0];
    /** @type {{ step: string, tile: Pair } | null} */
    this.pixelOf = null;
    /** The steps that the list was made from. */
    this.steps = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.due = undefined;
    signal.addEventListener("abort", () => clearTimeout(this.due));
    this.network = new WhichNetwork(model, signal);
    this.picker = new Picker(model, signal);
    this.where = new Whereabouts(signal, (place) => this.choosePlace(place));
    this.which = element("select", { "data-setting": "step", ...OWN_KEYS });
    this.common = element("select", { "data-setting": "range", ...OWN_KEYS }, element("option", { value: "own" }, "per channel"));
    this.common.append(element("option", { value: "common" }, "the same for all"));
    this.state = element("span", { class: "ue-quiet", "data-role": "inside-state", role: "status" });
    this.problem = element("p", { class: "ue-problem", "data-role": "inside-problem", role: "alert" });
    this.words = element("p", { class: "ue-pixel-words", "data-role": "pixel-words" });
    this.how = new HowItWorks(signal);
    this.seen = drawn("rect", { class: "ue-seen", "data-role": "field" });
    this.output = drawn("rect", { class: "ue-output" });
    this.over = drawn("svg", { class: "ue-over", role: "img" }, this.output, this.seen);
    this.inputCaption = element("figcaption");
    this.input = this.layInput();
    this.mask = this.layMask();
    this.wholes = [0, 1].map((at) => new WholeMap(signal, (pixel) => this.point(pixel, at)));
    this.grids = [0, 1].map(() => new MapGrid(signal, (channel) => this.chooseChannel(channel)));
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "inside" });
    this.node.append(element("div", { class: "ue-train" }, this.layRight(), this.layLeft()));
    this.which.addEventListener("change", () => this.chooseStep(this.which.value), { signal });
    this.common.addEventListener("change", () => this.showMaps(), { signal });
  }

  layInput() {
    const canvas = easel("input");
    const node = element("figure", { class: "ue-whole" }, this.inputCaption, element("div", { class: "ue-stack" }, canvas, this.over));
    return { canvas, node };
  }

  layMask() {
    const canvas = easel("mask");
    const caption = element("figcaption");
    const node = element("figure", { class: "ue-whole", hidden: true }, caption, canvas);
    return { canvas, caption, node };
  }

  layLeft() {
    /** @type {(words: string, node: Node) => HTMLElement} */
    const setting = (words, node) => element("label", { class: "ue-setting" }, element("span", {}, words), node);
    const colours = element("p", { class: "ue-quiet" }, "Black is 0, orange to white is positive, blue negative.");
    const settings = [setting("Layer", this.which), setting("Range of the colours", this.common), colours];
    return element("div", { class: "ue-left" }, this.network.choice, this.picker.node, this.where.node, ...settings, this.how.node);
  }

  layRight() {
    const wholes = element("div", { class: "ue-wholes" }, this.input.node, ...this.wholes.map(({ node }) => node), this.mask.node);
    const grids = element("div", { class: "ue-grids" }, ...this.grids.map(({ node }) => node));
    return element("div", { class: "ue-right" }, this.state, this.problem, this.network.way, wholes, this.words, grids);
  }

  /** @param {string} name */
  chooseStep(name) {
    this.instrument.set("selected", name);
    send(this.instrument);
  }

  /** @param {number} channel */
  chooseChannel(channel) {
    this.model.set("channel", channel);
    send(this.model);
    // The mark goes at once; the map follows from the worker.
    this.views().forEach((view, at) => this.grids[at].showMarks({ ...view, channel: Math.min(channel, view.channels - 1) }));
  }

  /** @param {Pair} place */
  choosePlace(place) {
    this.model.set("place", place);
    send(this.model);
    // The frame goes with the hand; the maps follow from the worker.
    this.showPlace();
  }

  showPlace() {
    if (this.where.sides) this.where.show(this.model.get("place"), this.instrument.get("tile"));
  }

  showOverview() {
    const overview = this.model.get("overview");
    if (!overview.pixels) return;
    this.where.showImage(overview);
    this.showPlace();
  }

  views() {
    return this.model.get("views") || [];
  }

  showSteps() {
    const { steps, input } = this.instrument.get("network");
    const key = steps.map(({ name }) => name).join();
    if (key !== this.steps) {
      this.steps = key;
      this.which.replaceChildren(...steps.map(({ name }) => element("option", { value: name }, name === input ? "the tile" : name)));
    }
    this.which.value = this.instrument.get("shown");
    // Otherwise the maps come at once, and this with them: one change of the page is quicker than two.
    if (this.model.get("problem")) this.showHow();
  }

  showInput() {
    const picture = this.model.get("picture");
    if (!picture.pixels) return;
    paint(this.input.canvas, picture, 1, imageColour(picture), `${picture.title}: the tile`);
    this.over.setAttribute("viewBox", `0 0 ${picture.width} ${picture.height}`);
    const [top, left] = picture.start;
    const mirrored = top < 0 || left < 0 ? ", mirrored beyond its border" : "";
    setText(this.inputCaption, `The tile, ${size([picture.height, picture.width])} px from row ${plain(top)}, column ${plain(left)} of ${picture.title}${mirrored}`);
  }

  /** The class with the highest score for every pixel of the output, where it was sent. */
  showMask() {
    const { picture, labels, classes = [] } = this.model.get("mask") ?? {};
    this.mask.node.hidden = !labels || !picture;
    if (!labels || !picture) return;
    const palette = this.model.get("palette");
    const sides = size([picture.height, picture.width]);
    paint(this.mask.canvas, picture, 1, labelColour(palette, picture, bytesOf(labels)), `${picture.title}: the class with the highest score, ${sides} px`);
    const named = classes.flatMap((name, at) => {
      const swatch = element("span", { class: "ue-swatch" });
      swatch.style.background = at ? `rgb(${classColour(palette, at).join()})` : "#000";
      return [swatch, ` ${name} `];
    });
    this.mask.caption.replaceChildren(`The mask, ${sides} px, by the highest score: `, ...named);
  }

  showMaps() {
    const views = this.views();
    const common = this.common.value === "common";
    const picture = this.model.get("picture");
    this.wholes.forEach((whole, at) => (whole.node.hidden = !views[at]));
    this.grids.forEach((grid, at) => (grid.node.hidden = !views[at]));
    this.input.node.hidden = !picture.pixels;
    const seen = this.model.get("seen");
    this.node.dataset.step = views.length ? seen.step : "";
    this.node.dataset.at = String(this.model.get("at"));
    if (!views.length || !seen.step) {
      setText(this.words, "");
      return;
    }
    this.followed = follow(this.instrument.get("network"), seen.tile);
    const crop = this.cropOf();
    views.forEach((view, at) => {
      this.wholes[at].show(view, common, at ? 0 : crop);
      this.grids[at].show(view, common);
    });
    // Of another step it is another pixel; with another tile maps are of another size, and it may be no more.
    const last = views[views.length - 1];
    const held = this.pixelOf && this.pixelOf.step === seen.step && (String(this.pixelOf.tile) === String(seen.tile) || holds(last, this.pixel));
    if (!held) this.pixel = [Math.floor(last.height / 2), Math.floor(last.width / 2)];
    this.pixelOf = seen;
    this.showPixel();
    this.showHow();
  }

  showHow() {
    const state = follow(this.instrument.get("network"), this.instrument.get("tile"));
    const step = this.instrument.get("shown");
    const patch = this.model.get("patch");
    this.how.show(state, state.byName.get(step), patch.step === step && same(this.model.get("seen").tile, state.tile) ? patch : {});
  }

  /**
   * A pixel of the second map, or of the only one; a skip's pixel lies by the crop further in.
   *
   * @param {Pair} pixel
   * @param {number} at  Which of the maps it is of.
   */
  point(pixel, at) {
    const crop = at === 0 ? this.cropOf() : 0;
    this.pixel = mapPair(pixel, (place) => place - crop);
    this.showPixel();
  }

  /** By how much the first of two maps is cut, pixels a side. */
  cropOf() {
    const { step } = this.model.get("seen");
    const map = step ? this.followed?.byName.get(step) : undefined;
    return (this.views().length > 1 && map?.step.crop) || 0;
  }

  showPixel() {
    const views = this.views();
    const { step, tile: sides } = this.model.get("seen");
    const state = this.followed;
    // The knobs may show another network by now, which has no such step.
    const maps = views.map((view) => state?.byName.get(view.step)).filter((map) => map !== undefined);
    const last = step ? state?.byName.get(step) : undefined;
    if (!state || !last || !sides || !views.length || maps.length < views.length) return;
    const crop = this.cropOf();
    const skipped = mapPair(this.pixel, (place) => place + crop);
    const values = views.map((_, at) => this.wholes[at].mark(views.length > 1 && at === 0 ? skipped : this.pixel));
    const outside = views.length > 1 && values[1] === null;
    // What was cut off is seen by nobody behind the crop; its own map sees it.
    const of = outside ? maps[0] : last;
    const place = outside ? skipped : this.pixel;
    const [rows, columns] = mapPair(place, (pixel, axis) => sees(of.step.sight, pixel, sides[axis]));
    const box = { height: rows[1] - rows[0] + 1, width: columns[1] - columns[0] + 1 };
    frame(this.seen, [rows[0], columns[0]], box);
    const { output, fits } = state;
    this.output.style.display = fits ? "" : "none";
    if (fits) frame(this.output, [(sides[0] - output.height) / 2, (sides[1] - output.width) / 2], output);
    const told = values.map((value, at) => (value === null ? "" : `${views.length > 1 ? `${views[at].step} ` : ""}${valueWords(views[at], value)}`)).filter(Boolean);
    const cut = outside ? " It is cut off: nothing further on uses it." : "";
    setText(
      this.words,
      `Row ${place[0]}, column ${place[1]} of ${of.step.name} (${told.length > 1 ? "values" : "value"}: ${told.join(", ")}) depends on ${size([box.height, box.width])} px of the tile: ` +
        `rows ${rows[0]}–${rows[1]}, columns ${columns[0]}–${columns[1]}.${cut}`,
    );
    Object.assign(this.words.dataset, { row: String(place[0]), column: String(place[1]) });
    this.over.setAttribute("aria-label", this.words.textContent ?? "");
  }

  showState() {
    const state = this.model.get("state");
    this.node.dataset.state = state;
    const live = this.model.get("network");
    const words = UNTIL_THEN[state] ?? (live ? `The network: ${live}.` : "");
    clearTimeout(this.due);
    // What is there at once needs no words before.
    if (state === "working") this.due = setTimeout(() => setText(this.state, words), LATE);
    else setText(this.state, words);
    setText(this.problem, this.model.get("problem"));
  }
}

/**
 * @param {Sides} sides
 * @param {Pair} pixel
 */
function holds({ height, width }, [row, column]) {
  return row >= 0 && column >= 0 && row < height && column < width;
}

/** What anywidget calls a widget. */
export const looking = {
  /** @param {Shown<InsideTraits>} shown */
  async render({ model, el, host, signal }) {
    const instrument = await host.getModel(model.get("instrument"));
    const tab = new Inside(model, instrument, signal);
    /** @type {(traits: (keyof InsideTraits)[], listener: () => void) => void} */
    const on = (traits, listener) => listenTo(model, traits, listener, signal, tab.problem);
    /** @type {(traits: (keyof InstrumentTraits)[], listener: () => void) => void} */
    const onKnobs = (traits, listener) => listenTo(instrument, traits, listener, signal, tab.problem);
    on(["options", "choice", "title", "question"], () => tab.picker.show());
    on(["networks", "which", "way"], () => tab.network.show());
    on(["problem"], () => tab.showSteps());
    onKnobs(["network", "shown"], () => tab.showSteps());
    on(["picture"], () => tab.showInput());
    on(["mask"], () => tab.showMask());
    on(["views"], () => tab.showMaps());
    on(["patch"], () => tab.showHow());
    on(["state", "problem", "network"], () => tab.showState());
    on(["overview"], () => tab.showOverview());
    on(["place"], () => tab.showPlace());
    onKnobs(["tile"], () => tab.showPlace());
    onKnobs(["tile", "network"], () => tab.showHow());
    el.append(tab.node);
  },
};
