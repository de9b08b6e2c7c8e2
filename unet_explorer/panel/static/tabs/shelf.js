// The row of tabs. Pressing the open one closes it.

import { OWN_KEYS, element, setText } from "../lib/page.js";

class Shelf {
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

  onClick(event) {
    const name = event.target.closest("[data-open]")?.dataset.open;
    if (!name) return;
    this.model.set("opened", this.model.get("opened") === name ? "" : name);
    this.model.save_changes();
    this.show();
  }

  onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = this.tabs.indexOf(document.activeElement);
    this.tabs[(at + step + this.tabs.length) % this.tabs.length].focus();
    event.preventDefault();
    event.stopPropagation();
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
  render({ model, el }) {
    const controller = new AbortController();
    const shelf = new Shelf(model, controller.signal);
    const show = () => shelf.show();
    for (const trait of ["opened", "problem"]) model.on(`change:${trait}`, show);
    el.append(shelf.node);
    show();
    return () => {
      controller.abort();
      for (const trait of ["opened", "problem"]) model.off(`change:${trait}`, show);
    };
  },
};
