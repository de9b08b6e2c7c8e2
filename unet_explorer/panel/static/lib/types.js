// Types of what Python tells the panel and of what the panel makes of it, for the type checker alone: nothing is
// imported from here but in comments, so a browser never sees this file. What is sent is said where it is made: a
// network in panel/instrument/facts.py, pictures in panel/tabs/paint.py. What only the tabs get is in tabs/types.js.

// Sizes and numbers ------------------------------------------------------------------------------------------------

/** @import { Patch } from "../tabs/image_types.js" */

/** @typedef {[number, number]} Pair  Of both axes: [height, width] in pixels, or [row, column]; down comes first. */
/** @typedef {{ height: number, width: number }} Sides  In pixels. */
/** @typedef {"height" | "width"} Axis */
/** @typedef {readonly number[]} Colour  [red, green, blue], each from 0 to 255. */
/**
 * @typedef {{ classes: Colour[], missed: Colour, invented: Colour, confused: Colour }} Palette  The colours of the classes
 *   from 1 on, after which they begin anew, and of what is wrong with a pixel.
 */

/**
 * Something that Python has told, or an empty object as long as it has not.
 *
 * @template {object} T
 * @typedef {T | { [K in keyof T]?: undefined }} Told
 */

// The model of a widget ----------------------------------------------------------------------------------------------

/**
 * What a widget of the page and its object in Python have in common: traits, which either may set. It is what anywidget
 * hands over.
 *
 * @template {object} T  The traits by name.
 * @typedef {{
 *   get<K extends keyof T>(name: K): T[K],
 *   set<K extends keyof T>(name: K, value: T[K]): void,
 *   save_changes(): void,
 *   on(event: `change:${keyof T & string}` | "comm_live_update", listener: () => void): void,
 *   off(event: `change:${keyof T & string}` | "comm_live_update", listener: () => void): void,
 *   widget_manager?: WidgetManager,
 * }} Model
 */

/**
 * JupyterLab's manager of widgets; other hosts have others. Its kernel is null once that was shut down.
 *
 * @typedef {{
 *   kernel?: { isDisposed: boolean, status: string } | null,
 *   get_model?(id: string): Promise<{ comm_live?: boolean }>,
 *   create_view?(model: object): Promise<{ el: HTMLElement, remove(): void }>,
 * }} WidgetManager
 */

/**
 * How a widget finds others, by what Python calls them; of models we ask for the instrument's alone.
 *
 * @typedef {{
 *   getModel(ref: string): Promise<Model<InstrumentTraits>>,
 *   getWidget(ref: string): Promise<{ render(place: { el: HTMLElement, signal: AbortSignal }): Promise<void> }>,
 * }} Host
 */

/**
 * What anywidget gives to a widget that is to be shown.
 *
 * @template {object} T
 * @typedef {{
 *   model: Model<T>,
 *   el: HTMLElement,
 *   signal: AbortSignal,
 *   host: Host,
 * }} Shown  `signal` is aborted when it is removed.
 */

/**
 * @typedef {{ do?: string, number?: number, [more: string]: unknown }} UserRequest  What was asked for last, numbered so that
 *   the same may be asked for again; empty at first.
 */

// A network and its tile ---------------------------------------------------------------------------------------------

/**
 * The knobs of a network, as `UNetConfig.to_dict` writes them.
 *
 * @typedef {{
 *   version: number,
 *   depth: number,
 *   base_filters: number,
 *   convs_per_block: number,
 *   kernel_size: number,
 *   padding: "valid" | "same",
 *   in_channels: number,
 *   num_classes: number,
 *   upsampling: "transpose" | "bilinear",
 *   batch_norm: boolean,
 *   dropout: number,
 *   head_activation: "linear" | "softmax" | "sigmoid" | "relu",
 *   skips: boolean,
 * }} Config
 */

/** @typedef {{ config: Config, tile: Pair }} Design */
/** @typedef {Design & { name: string, about: string }} Preset  A design to start from, with a word on it. */

