// The Inside tab: the maps behind a step, and what a pixel of them sees of the tile.

import { easel, imageColour, paint } from "../lib/canvas.js";
import { plain, size } from "../lib/format.js";
import { follow, sees } from "../lib/law.js";
import { OWN_KEYS, assign, drawn, element, setText } from "../lib/page.js";
import { listenTo } from "../lib/widget.js";
import { HowItWorks } from "./how.js";
import { MapGrid, WholeMap, valueWords } from "./maps.js";
import { Picker } from "./picker.js";
import { Whereabouts } from "./tile_place.js";

class Inside {
  constructor(model, instrument, signal) {
    this.model = model;
    this.instrument = instrument;
    this.picker = new Picker(model, signal);
    this.where = new Whereabouts(signal, (place) => this.choosePlace(place));
    this.which = element("select", { "data-setting": "step", ...OWN_KEYS });
    this.common = element("select", { "data-setting": "range", ...OWN_KEYS }, element("option", { value: "own" }, "each its own"));
    this.common.append(element("option", { value: "common" }, "one for all"));
    this.state = element("span", { class: "ue-quiet", "data-role": "inside-state", role: "status" });
    this.problem = element("p", { class: "ue-problem", "data-role": "inside-problem", role: "alert" });
    this.words = element("p", { class: "ue-pixel-words", "data-role": "pixel-words" });
    this.how = new HowItWorks(signal);
    this.input = this.layInput();
    this.wholes = [0, 1].map((at) => new WholeMap(signal, (pixel) => this.point(pixel, at)));
    this.grids = [0, 1].map(() => new MapGrid(signal, (channel) => this.chooseChannel(channel)));
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "inside" });
    this.node.append(element("div", { class: "ue-train" }, this.layLeft(), this.layRight()));
    this.which.addEventListener("change", () => this.chooseStep(this.which.value), { signal });
    this.common.addEventListener("change", () => this.showMaps(), { signal });
  }

  layInput() {
    const canvas = easel("input");
    this.seen = drawn("rect", { class: "ue-seen", "data-role": "field" });
    this.output = drawn("rect", { class: "ue-output" });
    this.over = drawn("svg", { class: "ue-over", role: "img" });
    this.over.append(this.output, this.seen);
    this.inputCaption = element("figcaption");
    const node = element("figure", { class: "ue-whole" }, this.inputCaption, element("div", { class: "ue-stack" }, canvas, this.over));
    return { canvas, node };
  }

  layLeft() {
    const setting = (words, node) => element("label", { class: "ue-setting" }, element("span", {}, words), node);
    const colours = element("p", { class: "ue-quiet" }, "Black is 0, orange to white is positive, blue negative.");
    const settings = [setting("Step", this.which), setting("Range of the colours", this.common), colours];
    return element("div", { class: "ue-left" }, this.picker.node, this.where.node, ...settings, this.how.node);
  }

  layRight() {
    const wholes = element("div", { class: "ue-wholes" }, this.input.node, ...this.wholes.map(({ node }) => node));
    const grids = element("div", { class: "ue-grids" }, ...this.grids.map(({ node }) => node));
    return element("div", { class: "ue-right" }, this.state, this.problem, wholes, this.words, grids);
  }

  chooseStep(name) {
    this.instrument.set("selected", name);
    this.instrument.save_changes();
  }

  chooseChannel(channel) {
    this.model.set("channel", channel);
    this.model.save_changes();
    // The mark goes at once; the map follows from the worker.
    this.views().forEach((view, at) => this.grids[at].showMarks({ ...view, channel: Math.min(channel, view.channels - 1) }));
  }

  choosePlace(place) {
    this.model.set("place", place);
    this.model.save_changes();
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
    const { steps } = this.instrument.get("network");
    const key = steps.map(({ name }) => name).join();
    if (key !== this.steps) {
      this.steps = key;
      this.which.replaceChildren(...steps.map(({ name }) => element("option", { value: name }, name === "input" ? "the tile" : name)));
    }
    this.which.value = this.model.get("step");
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

  showMaps() {
    const views = this.views();
    const common = this.common.value === "common";
    const picture = this.model.get("picture");
    this.wholes.forEach((whole, at) => (whole.node.hidden = !views[at]));
    this.grids.forEach((grid, at) => (grid.node.hidden = !views[at]));
    this.input.node.hidden = !picture.pixels;
    const seen = this.model.get("seen");
    this.node.dataset.step = views.length ? seen.step : "";
    this.node.dataset.at = this.model.get("at");
    if (!views.length) return;
    this.state_ = this.follow();
    const map = this.state_.byName.get(seen.step);
    const crop = map && views.length > 1 ? map.step.crop : 0;
    views.forEach((view, at) => {
      this.wholes[at].show(view, common, at ? 0 : crop);
      this.grids[at].show(view, common);
    });
    // Of another step it is another pixel; with another tile maps are of another size, and it may be no more.
    const last = views.at(-1);
    const held = this.pixelOf && this.pixelOf.step === seen.step && (String(this.pixelOf.tile) === String(seen.tile) || holds(last, this.pixel));
    if (!held) this.pixel = [Math.floor(last.height / 2), Math.floor(last.width / 2)];
    this.pixelOf = seen;
    this.showPixel();
    this.showHow();
  }

  /** The laws at the tile that the maps are of. */
  follow() {
    return follow(this.instrument.get("network"), this.model.get("seen").tile);
  }

  showHow() {
    const state = follow(this.instrument.get("network"), this.instrument.get("tile"));
    const step = this.model.get("step");
    const real = this.model.get("seen").step === step;
    this.how.show(state, step && state.byName.get(step), real ? this.model.get("patch") : {});
  }

  /** A pixel of the second map, or of the only one; a skip's pixel lies by the crop further in. */
  point(pixel, at) {
    const views = this.views();
    const crop = this.cropOf();
    this.pixel = views.length > 1 && at === 0 ? pixel.map((place) => place - crop) : pixel;
    this.showPixel();
  }

  cropOf() {
    const map = this.state_ && this.state_.byName.get(this.model.get("seen").step);
    return map && this.views().length > 1 ? map.step.crop : 0;
  }

  showPixel() {
    const views = this.views();
    const { step, tile: sides } = this.model.get("seen");
    const map = this.state_ && this.state_.byName.get(step);
    // The knobs may show another network by now, which has no such step.
    if (!map || !views.length || views.some((view) => !this.state_.byName.has(view.step))) return;
    const crop = this.cropOf();
    const places = views.length > 1 ? [this.pixel.map((place) => place + crop), this.pixel] : [this.pixel];
    const values = views.map((view, at) => this.wholes[at].mark(places[at]));
    const outside = views.length > 1 && values[1] === null;
    // What was cut off is seen by nobody behind the crop; its own map sees it.
    const of = outside ? this.state_.byName.get(views[0].step) : map;
    const place = outside ? places[0] : this.pixel;
    const [rows, columns] = place.map((pixel, axis) => sees(of.step.sight || ITSELF, pixel, sides[axis]));
    const box = { height: rows[1] - rows[0] + 1, width: columns[1] - columns[0] + 1 };
    assign(this.seen, { x: columns[0], y: rows[0], ...box });
    const { output, fits } = this.state_;
    this.output.style.display = fits ? "" : "none";
    if (fits) {
      const corner = [(sides[1] - output.width) / 2, (sides[0] - output.height) / 2];
      assign(this.output, { x: corner[0], y: corner[1], width: output.width, height: output.height });
    }
    const told = values.map((value, at) => (value === null ? "" : `${views[at].step}: ${valueWords(views[at], value)}`)).filter(Boolean);
    const cut = outside ? " It is cut off: nothing further on sees it." : "";
    setText(
      this.words,
      `Row ${place[0]}, column ${place[1]} of ${of.step.name} (${told.join("; ")}) sees ${size([box.height, box.width])} px of the tile: ` +
        `rows ${rows[0]}–${rows[1]}, columns ${columns[0]}–${columns[1]}.${cut}`,
    );
    Object.assign(this.words.dataset, { row: place[0], column: place[1] });
    this.over.setAttribute("aria-label", this.words.textContent);
  }

  showState() {
    const state = this.model.get("state");
    this.node.dataset.state = state;
    const words = { starting: "starting TensorFlow, which takes a few seconds …", new: "" };
    const live = this.model.get("network");
    setText(this.state, words[state] ?? (live ? `The network: ${live}.` : ""));
    setText(this.problem, this.model.get("problem"));
  }
}

function holds({ height, width }, [row, column]) {
  return row >= 0 && column >= 0 && row < height && column < width;
}

const ITSELF = { first: [0], last: [0], stride: 1 };

export default {
  async render({ model, el, host, signal }) {
    const instrument = await host.getModel(model.get("instrument"));
    const tab = new Inside(model, instrument, signal);
    const on = (source, traits, listener) => listenTo(source, traits, listener, signal, tab.problem);
    on(model, "options choice title", () => tab.picker.show());
    on(model, "step problem", () => tab.showSteps());
    on(instrument, "network", () => tab.showSteps());
    on(model, "picture", () => tab.showInput());
    on(model, "views", () => tab.showMaps());
    on(model, "state problem network", () => tab.showState());
    on(model, "overview", () => tab.showOverview());
    on(model, "place", () => tab.showPlace());
    on(instrument, "tile", () => tab.showPlace());
    on(instrument, "tile network", () => tab.showHow());
    el.append(tab.node);
  },
};
