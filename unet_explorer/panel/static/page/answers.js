// What a kernel does for the panel in a notebook, as far as a page can do it alone.

import { hasAddress, linkOf } from "./address.js";
import { bytesIn, textOf } from "./held.js";
import { unpack } from "../instrument/pack.js";
import { same } from "../lib/equal.js";
import { unzipped } from "../lib/gzip.js";

/** @import { Config, InstrumentTraits, Knob, KnobValue, Lesson, Model, StageTraits } from "../lib/types.js" */
/** @import { NetworkPack } from "../instrument/pack.js" */
/** @import { LinkTable } from "./address.js" */

/** @typedef {{ head: string, letters: string }} AnswerTable  The first line of the file, and the letters of the options. */
/** @typedef {{ answers: AnswerTable, table: LinkTable, version: string }} Held */
/** @typedef {Held & { print: (answers: boolean) => void }} Answering  Prints a sheet, with the answers on one of their own or without. */

/** The tab that needs nobody. */
const FIRST_TAB = "Design";

/**
 * The instrument hears an answer at once, and of designs that this page does not hold it is told which come near.
 *
 * @param {Model<InstrumentTraits>} model
 */
export function answerInstrument(model) {
  const first = model.get("network");
  let good = model.get("config");
  /** @type {NetworkPack | null} */
  let pack = null;
  const networkOf = (/** @type {Config} */ config) => (same(config, first.config) ? first : pack?.find(config));
  // As a kernel does: once whoever has asked is done.
  const tell = () => {
    const network = networkOf(model.get("config")) ?? first;
    model.set("network", network);
    const names = network.steps.map(({ name }) => name);
    if (!names.includes(model.get("shown"))) model.set("shown", names.find((name) => name !== network.input) ?? "");
  };
  const judge = () => {
    const wanted = model.get("config");
    if (networkOf(wanted)) {
      good = wanted;
      queueMicrotask(tell);
      return;
    }
    if (!pack) {
      void unpack(model.get("packed")).then((unpacked) => {
        pack = unpacked;
        judge();
      });
      return;
    }
    const words = missingWords(wanted, good, pack, model);
    model.set("config", good);
    // Whoever asked for it is not done yet, and takes back what was said before.
    queueMicrotask(() => model.set("problem", `${words} A notebook holds every design.`));
  };
  model.on("change:asked", () => model.set("answered", model.get("asked")));
  model.on("change:config", judge);
  model.on("change:selected", () => {
    const selected = model.get("selected");
    if (selected && selected !== "argmax") model.set("shown", selected);
  });
}

/**
 * @param {Config} wanted
 * @param {Config} shown  Of several that are as near, the one nearest to it is named.
 * @param {NetworkPack} pack
 * @param {Model<InstrumentTraits>} model
 */
function missingWords(wanted, shown, pack, model) {
  const knobs = model.get("knobs");
  const designs = pack.designs();
  const far = (/** @type {Config} */ each) => distance(each, wanted) + distance(each, shown) / 1000;
  const near = designs.reduce((best, each) => (far(each) < far(best) ? each : best));
  const differs = knobs.filter(({ name }) => knobOf(near, name) !== knobOf(wanted, name));
  const words = (/** @type {Config} */ config) => differs.map((knob) => `${knob.label} ${knobWords(knob, knobOf(config, knob.name))}`).join(", ");
  return `This page does not hold ${words(wanted)}; the nearest that it holds: ${words(near)}.`;
}

/**
 * What a knob shows of a value.
 *
 * @param {Knob} knob
 * @param {KnobValue} value
 */
function knobWords(knob, value) {
  if (knob.kind === "choice") return knob.values.find(([known]) => known === value)?.[1] ?? value;
  return knob.kind === "flag" ? (value ? "on" : "off") : value;
}

/**
 * How far a design is from another: each knob that differs counts, a number the more the further it is off.
 *
 * @param {Config} a
 * @param {Config} b
 */
function distance(a, b) {
  return Object.keys(a).reduce((sum, name) => {
    const [one, other] = [knobOf(a, name), knobOf(b, name)];
    if (one === other) return sum;
    const off = typeof one === "number" && typeof other === "number" ? Math.abs(Math.log2((one + 1) / (other + 1))) : 4;
    return sum + 4 + off;
  }, 0);
}

/**
 * @param {Config} config
 * @param {string} name
 */
function knobOf(config, name) {
  return /** @type {Record<string, KnobValue>} */ (/** @type {unknown} */ (config))[name];
}

