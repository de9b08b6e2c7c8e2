// The trainings that are kept: a list to reopen, compare, name and delete them.

import { exact } from "../lib/format.js";
import { OWN_KEYS, element, focusedFrom, isBeingTyped, onTyped, pressedButton, setText } from "../lib/page.js";
import { ask } from "../lib/widget.js";

/** @import { Model } from "../lib/types.js" */
/** @import { Training, TrainTraits } from "./types.js" */

const HEAD = ["compare", "name", "best IoU", "network and settings", "started", ""];

/** So many bytes together are worth a word. */
const MUCH = 1e9;

export class TrainingsList {
  /**
   * @param {Model<TrainTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    this.signal = signal;
    /** Name of the training that somebody is asked about. */
    this.asked = "";
    /** Whether the table waits for somebody who types. */
    this.due = false;
    this.title = element("summary", { ...OWN_KEYS, "data-action": "trainings" });
    this.about = element("p", { class: "ue-quiet" });
    this.table = element("table");
    const scroll = element("div", { class: "ue-scroll", tabindex: 0, role: "region", "aria-label": "Trainings that are kept", ...OWN_KEYS }, this.table);
    this.node = element("details", { class: "ue-part ue-trainings", "data-role": "trainings", hidden: true }, this.title, this.about, scroll);
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
    this.node.addEventListener("change", (event) => this.onChange(event), { signal });
    this.node.addEventListener("focusout", () => setTimeout(() => this.due && this.show()), { signal });
  }

  /** The field for a name that has the focus, if one has. */
  focused() {
    const field = focusedFrom(this.table);
    return field instanceof HTMLInputElement && field.type === "text" && this.table.contains(field) ? field : null;
  }

  /** @param {Event} event */
  onClick(event) {
    const pressed = pressedButton(event);
    if (!pressed) return;
    // What happens here is nobody else's: the tab asks Python for every button it does not know.
    event.stopPropagation();
    const { action, name = "" } = pressed;
    if (action === "ask-remove" || action === "keep") {
      this.asked = action === "keep" ? "" : name;
      this.show();
      const next = this.node.querySelector(`[data-name="${name}"]:is([data-action="keep"], [data-action="ask-remove"])`);
      if (next instanceof HTMLElement) next.focus();
    } else if (action === "reopen" || action === "remove") ask(this.model, action, { name });
  }

  /** @param {Event} event */
  onChange(event) {
    const box = event.target;
    if (box instanceof HTMLInputElement && box.type === "checkbox") ask(this.model, "compare", { name: box.dataset.name, on: box.checked });
  }

  show() {
    const trainings = this.model.get("trainings");
    const compared = new Set(this.model.get("compared").map(({ name }) => name));
    const bytes = trainings.reduce((sum, each) => sum + each.bytes, 0);
    this.node.hidden = !trainings.length;
    setText(this.title, `Saved trainings: ${trainings.length} (${stored(bytes)})`);
    const much = bytes > MUCH ? ` Together they take ${stored(bytes)}: delete what you no longer need.` : "";
    setText(this.about, `Nothing here is deleted unless you say so.${much}`);
    // Nothing that somebody is typing is replaced: it is shown once that is done.
    const field = this.focused();
    this.due = field !== null && isBeingTyped(field);
    if (this.due) return;
    const head = HEAD.map((words) => element("th", { scope: "col" }, words));
    const rows = trainings.map((each) => this.row(each, compared.has(each.name)));
    this.table.replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
    const again = field && this.table.querySelector(`[data-training="${field.dataset.name}"] input[type="text"]`);
    if (again instanceof HTMLElement) again.focus();
  }

  /**
   * @param {Training} training
   * @param {boolean} compared
   */
  row(training, compared) {
    const { name, title, place } = training;
    const box = element("input", {
      type: "checkbox",
      "data-name": name,
      checked: compared,
      disabled: place === "here",
      "aria-label": `compare ${title}`,
      ...OWN_KEYS,
    });
    const field = element("input", { type: "text", value: title, "data-name": name, maxlength: 60, "aria-label": `name of ${title}`, ...OWN_KEYS });
    onTyped(field, () => field.value.trim() && field.value !== title && ask(this.model, "rename", { name, title: field.value }), this.signal);
    const cell = (/** @type {(Node | string)[]} */ ...parts) => element("td", {}, ...parts);
    const words = (/** @type {string} */ first, /** @type {string[]} */ ...more) =>
      element("td", { class: "ue-words" }, first, ...more.filter(Boolean).map((each) => element("div", { class: "ue-quiet" }, each)));
    return element(
      "tr",
      { "data-training": name, "data-place": place },
      cell(box),
      element("th", { scope: "row" }, field),
      cell(training.iou?.toFixed(2) ?? "–"),
      words(training.design, `${exact(training.step)} of ${exact(training.steps)} steps, ${training.recipe}`, training.problem),
      words(training.started, stored(training.bytes)),
      element("td", { class: "ue-words" }, ...this.buttons(training)),
    );
  }

  /**
   * @param {Training} training
   * @returns {(Node | string)[]}
   */
  buttons({ name, title, place }) {
    if (place === "here") return ["shown here"];
    if (place === "elsewhere") return ["open elsewhere"];
    const button = (/** @type {string} */ action, /** @type {string} */ words, /** @type {string} */ label) =>
      element("button", { type: "button", "data-action": action, "data-name": name, "aria-label": label, ...OWN_KEYS }, words);
    if (this.asked === name) {
      return [
        element("span", {}, "For good?"), " ",
        button("remove", "Delete", `Delete ${title} for good`),
        " ",
        button("keep", "Keep", `Keep ${title}`),
      ];
    }
    return [button("reopen", "Open", `Open ${title}`), " ", button("ask-remove", "Delete …", `Delete … ${title}`)];
  }
}

/**
 * Bytes on disc, as people say them.
 *
 * @param {number} bytes
 */
function stored(bytes) {
  return bytes < 1e9 ? `${Math.max(0.1, bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
