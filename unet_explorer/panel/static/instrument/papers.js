// Drawings that were shown before: a hand goes back and forth, and need not wait for the same boxes to be made again.

/** @import { Network, Pair } from "../lib/types.js" */
/** @import { Badge } from "./notes.js" */
/** @import { Part } from "./part.js" */
/** @import { Type } from "./piece.js" */
/** @import { Placement } from "./placement.js" */

/**
 * All that is drawn of a network; for which room and tile it was laid out last; and which box was selected then, and which one
 * the Tab key led to.
 *
 * @typedef {{
 *   svg: SVGSVGElement,
 *   parts: Part[],
 *   byName: Map<string, Part>,
 *   badge: Badge,
 *   laid: { room: object, whole: boolean, linked: boolean, placed: Placement, type: Type, tile: Pair, sizesKept: boolean } | null,
 *   selected: string,
 *   focus: string,
 * }} Paper
 */

/** More than there are depths, or numbers of filters in the page. */
const MOST_PAPERS = 12;

export class Papers {
  constructor() {
    /**
     * The one that was shown last stands last.
     *
     * @type {Map<Network, Paper>}
     */
    this.kept = new Map();
  }

  /**
   * @param {Network} network
   * @param {() => Paper} make
   */
  of(network, make) {
    const paper = this.kept.get(network) ?? make();
    this.kept.delete(network);
    this.kept.set(network, paper);
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_PAPERS) this.kept.delete(oldest);
    return paper;
  }
}

/**
 * From where a step stood to where it stands now; what is new fades in.
 *
 * @param {Part[]} parts
 * @param {Map<string, Part>} before
 * @param {() => boolean} seen  Whether they are shown, still.
 */
export function glide(parts, before, seen) {
  // Nothing of it is seen before the next frame, for which the hand need not wait.
  requestAnimationFrame(() => {
    if (!seen() || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const { name, group, x, y } of parts) {
      const old = before.get(name);
      const from = old ? { transform: `translate(${old.x - x}px, ${old.y - y}px)` } : { opacity: 0 };
      group.animate([from, {}], { duration: 200, easing: "ease-out" });
    }
  });
}
