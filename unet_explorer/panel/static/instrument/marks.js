// The marks of Build: whether Keras has made of a step what is drawn.

import { drawn } from "../lib/page.js";

/** @import { Part } from "./part.js" */

/**
 * @param {Part} part
 * @param {number} top  Of its box.
 * @param {boolean} agrees
 * @param {string} problem  How it does not, if it is the step itself that does not.
 * @param {number} scale  1 where the type has its usual size.
 */
export function mark(part, top, agrees, problem, scale) {
  const { group } = part;
  group.dataset.proof = agrees ? "agrees" : "differs";
  const made = part.mark ?? newMark(part);
  made.sign.setAttribute("d", agrees ? "M-3 0l2 2.5l4 -5" : "M-2.5 -2.5l5 5M2.5 -2.5l-5 5");
  // At the corner of the box, below its label and above its arrow.
  const place = `translate(${part.right.toFixed(1)} ${(top + 6 * scale).toFixed(1)})`;
  made.node.setAttribute("transform", `${place} scale(${scale.toFixed(2)})`);
  const words = agrees ? "agrees with Keras" : problem || "does not agree with Keras";
  const [label] = (group.getAttribute("aria-label") ?? "").split(";");
  group.setAttribute("aria-label", `${label}; ${words}`);
}

/** @param {Part} part */
function newMark(part) {
  const sign = drawn("path");
  const made = { sign, node: drawn("g", { class: "ue-mark" }, drawn("circle", { r: 6 }), sign) };
  part.group.append(made.node);
  Object.assign(part, { mark: made });
  return made;
}

/** @param {Part} part */
export function unmark(part) {
  delete part.group.dataset.proof;
  part.mark?.node.remove();
  Object.assign(part, { mark: null });
}
