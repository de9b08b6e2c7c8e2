// Elements of the page: how they are made, and how a field is listened to.

/** Make an element. Text is only ever set as text, so nothing typed or named can become markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  assign(made, attributes);
  made.append(...children);
  return made;
}

export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  assign(made, attributes);
  made.append(...children);
  return made;
}

export function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What every control needs so that JupyterLab leaves its keys alone. */
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/** Hear of a number once it is typed: on leaving the field, and on Enter, which JupyterLab would take for itself. */
export function onTyped(input, listener, signal) {
  const done = () => {
    input.typing = false;
    input.heard = input.value;
    listener();
  };
  // After Enter, leaving the field is a change once more, perhaps in the middle of something else.
  const left = () => (input.typing || input.value !== input.heard) && done();
  const enter = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    done();
  };
  input.addEventListener("input", () => (input.typing = true), { signal });
  input.addEventListener("blur", () => (input.typing = false), { signal });
  input.addEventListener("change", left, { signal });
  input.addEventListener("keydown", enter, { signal });
}

/** Show what is true in a field, but never while somebody types into it. */
export function showNumber(input, value) {
  if (!input.typing && input.value !== String(value)) input.value = value;
}

/** Give a rectangle of a drawing its place and its sides. */
export function frame(rect, [y, x], { height, width }) {
  assign(rect, { x, y, width, height });
}
