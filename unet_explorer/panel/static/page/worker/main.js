// What runs beside the page, so that the page never waits: the network on whatever this browser computes with.

import { Learner } from "./learning.js";
import { Network } from "./network.js";
import { segmented, stopBefore } from "./segmenting.js";
import { classesOf, viewOf } from "./views.js";

/** @import { Jax, LearningOrder, Maps, Order, StartOrder, Told } from "./types.js" */

/**
 * @typedef {{
 *   jax: Jax,
 *   SharedArrayBuffer?: unknown,
 *   onmessage: (event: MessageEvent<Order>) => void,
 *   postMessage: (told: Told, given?: Transferable[]) => void,
 * }} Scope  Where a worker runs; jax-js stands in front of this.
 */

const scope = /** @type {Scope} */ (/** @type {unknown} */ (globalThis));
/** @type {Network | undefined} */
let network;
/** @type {Learner | undefined} */
let learner;
/** @type {Promise<string> | undefined} */
let deviceIs;
/** @type {Map<string, Maps>} */
let maps = new Map();
/** Orders are carried out one after the other. */
let last = Promise.resolve();

/** The graphics card where there is one that can be asked, else WebAssembly. */
async function deviceAtHand() {
  // More threads would want workers of their own, which a file is not given.
  scope.SharedArrayBuffer = undefined;
  for (const device of ["webgpu", "wasm"]) if (await works(device)) return device;
  throw new Error("this browser knows no WebAssembly");
}

/**
 * Whether it counts rightly: some drivers are there and do not.
 *
 * @param {string} device
 */
async function works(device) {
  const { jax } = scope;
  try {
    if (!(await jax.init(device)).includes(device)) return false;
    jax.defaultDevice(device);
    const [one, two] = await jax.np.add(jax.np.array(Float32Array.of(1, 2), { shape: [2] }), 0.5).data();
    return one === 1.5 && two === 2.5;
  } catch {
    return false;
  }
}

/** @param {Order} order */
async function carryOut(order) {
  if (order.do === "device") {
    scope.postMessage({ event: "device", number: order.number, device: await (deviceIs ??= deviceAtHand()) });
  } else if (order.do === "start") {
    await start(order);
  } else if (order.do === "run") {
    const began = performance.now();
    maps = (await network?.run(order.tile)) ?? maps;
    const scores = mapsOf(network?.steps.at(-1)?.name ?? "");
    scope.postMessage({ event: "run", number: order.number, milliseconds: performance.now() - began, scores, labels: classesOf(scores, network?.steps.at(-1)?.activation) });
  } else if (order.do === "view") {
    const views = order.steps.map((name) => viewOf(name, mapsOf(name), order.cells[name], order.channel));
    scope.postMessage({ event: "view", number: order.number, views });
  } else if (order.do === "score" || order.do === "compare") {
    if (!network) throw new Error("there is no network that could predict");
    scope.postMessage(await segmented(network, order));
  } else if (order.do !== "stop") await teach(order);
}

/** @param {StartOrder} order */
async function start({ steps, weights }) {
  const device = await (deviceIs ??= deviceAtHand());
  // The same network with other numbers: what was compiled stays.
  if (!network || JSON.stringify(network.steps) !== JSON.stringify(steps)) network = new Network(scope.jax, steps);
  network.hold(weights);
  scope.postMessage({ event: "started", device });
}

/** @param {LearningOrder} order */
async function teach(order) {
  const { number } = order;
  if (order.do === "teach") {
    await (deviceIs ??= deviceAtHand());
    learner = new Learner(scope.jax, order.steps, order.numbers);
    scope.postMessage({ event: "taught", number, at: 0 });
    return;
  }
  if (!learner) throw new Error("there is nothing to be taught");
  if (order.do === "predict") {
    const { numbers: all, count, ...each } = await learner.predict(order.tiles);
    const length = all.length / count;
    const labels = Array.from({ length: count }, (_, at) => classesOf({ ...each, numbers: all.subarray(at * length, (at + 1) * length) }));
    scope.postMessage({ event: "predicted", number, labels });
    return;
  }
  if (order.do === "numbers") {
    const numbers = await learner.learnt();
    scope.postMessage({ event: "numbers", number, numbers }, [numbers.buffer]);
    return;
  }
  const { loss, numbers } = order.do === "learn" ? { loss: await learner.learn(order.batch, order.rate), numbers: new Float32Array() } : await learner.gradients(order.batch);
  scope.postMessage({ event: "learnt", number, at: learner.at, loss, numbers });
}

/** @param {string} name */
function mapsOf(name) {
  const found = maps.get(name);
  if (!found) throw new Error(`there are no maps of ${name}`);
  return found;
}

scope.onmessage = ({ data }) => {
  const failed = (/** @type {unknown} */ error) => scope.postMessage({ event: "failed", words: error instanceof Error ? error.message : String(error) });
  // It does not wait for its turn, or there would be nothing left to stop.
  if (data.do === "stop") {
    stopBefore(data.number);
    scope.postMessage({ event: "stopped", number: data.number });
  } else last = last.then(() => carryOut(data)).catch(failed);
};
