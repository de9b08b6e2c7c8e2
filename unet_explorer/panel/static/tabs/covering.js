// The Tile tab: an image under its tiles, what they cost, and the seams that careless ones leave.

import { bytesOf, easel, heatColour, labelColour, paint, spread } from "../lib/canvas.js";
import { same } from "../lib/equal.js";
import { TimeLeft, bytes, exact, givenWords, leftWords, rough, size } from "../lib/format.js";
import { heldAtOnce, totals } from "../lib/law.js";
import { Menu } from "../lib/menu.js";
import { OWN_KEYS, download, element, onTyped, pressedButton, setText, showNumber } from "../lib/page.js";
import { ask, listenTo, send, setTraits } from "../lib/widget.js";
import { bestWords, showCosts } from "./costs.js";
import { cover } from "./cover.js";
import { Lens } from "./lens.js";
import { Picker } from "./picker.js";
import { TilesView } from "./tiles_view.js";

/** @import { Colour, InstrumentTraits, Model, Network, Pair, Shown } from "../lib/types.js" */
/** @import { Covered, Covering, NumberedPicture, Prediction, TileTraits } from "./image_types.js" */

/** What a prediction can be saved as: the kind, as Python calls it, and the words on its button. */
const FILES = [
  ["mask-png", "Mask as PNG"],
  ["mask-tiff", "Mask as TIFF"],
  ["probabilities", "Probabilities as TIFF"],
  ["objects", "Objects as CSV"],
];
/** What a page without a notebook does not have. */
const IN_A_NOTEBOOK = "A notebook finds the best tile for the memory there is, and saves masks as TIFF, probabilities, and a table of objects.";
/** Pixels a side of a picture in which the eye still finds a single one. */
const SEEN_SIDE = 400;
/** Python reads fewer bytes than 10 to the 15. */
const MOST_MEGABYTES = 999_999_999;