/**
 * What a pixel of a map sees on one axis: the first and the last pixel of the tile, for each pixel of one period; a
 * period later both have moved by `stride`.
 *
 * @typedef {{ first: number[], last: number[], stride: number }} Sight
 */

/**
 * What is known of every map, that of the tile itself included.
 *
 * @typedef {{
 *   name: string,
 *   inputs: string[],
 *   channels: number,
 *   shift: number,
 *   level: number,
 *   bytes: number,
 *   sight: Sight,
 * }} MapFacts  Its side is (side of the tile + `shift`) / 2 ** `level`; of a concatenation's `inputs` the skip comes
 *   first; `bytes` are those of one pixel, all channels together.
 */

/**
 * What is known of a step beside its map.
 *
 * @typedef {{
 *   parameters: number,
 *   macs: number,
 *   kernel: number,
 *   activation: string,
 *   crop: number,
 *   host: string,
 *   explanation: Explanation,
 * }} StepFacts  `macs` are multiply-adds for a pixel of its output; `kernel` is a side, 0 if there is none; `crop` pixels a
 *   side are cut off its skip; on the box of the step `host` it is drawn.
 */

/**
 * A step in words, with gaps: {in}, {skip}, {out} and {crop} in the formula, {area} in `work` and `memory`.
 *
 * @typedef {{ title: string, where: string, formula: string, reason: string, parameters: string, work: string, memory: string }} Explanation
 */

/**
 * @typedef {"conv" | "norm" | "relu" | "dropout" | "pool" | "upconv" | "upsample" | "crop_concat" | "conv1x1"} Op
 *
 * @typedef {MapFacts & StepFacts & { op: Op }} Layer  A step of the plan.
 * @typedef {MapFacts & { [K in keyof StepFacts]?: undefined } & { op: "input" }} TileItself  The tile, as a step.
 * @typedef {Layer | TileItself} Step
 */

/**
 * Which sides of a tile fit: `smallest`, and from there every `period` pixels up to `limit`; sliders reach `largest`.
 *
 * @typedef {{ smallest: number, period: number, largest: number, limit: number }} Sizes
 */

/**
 * What tiles lose on an axis, in pixels: they lie a multiple of `period` apart, exceed their prediction by `border` on
 * each side, and of that the `first` and the `last` pixels see beyond the tile.
 *
 * @typedef {{ period: number, border: number, first: number, last: number }} Margins
 */

/**
 * Bytes that a network takes: `fixed` whatever the tile; and of the maps, by their place in `steps`, those held
 * `always` and those of the dearest of the `moments`, which take `spread` times their bytes.
 *
 * @typedef {{ fixed: number, always: number[], moments: number[][], spread: number }} Memory
 */

/**
 * Lengths that the drawing is made of, in px where all scales are 1; see drawing/scene.py.
 *
 * @typedef {{
 *   tallest: number,
 *   shortest: number,
 *   font: number,
 *   character: number,
 *   narrow: string,
 *   saved: number,
 *   line: number,
 *   gap: number,
 *   arrow: number,
 *   fall: number,
 *   head: number,
 *   over: number,
 *   margin: number,
 * }} Metrics
 */

/** @typedef {{ across: number, tall: number, type: number }} Scale  How large a drawing is: columns, boxes, type. */

/**
 * The height of a box: `unit` × (area of the map / side of the tile) ** (1/4), at least `shortest`; beyond the tile
 * `largest` the drawing grows no more.
 *
 * @typedef {{ unit: number, shortest: number, largest: number }} HeightLaw
 */

/**
 * A place or a length: shares in the scales, as [columns, type] and as [tall, type, lines]; a place may hang on an edge
 * of a box, [tall, type, lines, share, box], and goes with `share` of its height. See drawing/scene.py.
 *
 * @typedef {[number, number]} Across
 * @typedef {[number, number, number] | [number, number, number, number, string]} Down
 */

