// Every term explains itself where it stands: under the pointer, at the focus, at a touch.

import { element, setText, targetOf } from "../lib/page.js";

/** @import { Term } from "../lib/types.js" */

/** Where terms stand. */
const SPOTS = "label > span, .ue-check span, .ue-setting > span, dt, h4, .ue-totals .ue-quiet, th button, .ue-legend span, .ue-arm strong, legend, figcaption";
/** Milliseconds: who only passes by is not stopped. */
const PATIENCE = 450;

export class Terms {
  /**
   * @param {HTMLElement} root
   * @param {Term[]} terms
   * @param {AbortSignal} signal
   */
  constructor(root, terms, signal) {
    this.root = root;
    /** @type {Map<string, Term>} */
    this.byWord = new Map(terms.flatMap((term) => term.words.map((word) => [word, term])));
    this.name = element("strong");
    this.meaning = element("span");
    this.node = element("div", { class: "ue-meaning", role: "tooltip", "data-role": "meaning", hidden: true }, this.name, this.meaning);
    root.append(this.node);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.waiting = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.due = undefined;
    /** @type {(type: string, listener: (event: Event) => void) => void} */
    const on = (type, listener) => root.addEventListener(type, listener, { signal });
    on("pointerover", (event) => this.later(targetOf(event, SPOTS)));
    on("focusin", (event) => this.later(targetOf(event, ":focus-visible") && spotOf(event)));
    on("click", (event) => this.touched(event));
    for (const type of ["pointerleave", "focusout", "input", "keydown"]) on(type, () => this.hide());
    signal.addEventListener("abort", () => [this.waiting, this.due].forEach((timer) => clearTimeout(timer)));
  }

  /**
   * The term that stands somewhere.
   *
   * @param {Element | null} spot
   */
  at(spot) {
    if (!spot) return undefined;
    const words = spot.textContent ?? "";
    return this.byWord.get(words.trim().toLowerCase()) ?? this.byWord.get(words.trim().toLowerCase().split(",")[0]);
  }

  /** Underline what explains itself; its plain title would stand in the way. */
  mark() {
    for (const spot of this.root.querySelectorAll(SPOTS)) {
      const known = this.at(spot) !== undefined;
      spot.classList.toggle("ue-term", known);
      const titled = known ? spot.closest("[title]") : null;
      if (!titled || !this.root.contains(titled)) continue;
      // Shown with the meaning; a control still says it to those who cannot see it.
      const help = titled.getAttribute("title") ?? "";
      spot.setAttribute("data-help", help);
      titled.querySelector("input, select")?.setAttribute("aria-description", help);
      titled.removeAttribute("title");
    }
  }

  /** Once for many changes. */
  markSoon() {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      this.mark();
    }, PATIENCE);
  }

  /** @param {Element | null} spot */
  later(spot) {
    clearTimeout(this.waiting);
    if (!this.at(spot)) {
      this.hide();
      return;
    }
    this.waiting = setTimeout(() => this.show(spot), PATIENCE);
  }

  /**
   * There is no pointer to rest where a finger is.
   *
   * @param {Event} event
   */
  touched(event) {
    if (event instanceof PointerEvent && event.pointerType === "touch") this.show(targetOf(event, SPOTS));
    else this.hide();
  }

  /** @param {Element | null} spot */
  show(spot) {
    const term = this.at(spot);
    this.node.hidden = !term;
    if (!term || !spot) return;
    setText(this.name, term.name);
    const help = spot.getAttribute("data-help");
    setText(this.meaning, help ? `${term.meaning} Here: ${help}.` : term.meaning);
    const [frame, at] = [this.root, spot].map((each) => each.getBoundingClientRect());
    const left = Math.max(8, Math.min(at.left - frame.left, frame.width - this.node.offsetWidth - 8));
    const below = at.bottom - frame.top + 8;
    const fits = below + this.node.offsetHeight + 8 <= frame.height;
    this.node.style.left = `${left.toFixed(0)}px`;
    this.node.style.top = `${(fits ? below : at.top - frame.top - this.node.offsetHeight - 8).toFixed(0)}px`;
  }

  hide() {
    clearTimeout(this.waiting);
    this.node.hidden = true;
  }
}

/**
 * The words at a control that has the focus.
 *
 * @param {Event} event
 */
function spotOf(event) {
  const control = targetOf(event, "input, select");
  const around = control?.closest("label, .ue-knob");
  return around?.querySelector("span") ?? null;
}
