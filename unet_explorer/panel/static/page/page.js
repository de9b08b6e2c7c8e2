// The instrument as a page of its own: what a notebook's kernel knows lies in the page.

import { LinkError, hasAddress, sceneOf, tokensOf } from "./address.js";
import { answerInstrument, answerStage, linkHere, openLesson } from "./answers.js";
import { ChosenImage } from "./chosen_image.js";
import { printing } from "./handout.js";
import { bytesIn, textOf } from "./held.js";
import { PageInside } from "./inside.js";
import { PageModel } from "./model.js";
import { PageNetworks } from "./networks.js";
import { showTeaching } from "./teaching.js";
import { PageTile } from "./tile.js";
import { PageTrain } from "./train.js";
import { setDesign } from "../instrument/history.js";
import { unpack } from "../instrument/pack.js";
import { same } from "../lib/equal.js";
import { element } from "../lib/page.js";
import { staged } from "../stage/staging.js";
import { covering } from "../tabs/covering.js";
import { looking } from "../tabs/looking.js";

/** @import { Host, InstrumentTraits, Model, Pair, Progress, Shown, StageTraits } from "../lib/types.js" */
/** @import { Held } from "./answers.js" */
/** @import { SheetWords } from "./questions_of.js" */
/** @import { PageLearning, PageNetwork } from "./worker/types.js" */

/** @typedef {Held & { instrument: InstrumentTraits, stage: StageTraits, sheet: SheetWords }} PageScene */

/** Where the browser keeps how far lessons have come. */
const KEPT = "unet_explorer progress";

const TRAIN_TAB = "Train";
/**
 * What stands above each tab, for those who listen.
 *
 * @type {Record<string, string>}
 */
const HEADINGS = { Train: "A network that learns", Tile: "An image in tiles", Inside: "Inside the network" };
/** Milliseconds after which a hand that moves nothing rests. */
const REST = 150;

/** How far lessons have come; nothing where the browser keeps nothing for a file. */
function progressKept() {
  try {
    return /** @type {Record<string, Progress>} */ (JSON.parse(localStorage.getItem(KEPT) ?? "{}") ?? {});
  } catch {
    return {};
  }
}

/**
 * Pages of the same place keep it together: what another one has kept meanwhile stays.
 *
 * @param {Record<string, Progress>} progress
 * @param {Record<string, Progress>} former  What this page knew before.
 */
function keepProgress(progress, former) {
  const here = Object.entries(progress).filter(([name, each]) => !same(each, former[name]));
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...progressKept(), ...Object.fromEntries(here) }));
  } catch {
    // It lasts as long as the page, then.
  }
}

/** What stands behind the address; as it is, where its percent signs stand for nothing. */
function linkInAddress() {
  const text = location.hash.slice(1);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * What the address asks for is shown.
 *
 * @param {Model<StageTraits>} stage
 * @param {Model<InstrumentTraits>} model
 * @param {Held} held
 * @param {Map<string, string>} former
 */
function followAddress(stage, model, held, former) {
  const link = linkInAddress();
  if (!link || link === linkHere(stage, model, former, held.table)) return;
  try {
    const tokens = tokensOf(link, held.table);
    const { config, tile, selected, opened, lesson } = sceneOf(tokens, held.table);
    former.clear();
    for (const [key, text] of tokens) former.set(key, text);
    setDesign(model, { config, tile });
    model.set("selected", selected);
    // A tab that only a notebook has opens the first one here.
    const tab = stage.get("titles").find(([title]) => title.toLowerCase() === opened) ?? stage.get("titles")[0];
    stage.set("opened", tab[0]);
    if (lesson && !stage.get("lessons").some(({ name }) => name === lesson)) {
      model.set("problem", `The link in the address names the lesson “${lesson}”, which this page does not have.`);
    } else if (lesson) void openLesson(stage, lesson);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    model.set("problem", `${error.message} What you see is not what it says.`);
  }
}

/**
 * The address says what is shown, and what somebody writes into it is shown.
 *
 * @param {Model<StageTraits>} stage
 * @param {Model<InstrumentTraits>} model
 * @param {Held} held
 * @param {Map<string, string>} former
 */
function keepAddress(stage, model, held, former) {
  let known = location.hash;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let due;
  const write = () => {
    due = undefined;
    // What somebody has just written is heard of in a moment.
    if (location.hash !== known) return;
    history.replaceState(null, "", `#${linkHere(stage, model, former, held.table)}`);
    known = location.hash;
  };
  // A browser takes longer to write an address than the page to draw a network, so the hand is let rest first.
  const told = () => {
    clearTimeout(due);
    due = setTimeout(write, REST);
  };
  addEventListener("pagehide", () => due && write());
  addEventListener("hashchange", () => {
    known = location.hash;
    followAddress(stage, model, held, former);
  });
  for (const trait of /** @type {const} */ (["config", "tile", "selected"])) model.on(`change:${trait}`, told);
  for (const trait of /** @type {const} */ (["lesson", "opened"])) stage.on(`change:${trait}`, told);
}

/** Light or dark, as the reader's system asks. */
function followTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    document.body.dataset.jpThemeLight = String(!dark.matches);
  };
  dark.addEventListener("change", show);
  show();
}

