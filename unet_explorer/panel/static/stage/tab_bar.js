// The tabs, on top and always seen. The arrow keys go from one to the next, and a press opens.

import { OWN_KEYS, consume, element, focusedFrom, targetOf } from "../lib/page.js";

export class TabBar {
  /**
   * @param {[string, string][]} titles  Each with a word on what it does.
   * @param {(title: string) => void} open
   * @param {AbortSignal} signal
   */
  constructor(titles, open, signal) {
    this.tabs = titles.map(([title, about]) =>
      element("button", { type: "button", role: "tab", title: about, "data-open": title, ...OWN_KEYS }, title),
    );
    this.node = element("div", { class: "ue-tabs", role: "tablist", "aria-label": "What to do with the network" }, ...this.tabs);
    const onClick = (/** @type {Event} */ event) => {
      const title = targetOf(event, "[data-open]")?.dataset.open;
      if (title) open(title);
    };
    this.node.addEventListener("click", onClick, { signal });
    this.node.addEventListener("keydown", (event) => this.onKey(event), { signal });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    // One may be hidden.
    const seen = this.tabs.filter((tab) => tab.checkVisibility());
    const at = seen.findIndex((tab) => tab === focusedFrom(this.node));
    const last = seen.length - 1;
    /** @type {Record<string, number>} */
    const places = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last };
    if (!(event.key in places) || event.altKey || event.ctrlKey || event.metaKey) return;
    seen[places[event.key]].focus();
    consume(event);
  }

  /**
   * A tab and what it shows belong together; without an `id`, since a panel may stand on a page twice.
   *
   * @param {string} title
   * @param {HTMLElement} room
   */
  controls(title, room) {
    const tab = this.tabs.find(({ dataset }) => dataset.open === title);
    if (tab) Reflect.set(tab, "ariaControlsElements", [room]);
  }

  /** @param {string} opened */
  show(opened) {
    for (const tab of this.tabs) {
      const chosen = tab.dataset.open === opened;
      tab.setAttribute("aria-selected", String(chosen));
      tab.setAttribute("tabindex", chosen ? "0" : "-1");
    }
  }
}
