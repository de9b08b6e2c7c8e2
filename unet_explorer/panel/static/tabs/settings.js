// How to teach: native inputs again. They only ask; what is true comes back from the model.

import { OWN_KEYS, element, onTyped, showNumber } from "../lib/page.js";
import { send } from "../lib/widget.js";

/** @import { InstrumentTraits, Model } from "../lib/types.js" */
/** @import { ChoiceSetting, FlagSetting, NumberSetting, Recipe, Setting, TrainTraits } from "./types.js" */

/** @typedef {{ setting: Setting, node: HTMLElement, show: (recipe: Recipe) => void }} MadeSetting */

export class Settings {
  /**
   * @param {Model<TrainTraits>} model
   * @param {Model<InstrumentTraits>} instrument  The tiles per batch are its own.
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, signal) {
    this.model = model;
    this.instrument = instrument;
    this.made = model.get("settings").map((setting) => this.make(setting, signal));
    /** @type {(wanted: (setting: Setting) => boolean) => HTMLElement[]} */
    const nodes = (wanted) => this.made.filter(({ setting }) => wanted(setting)).map(({ node }) => node);
    const more = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "More"));
    more.append(...nodes(({ kind, primary }) => kind !== "flag" && !primary));
    const flags = element("fieldset", { class: "ue-variations" }, element("legend", {}, "Data augmentation"));
    flags.append(...nodes(({ kind }) => kind === "flag"));
    this.node = element("div", { class: "ue-settings" }, ...nodes(({ primary }) => Boolean(primary)), flags, more);
  }

  /**
   * @param {Setting} setting
   * @param {AbortSignal} signal
   * @returns {MadeSetting}
   */
  make(setting, signal) {
    if (setting.kind === "flag") return this.makeFlag(setting, signal);
    if (setting.kind === "choice") return this.makeChoice(setting, signal);
    return this.makeNumber(setting, signal);
  }

  /**
   * @param {FlagSetting} setting
   * @param {AbortSignal} signal
   * @returns {MadeSetting}
   */
  makeFlag(setting, signal) {
    const { name, label, help } = setting;
    const box = element("input", { type: "checkbox", "data-setting": name, ...OWN_KEYS });
    const vary = () => this.set({ augmentation: { ...this.model.get("recipe").augmentation, [name]: box.checked } });
    box.addEventListener("change", vary, { signal });
    const node = element("label", { class: "ue-check", title: help }, box, element("span", {}, label));
    return { setting, node, show: ({ augmentation }) => (box.checked = augmentation[name]) };
  }

  /**
   * @param {ChoiceSetting} setting
   * @param {AbortSignal} signal
   * @returns {MadeSetting}
   */
  makeChoice(setting, signal) {
    const { name, label, help } = setting;
    const options = setting.values.map(([value, text]) => element("option", { value }, text));
    const select = element("select", { "data-setting": name, ...OWN_KEYS }, ...options);
    select.addEventListener("change", () => this.set({ [name]: select.value }), { signal });
    const node = element("label", { class: "ue-setting", title: help }, element("span", {}, label), select);
    return { setting, node, show: (recipe) => (select.value = String(recipe[name])) };
  }

  /**
   * @param {NumberSetting} setting
   * @param {AbortSignal} signal
   * @returns {MadeSetting}
   */
  makeNumber(setting, signal) {
    const { name, label, help, low, high, step } = setting;
    const range = { min: low, max: high, step };
    const input = element("input", { type: "number", ...range, "data-setting": name, ...OWN_KEYS });
    // What is not allowed goes to Python all the same: it is Python that says why.
    onTyped(input, () => this.set({ [name]: input.value === "" ? null : Number(input.value) }), signal);
    const node = element("label", { class: "ue-setting", title: help }, element("span", {}, label), input);
    return { setting, node, show: (recipe) => showNumber(input, Number(recipe[name])) };
  }

  /** @param {Record<string, unknown>} change  Of the recipe. */
  set(change) {
    // Without the tiles per batch, unless it is these that are changed: Python hands them to the instrument.
    const recipe = { ...this.model.get("recipe") };
    delete recipe.batch_size;
    this.model.set("recipe", { ...recipe, ...change });
    send(this.model);
    this.show();
  }

  show() {
    const recipe = { ...this.model.get("recipe"), batch_size: this.instrument.get("batch_size") };
    for (const { show } of this.made) show(recipe);
  }
}