/**
 * One thing on the page: its look, its edges or ends across and down; of words, their place and room across, their base
 * line down, how they are worded, longest first, and how they are aligned. See drawing/marks.py.
 *
 * @typedef {["rect", string, [Across, Across], [Down, Down]]} RectMark
 * @typedef {["arrow", string, [Across, Across], [Down, Down]]} ArrowMark
 * @typedef {["text" | "side", string, [Across, Across], [Down, Down], string[], "start" | "middle" | "end"]} WordsMark
 * @typedef {RectMark | ArrowMark | WordsMark} Mark
 */

/**
 * What is drawn of a map.
 *
 * @typedef {{
 *   name: string,
 *   x: Across,
 *   y: Down,
 *   row: number,
 *   room: number,
 *   direction: "across" | "down" | "up",
 *   source: string | null,
 *   marks: Mark[],
 *   kept: { name: string, source: string, shift: number, level: number } | null,
 * }} Box  (`x`, `y`) is its centre; `room` is there for its labels, in columns, 0 if it has none; its arrow comes from the box
 *   `source`; `kept` is the frame of what a crop keeps of the box `source`, and the law of its side.
 */

/**
 * @typedef {"odd" | "vanished"} MisfitKind  Why a tile does not fit: an odd side is to be halved, or nothing is left.
 * @typedef {Record<MisfitKind | "small" | "refused" | "refused_output" | "refused_knob" | "batch", string>} Sentences  With gaps.
 */

/**
 * All that the browser needs to follow any tile through a network by itself.
 *
 * @typedef {{
 *   config: Config,
 *   input: string,
 *   metrics: Metrics,
 *   heights: HeightLaw,
 *   boxes: Box[],
 *   width: Across,
 *   height: Down,
 *   legend: [Op, string][],
 *   steps: Step[],
 *   margins: Margins,
 *   sizes: Sizes,
 *   batch: number,
 *   caption: string,
 *   memory: { predict: Memory, train: Memory },
 *   sentences: Sentences,
 * }} Network  `input` is the name of the tile, the first of the `steps`; `batch` is the largest that may be chosen;
 *   `width` and `height` are those of the drawing.
 */

// What follows from a tile -------------------------------------------------------------------------------------------

/**
 * A map of a network for some tile. Where the tile does not fit, sides may be no whole numbers, or not positive.
 *
 * @typedef {Sides & { step: Step, whole: boolean, pixels: number }} FollowedMap
 * @typedef {FollowedMap & { step: Layer }} LayerMap
 */

/**
 * The first step that cannot be on an axis, its place in `steps`, and the side that it fails on.
 *
 * @typedef {{ index: number, step: Step, axis: Axis, side: number, kind: MisfitKind }} Failure
 */

/**
 * A tile that was followed through a network.
 *
 * @typedef {{
 *   network: Network,
 *   tile: Pair,
 *   maps: FollowedMap[],
 *   byName: Map<string, FollowedMap>,
 *   failures: [Failure | null, Failure | null],
 *   failure: Failure | null,
 *   output: FollowedMap,
 *   fits: boolean,
 * }} Followed  `failures` are those of height and width, `failure` the first of them.
 */

// Knobs --------------------------------------------------------------------------------------------------------------

/** @typedef {string | number} Choosable */

/**
 * Something to choose, as Python offers it; `allowed` says in words what may be chosen.
 *
 * @typedef {{ name: string, label: string, help: string, primary: boolean, allowed: string }} KnobWords
 * @typedef {KnobWords & {
 *   kind: "number",
 *   low: number,
 *   high: number,
 *   step: number,
 *   exact: number | "any",
 *   below: number | null,
 *   held?: number[],
 * }} NumberKnob  The slider goes by `step`, what is typed by `exact`; it stays under `below`, if there is such a bound. Where the
 *   page holds a few values only, the slider and the arrow keys go through them.
 * @typedef {KnobWords & { kind: "choice", values: [Choosable, Choosable][] }} ChoiceKnob  Each value and how it is called.
 * @typedef {KnobWords & { kind: "flag" }} FlagKnob
 * @typedef {NumberKnob | ChoiceKnob | FlagKnob} Knob
 */

