// The stage: the instrument and its tabs in one frame, so that what a hand does and what follows are seen together.

import { Compare } from "./compare.js";
import { Diagnosis } from "./diagnosis.js";
import { fillWindow, isPresented, togglePresent } from "./frame.js";
import { LessonCard } from "./lesson.js";
import { SaveMenu } from "./save.js";
import { TabBar } from "./tab_bar.js";
import { Terms } from "./terms.js";
import { DesignHistory } from "../instrument/history.js";
import { Instrument } from "../instrument/instrument.js";
import { Menu } from "../lib/menu.js";
import { OWN_KEYS, consume, drawn, element, howAgain, setText, targetOf } from "../lib/page.js";
import { defectWords, listenTo, send } from "../lib/widget.js";

/** @import { Host, InstrumentTraits, Model, Shown, StageTraits } from "../lib/types.js" */
/** @import { TrainTraits } from "../tabs/types.js" */

/** The tab that is the instrument itself. */
const DESIGN = "Design";
const TRAIN = "Train";
const KEYS = [
  ["f", "fills the screen, and leaves it"],
  ["n", "in a lesson: shows the answer, then the next step"],
  ["← →", "in the U: along the data; on the tabs: to the next"],
  ["↑ ↓", "in the U: to the level above or below"],
  ["Enter", "chooses; Esc lets go"],
];

