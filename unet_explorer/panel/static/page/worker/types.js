// Types of what the network in the page is made of, for the type checker alone.

/** @import { Config, Pair } from "../../lib/types.js" */
/** @import { Grid, View } from "../../tabs/image_types.js" */

/**
 * An array of jax-js: whatever takes one uses it up, and `ref` is what keeps it.
 *
 * @typedef {{
 *   shape: number[],
 *   ref: JaxArray,
 *   reshape: (shape: number[]) => JaxArray,
 *   transpose: (axes: number[]) => JaxArray,
 *   slice: (...parts: number[][]) => JaxArray,
 *   mul: (other: number | JaxArray) => JaxArray,
 *   data: () => Promise<Float32Array>,
 *   dispose: () => void,
 * }} JaxArray
 */

/**
 * What is used of jax-js.
 *
 * @typedef {{
 *   init: (...devices: string[]) => Promise<string[]>,
 *   defaultDevice: (device: string) => string,
 *   valueAndGrad: (computed: (numbers: JaxArray[][], ...given: JaxArray[]) => JaxArray) => (numbers: JaxArray[][], ...given: JaxArray[]) => [JaxArray, JaxArray[][]],
 *   jit: <F extends (...given: any[]) => unknown>(computed: F) => F,
 *   np: {
 *     array: (numbers: Float32Array, options: { shape: number[] }) => JaxArray,
 *     add: (a: JaxArray, b: JaxArray | number) => JaxArray,
 *     subtract: (a: JaxArray, b: JaxArray) => JaxArray,
 *     multiply: (a: JaxArray, b: JaxArray) => JaxArray,
 *     divide: (a: JaxArray, b: JaxArray) => JaxArray,
 *     sqrt: (a: JaxArray) => JaxArray,
 *     sum: (a: JaxArray) => JaxArray,
 *     max: (a: JaxArray, axes: number[]) => JaxArray,
 *     concatenate: (arrays: JaxArray[], axis: number) => JaxArray,
 *     stack: (arrays: JaxArray[], axis: number) => JaxArray,
 *   },
 *   lax: { convGeneralDilated: (maps: JaxArray, kernel: JaxArray, strides: Pair, padding: Pair[]) => JaxArray },
 *   nn: {
 *     relu: (a: JaxArray) => JaxArray,
 *     sigmoid: (a: JaxArray) => JaxArray,
 *     softmax: (a: JaxArray, axis: number) => JaxArray,
 *     logSoftmax: (a: JaxArray, axis: number) => JaxArray,
 *   },
 * }} Jax
 */

/**
 * A step of the plan, as Python sends it; `shapes` are those of the arrays that it has learnt, as Keras lays them out.
 *
 * @typedef {{
 *   name: string,
 *   op: string,
 *   inputs: string[],
 *   channels: number,
 *   kernel: number,
 *   padding: string,
 *   activation: string,
 *   crop: number,
 *   shapes: number[][],
 * }} RunStep
 */

/**
 * Maps as they were computed, channel by channel.
 *
 * @typedef {{ numbers: Float32Array, channels: number, height: number, width: number }} Maps
 */

/** @typedef {Maps & { count: number }} ManyMaps  Of several tiles, one behind the other. */

/**
 * What is learnt from: tiles, and for each pixel of their outputs its weight at its class, and 0 at all others; all weights
 * together are 1, where the loss shall be a mean.
 *
 * @typedef {{ tiles: ManyMaps, truth: ManyMaps }} Batch
 */

/**
 * What tiles changed: classes of all pixels, in tiles and in one piece; in `seams` the square root of how much probabilities
 * differ, brightest at a difference of `scale`; how many classes are others, and the `largest` difference.
 *
 * @typedef {{ labels: Uint8Array, wanted: Uint8Array, seams: Uint8Array, flipped: number, largest: number, scale: number }} Seams
 */

/** @typedef {Omit<View, "grid">} PlainView  All but where it is shown. */

/** @typedef {ArrayBuffer | Float32Array} Weights  All arrays, one behind the other: in 16 bits, the low byte first, or in 32. */