/** @typedef {Choosable | boolean} KnobValue */

/**
 * What Keras made of a design: for each step how it does not agree with the plan, or an empty text.
 *
 * @typedef {Design & { steps: Record<string, string> }} Proof
 */

/** @typedef {Design & { network: Network }} Pinned  A design that others are compared with, and what is known of it. */

/**
 * Traits of the instrument; see panel/instrument/widget.py.
 *
 * @typedef {{
 *   config: Config,
 *   tile: Pair,
 *   selected: string,
 *   shown: string,
 *   linked: boolean,
 *   snap: boolean,
 *   batch_size: number,
 *   problem: string,
 *   network: Network,
 *   history: Design[],
 *   position: number,
 *   pinned: Told<Pinned>,
 *   asked: number,
 *   answered: number,
 *   numbers: Patch,
 *   packed: DataView<ArrayBuffer>,
 *   proof: Told<Proof>,
 *   start: Design,
 *   presets: Preset[],
 *   knobs: Knob[],
 *   palette: Palette,
 * }} InstrumentTraits
 */

/**
 * Traits of the stage; see panel/explorer.py.
 *
 * @typedef {{
 *   knobs: string,
 *   titles: [string, string][],
 *   tabs: Record<string, string[]>,
 *   opened: string,
 *   problem: string,
 *   resting: boolean,
 *   before: number,
 *   request: UserRequest,
 *   taken: { number?: number, name?: string, type?: string, content?: Bytes, text?: string, problem?: string },
 *   offers: Offer[],
 *   lessons: { name: string, title: string, minutes: number }[],
 *   exercises: { name: string, title: string }[],
 *   lesson: Told<Lesson>,
 *   progress: Record<string, Progress>,
 *   lock: string[],
 *   hide: string[],
 *   glossary: Term[],
 * }} StageTraits  Titles with a word on each; for each tab that was opened its widgets; `taken` answers the request of that
 *   number.
 */

/** @typedef {{ words: string, files: { what: string, ending: string, name: string }[] }} Offer  Something to take away, as several kinds of file. */

/**
 * A lesson, whole: its steps with what the stage shows, what is hidden, and what is asked.
 *
 * @typedef {{ name: string, title: string, aim: string, minutes: number, pages: LessonPage[], form?: string, next?: string }} Lesson  Of exercises, `next`
 *   is the name of those with other numbers.
 * @typedef {{ text: string, design: Design | null, tab: string, select: string, hide: string[], task: boolean, ask: LessonAsk | null }} LessonPage
 * @typedef {{
 *   kind: "number" | "choice" | "step" | "tile",
 *   question: string,
 *   answer: string | number | null,
 *   unit: string,
 *   choices: { text: string, says: string }[],
 *   mistakes: { is: string | number, says: string }[],
 *   hints: string[],
 *   why: string,
 * }} LessonAsk
 * @typedef {{ right: boolean, says: string }} Verdict
 * @typedef {{ hints: number, given?: string | number, locked?: boolean, revealed?: boolean }} Answered
 * @typedef {{ at: number, answers: Record<number, Answered> }} Progress  How far somebody has come.
 */

/** @typedef {{ name: string, meaning: string, words: string[] }} Term  A term, and the words by which it is found. */

// Pictures -----------------------------------------------------------------------------------------------------------

/** @typedef {ArrayBuffer | ArrayBufferView} Bytes  As they arrive: JupyterLab hands over a DataView. */

/**
 * A byte a channel, pixel by pixel, row by row. Where labels belong to it and some are `unknown`, these are 255.
 *
 * @typedef {{ channels: number, pixels: Bytes, unknown?: boolean }} Pixels
 */

/**
 * An image as it is painted: grey or RGB, stretched to its darkest and brightest pixel.
 *
 * @typedef {Sides & Pixels} Painted
 * @typedef {Painted & { title: string }} Picture
 */
