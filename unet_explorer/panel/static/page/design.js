// Designs in a page: in words, and on the knobs.

import { DesignHistory, setDesign } from "../instrument/history.js";
import { same } from "../lib/equal.js";

/** @import { Config, Design, InstrumentTraits, Model } from "../lib/types.js" */

/** @param {Config} config */
export function designWords(config) {
  return `depth ${config.depth}, ${config.base_filters} filters`;
}

/**
 * Set the knobs; Undo leads back.
 *
 * @param {Model<InstrumentTraits>} instrument
 * @param {Design} design
 */
export function showDesign(instrument, design) {
  if (same({ config: instrument.get("config"), tile: instrument.get("tile") }, design)) return;
  setDesign(instrument, design);
  // What was shown before can be had again.
  new DesignHistory(instrument).record(false, { config: design.config });
}
