// Types of what Python tells the tabs Tile and Inside, for the type checker alone; see types.js. What is sent is said where
// it is made: in panel/tabs/tile.py and inside.py, and maps in learning/worker/activations.py.

/** @import { Bytes, Config, Followed, Pair, Painted, Picture, Told } from "../lib/types.js" */
/** @import { BackgroundTraits } from "./types.js" */

// Tile ---------------------------------------------------------------------------------------------------------------

/**
 * @typedef {BackgroundTraits & {
 *   instrument: string,
 *   options: [string, string][],
 *   choice: string,
 *   title: string,
 *   state: "new" | "starting" | "working" | "done" | "failed",
 *   alone?: string,
 * }} ImageTraits  `instrument` is where the knobs are found; `options` are images as [key, words], `choice` a key of them.
 *   `alone` is what becomes of an image of one's own where there is no notebook.
 */

/** @typedef {Picture & { number: number }} NumberedPicture  Another image has another number. */

/**
 * What a tile costs: how many are laid, the share of what is computed that is kept, work and bytes in all.
 *
 * @typedef {{
 *   name: string,
 *   tile: Pair,
 *   count: number,
 *   share: number,
 *   macs: number,
 *   memory: number,
 *   within: boolean,
 * }} TileCost
 */

/**
 * A prediction in tiles against one in `pieces`: classes of all pixels, a byte each, and in `seams` the square root of
 * how much probabilities differ, brightest at a difference of `scale`.
 *
 * @typedef {{
 *   number: number,
 *   tile: Pair,
 *   config: Config,
 *   naive: boolean,
 *   labels: Bytes,
 *   wanted: Bytes,
 *   seams: Bytes,
 *   flipped: number,
 *   largest: number,
 *   scale: number,
 *   pieces: number,
 *   seconds: number,
 *   network: string,
 *   uncompared?: string,
 * }} Prediction  `uncompared` says why it was not compared, where it was not.
 */

/**
 * @typedef {ImageTraits & {
 *   picture: Told<NumberedPicture>,
 *   limit: number,
 *   naive: boolean,
 *   table: TileCost[],
 *   best: [] | Pair,
 *   progress: Pair,
 *   result: Told<Prediction>,
 *   saved: Told<{ number: number, name: string, type: string, content: Bytes }>,
 *   learnt: boolean,
 *   files?: string[],
 * }} TileTraits  `limit` in bytes; `progress` is tiles done and in all; `files` are kinds that a prediction can be saved as, where
 *   it is not all of them.
 */

/**
 * Tiles on one axis of an image, in pixels; see `Axis` in core/axis.py.
 *
 * @typedef {{
 *   side: number,
 *   tile: number,
 *   output: number,
 *   usable: number,
 *   stride: number,
 *   count: number,
 *   whole: number,
 *   start: (number: number) => number,
 *   written: (number: number) => Pair,
 *   at: (pixel: number) => number,
 * }} TileAxis
 */

/**
 * @typedef {{
 *   state: Followed,
 *   axes: [TileAxis, TileAxis],
 *   count: number,
 *   computed: number,
 *   kept: number,
 *   problem: "",
 * }} Covering  `computed` and `kept` in pixels.
 * @typedef {{ state: Followed, axes?: [TileAxis, TileAxis], problem: string, count?: undefined }} NoCovering
 * @typedef {Covering | NoCovering} Covered  Whether it is one is seen by its `count`.
 */

// Inside -------------------------------------------------------------------------------------------------------------

/**
 * The grid that maps are shown in, in pixels of the screen: as wide as `width`, with a `gap` between two cells, and no
 * narrower than `least`.
 *
 * @typedef {{ width: number, gap: number, least: number }} Grid
 */

/**
 * Maps behind a step: `thumbs` are all channels small, (channels, `rows`, `columns`), made for `cell` pixels of the
 * screen a side; `whole` is the one `channel`. Of each channel 0 stands for `low` and 255 for `high`; `dead` ones are the
 * same everywhere.
 *
 * @typedef {{
 *   step: string,
 *   height: number,
 *   width: number,
 *   channels: number,
 *   channel: number,
 *   scale: number,
 *   cell: number,
 *   grid: Grid,
 *   rows: number,
 *   columns: number,
 *   thumbs: Bytes,
 *   whole: Bytes,
 *   low: number[],
 *   high: number[],
 *   dead: boolean[],
 * }} View
 */

/**
 * Real numbers around a step, as `learning.worker.patches` gives them: around a pooling `before` and `behind` alone; empty
 * where there are none.
 *
 * @typedef {{
 *   step?: string,
 *   channel?: number,
 *   tile?: Pair,
 *   classes?: string[],
 *   before?: number[][],
 *   behind?: number[][],
 *   kernel?: number[][],
 *   others?: number[][],
 *   bias?: number[],
 *   from?: number[],
 *   scores?: number[][][],
 * }} Patch
 */

/** @typedef {Painted & { title: string, number: number, sides: Pair }} Overview  Small, with the image's own `sides`. */

/**
 * What a network says of the part of a tile that it predicts: the class of each pixel, a byte each.
 *
 * @typedef {{ picture: Picture, labels: Bytes, classes: string[] }} Mask
 */

/** @typedef {{ words: string, to: "" | "Train" | "design" }} Way  What can be done where nothing can be shown. */

/**
 * @typedef {ImageTraits & {
 *   channel: number,
 *   place: Pair,
 *   overview: Told<Overview>,
 *   picture: Told<NumberedPicture & { start: Pair }>,
 *   seen: Told<{ step: string, tile: Pair }>,
 *   views: View[],
 *   patch: Patch,
 *   network: string,
 *   at: number,
 *   mask?: Told<Mask>,
 *   networks?: [string, string][],
 *   which?: string,
 *   way?: Way,
 * }} InsideTraits  `place` is where in the image the tile lies, down and across, from 0 to 1; `views` are of the step, or
 *   of both that a skip joins. A notebook sends no `mask`: Train and Tile show it; and it
 *   says itself which network is looked at, where a page lets choose: `networks` as [key, words], `which` a key of them.
 */
