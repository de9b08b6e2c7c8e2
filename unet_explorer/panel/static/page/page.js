// The instrument as a page of its own: what a notebook's kernel knows lies in the page.

import { LinkError, sceneOf, tokensOf } from "./address.js";
import { answerInstrument, answerStage, linkHere } from "./answers.js";
import { ChosenImage } from "./chosen_image.js";
import { bytesIn, textOf } from "./held.js";
import { PageInside } from "./inside.js";
import { PageModel } from "./model.js";
import { PageNetworks } from "./networks.js";
import { showTeaching } from "./teaching.js";
import { PageTrain } from "./train.js";
import { setDesign } from "../instrument/history.js";
import { unpack } from "../instrument/pack.js";
import { element } from "../lib/page.js";
import { staged } from "../stage/staging.js";
import { looking } from "../tabs/looking.js";

/** @import { Host, InstrumentTraits, Model, Pair, Progress, Shown, StageTraits } from "../lib/types.js" */
/** @import { Held } from "./answers.js" */
/** @import { PageLearning, PageNetwork } from "./worker/types.js" */

/** @typedef {Held & { instrument: InstrumentTraits, stage: StageTraits }} PageScene */

/** Where the browser keeps how far lessons have come. */
const KEPT = "unet_explorer progress";

const TRAIN_TAB = "Train";

/** How far lessons have come; nothing where the browser keeps nothing for a file. */
function progressKept() {
  try {
    return /** @type {Record<string, Progress>} */ (JSON.parse(localStorage.getItem(KEPT) ?? "{}"));
  } catch {
    return {};
  }
}

/** @param {Record<string, Progress>} progress */
function keepProgress(progress) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(progress));
  } catch {
    // It lasts as long as the page, then.
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
  const link = decodeURIComponent(location.hash.slice(1));
  if (!link || link === linkHere(stage, model, former, held.table)) return;
  try {
    const tokens = tokensOf(link, held.table);
    const { config, tile, selected, lesson } = sceneOf(tokens, held.table);
    former.clear();
    for (const [key, text] of tokens) former.set(key, text);
    setDesign(model, { config, tile });
    model.set("selected", selected);
    if (lesson) stage.set("lesson", held.lessons[lesson] ?? {});
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    model.set("problem", `${error.message} What you see is the usual design.`);
  }
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
  const learning = /** @type {PageLearning} */ (JSON.parse(textOf("ue-learning")));
  const train = new PageTrain(learning, model);
  const brought = /** @type {PageNetwork | null} */ (JSON.parse(textOf("ue-network") || "null"));
  const networks = new PageNetworks(brought, tile, train);
  const inside = new PageInside(networks, model, stage, new ChosenImage(networks, stage));
  // It starts a worker: not before somebody looks.
  stage.on("change:opened", () => stage.get("opened") === TRAIN_TAB && void train.findDevice());
  /** @type {Host} */
  const host = {
    getModel: (ref) => Promise.resolve(ref === TRAIN_TAB ? /** @type {Model<any>} */ (train.model) : model),
    getWidget: async (ref) => ({
      render: async ({ el, signal }) => {
        // For those who listen: what is explained further down is a part of something.
        el.append(element("h3", { class: "ue-page-title" }, ref === TRAIN_TAB ? "A network that learns" : "Inside the network"));
        if (ref === TRAIN_TAB) showTeaching(train.model, learning, el, signal);
        else await looking.render({ model: inside.model, el, host, signal });
      },
    }),
  };
  return host;
}

async function openPage() {
  followTheme();
  const scene = /** @type {PageScene} */ (JSON.parse(textOf("ue-scene")));
  const packed = bytesIn(textOf("ue-networks"));
  const pack = await unpack(packed);
  const model = new PageModel({ ...scene.instrument, packed: new DataView(packed.buffer) });
  const stage = new PageModel({ ...scene.stage, progress: progressKept() });
  /** @type {Map<string, string>} */
  const former = new Map();
  answerInstrument(model, pack);
  answerStage(stage, model, scene, former);
  stage.on("change:progress", () => keepProgress(stage.get("progress")));
  followAddress(stage, model, scene, former);
  const el = document.getElementById("ue-place") ?? document.body;
  const host = hostOf(model, stage, scene.instrument.tile);
  await staged().render(/** @type {Shown<StageTraits>} */ ({ model: stage, el, host, signal: new AbortController().signal }));
  document.getElementById("ue-waiting")?.remove();
  addEventListener("hashchange", () => followAddress(stage, model, scene, former));
  const told = () => history.replaceState(null, "", `#${linkHere(stage, model, former, scene.table)}`);
  for (const trait of /** @type {const} */ (["config", "tile", "selected"])) model.on(`change:${trait}`, told);
  stage.on("change:lesson", told);
}

void openPage();
