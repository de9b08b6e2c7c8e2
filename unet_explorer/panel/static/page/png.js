// Classes of pixels as a PNG in the colours of the panel, whose numbers are the classes: what predict/exports.py writes.

import { classColour } from "../lib/canvas.js";
import { crc32 } from "../lib/crc.js";

/** @import { Palette, Sides } from "../lib/types.js" */

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
/** 8 bits a pixel, each the number of a colour; compressed as all PNGs are, rows as they stand, from top to bottom. */
const KIND = [8, 3, 0, 0, 0];

/**
 * @param {Sides} sides
 * @param {Uint8Array} labels
 * @param {Palette} palette
 */
export async function maskPng({ height, width }, labels, palette) {
  const colours = Array.from({ length: 256 }, (_, label) => (label ? [...classColour(palette, label)] : [0, 0, 0])).flat();
  // Each row begins with how it is written: as it is.
  const rows = new Uint8Array(height * (width + 1));
  for (let row = 0; row < height; row += 1) rows.set(labels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  const squeezed = new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate")));
  const head = [...fourBytes(width), ...fourBytes(height), ...KIND];
  const parts = [part("IHDR", head), part("PLTE", colours), part("IDAT", new Uint8Array(await squeezed.arrayBuffer())), part("IEND", [])];
  return new Blob([Uint8Array.from(SIGNATURE), ...parts]).arrayBuffer();
}

/**
 * @param {string} name
 * @param {ArrayLike<number>} content
 */
function part(name, content) {
  const named = new Uint8Array(4 + content.length);
  named.set(new TextEncoder().encode(name));
  named.set(content, 4);
  return new Blob([Uint8Array.from(fourBytes(content.length)), named, Uint8Array.from(fourBytes(crc32(named)))]);
}

/** @param {number} number */
function fourBytes(number) {
  return [24, 16, 8, 0].map((bits) => (number >>> bits) & 255);
}
