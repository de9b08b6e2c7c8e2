// The little Markdown that lessons are written in: paragraphs, lists, bold, emphasis and code. Nothing of it is markup.

import { element } from "./page.js";

const INLINE = /\*\*(.+?)\*\*|\*(.+?)\*|`(.+?)`/s;

/**
 * A text as its parts: what is plain, bold, emphasised or code.
 *
 * @param {string} text
 * @returns {["" | "strong" | "em" | "code", string][]}
 */
export function inlineParts(text) {
  const found = INLINE.exec(text);
  if (!found) return text ? [["", text]] : [];
  const [whole, strong, em, code] = found;
  const before = text.slice(0, found.index);
  const rest = inlineParts(text.slice(found.index + whole.length));
  /** @type {["" | "strong" | "em" | "code", string]} */
  const part = strong ? ["strong", strong] : em ? ["em", em] : ["code", code];
  return [...(before ? [/** @type {["", string]} */ (["", before])] : []), part, ...rest];
}

/**
 * A text as blocks: paragraphs, and lists of items.
 *
 * @param {string} text
 * @returns {(string | string[])[]}
 */
export function blocksOf(text) {
  const blocks = text.trim().split(/\n\s*\n/);
  return blocks.filter(Boolean).map((block) => {
    const lines = block.split("\n").map((line) => line.trim());
    return lines.every((line) => line.startsWith("- ")) ? lines.map((line) => line.slice(2)) : lines.join(" ");
  });
}

/** @param {string} text */
function inline(text) {
  return inlineParts(text).map(([kind, words]) => (kind ? element(kind, {}, words) : words));
}

/**
 * The nodes of a text.
 *
 * @param {string} text
 */
export function rendered(text) {
  return blocksOf(text).map((block) =>
    typeof block === "string" ? element("p", {}, ...inline(block)) : element("ul", {}, ...block.map((item) => element("li", {}, ...inline(item)))),
  );
}
