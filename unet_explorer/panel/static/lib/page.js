// Elements of the page: how they are made, and how a field is listened to.

/** @import { Pair, Sides } from "./types.js" */

/**
 * @typedef {Record<string, string | number | boolean | undefined>} Attributes  True stands alone; false and undefined are
 *   left out.
 */

/**
 * Make an element. Text is only ever set as text, so nothing typed or named can become markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  assign(made, attributes);
  made.append(...children);
  return made;
}

/**
 * Make an element of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  assign(made, attributes);
  made.append(...children);
  return made;
}

/**
 * A drawing that came as text, as an element of this page.
 *
 * @param {string} text
 */
export function drawnFrom(text) {
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const svg = document.importNode(parsed, true);
  if (!(svg instanceof SVGSVGElement)) throw new Error("a drawing cannot be read");
  return svg;
}

/**
 * @param {Element} node
 * @param {Attributes} attributes
 */
export function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What every control needs so that JupyterLab leaves its keys alone. */
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/**
 * The nearest element around what an event came from that a selector names; null if there is none.
 *
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | SVGElement | null}
 */
export function targetOf(event, selector) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof HTMLElement || found instanceof SVGElement ? found : null;
}

/**
 * What the button that was pressed says of itself: its action, and more; null if it is none, or cannot be pressed now.
 *
 * @param {Event} event
 * @returns {{ action: string, [more: string]: string | undefined } | null}
 */
export function pressedButton(event) {
  const pressed = targetOf(event, "button[data-action]");
  if (!pressed || pressed.getAttribute("aria-disabled") === "true") return null;
  return { ...pressed.dataset, action: pressed.dataset.action ?? "" };
}

/**
 * What has the focus, seen from a node: of a shadow tree, as in marimo, the document knows the host alone.
 *
 * @param {Node} node
 */
export function focusedFrom(node) {
  const root = node.getRootNode();
  return root instanceof ShadowRoot ? root.activeElement : document.activeElement;
}

/**
 * Keep a key to ourselves: neither the page nor JupyterLab shall act on it.
 *
 * @param {Event} event
 */
export function consume(event) {
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Where the pointer is in a drawing, in its own units.
 *
 * @param {SVGSVGElement} svg
 * @param {PointerEvent} event
 */
export function placeIn(svg, event) {
  // Without a matrix it is not shown, and then nobody can point at it.
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
}

/**
 * Fields that somebody is typing into.
 *
 * @type {WeakSet<HTMLInputElement>}
 */
const typing = new WeakSet();

/**
 * Whether somebody is in the middle of typing into a field; after Enter nobody is.
 *
 * @param {HTMLInputElement} input
 */
export function isBeingTyped(input) {
  return typing.has(input);
}

/**
 * Hear of a number once it is typed: on leaving the field, and on Enter, which JupyterLab would take for itself.
 *
 * @param {HTMLInputElement} input
 * @param {() => void} listener
 * @param {AbortSignal} signal
 */
export function onTyped(input, listener, signal) {
  /** @type {string | null} */
  let heard = null;
  const done = () => {
    typing.delete(input);
    heard = input.value;
    listener();
  };
  // After Enter, leaving the field is a change once more, perhaps in the middle of something else.
  const left = () => {
    if (typing.has(input) || input.value !== heard) done();
  };
  const enter = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter") return;
    consume(event);
    done();
  };
  input.addEventListener("input", () => typing.add(input), { signal });
  input.addEventListener("blur", () => typing.delete(input), { signal });
  input.addEventListener("change", left, { signal });
  input.addEventListener("keydown", enter, { signal });
}

/**
 * Show what is true in a field, but never while somebody types into it.
 *
 * @param {HTMLInputElement} input
 * @param {number} value
 */
export function showNumber(input, value) {
  if (!typing.has(input) && input.value !== String(value)) input.value = String(value);
}

/**
 * Give a rectangle of a drawing its place and its sides.
 *
 * @param {SVGRectElement} rect
 * @param {Pair} place
 * @param {Sides} sides
 */
export function frame(rect, [y, x], { height, width }) {
  assign(rect, { x, y, width, height });
}

/**
 * Hand over a text, or bytes, as a file.
 *
 * @param {string} name
 * @param {BlobPart} content
 * @param {string} type
 */
export function download(name, content, type) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  element("a", { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

/**
 * Put a text where Ctrl + V finds it; false where the browser does not allow it.
 *
 * @param {string} text
 */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** How to begin anew. Voilà's pages have no cells, and say so at their body. */
export function howAgain() {
  return globalThis.document?.body?.dataset?.voila ? "Reload the page" : "Run the cell again";
}
