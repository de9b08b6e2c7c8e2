// What was refused, in words, beside the field that it is about.

import { element, focusedFrom, setText } from "../lib/page.js";

export class ProblemBubble {
  constructor() {
    this.node = element("p", { class: "ue-problem ue-problem-here", "data-role": "problem", role: "alert" });
  }

  /** @param {string} problem  Nothing hides it. */
  say(problem) {
    setText(this.node, problem);
    this.place();
  }

  /** At the field where the hand is; where that is none of ours, below the verdict. */
  place() {
    const { node } = this;
    const root = node.parentElement;
    if (!node.textContent || !root) return;
    const field = focusedFrom(root)?.closest("input, select, button");
    const seen = field && root.contains(field) && field.checkVisibility();
    const near = seen ? field : root.querySelector('[data-role="status"]') ?? root;
    const [frame, at] = [root, near].map((each) => each.getBoundingClientRect());
    const left = Math.max(8, Math.min(at.left - frame.left, frame.width - node.offsetWidth - 8));
    const below = at.bottom - frame.top + 4;
    const fits = below + node.offsetHeight + 8 <= frame.height;
    const top = fits ? below : at.top - frame.top - node.offsetHeight - 4;
    // As text it would be refused by a page that allows no style within it.
    node.style.left = `${left.toFixed(0)}px`;
    node.style.top = `${top.toFixed(0)}px`;
  }
}
