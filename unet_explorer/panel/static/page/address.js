// A link, as panel/link.py writes it: read from the address of this page, and written into it.

import { crc32 } from "../lib/crc.js";

/** @import { Config, KnobValue, Pair } from "../lib/types.js" */

/**
 * What version 1 means, as Python says it (panel/tokens.py): in `order` every key, whether a number or the rest of a
 * word follows it, and what is usual; in `words` what is written as a word alone; in `design` the knobs by their keys.
 *
 * @typedef {{
 *   order: [string, "number" | "text" | "word", unknown][],
 *   words: Record<string, string[]>,
 *   design: [string, string, KnobValue][],
 *   signs: string,
 *   longest: number,
 * }} LinkTable
 *
 * @typedef {{ config: Config, tile: Pair, selected: string, opened: string, lesson: string }} LinkScene  The open tab in
 *   small letters.
 */

/** The tab that a link opens where it names none. */
const USUAL_TAB = "design";
const BEGINS = /^unet(\d+)-/;
const NUMBER = /^([a-z]+)(\d[0-9ex]*)$/;

export class LinkError extends Error {}

/**
 * The tokens of a link by their keys, each as the text behind its key.
 *
 * @param {string} given
 * @param {LinkTable} table
 */
export function tokensOf(given, table) {
  const link = given.trim().toLowerCase();
  const begins = BEGINS.exec(link);
  if (!begins) throw new LinkError("What stands in the address is no link: one begins with unet1-.");
  const end = link.lastIndexOf("-");
  const body = link.slice(0, end);
  if (link.length > table.longest || link.slice(end + 1) !== checksum(body, table.signs)) {
    throw new LinkError("The link in the address was cut off or mistyped: its checksum does not agree. Copy it once more, whole.");
  }
  if (begins[1] !== "1") throw new LinkError(`The link in the address is of version ${begins[1]}, and this page reads version 1.`);
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const token of body.split("-").slice(1)) {
    const [key, text] = keyed(token, table);
    if (!key || found.has(key)) throw new LinkError(`The link in the address says “${token}”, which this page does not know.`);
    found.set(key, text);
  }
  return found;
}

/**
 * @param {string} token
 * @param {LinkTable} table
 * @returns {[string, string]}
 */
function keyed(token, { order, words }) {
  const number = NUMBER.exec(token);
  if (number && order.some(([key, kind]) => kind === "number" && key === number[1])) return [number[1], number[2]];
  const meant = Object.entries(words).find(([, known]) => known.includes(token));
  if (meant) return [meant[0], token];
  const text = order.find(([key, kind]) => kind === "text" && token.startsWith(key));
  return text ? [text[0], token.slice(text[0].length)] : ["", ""];
}

/**
 * What a page can show of a link.
 *
 * @param {Map<string, string>} tokens
 * @param {LinkTable} table
 * @returns {LinkScene}
 */
export function sceneOf(tokens, { design }) {
  const said = tokens.get("t") ?? "";
  const tile = said.split("x").map(Number);
  if (!/^[1-9]\d{0,6}(x[1-9]\d{0,6})?$/.test(said)) throw new LinkError("The link in the address says no tile.");
  const config = Object.fromEntries(design.map(([key, name, usual]) => [name, linkedValue(tokens.get(key), usual)]));
  return {
    config: /** @type {Config} */ (/** @type {unknown} */ ({ version: 1, ...config })),
    tile: [tile[0], tile[1] ?? tile[0]],
    selected: tokens.get("at") ?? "",
    opened: tokens.get("tab") ?? USUAL_TAB,
    lesson: (tokens.get("on") ?? "").replaceAll("_", "-"),
  };
}

/**
 * @param {string | undefined} text
 * @param {KnobValue} usual
 */
function linkedValue(text, usual) {
  if (text === undefined || typeof usual === "string") return text ?? usual;
  const [figures, places = "0"] = text.split("e");
  const number = Number(`${figures}e-${places}`);
  return typeof usual === "boolean" ? number === 1 : number;
}

/**
 * The link of what is shown; what else the former one said is kept.
 *
 * @param {LinkScene} scene
 * @param {Map<string, string>} former  Its tokens.
 * @param {LinkTable} table
 */
export function linkOf({ config, tile, selected, opened, lesson }, former, { order, words, design, signs }) {
  const tokens = new Map(former);
  const knobs = /** @type {Record<string, KnobValue>} */ (/** @type {unknown} */ (config));
  tokens.set("t", tile[0] === tile[1] ? `${tile[0]}` : tile.join("x"));
  for (const [key, name, usual] of design) {
    if (knobs[name] === usual) tokens.delete(key);
    else tokens.set(key, typeof knobs[name] === "string" ? String(knobs[name]) : decimalWords(Number(knobs[name])));
  }
  for (const [key, text] of [["at", selected], ["tab", opened === USUAL_TAB ? "" : opened], ["on", lesson.replaceAll("-", "_")]]) {
    if (text) tokens.set(key, text);
    else tokens.delete(key);
  }
  const written = order.filter(([key]) => tokens.has(key)).map(([key]) => (key in words ? "" : key) + tokens.get(key));
  const body = ["unet1", ...written].join("-");
  return `${body}-${checksum(body, signs)}`;
}

/** Whether this page has an address that can be shared; in a saved notebook it has none. */
export function hasAddress() {
  return !["about:", "blob:"].includes(location.protocol);
}

/**
 * In whole figures, and by how many places they stand behind the point: 0.15 is 15e2.
 *
 * @param {number} number
 */
function decimalWords(number) {
  const [before, behind = ""] = String(number).split(".");
  return behind ? `${(before + behind).replace(/^0+/, "")}e${behind.length}` : before;
}

/**
 * CRC-32 in seven figures.
 *
 * @param {string} body
 * @param {string} signs
 */
function checksum(body, signs) {
  let number = crc32(new TextEncoder().encode(body));
  let figures = "";
  for (let place = 0; place < 7; place += 1) {
    figures = signs[number % signs.length] + figures;
    number = Math.floor(number / signs.length);
  }
  return figures;
}