/**
 * @typedef {{ do: "device", number: number }} DeviceOrder  What is computed with.
 * @typedef {{ do: "start", number: number, steps: RunStep[], weights: Weights }} StartOrder
 * @typedef {{ do: "run", number: number, tile: Maps }} RunOrder  Compute all maps of a tile.
 * @typedef {{ do: "view", number: number, steps: string[], cells: Record<string, number>, channel: number }} ViewOrder
 *   Show some, each in so many pixels of the screen; below 0 the channel is the liveliest.
 * @typedef {{ do: "teach", number: number, steps: RunStep[], numbers: Float32Array }} TeachOrder
 *   A network that shall learn, from these numbers; it is another one than that of `StartOrder`.
 * @typedef {{ do: "learn", number: number, batch: Batch, rate: number }} LearnOrder  One step.
 * @typedef {{ do: "gradients", number: number, batch: Batch }} GradientsOrder
 * @typedef {{ do: "predict", number: number, tiles: ManyMaps }} PredictOrder  What the one that learns says of them.
 * @typedef {{ do: "numbers", number: number }} NumbersOrder  All that the one that learns has learnt.
 * @typedef {TeachOrder | LearnOrder | GradientsOrder | PredictOrder | NumbersOrder} LearningOrder
 * @typedef {{ do: "score", number: number, tile: Maps }} ScoreOrder  The scores of a tile alone.
 * @typedef {{ do: "compare", number: number, tiled: Maps, whole: Maps }} CompareOrder  Scores of an image in tiles, and in one piece.
 * @typedef {{ do: "stop", number: number }} StopOrder  Scores that were asked for before are not wanted any more.
 * @typedef {ScoreOrder | CompareOrder | StopOrder} TileOrder
 * @typedef {DeviceOrder | StartOrder | RunOrder | ViewOrder | TileOrder | LearningOrder} Order  What the page asks for, each with a number.
 */

/**
 * @typedef {{ event: "device", number: number, device: string }} Device
 * @typedef {{ event: "started", device: string }} Started
 * @typedef {{ event: "run", number: number, milliseconds: number, scores: Maps, labels: Uint8Array }} Ran
 *   `labels` are the classes of all pixels of the output.
 * @typedef {{ event: "view", number: number, views: PlainView[] }} Viewed
 * @typedef {{ event: "taught", number: number, at: number }} Taught  It is ready, after so many steps.
 * @typedef {{ event: "learnt", number: number, at: number, loss: number, numbers: Float32Array }} Learnt
 *   `numbers` are the gradients, where they were asked for.
 * @typedef {{ event: "predicted", number: number, labels: Uint8Array[] }} Predicted
 *   Of each tile the classes of all pixels of its output.
 * @typedef {{ event: "scored", number: number, scores: Maps }} Scored
 * @typedef {{ event: "stopped", number: number }} Stopped  An order to stop, or one that was stopped.
 * @typedef {{ event: "compared", number: number } & Seams} Compared
 * @typedef {{ event: "numbers", number: number, numbers: Float32Array }} Numbers
 * @typedef {{ event: "failed", words: string }} Failed
 * @typedef {Device | Started | Ran | Viewed | Scored | Stopped | Compared | Taught | Learnt | Predicted | Numbers | Failed} Told  What the worker answers.
 */

/**
 * An image in the page: `pixels` as base64, (height, width, channels); a network is given each channel less `middle`, divided by
 * `spread`.
 *
 * @typedef {{ title: string, height: number, width: number, channels: number, pixels: string, middle: number[], spread: number[] }} HeldImage
 */

/**
 * A network that can be looked into: `cells` is how many pixels of the screen each map of a step has a side, `at` after how many
 * steps of learning it is, and `summary` says so; `prepared`, whether it was taught with images of mean 0 and standard
 * deviation 1.
 *
 * @typedef {{
 *   config: Config,
 *   steps: RunStep[],
 *   cells: Record<string, number>,
 *   grid: Grid,
 *   prepared: boolean,
 *   at: number,
 *   summary: string,
 *   classes: string[],
 * }} RunNetwork
 */

/** @typedef {RunNetwork & { images: HeldImage[] }} PageNetwork  One that the page brings, see panel/page_network.py. */

/** @typedef {"linear" | "relu"} Head  What the last step makes of its scores. */

/**
 * A design that can be taught in a page: the steps that it has with either of the `heads`, and then those of each; `predicted` is
 * the output of the tile `whole`, which holds all of an image. Unless the browser computes with what it `wants`, it is too slow.
 *
 * @typedef {{
 *   config: Config,
 *   tile: number,
 *   output: number,
 *   whole: number,
 *   predicted: number,
 *   parameters: number,
 *   shared: RunStep[],
 *   heads: Record<Head, RunStep[]>,
 *   cells: Record<string, number>,
 *   rate: number,
 *   batch: number,
 *   wants: string,
 * }} TaughtDesign
 */

/**
 * What is learnt from in a page, see panel/page_learning.py: designs to choose from, and square images of `side` pixels, of
 * which the last are kept for `validation`.
 *
 * @typedef {{
 *   designs: Record<string, TaughtDesign>,
 *   grid: Grid,
 *   name: string,
 *   classes: string[],
 *   side: number,
 *   images: number,
 *   validation: number,
 *   packed: string,
 *   steps: number,
 *   steps_per_epoch: number,
 * }} PageLearning
 */
