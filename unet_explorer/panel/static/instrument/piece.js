// One thing of the drawing, as an element: a rectangle, an arrow, or words. Python says which there are, and where.

import { assign, drawn } from "../lib/page.js";

/** @import { Mark, Metrics } from "../lib/types.js" */
/** @import { Placement } from "./placement.js" */

const NODES = /** @type {const} */ ({ rect: "rect", arrow: "path", text: "text", side: "text" });


export class Piece {
  /**
   * @param {Mark} mark
   * @param {number} head  Length of an arrow's head where the type has its usual size.
   */
  constructor(mark, head) {
    this.mark = mark;
    this.head = head;
    const [kind, look, , y] = mark;
    this.look = look;
    this.node = drawn(NODES[kind], { class: look });
    /** Whether it follows the tile. */
    this.moves = y.some((place) => place.length > 3);
    this.lines = kind === "side" ? [drawn("tspan"), drawn("tspan")] : [];
    this.node.append(...this.lines);
    // Changed in place, which is less work for the browser than other text in the place of the old.
    this.texts = (this.lines.length ? this.lines : kind === "text" ? [this.node] : []).map((line) => {
      const text = document.createTextNode("");
      line.append(text);
      return text;
    });
    if ((mark[0] === "text" || mark[0] === "side") && mark[5] !== "middle") this.node.setAttribute("text-anchor", mark[5]);
    if (look === "ue-box") this.node.setAttribute("rx", "1.5");
    /**
     * What was written last: the browser would take as long to be told the same again.
     *
     * @type {Record<string, string>}
     */
    this.written = {};
    this.size = "";
  }

  /**
   * @param {string} name  Of an attribute.
   * @param {string} value
   */
  write(name, value) {
    if (this.written[name] === value) return;
    this.written[name] = value;
    this.node.setAttribute(name, value);
  }

  /**
   * To where it belongs.
   *
   * @param {Placement} placement
   * @param {Type} type
   * @param {boolean} anew  Whether it may have to move sideways, too: with the tile things go up and down alone.
   */
  place(placement, type, anew) {
    const { mark } = this;
    const [from, to] = mark[2];
    const [upper, lower] = mark[3];
    const top = placement.y(upper);
    if (mark[0] === "rect") {
      this.write("y", tenth(top));
      this.write("height", tenth(placement.y(lower) - top));
      if (!anew) return;
      this.write("x", tenth(placement.x(from)));
      this.write("width", tenth(placement.x(to) - placement.x(from)));
    } else if (mark[0] === "arrow") {
      const tip = placement.y(lower);
      this.write("d", arrowPath([placement.x(from), top], [placement.x(to), tip], this.head * placement.scale.type));
    } else {
      this.write("y", tenth(top));
      if (!anew) return;
      const x = tenth(placement.x(from));
      this.write("x", x);
      this.lines.forEach((line, at) => assign(line, { x, dy: tenth(at * type.line) }));
      if (!this.lines.length) this.say(mark[4].map((words) => [words]), placement.x(to), type);
    }
  }

  /**
   * The first of several wordings that fits in its room.
   *
   * @param {string[][]} wordings  Each of one or two lines.
   * @param {number} room  In px.
   * @param {Type} type
   */
  say(wordings, room, type) {
    const fits = (/** @type {string[]} */ lines) => type.size(lines, room) >= type.font;
    const lines = wordings.find(fits) ?? wordings[wordings.length - 1];
    const small = type.size(lines, room);
    const wanted = small < type.font ? `${small}px` : "";
    if (this.size !== wanted) this.node.style.fontSize = this.size = wanted;
    this.texts.forEach((text, at) => {
      const words = lines[at] ?? "";
      if (text.data !== words) text.data = words;
    });
  }
}

/** The type of the drawing: its size in px, from one line to the next, and how large a label may be. */
export class Type {
  /**
   * @param {number} font  In px.
   * @param {number} line  In px.
   * @param {number} character  Width of a bold figure by its height.
   * @param {Pick<Metrics, "narrow" | "saved">} [signs]  Those that are narrower, and by how much.
   */
  constructor(font, line, character, signs = { narrow: "", saved: 0 }) {
    this.signs = signs;
    this.font = font;
    this.line = line;
    this.character = character;
  }

  /**
   * Room in px that so many figures take.
   *
   * @param {string} words
   */
  width(words) {
    const { narrow, saved } = this.signs;
    const few = [...words].filter((each) => narrow.includes(each)).length;
    return this.font * this.character * (words.length - saved * few);
  }

  /**
   * The size at which these lines stay clear of their neighbours.
   *
   * @param {string[]} lines
   * @param {number} room  In px.
   */
  size(lines, room) {
    // Most have room enough even if none of their signs is narrow.
    const longest = Math.max(...lines.map((line) => line.length));
    if (longest * this.font * this.character <= room) return this.font;
    const widest = Math.max(...lines.map((line) => this.width(line)));
    return widest <= room ? this.font : Math.floor((10 * this.font * room) / widest) / 10;
  }
}

/**
 * A straight arrow, level or upright, as one path: the shaft, then the head.
 *
 * @param {[number, number]} start
 * @param {[number, number]} tip
 * @param {number} head
 */
function arrowPath([x1, y1], [x2, y2], head) {
  const back = y2 > y1 ? -head : head;
  const point = y1 === y2 ? `l${-head} ${-head / 2}v${head}z` : `l${-head / 2} ${back}h${head}z`;
  return `M${tenth(x1)} ${tenth(y1)}L${tenth(x2)} ${tenth(y2)}M${tenth(x2)} ${tenth(y2)}${point}`;
}

/** @param {number} length */
function tenth(length) {
  return length.toFixed(1);
}

/** @type {Map<string, number>} */
const figures = new Map();

/**
 * Width of a bold figure by its height.
 *
 * @param {string} family
 */
export function widthOfFigure(family) {
  const known = figures.get(family);
  if (known) return known;
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return 0.7;
  context.font = `700 100px ${family}`;
  const width = context.measureText("0").width / 100 || 0.7;
  figures.set(family, width);
  return width;
}