/**
 * The tabs that a page shows by itself.
 *
 * @param {Model<InstrumentTraits>} model
 * @param {Model<StageTraits>} stage
 * @param {Pair} tile  What the page was saved with.
 * @returns {Host}
 */
function hostOf(model, stage, tile) {
  const learning = /** @type {PageLearning | null} */ (JSON.parse(textOf("ue-learning") || "null"));
  const rooms = learning && roomsOf(learning, model, stage, tile);
  /** @type {Host} */
  const host = {
    getModel: (ref) => Promise.resolve(rooms && ref === TRAIN_TAB ? /** @type {Model<any>} */ (rooms.train.model) : model),
    getWidget: async (ref) => ({
      render: async ({ el, signal }) => {
        if (!rooms) return;
        // What is explained further down is a part of something.
        el.append(element("h3", { class: "ue-page-title" }, HEADINGS[ref]));
        if (ref === TRAIN_TAB) showTeaching(rooms.train.model, rooms.train.learning, el, signal);
        else if (ref === "Tile") await covering.render({ model: rooms.tiles.model, el, host, signal });
        else await looking.render({ model: rooms.inside.model, el, host, signal });
      },
    }),
  };
  return host;
}

/**
 * What teaches and runs the networks of a page.
 *
 * @param {PageLearning} learning
 * @param {Model<InstrumentTraits>} model
 * @param {Model<StageTraits>} stage
 * @param {Pair} tile
 */
function roomsOf(learning, model, stage, tile) {
  const train = new PageTrain(learning, model);
  const brought = /** @type {PageNetwork | null} */ (JSON.parse(textOf("ue-network") || "null"));
  const networks = new PageNetworks(brought, tile, train);
  const chosen = new ChosenImage(networks, stage);
  // It starts a worker: not before somebody looks.
  stage.on("change:opened", () => stage.get("opened") === TRAIN_TAB && void train.findDevice());
  return { train, inside: new PageInside(networks, model, stage, chosen), tiles: new PageTile(networks, model, stage, chosen) };
}

async function openPage() {
  followTheme();
  const scene = /** @type {PageScene} */ (JSON.parse(textOf("ue-scene")));
  const packed = new DataView(bytesIn(textOf("ue-networks")).buffer);
  const model = new PageModel({ ...scene.instrument, packed });
  const stage = new PageModel({ ...scene.stage, progress: progressKept() });
  /** @type {Map<string, string>} */
  const former = new Map();
  answerInstrument(model);
  const link = () => linkHere(stage, model, former, scene.table);
  answerStage(stage, model, { ...scene, print: printing(model, link, scene.sheet) }, former);
  let learnt = stage.get("progress");
  stage.on("change:progress", () => {
    keepProgress(stage.get("progress"), learnt);
    learnt = stage.get("progress");
  });
  followAddress(stage, model, scene, former);
  // What is shown first is what the address asks for.
  if (!same(model.get("config"), scene.instrument.network.config)) await unpack(packed);
  const el = document.getElementById("ue-place") ?? document.body;
  const host = hostOf(model, stage, scene.instrument.tile);
  await staged().render(/** @type {Shown<StageTraits>} */ ({ model: stage, el, host, signal: new AbortController().signal }));
  document.getElementById("ue-waiting")?.remove();
  if (hasAddress()) keepAddress(stage, model, scene, former);
}

void openPage();
