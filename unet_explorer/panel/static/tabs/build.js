// The Build tab: one button; then what Keras made of the design, held against the picture.

import { exact, size } from "../lib/format.js";
import { OWN_KEYS, copyText, download, drawnFrom, element, pressedButton, setText } from "../lib/page.js";
import { ask, listenTo } from "../lib/widget.js";

/** @import { Model, Shown } from "../lib/types.js" */
/** @import { BuildResult, BuildTraits } from "./types.js" */

/** @type {Partial<Record<BuildTraits["state"], string>>} */
const WORKING = { starting: "starting TensorFlow, which takes a few seconds …", building: "building …" };

class Build {
  /**
   * @param {Model<BuildTraits>} model
   * @param {AbortSignal} signal
   */
  constructor(model, signal) {
    this.model = model;
    this.button = element("button", { type: "button", class: "ue-main", "data-action": "build", ...OWN_KEYS }, "Build");
    this.state = element("span", { class: "ue-quiet", "data-role": "build-state", role: "status" });
    this.problem = element("p", { class: "ue-problem", "data-role": "build-problem", role: "alert" });
    this.verdict = element("p", { class: "ue-proof", "data-role": "proof" });
    this.wrong = element("ul", { class: "ue-wrong" });
    this.graph = element("div", { class: "ue-graph", "data-role": "graph", tabindex: 0, ...OWN_KEYS });
    this.summary = this.text("summary");
    this.script = this.text("script");
    this.copied = element("span", { class: "ue-quiet", role: "status" });
    /** @type {(action: string, words: string) => HTMLButtonElement} */
    const button = (action, words) => element("button", { type: "button", "data-action": action, ...OWN_KEYS }, words);
    const tools = element("div", { class: "ue-line" }, button("copy-script", "Copy"), button("save-script", "Save as unet.py"));
    tools.append(this.copied);
    this.result = element(
      "div",
      { class: "ue-result", hidden: true },
      this.wrong,
      this.part("Layer graph", true, this.graph),
      this.part("As Keras source", false, tools, this.script),
      this.part("Keras's summary", false, this.summary),
    );
    const about = "Builds this network in Keras, and compares every layer with the drawing.";
    const bar = element("div", { class: "ue-line" }, this.button, this.state, element("span", { class: "ue-quiet" }, about));
    this.node = element("div", { class: "unet-explorer-tab ue", "data-tab": "build" });
    this.node.append(bar, this.problem, this.verdict, this.result);
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
  }

  /**
   * @param {string} title
   * @param {boolean} open
   * @param {...Node} children
   */
  part(title, open, ...children) {
    return element("details", { class: "ue-part", open }, element("summary", OWN_KEYS, title), ...children);
  }

  /** @param {string} role */
  text(role) {
    // Reachable by keyboard, for it scrolls.
    return element("pre", { "data-role": role, tabindex: 0, ...OWN_KEYS });
  }

  /** @param {Event} event */
  onClick(event) {
    const action = pressedButton(event)?.action;
    if (action === "build") ask(this.model, "build");
    else if (action === "copy-script") this.copy();
    else if (action === "save-script") download("unet.py", this.source(), "text/x-python");
  }

  async copy() {
    const copied = await copyText(this.source());
    setText(this.copied, copied ? "copied" : "The browser does not allow it; the text is selected: press Ctrl + C.");
    if (!copied) getSelection()?.selectAllChildren(this.script);
  }

  source() {
    return this.script.textContent ?? "";
  }

  show() {
    const { model } = this;
    const state = model.get("state");
    this.node.dataset.state = state;
    setText(this.state, WORKING[state] || "");
    this.button.setAttribute("aria-disabled", String(state in WORKING));
    setText(this.problem, model.get("problem"));
    const result = model.get("result");
    this.result.hidden = !result.proof;
    this.node.dataset.differs = String(model.get("differs"));
    if (result.proof) this.showVerdict(result);
    else setText(this.verdict, "");
  }

  /** @param {BuildResult} result */
  showVerdict(result) {
    const wrong = result.proof.filter(({ difference }) => difference);
    const { depth, base_filters: filters } = result.config;
    const design = `depth ${depth}, ${filters} filters, tile ${size(result.tile)}`;
    const all = `✓ All ${result.proof.length} layers agree with Keras, in shape and in parameters: ${exact(result.parameters)} in total (${design}).`;
    const some = `✗ ${wrong.length} of ${result.proof.length} layers do not agree with Keras (${design}).`;
    const differs = this.model.get("differs") ? " The settings show another design by now: press Build again for that one." : "";
    setText(this.verdict, (wrong.length ? some : all) + differs);
    this.verdict.dataset.agrees = String(!wrong.length);
  }

  showResult() {
    const result = this.model.get("result");
    if (!result.proof) return;
    const wrong = result.proof.filter(({ difference }) => difference);
    this.wrong.replaceChildren(...wrong.map(({ step, difference }) => element("li", {}, `${step}: ${difference}`)));
    setText(this.summary, result.summary);
    setText(this.script, result.script);
    if (result.graph) {
      this.graph.replaceChildren(drawnFrom(result.graph));
    } else {
      this.graph.replaceChildren(element("p", {}, result.no_graph));
    }
  }
}

export default {
  /** @param {Shown<BuildTraits>} shown */
  render({ model, el, signal }) {
    const build = new Build(model, signal);
    listenTo(model, ["result"], () => build.showResult(), signal, build.problem);
    listenTo(model, ["state", "problem", "differs", "result"], () => build.show(), signal, build.problem);
    el.append(build.node);
  },
};
