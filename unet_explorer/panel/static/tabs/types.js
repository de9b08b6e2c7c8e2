// Types of what Python tells the tabs, for the type checker alone; see lib/types.js. What is sent is said where it is
// made: in panel/tabs/*.py. What Tile and Inside get is in image_types.js.

/** @import { Bytes, Choosable, Config, Pair, Palette, Picture, Told, UserRequest } from "../lib/types.js" */

// Build --------------------------------------------------------------------------------------------------------------

/**
 * What came of a design in Keras: `proof` says for each step how it does not agree, or nothing; `graph` is an SVG, and
 * where there is none, `no_graph` says why.
 *
 * @typedef {{
 *   config: Config,
 *   tile: Pair,
 *   proof: { step: string, difference: string }[],
 *   parameters: number,
 *   summary: string,
 *   script: string,
 *   graph: string,
 *   no_graph: string,
 * }} BuildResult
 */

/**
 * @typedef {{
 *   request: UserRequest,
 *   state: "new" | "starting" | "building" | "built" | "failed",
 *   problem: string,
 *   result: Told<BuildResult>,
 *   differs: boolean,
 * }} BuildTraits  `differs`: the knobs show another design by now.
 */

/**
 * What must be said before something can be read: an option of Python's reader, what it may be, and what it is about.
 *
 * @typedef {{ option: string, choices: [unknown, string][], pictures: Picture[] }} Question
 */

// What all tabs that work have in common ---------------------------------------------------------------------------

/**
 * A chunk of a file on its way to Python: it belongs `at` so many bytes; `last` is true of the last one of all files.
 *
 * @typedef {{ upload: number, chunk: number, name: string, at: number, last: boolean, data: DataView }} Chunk
 */

/**
 * Which files may be sent: endings of images and of archives, in small letters and with their dot, and what the list of
 * the classes' names is called.
 *
 * @typedef {{ images: string[], archives: string[], classes: string }} Accepted
 */

/**
 * @typedef {{
 *   request: UserRequest,
 *   handled: number,
 *   problem: string,
 *   question: Told<Question>,
 *   chunk: Told<Chunk>,
 *   received: Told<{ upload: number, chunk: number, stopped: boolean }>,
 *   accepted: Accepted,
 *   palette: Palette,
 * }} BackgroundTraits  `handled` is the number of the last request that was granted or refused.
 */

// Train --------------------------------------------------------------------------------------------------------------

/** @typedef {"new" | "waiting" | "starting" | "running" | "paused" | "stopped" | "finished" | "failed" | "interrupted"} TrainingState */

/** @typedef {{ shifts: boolean, rotations: boolean, flips: boolean, grey: boolean, elastic: boolean, inverted: boolean }} Augmentation */

/**
 * How to teach, as `Recipe.to_dict` writes it; the tiles per batch are the instrument's, and only come back with a change.
 *
 * @typedef {{
 *   steps: number,
 *   steps_per_epoch: number,
 *   batch_size?: number,
 *   learning_rate: number,
 *   optimizer: string,
 *   loss: string,
 *   patience: number,
 *   seed: number,
 *   augmentation: Augmentation,
 * }} Recipe
 * @typedef {Exclude<keyof Recipe, "augmentation">} RecipeName
 */

/**
 * Something to choose of how to teach.
 *
 * @typedef {{ label: string, help: string, primary?: boolean }} SettingWords
 * @typedef {SettingWords & {
 *   name: RecipeName,
 *   kind: "number",
 *   low: number,
 *   high: number,
 *   step: number | "any",
 * }} NumberSetting
 * @typedef {SettingWords & { name: RecipeName, kind: "choice", values: [Choosable, string][] }} ChoiceSetting
 * @typedef {SettingWords & { name: keyof Augmentation, kind: "flag" }} FlagSetting
 * @typedef {NumberSetting | ChoiceSetting | FlagSetting} Setting
 */

/**
 * Where the images come from; with `again` the same path is read anew. `options` are those of `from_folder` in Python.
 *
 * @typedef {{ kind: "made" | "given" | "upload", name: string, again?: number }} NamedSource
 * @typedef {{ kind: "path", path: string, masks?: string, options?: Record<string, unknown>, again?: number }} PathSource
 * @typedef {NamedSource | PathSource} Source
 */

/** @typedef {{ name: string, share: number, colour: string }} ClassWords  `colour` in the masks, such as "#ff0000", or "". */

/**
 * What was understood of the images: how many, those for `validation` among them, the smallest and the largest size, the
 * classes with their share of all pixels, how many `more` there are, the share that is `unknown`, and notes.
 *
 * @typedef {{
 *   name: string,
 *   count: number,
 *   validation: number,
 *   smallest: Pair,
 *   largest: Pair,
 *   channels: number,
 *   objects: boolean,
 *   classes: ClassWords[],
 *   more: number,
 *   unknown: number,
 *   notes: string[],
 *   licence: string,
 * }} DataWords
 * @typedef {Told<DataWords> & { loading?: boolean, progress?: string }} Data
 */

/**
 * What is proposed for the images, with the reason; `taken` if it is chosen now.
 *
 * @typedef {{ name: RecipeName | keyof Augmentation | "tile", label: string, value: string, reason: string, taken: boolean }} Proposal
 */

