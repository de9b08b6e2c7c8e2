// How to teach: native inputs again. They only ask; what is true comes back from the model.

import { OWN_KEYS, element, onTyped, showNumber } from "../lib/page.js";

export class Settings {
  constructor(model, signal) {
    this.model = model;
    this.made = model.get("settings").map((setting) => this.make(setting, signal));
    const nodes = (wanted) => this.made.filter(({ setting }) => wanted(setting)).map(({ node }) => node);
    const more = element("details", { class: "ue-more" }, element("summary", OWN_KEYS, "More"));
    more.append(...nodes(({ kind, primary }) => kind !== "flag" && !primary));
    const flags = element("fieldset", { class: "ue-variations" }, element("legend", {}, "Vary the tiles"));
    flags.append(...nodes(({ kind }) => kind === "flag"));
    this.node = element("div", { class: "ue-settings" }, ...nodes(({ primary }) => primary), flags, more);
  }

  make(setting, signal) {
    const { name, kind, label, help } = setting;
    const hook = { "data-setting": name, ...OWN_KEYS };
    if (kind === "flag") {
      const box = element("input", { type: "checkbox", ...hook });
      box.addEventListener("change", () => this.vary(name, box.checked), { signal });
      const node = element("label", { class: "ue-check", title: help }, box, element("span", {}, label));
      return { setting, node, show: ({ augmentation }) => (box.checked = augmentation[name]) };
    }
    if (kind === "choice") {
      const options = setting.values.map(([value, text]) => element("option", { value }, text));
      const select = element("select", hook, ...options);
      select.addEventListener("change", () => this.set({ [name]: select.value }), { signal });
      const node = element("label", { class: "ue-setting", title: help }, element("span", {}, label), select);
      return { setting, node, show: (recipe) => (select.value = recipe[name]) };
    }
    const input = element("input", { type: "number", min: setting.low, max: setting.high, step: setting.step, ...hook });
    // What is not allowed goes to Python all the same: it is Python that says why.
    onTyped(input, () => this.set({ [name]: input.value === "" ? null : Number(input.value) }), signal);
    const node = element("label", { class: "ue-setting", title: help }, element("span", {}, label), input);
    return { setting, node, show: (recipe) => showNumber(input, recipe[name]) };
  }

  vary(name, on) {
    const { augmentation } = this.model.get("recipe");
    this.set({ augmentation: { ...augmentation, [name]: on } });
  }

  set(change) {
    this.model.set("recipe", { ...this.model.get("recipe"), ...change });
    this.model.save_changes();
    this.show();
  }

  show() {
    const recipe = this.model.get("recipe");
    for (const { show } of this.made) show(recipe);
  }
}