/**
 * The stage gets its lessons, the link and the code.
 *
 * @param {Model<StageTraits>} stage
 * @param {Model<InstrumentTraits>} model
 * @param {Answering} held
 * @param {Map<string, string>} former  What the link of the address said.
 */
export function answerStage(stage, model, held, former) {
  stage.on("change:opened", () => {
    // Lessons may ask for a tab that only a notebook has.
    const [opened, tabs] = [stage.get("opened"), stage.get("tabs")];
    if (!stage.get("titles").some(([title]) => title === opened)) stage.set("opened", FIRST_TAB);
    // It is made when it is first looked at.
    else if (opened !== FIRST_TAB && !(opened in tabs)) stage.set("tabs", { ...tabs, [opened]: [opened] });
  });
  stage.on("change:request", () => {
    const request = stage.get("request");
    const number = request.number ?? 0;
    // As a kernel does it: once whoever asks knows the number that it asked by.
    const text = (/** @type {string} */ words) => queueMicrotask(() => stage.set("taken", { number, text: words }));
    if (request.do === "lesson") openLesson(stage, String(request.name));
    else if (request.do === "link") text(addressOf(stage, model, former, held.table));
    else if (request.do === "code") text(codeOf(model));
    else if (request.do === "diagnosis") text(`unet_explorer ${held.version}, page\n${navigator.userAgent}\n${linkHere(stage, model, former, held.table)}`);
    else if (request.do === "take") {
      held.print(request.what === "key");
      text("");
    } else if (request.do === "answers") stage.set("taken", answersFile(number, String(request.form), /** @type {(number | null)[]} */ (request.chosen), held.answers));
  });
}

/**
 * All lessons, questions and exercises by their names, unpacked once the first is asked for.
 *
 * @type {Promise<Record<string, Lesson>> | undefined}
 */
let lessonsHeld;

/**
 * @param {Model<StageTraits>} stage
 * @param {string} name  Of the lesson; where there is none of that name, none is shown.
 */
export async function openLesson(stage, name) {
  lessonsHeld ??= unzipped(bytesIn(textOf("ue-lessons"))).json();
  stage.set("lesson", (await lessonsHeld)[name] ?? {});
}

/**
 * @param {Model<StageTraits>} stage
 * @param {Model<InstrumentTraits>} model
 * @param {Map<string, string>} former
 * @param {LinkTable} table
 */
export function linkHere(stage, model, former, table) {
  // A link knows lessons alone, neither questions nor exercises.
  const lesson = stage.get("lessons").find(({ name }) => name === stage.get("lesson").name)?.name ?? "";
  const opened = stage.get("opened").toLowerCase();
  const scene = { config: model.get("config"), tile: model.get("tile"), selected: model.get("selected"), opened, lesson };
  return linkOf(scene, former, table);
}

/** @type {typeof linkHere} */
function addressOf(stage, model, former, table) {
  const link = linkHere(stage, model, former, table);
  return hasAddress() ? `${location.href.split("#")[0]}#${link}` : link;
}

/**
 * The call that opens the design in a notebook.
 *
 * @param {Model<InstrumentTraits>} model
 */
function codeOf(model) {
  const [height, width] = model.get("tile");
  const tile = height === width ? height : `(${height}, ${width})`;
  const { config, presets } = { config: model.get("config"), presets: model.get("presets") };
  const preset = presets.find((each) => same(each.config, config));
  if (preset) return `from unet_explorer import explore\n\nexplore("${preset.name}", tile=${tile})`;
  const said = model.get("knobs").map(({ name }) => `${name}=${pythonWords(knobOf(config, name))}`);
  return `from unet_explorer import UNetConfig, explore\n\nexplore(UNetConfig(${said.join(", ")}), tile=${tile})`;
}

/** @param {KnobValue} value */
function pythonWords(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? `"${value}"` : String(value);
}

/**
 * The answers to the questions of a form, as lessons/inventory_sheets.py writes them: no name, no key.
 *
 * @param {number} number
 * @param {string} form
 * @param {(number | null)[]} chosen
 * @param {AnswerTable} table
 */
function answersFile(number, form, chosen, { head, letters }) {
  const given = chosen.map((each) => (each === null ? "" : letters[each]));
  const content = new TextEncoder().encode(`${head}\n${[form, "taught", ...given].join(",")}\n`);
  return { number, name: `answers-${form}.csv`, type: "text/csv", content };
}