class Stage {
  /**
   * @param {Model<StageTraits>} model
   * @param {Instrument} instrument
   * @param {Host} host
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, host, signal) {
    this.model = model;
    this.host = host;
    this.signal = signal;
    this.instrument = instrument;
    this.tabs = new TabBar(model.get("titles"), (title) => this.open(title), signal);
    this.problem = element("p", { class: "ue-problem", "data-role": "tab-problem", role: "alert" });
    /**
     * Where the contents of the tabs are shown, by title.
     *
     * @type {Map<string, HTMLElement>}
     */
    this.rooms = new Map();
    const gone = element("p", { class: "ue-problem ue-gone-words", "data-role": "gone" }, `The kernel is gone: nothing in this tab can be computed. ${howAgain()}.`);
    this.rest = element("p", { class: "ue-quiet ue-rest", "data-role": "resting", role: "status" });
    this.place = element("div", { class: "ue-rooms" }, this.problem, gone, this.rest);
    this.present = element(
      "button",
      { type: "button", "data-action": "present", "aria-label": "Present: fill the screen (f)", title: "Present: fill the screen (f)", ...OWN_KEYS },
      corners(),
    );
    const { bar, knobs, drawing, card, totals, table } = instrument;
    this.compare = new Compare(instrument, signal);
    this.save = new SaveMenu(model, signal);
    this.lesson = new LessonCard(model, instrument, (title) => this.open(title), signal);
    this.diagnosis = new Diagnosis(model, signal);
    bar.tools.append(this.lesson.menu.node, this.save.node, this.helpMenu(signal).node, this.present);
    // The Tab key leads from a tab into what it shows, and then to the tools and knobs that all tabs share.
    const body = element("div", { class: "ue-body" }, this.place, this.compare.node, drawing.node, card.node, this.lesson.node);
    // A tab may lead to another one.
    const lead = (/** @type {Event} */ event) => this.open(targetOf(event, "[data-leads]")?.dataset.leads ?? this.model.get("opened"));
    this.place.addEventListener("click", lead, { signal });
    const foot = element("div", { class: "ue-foot" }, totals.node, table.node);
    this.node = instrument.root;
    this.node.append(this.tabs.node, body, bar.tools, knobs, bar.words, foot);
    this.terms = new Terms(this.node, model.get("glossary"), signal);
    this.node.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.present.addEventListener("click", () => togglePresent(this.node), { signal });
    const presented = () => this.node.classList.toggle("ue-presenting", isPresented(this.node));
    document.addEventListener("fullscreenchange", presented, { signal });
    fillWindow(this.node, signal);
  }

  /** @param {AbortSignal} signal */
  helpMenu(signal) {
    const menu = new Menu("help", "? ▾", "? Keys, and the words of the field", signal);
    const keys = KEYS.map(([key, does]) => element("p", {}, element("kbd", {}, key), ` ${does}`));
    const words = this.model.get("glossary").flatMap(({ name, meaning }) => [element("dt", {}, name), element("dd", {}, meaning)]);
    const list = element("dl", { class: "ue-glossary", "data-role": "glossary", tabindex: 0, ...OWN_KEYS }, ...words);
    menu.sheet.append(this.diagnosis.node, ...keys, list);
    return menu;
  }

  /** @param {string} title */
  open(title) {
    if (this.model.get("opened") === title) return;
    this.model.set("opened", title);
    send(this.model);
    this.showOpened();
  }

  /**
   * Only while no field has the focus: there an f is a letter.
   *
   * @param {KeyboardEvent} event
   */
  onKey(event) {
    if (!["f", "n"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (targetOf(event, "input:not([type=range], [type=checkbox], [type=radio]), select, textarea")) return;
    if (event.key === "f") togglePresent(this.node);
    else if (this.lesson.page) this.lesson.next();
    else return;
    consume(event);
  }

  showOpened() {
    const opened = this.model.get("opened");
    this.tabs.show(opened);
    this.node.dataset.view = opened === DESIGN ? "design" : "tab";
    for (const [title, room] of this.rooms) room.hidden = title !== opened;
    setText(this.problem, this.model.get("problem"));
  }

  showRest() {
    const before = this.model.get("before");
    const rests = this.model.get("resting") ? "The worker rests; it starts again with the next request." : "";
    setText(this.rest, before ? `Waiting to load TensorFlow · ${before} before you.` : rests);
  }

  /** Rooms for the tabs that were opened by now. */
  showTabs() {
    for (const [title, widgets] of Object.entries(this.model.get("tabs"))) {
      if (this.rooms.has(title)) continue;
      const room = element("div", { class: "ue-room", role: "tabpanel", "aria-label": title });
      this.rooms.set(title, room);
      this.tabs.controls(title, room);
      this.place.append(room);
      const failed = (/** @type {unknown} */ error) => this.instrument.problem.say(defectWords(error));
      for (const widget of widgets) this.fill(room, widget).catch(failed);
      if (title === TRAIN) this.followTraining(widgets[0]).catch(failed);
    }
    this.showOpened();
  }

  /**
   * What a network has learnt to see stands at the ends of the U.
   *
   * @param {string} widget
   */
  async followTraining(widget) {
    const train = /** @type {Model<TrainTraits>} */ (/** @type {unknown} */ (await this.host.getModel(widget)));
    const show = () => {
      const [example] = train.get("examples");
      const { images = [], epoch = 0 } = train.get("predictions");
      const { classes = [] } = train.get("curve");
      const { ends } = this.instrument.drawing;
      if (example && images[0]) ends.show(example, images[0], ["image", maskWords(epoch, train.get("status").differs ?? false)], classes);
      else ends.showExample();
    };
    listenTo(train, ["examples", "predictions", "status"], show, this.signal, this.problem);
    this.compare.followTraining(train, this.signal);
  }

  /**
   * @param {HTMLElement} room
   * @param {string} widget
   */
  async fill(room, widget) {
    const place = element("div");
    room.append(place);
    const { host, model, signal } = this;
    const manager = model.widget_manager;
    if (!manager?.create_view || !manager.get_model) {
      const made = await host.getWidget(widget);
      await made.render({ el: place, signal });
      return;
    }
    // A view of Jupyter's own is rendered anew while its script is being changed.
    const view = await manager.create_view(await manager.get_model(idOf(widget)));
    if (signal.aborted) {
      view.remove();
      return;
    }
    place.append(view.el);
    // Its own script is loaded behind this.
    const fresh = new MutationObserver(() => this.terms.markSoon());
    fresh.observe(place, { childList: true, subtree: true });
    signal.addEventListener("abort", () => fresh.disconnect());
    signal.addEventListener("abort", () => view.remove());
  }
}

/**
 * Of a model, as Jupyter knows it.
 *
 * @param {string} widget  As Python calls it.
 */
function idOf(widget) {
  return widget.replace(/^anywidget:/, "");
}

/**
 * @param {number} epoch
 * @param {boolean} differs  Whether another design is shown by now.
 */
function maskWords(epoch, differs) {
  if (differs) return "mask of the last training";
  return epoch ? `its mask, epoch ${epoch}` : "its mask, untaught";
}

/** A sign that every font has: the corners of a screen. */
function corners() {
  const path = drawn("path", { d: "M2 6V2h4M10 2h4v4M14 10v4h-4M6 14H2v-4" });
  return drawn("svg", { class: "ue-sign", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, path);
}

/** What anywidget calls a widget: it is shown as often as somebody asks for it. */
export function staged() {
  /** @type {DesignHistory | undefined} */
  let kept;
  return {
    /** @param {Shown<StageTraits>} shown */
    async render({ model, el, host, signal }) {
      /** @type {Model<InstrumentTraits>} */
      const knobs = await host.getModel(model.get("knobs"));
      const history = (kept ??= new DesignHistory(knobs));
      const instrument = new Instrument(knobs, history, signal);
      const stage = new Stage(model, instrument, host, signal);
      el.append(stage.node);
      instrument.start();
      stage.lesson.start(signal);
      instrument.kernel.watchModel(idOf(model.get("knobs")), signal);
      listenTo(model, ["tabs"], () => stage.showTabs(), signal, stage.problem);
      listenTo(model, ["opened", "problem"], () => stage.showOpened(), signal, stage.problem);
      listenTo(model, ["resting", "before"], () => stage.showRest(), signal, stage.problem);
      // What was asked for before is not saved once more.
      model.on("change:taken", () => [stage.save, stage.lesson, stage.diagnosis].forEach((each) => each.take()));
      stage.terms.mark();
    },
  };
}
