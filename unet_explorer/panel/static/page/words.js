// What a page says of the network that is looked at, in every tab that runs it.

import { designWords } from "./design.js";

/** @import { PageNetworks } from "./networks.js" */
/** @import { RunNetwork } from "./worker/types.js" */

/** Numbers held at once, of 4 bytes each: a browser gives a page no more than some GB. */
export const MOST_NUMBERS = 100_000_000;
export const NOTHING_YET = "Nothing has learnt in this page yet. Start in Train first; then this shows what the network has learnt.";
export const NO_IMAGE = "This page brings no image that the network takes: choose one of your own.";

/** What a network runs on, in words. */
const DEVICES = new Map([["wasm", "WebAssembly"], ["webgpu", "WebGPU"]]);

/**
 * What it has learnt, and what it runs on.
 *
 * @param {RunNetwork} network
 * @param {string} device
 */
export function networkWords({ summary }, device) {
  return `${summary}, on ${DEVICES.get(device) ?? device}`;
}

/**
 * Why the design on the knobs cannot be run.
 *
 * @param {PageNetworks} networks
 * @param {string} purpose
 */
export function otherDesignWords({ which, looked }, purpose) {
  const { config } = looked.network;
  const name = which === "taught" ? "The network that learns in Train" : "The network in this page";
  return `${name} is of another design: ${designWords(config)}, ${config.padding} padding. Undo, or set the knobs so, ${purpose}.`;
}

/**
 * Of what is too much: “12 million numbers, and a page takes 10 million”.
 *
 * @param {number} numbers
 */
export function tooManyWords(numbers) {
  return `${Math.round(numbers / 1e6)} million numbers, and a page takes ${MOST_NUMBERS / 1e6} million`;
}