class TileTab {
  /**
   * @param {Model<TileTraits>} model
   * @param {Model<InstrumentTraits>} instrument
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, signal) {
    this.model = model;
    this.instrument = instrument;
    this.left = new TimeLeft();
    /**
     * The prediction that is painted.
     *
     * @type {Prediction | null}
     */
    this.painted = null;
    /** Number of the file that was asked for here. */
    this.asked = 0;
    this.save = this.saveMenu(signal);
    this.picker = new Picker(model, signal);
    this.lens = new Lens(signal, () => this.show());
    this.tiles = new TilesView(this.lens, signal);
    this.lay = ["seamless", "naive"].map((name) => element("input", { type: "radio", "data-setting": name, ...OWN_KEYS }));
    this.layWords = this.lay.map(() => element("small", { class: "ue-quiet" }));
    this.limit = element("input", { type: "number", min: 1, step: 100, "data-setting": "limit", ...OWN_KEYS });
    this.best = element("p", { "data-role": "best" });
    this.take = element("button", { type: "button", "data-action": "take_best", ...OWN_KEYS }, "Take it");
    this.table = element("table", { class: "ue-scores", "data-role": "choices" });
    this.facts = element("dl", { class: "ue-facts", "data-role": "facts" });
    this.problem = element("p", { class: "ue-problem", "data-role": "tile-problem", role: "alert" });
    this.misfit = element("p", { class: "ue-problem", "data-role": "misfit", role: "status" });
    this.predict = element("button", { type: "button", class: "ue-main", "data-action": "predict", ...OWN_KEYS }, "Predict the image in tiles");
    this.stop = element("button", { type: "button", "data-action": "stop", ...OWN_KEYS }, "Stop");
    this.state = element("span", { class: "ue-quiet", "data-role": "tile-state", role: "status" });
    this.bar = element("progress", { max: 1, value: 0, "aria-label": "Tiles done" });
    this.seams = element("p", { class: "ue-proof", "data-role": "seams" });
    this.seamsMore = element("p", { class: "ue-quiet" });
    this.canvases = { labels: easel("labels"), seams: easel("difference") };
    this.pair = element("div", { class: "ue-predicted-pair" });
    this.captions = { labels: element("figcaption"), seams: element("figcaption") };
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "tile" });
    this.node.append(element("div", { class: "ue-train" }, this.layRight(signal), this.layLeft()));
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
    this.lay.forEach((radio, naive) => radio.addEventListener("change", () => this.set({ naive: Boolean(naive) }), { signal }));
    onTyped(this.limit, () => this.askLimit(), signal);
  }

  layLeft() {
    const title = (/** @type {string} */ words) => element("legend", {}, words);
    /** @type {(at: number, words: string) => HTMLElement} */
    const radio = (at, words) =>
      element("label", { class: "ue-radio" }, this.lay[at], element("span", {}, element("b", {}, words), element("br"), this.layWords[at]));
    const lay = element("fieldset", { class: "ue-lay" }, title("Lay the tiles"));
    lay.append(radio(0, "without seams"), radio(1, "naively, to see what happens"));
    const limit = element("label", { class: "ue-setting ue-limit" }, element("span", {}, "Memory limit, MB"), this.limit);
    const best = element("fieldset", { class: "ue-lay" }, title("Which tile size?"), limit, this.best, this.take);
    const alone = element("p", { class: "ue-quiet", "data-role": "in-a-notebook" }, IN_A_NOTEBOOK);
    return element("div", { class: "ue-left" }, this.picker.node, ...(this.model.get("alone") ? [lay, alone] : [best, lay]));
  }

  /** @param {AbortSignal} signal */
  saveMenu(signal) {
    const menu = new Menu("save-prediction", "Save prediction ▾", "Save prediction: as what", signal);
    const files = this.model.get("files");
    for (const [kind, words] of FILES.filter(([each]) => !files || files.includes(each))) {
      menu.sheet.append(element("button", { type: "button", "data-action": "save", "data-kind": kind, ...OWN_KEYS }, words));
    }
    return menu;
  }

  /** @param {AbortSignal} signal */
  layRight(signal) {
    const buttons = element("div", { class: "ue-line ue-wrap" }, this.predict, this.stop, this.save.node, this.state, this.bar);
    const figure = (/** @type {"labels" | "seams"} */ kind) => element("figure", {}, this.captions[kind], this.lens.frame(this.canvases[kind], signal));
    this.difference = figure("seams");
    this.pair.append(figure("labels"), this.difference);
    const beside = element("div", {}, this.pair, element("h4", {}, "What each tile costs here"), element("div", { class: "ue-scroll", tabindex: 0, role: "region", "aria-label": "What each tile costs here, scrollable", ...OWN_KEYS }, this.table));
    const pictures = element("div", { class: "ue-tile-pictures" }, this.tiles.node, beside);
    const facts = element("div", { class: "ue-facts-room" }, this.facts, this.misfit);
    return element("div", { class: "ue-right" }, buttons, this.problem, facts, this.seams, this.seamsMore, this.lens.node, pictures);
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (!pressed || pressed.action.startsWith("zoom") || pressed.action === "save-prediction") return;
    ask(this.model, pressed.action, pressed.kind ? { kind: pressed.kind } : {});
    if (pressed.action !== "save") return;
    this.asked = this.model.get("request").number ?? 0;
    this.save.open(false);
    this.save.button.focus();
  }

  takeFile() {
    const { number, name, type, content } = this.model.get("saved");
    // Another view of the same panel may have asked.
    if (name && type && content && number === this.asked) download(name, new Uint8Array(bytesOf(content)), type);
  }

  /** @param {Partial<TileTraits>} values */
  set(values) {
    setTraits(this.model, values);
    send(this.model);
    this.show();
  }

  askLimit() {
    const { value } = this.limit;
    const wanted = Math.round(Number(value));
    const allowed = wanted >= 1 && wanted <= MOST_MEGABYTES;
    const refused = `Memory limit: ${givenWords(value)} is not allowed. Give a number of MB from 1 to ${exact(MOST_MEGABYTES)}.`;
    this.set(allowed ? { limit: wanted * 1e6, problem: "" } : { problem: refused });
    this.showChoices();
  }

  showImage() {
    const picture = this.model.get("picture");
    if (!picture.pixels) return;
    this.tiles.showImage(picture);
    this.show();
  }

  /** Everything that follows the tile: in the browser alone. */
  show() {
    const picture = this.model.get("picture");
    const network = this.instrument.get("network");
    const naive = this.model.get("naive");
    this.lay.forEach((radio, at) => (radio.checked = Boolean(at) === naive));
    if (!picture.pixels) return;
    const tile = this.instrument.get("tile");
    const covered = cover(network, [picture.height, picture.width], tile, !naive);
    this.node.dataset.tiles = String(covered.count ?? "");
    setText(this.misfit, covered.problem);
    this.tiles.show(covered);
    this.lens.show(Object.values(this.canvases));
    this.showLay(network, covered);
    if (covered.count) this.showFacts(network, covered);
    else this.facts.replaceChildren();
    this.showResult(picture);
  }

  /**
   * @param {Network} network
   * @param {Covered} covered
   */
  showLay(network, { axes }) {
    const { period, border } = network.margins;
    const strides = axes && [...new Set(axes.map(({ output }) => output))].join(" × ");
    setText(this.layWords[0], `Tiles start a multiple of ${period} px (2 to the power of the depth) apart${border ? "" : "; each keeps only pixels that its edge cannot reach"}.`);
    const flaw = border ? "each tile starts where the last prediction ends" : "tile beside tile, each with its own edge of zeros";
    setText(this.layWords[1], strides ? `${strides} px apart: ${flaw}.` : `Side by side: ${flaw}.`);
  }

  /**
   * @param {Network} network
   * @param {Covering} covered
   */
  showFacts(network, { axes, count, computed, kept, state }) {
    const [down, across] = axes;
    const sums = totals(state, 1);
    const share = (100 * kept) / computed;
    // In a page it is the maps alone: there is no TensorFlow.
    const one = this.model.get("alone") ? heldAtOnce(state.maps, network.memory.predict) : sums.predict;
    const held = kept * (state.output.step.bytes + network.steps[0].bytes);
    const list = [
      ["Tiles", "tiles", `${exact(down.count)} × ${exact(across.count)} = ${exact(count)}, each ${size([down.tile, across.tile])} px`],
      ["Pixels kept", "share", `${rough(kept)} of ${rough(computed)} px read: ${share.toFixed(share < 10 ? 1 : 0)} %`],
      ["Work", "work", `${exact(count)} × ${rough(sums.macs)} = ${rough(count * sums.macs)} multiply-adds`],
      ["Memory", "memory", `${bytes(one)} for one tile, ${bytes(held)} for image and result`],
    ];
    this.facts.replaceChildren(
      ...list.map(([label, role, words]) => element("div", {}, element("dt", {}, label), element("dd", { "data-fact": role }, words))),
    );
  }

  showChoices() {
    const [limit, best, rows] = [this.model.get("limit"), this.model.get("best"), this.model.get("table")];
    showNumber(this.limit, Math.round(limit / 1e6));
    setText(this.best, bestWords(limit, best, rows));
    this.take.hidden = !best.length;
    showCosts(this.table, rows);
  }

  showState() {
    const state = this.model.get("state");
    const [done, total] = this.model.get("progress");
    this.node.dataset.state = state;
    const working = state === "working" || state === "starting";
    const left = total ? leftWords(this.left.after(done, total, performance.now())) : "";
    const tiles = total ? `tile ${exact(done)} of ${exact(total)}${this.model.get("alone") ? "" : ", the comparison in one piece included"}${left && ` · ${left}`}` : "in one piece first, to compare …";
    if (!working) this.left = new TimeLeft();
    setText(this.state, state === "starting" ? "starting TensorFlow, which takes a few seconds …" : state === "working" ? tiles : "");
    this.bar.hidden = !working;
    this.bar.value = total ? done / total : 0;
    this.stop.setAttribute("aria-disabled", String(!working));
    setText(this.problem, this.model.get("problem"));
  }

  /**
   * What the last prediction says, and whether it is of what is shown.
   *
   * @param {NumberedPicture} picture
   */
  showResult(picture) {
    const result = this.model.get("result");
    const known = result.labels && result.number === picture.number ? result : null;
    this.pair.hidden = !known;
    this.save.enable(Boolean(known));
    if (known) this.showSeams(known, picture);
    else {
      setText(this.seams, "");
      setText(this.seamsMore, "Predicts the image in tiles, and untiled to compare.");
      delete this.seams.dataset.flipped;
    }
  }

  /**
   * Of a tile that is larger than the image needs, less is laid.
   *
   * @param {Prediction} result
   * @param {NumberedPicture} picture
   * @returns {Pair}
   */
  laidTile({ config, tile, naive }, { height, width }) {
    const network = this.instrument.get("network");
    const covered = same(config, network.config) && cover(network, [height, width], tile, !naive);
    return covered && covered.count ? covered.state.tile : tile;
  }

  /**
   * Why there is no seam although somebody wanted to see one; nothing where that cannot be said.
   *
   * @param {Prediction} result  Of the network that is shown.
   * @param {NumberedPicture} picture
   */
  noSeamWords(result, picture) {
    const { naive, flipped, uncompared } = result;
    const network = this.instrument.get("network");
    const { period, border, first, last } = network.margins;
    const outputs = result.tile.map((side) => side - 2 * border);
    if (!naive || flipped || uncompared || first || last || outputs.some((side) => side % period)) return "";
    // One alone has no seam anyway.
    const { count = 0 } = cover(network, [picture.height, picture.width], result.tile, false);
    if (count < 2) return "";
    return ` Laid naively, too: ${size(/** @type {Pair} */ (outputs))} px are a multiple of ${period} px, so the poolings of every tile join the same pixels as in one piece.`;
  }

  /**
   * @param {Prediction} result
   * @param {NumberedPicture} picture
   */
  showSeams(result, picture) {
    if (this.painted !== result) this.paintResult(result, picture);
    const tile = this.instrument.get("tile");
    const other = !same(result.config, this.instrument.get("config"));
    const turned = other || String(result.tile) !== String(tile) || result.naive !== this.model.get("naive");
    const learnt = this.model.get("learnt");
    const stale = turned || learnt;
    this.node.dataset.stale = String(stale);
    setText(this.seams, `${flippedWords(result, picture.height * picture.width)}${other ? "" : this.noSeamWords(result, picture)}`);
    const told = { flipped: String(result.flipped), agrees: String(!result.flipped), naive: String(result.naive) };
    if (result.uncompared) delete this.seams.dataset.flipped;
    else Object.assign(this.seams.dataset, told);
    const laid = `Tiles of ${size(this.laidTile(result, picture))} px, laid ${result.naive ? "naively" : "without seams"}. The network: ${result.network}. It took ${result.seconds.toFixed(1)} s.`;
    const most = result.uncompared || (result.largest ? `Largest difference in probability: ${small(result.largest)}.` : "No difference in any probability.");
    setText(this.seamsMore, `${most} ${laid}${turned ? " The settings have changed since." : learnt ? " The network has learnt since, or is another one." : ""}`);
  }

  /**
   * @param {Prediction} result
   * @param {NumberedPicture} picture
   */
  paintResult(result, picture) {
    this.painted = result;
    const palette = this.model.get("palette");
    const [labels, wanted, seams] = [result.labels, result.wanted, result.seams].map((each) => bytesOf(each));
    if (this.difference) this.difference.hidden = Boolean(result.uncompared);
    paint(this.canvases.labels, picture, 1, labelColour(palette, picture, labels), `${picture.title}: what the tiles say`);
    const warm = heatColour({ pixels: seams });
    /** @type {(at: number) => Colour} */
    const heat = (at) => (seams[at] ? warm(at) : [0, 0, 0]);
    const wrong = spread(labels.map((label, at) => Number(label !== wanted[at])), picture, Math.floor(Math.max(picture.height, picture.width) / SEEN_SIDE));
    /** @type {(at: number) => Colour} */
    const flipped = (at) => (wrong[at] ? palette.invented : heat(at));
    const words = `Where the tiles differ from one piece: ${exact(result.flipped)} labels`;
    paint(this.canvases.seams, picture, 1, flipped, words);
    setText(this.captions.labels, "Prediction from tiles");
    setText(this.captions.seams, `Difference to untiled (brightest: ${small(result.scale)}, blue: another class)`);
  }
}

