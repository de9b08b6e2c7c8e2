// A sheet for paper: the U that is shown, its layers, and questions with room for answers.

import { Drawing } from "../instrument/drawing.js";
import { layerTexts } from "../instrument/table.js";
import { knobValueWords } from "../instrument/versus.js";
import { questionsOf } from "./questions_of.js";
import { follow } from "../lib/law.js";
import { rendered } from "../lib/markdown.js";
import { element } from "../lib/page.js";
import { misfitWords, verdictWords } from "../lib/sentences.js";

/** @import { Config, Followed, InstrumentTraits, KnobValue, Model } from "../lib/types.js" */
/** @import { AskedOnPaper, SheetWords } from "./questions_of.js" */

/**
 * In px: A4 is the narrower and Letter the lower one, so that `width` and `height` fit either between its margins; of
 * these the U leaves a `row` to each line of the table, and the `head` to what stands above and below.
 */
const PAGE = { width: 680, height: 920, head: 205, row: 16.5, lowest: 260 };
/** Columns of the table: what is asked for is not among them. */
const SHOWN = ["order", "step", "output", "channels", "crop"];

/**
 * Print a sheet of what is shown whenever somebody prints the page.
 *
 * @param {Model<InstrumentTraits>} model
 * @param {() => string} link  Of what is shown.
 * @param {SheetWords} words
 * @returns {(answers: boolean) => void}  Prints, with the answers on a sheet of their own or without.
 */
export function printing(model, link, words) {
  let withAnswers = false;
  /** @type {HTMLElement | undefined} */
  let sheet;
  const { dataset } = document.body;
  let light = dataset.jpThemeLight;
  addEventListener("beforeprint", () => {
    if (sheet) sheet.remove();
    else light = dataset.jpThemeLight;
    // Paper is white.
    dataset.jpThemeLight = "true";
    const state = follow(model.get("network"), model.get("tile"));
    sheet = sheetOf(state, model, link(), words, withAnswers);
  });
  addEventListener("afterprint", () => {
    sheet?.remove();
    sheet = undefined;
    dataset.jpThemeLight = light;
    withAnswers = false;
  });
  return (answers) => {
    withAnswers = answers;
    print();
  };
}

/**
 * @param {Followed} state
 * @param {Model<InstrumentTraits>} model
 * @param {string} link
 * @param {SheetWords} words
 * @param {boolean} withAnswers
 */
function sheetOf(state, model, link, words, withAnswers) {
  const asked = questionsOf(state, words);
  const knobs = model.get("knobs").map((knob) => `${knob.label} ${knobValueWords(knob, knobOn(state.network.config, knob.name))}`);
  const title = "The U-Net, step by step";
  const head = element(
    "header",
    {},
    element("h1", {}, title),
    element("p", { class: "ue-handout-name" }, "Name"),
    element("p", {}, element("strong", {}, verdictWords(state)), state.fits ? "" : `: ${misfitWords(state)}.`),
    element("p", { class: "ue-handout-small" }, `${knobs.join(" · ")}. ${link}`),
  );
  const drawing = element("figure", {});
  const questions = element("section", { class: "ue-handout-page" }, element("h2", {}, "Questions"), element("p", {}, words.how), element("ol", {}, ...asked.map(questionItem)));
  const sheet = element("article", { class: "ue ue-handout", "aria-label": title }, head, drawing, tableOf(state), questions);
  if (withAnswers) sheet.append(element("section", { class: "ue-handout-page" }, element("h2", {}, "Answers"), element("ol", {}, ...asked.map(answerItem))));
  document.body.append(sheet);
  draw(state, model, drawing);
  return sheet;
}

/**
 * The same drawing as on the screen, as large as paper allows.
 *
 * @param {Followed} state
 * @param {Model<InstrumentTraits>} model
 * @param {HTMLElement} place
 */
function draw(state, model, place) {
  const made = new AbortController();
  const drawing = new Drawing(() => {}, model.get("palette"), made.signal);
  // What is on paper follows nothing any more.
  made.abort();
  place.append(drawing.paper, element("figcaption", {}, drawing.legend, drawing.caption));
  drawing.setNetwork(state.network);
  drawing.update(state, state.tile[0] === state.tile[1]);
  const { width, height, head, row, lowest } = PAGE;
  drawing.fit({ width, height: Math.max(lowest, height - head - row * (1 + Math.ceil(state.maps.length / 2))) });
}

/**
 * In two halves, side by side.
 *
 * @param {Followed} state
 */
function tableOf(state) {
  const { heads, rows } = layerTexts(state, SHOWN);
  const half = Math.ceil(rows.length / 2);
  const line = (/** @type {string[]} */ texts, /** @type {"th" | "td"} */ kind, ghost = false) =>
    element("tr", { class: ghost ? "ue-ghost" : undefined }, ...texts.map((text) => element(kind, {}, text)));
  const table = (/** @type {typeof rows} */ some) =>
    element("table", {}, element("thead", {}, line(heads, "th")), element("tbody", {}, ...some.map(({ texts, ghost }) => line(texts, "td", ghost))));
  return element("div", { class: "ue-handout-tables" }, table(rows.slice(0, half)), table(rows.slice(half)));
}

/** @param {AskedOnPaper} asked */
function questionItem({ text, unit }) {
  return element("li", {}, ...rendered(text), element("p", { class: "ue-handout-line" }, unit ? `Answer, in ${unit}` : "Answer"));
}

/** @param {AskedOnPaper} asked */
function answerItem({ answer, unit, why }) {
  return element("li", {}, element("strong", {}, `${answer} ${unit}`.trim()), why ? `: ${why}` : "");
}

/**
 * @param {Config} config
 * @param {string} name
 */
function knobOn(config, name) {
  return /** @type {Record<string, KnobValue>} */ (/** @type {unknown} */ (config))[name];
}
