// The row of tabs. Pressing the open one closes it.

import { OWN_KEYS, consume, element, setText, targetOf } from "../lib/page.js";
import { listenTo } from "../lib/widget.js";

/** @import { Model, Shown } from "../lib/types.js" */
/** @import { TabBarTraits } from "./types.js" */

class TabBar {
  /**
   * @param {Model<TabBarTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    this.tabs = model.get("titles").map(([name, about]) =>
      element("button", { type: "button", role: "tab", title: about, "data-open": name, ...OWN_KEYS }, name),
    );
    this.row = element("div", { class: "ue-shelf", role: "tablist", "aria-label": "More about this network" }, ...this.tabs);
    this.problem = element("p", { class: "ue-problem", role: "alert" });
    this.node = element("div", { class: "unet-explorer-shelf ue" }, this.row, this.problem);
    this.row.addEventListener("click", (event) => this.onClick(event), { signal });
    this.row.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** @param {Event} event */
  onClick(event) {
    const name = targetOf(event, "[data-open]")?.dataset.open;
    if (!name) return;
    this.model.set("opened", this.model.get("opened") === name ? "" : name);
    this.model.save_changes();
    this.show();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const { key } = event;
    if (key !== "ArrowRight" && key !== "ArrowLeft") return;
    const at = this.tabs.findIndex((tab) => tab === document.activeElement);
    const next = at + (key === "ArrowRight" ? 1 : -1);
    this.tabs[(next + this.tabs.length) % this.tabs.length].focus();
    consume(event);
  }

  show() {
    const opened = this.model.get("opened");
    this.tabs.forEach((tab, at) => {
      const chosen = tab.dataset.open === opened;
      tab.setAttribute("aria-selected", String(chosen));
      tab.setAttribute("tabindex", chosen || (!opened && !at) ? "0" : "-1");
    });
    setText(this.problem, this.model.get("problem"));
  }
}

export default {
  /** @param {Shown<TabBarTraits>} shown */
  render({ model, el, signal }) {
    const bar = new TabBar(model, signal);
    listenTo(model, ["opened", "problem"], () => bar.show(), signal, bar.problem);
    el.append(bar.node);
  },
};