/**
 * What speaks against starting: "stop" forbids it, "doubt" wants to be asked twice, "note" is worth knowing. `fix` says
 * what would help; it can be done at once where it is `mendable`.
 *
 * @typedef {{ kind: string, weight: "stop" | "doubt" | "note", message: string, fix: string, mendable: boolean }} Finding
 */

/**
 * How far a training is: `rate` in steps a second, `left` in seconds, null as long as that is not known.
 *
 * @typedef {{
 *   state: Exclude<TrainingState, "new">,
 *   problem: string,
 *   step: number,
 *   steps: number,
 *   epoch: number,
 *   epochs: number,
 *   before: number,
 *   rate: number,
 *   left: number | null,
 *   design: string,
 *   differs: boolean,
 *   images: string,
 * }} Progress  `images` it was taught with, by name, where others are chosen now.
 * @typedef {Progress | { state: "new", left: number | null } & { [K in Exclude<keyof Progress, "state" | "left">]?: undefined }} Status
 */

/**
 * One examination: scores from 0 to 1, class by class or of all; null for a class that occurs nowhere.
 *
 * @typedef {{
 *   number: number,
 *   step: number,
 *   iou: (number | null)[],
 *   dice: (number | null)[],
 *   accuracy: number,
 *   mean_iou: number | null,
 *   constant: number,
 *   constant_class: number,
 * }} Epoch  `constant`: the accuracy of whoever says `constant_class` everywhere, the best of all such answers.
 */

/**
 * Losses as [step, loss], thinned to what can be drawn; and all examinations, the `best` by its number, 0 for none.
 *
 * @typedef {{ points: Pair[], first?: Epoch | null, epochs: Epoch[], best: number, classes: string[], images?: string }} Curve
 */

/** @typedef {Picture & { truth: Bytes }} Example  With the true class of every pixel, a byte each. */

/** @typedef {Picture & { labels?: Bytes, kind?: "weights" }} Variation  Of an image; or what its pixels weigh. */

/**
 * What was predicted for the examples, a byte a pixel, at an examination.
 *
 * @typedef {{ epoch: number, images: Bytes[] }} Predictions
 */

/**
 * A training that is kept on disc: the one that is shown `here`, one that is open `elsewhere`, or one that can be opened.
 * The problem says what of it is damaged; it is empty if nothing is known.
 *
 * @typedef {{
 *   name: string,
 *   title: string,
 *   design: string,
 *   recipe: string,
 *   iou: number | null,
 *   step: number,
 *   steps: number,
 *   started: string,
 *   bytes: number,
 *   problem: string,
 *   place: "here" | "elsewhere" | "kept",
 * }} Training
 */

/**
 * The curves of another training: losses as [step, loss], scores as [step, mean IoU].
 *
 * @typedef {{ name: string, title: string, images: string, steps: number, points: Pair[], scores: Pair[] }} Compared
 */

/** @typedef {Picture & { truth: Bytes, masks: Bytes[] }} PairPicture  With the classes of its pixels as A and as B say. */

/**
 * The masks of both: the share of pixels that `differ`, and of these the shares in which A and B are `right`; the `iou`
 * of each on these pictures, and that `between` their masks, null where no object is.
 *
 * @typedef {{
 *   pictures: PairPicture[],
 *   differ: number,
 *   right: [number, number],
 *   iou: [number | null, number | null],
 *   between: number | null,
 * }} Held
 */

/**
 * What A and B have learnt: `words` say why something is missing, `best` is the best IoU of each, at which of its `epochs`.
 *
 * @typedef {{ words: string, curves: Compared[], best: [number | null, number | null], epochs?: [number, number] } & (
 *   Held | { [K in keyof Held]?: undefined }
 * )} LearntPair
 */

/**
 * @typedef {BackgroundTraits & {
 *   instrument: string,
 *   recipe: Recipe,
 *   proposals: Proposal[],
 *   source: Source,
 *   sources: string[],
 *   settings: Setting[],
 *   states: { live: TrainingState[], again: TrainingState[] },
 *   data: Data,
 *   gallery: Variation[],
 *   sample: Told<{ name: string, content: Bytes }>,
 *   findings: Finding[],
 *   status: Told<Progress> | Status,
 *   curve: Told<Curve>,
 *   examples: Example[],
 *   predictions: Told<Predictions>,
 *   shown: number,
 *   trainings: Training[],
 *   compared: Compared[],
 *   pair: Told<LearntPair>,
 * }} TrainTraits  `instrument` is where the knobs are found. In the `live` states a training goes on, or could at once; from those of `again` it can go on from its
 *   last epoch. `shown` is the number of the epoch that is looked at; 0 follows the latest, −1 is before the
 *   first step.
 */

// What skips are good for ------------------------------------------------------------------------------------------

/**
 * One of the networks that are compared.
 *
 * @typedef {{
 *   name: string,
 *   design: string,
 *   state: TrainingState,
 *   problem: string,
 *   step: number,
 *   steps: number,
 *   curve: Curve,
 * }} Run
 */

/**
 * @typedef {BackgroundTraits & {
 *   steps: number,
 *   state: "new" | "running" | "done",
 *   runs: Run[],
 *   examples: Example[][],
 *   predictions: Bytes[][],
 * }} AblationTraits  Examples and predictions are those of each network.
 */