/**
 * Whether tiles changed anything; nothing where it was not looked at.
 *
 * @param {Prediction} result
 * @param {number} pixels
 */
function flippedWords({ flipped, pieces, uncompared }, pixels) {
  if (uncompared) return "";
  const share = (100 * flipped) / pixels;
  const how = pieces > 1 ? ` The whole image does not fit into memory: “untiled” is in ${pieces} pieces, as few as possible.` : "";
  return flipped
    ? `✗ Tiled ≠ untiled: ${exact(flipped)} pixels (${share.toFixed(share < 1 ? 2 : 1)} %) change class.${how}`
    : `✓ Tiled = untiled: every pixel agrees.${how}`;
}

/**
 * A probability, however small: 0.97, 0.001, 3e−7.
 *
 * @param {number} number
 */
function small(number) {
  if (number === 0) return "0";
  return number < 0.0005 ? number.toExponential(0).replace("-", "−") : number.toFixed(number < 0.01 ? 3 : 2);
}

/** What anywidget calls a widget. */
export const covering = {
  /** @param {Shown<TileTraits>} shown */
  async render({ model, el, host, signal }) {
    const instrument = await host.getModel(model.get("instrument"));
    const tab = new TileTab(model, instrument, signal);
    /** @type {(traits: (keyof TileTraits)[], listener: () => void) => void} */
    const on = (traits, listener) => listenTo(model, traits, listener, signal, tab.problem);
    on(["options", "choice", "title", "question"], () => tab.picker.show());
    on(["picture"], () => tab.showImage());
    on(["naive", "result", "learnt"], () => tab.show());
    on(["table", "best", "limit"], () => tab.showChoices());
    on(["state", "problem", "progress"], () => tab.showState());
    // What was asked for before is not saved once more.
    model.on("change:saved", () => tab.takeFile());
    listenTo(instrument, ["tile", "network", "config"], () => tab.show(), signal, tab.problem);
    el.append(tab.node);
  },
};
