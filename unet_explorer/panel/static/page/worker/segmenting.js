// Scores of tiles, and what differs between two predictions of an image; what is not wanted any more is left off between two
// steps of the network.

import { seamsOf } from "./seams.js";

/** @import { CompareOrder, ScoreOrder, Told } from "./types.js" */
/** @import { Network } from "./network.js" */

/** Orders up to this number are not wanted any more. */
let stopped = 0;
const channel = new MessageChannel();

/** @param {number} number */
export function stopBefore(number) {
  stopped = number;
}

/** Let messages in; a timer would take four milliseconds. */
function breath() {
  return /** @type {Promise<void>} */ (new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  }));
}

/**
 * @param {Network} network
 * @param {ScoreOrder | CompareOrder} order
 * @returns {Promise<Told>}
 */
export async function segmented(network, order) {
  const { number } = order;
  if (order.do === "compare") {
    const { activation } = network.steps[network.steps.length - 1];
    return { event: "compared", number, ...seamsOf(order.tiled, order.whole, activation) };
  }
  const wanted = async () => {
    await breath();
    return number > stopped;
  };
  const scores = await network.scores(order.tile, wanted);
  return scores ? { event: "scored", number, scores } : { event: "stopped", number };
}
