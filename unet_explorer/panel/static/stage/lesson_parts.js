// What a lesson is made of on the page: its buttons, its question, and the list that it is chosen from.

import { rendered } from "../lib/markdown.js";
import { OWN_KEYS, element } from "../lib/page.js";

/** @import { LessonAsk, Model, StageTraits } from "../lib/types.js" */

/**
 * All that there is to choose: lessons, exercises by their kinds, and the questions before and after.
 *
 * @param {Model<StageTraits>} model
 */
export function lessonEntries(model) {
  const entries = model.get("lessons").map(({ name, title, minutes }, number) =>
    element("button", { type: "button", "data-action": "lesson", "data-name": name, class: "ue-entry", ...OWN_KEYS }, element("span", { class: "ue-quiet" }, String(number)), element("span", {}, title), element("span", { class: "ue-quiet" }, `${minutes} min`)),
  );
  const forms = ["before", "after"].map((form) => lessonButton("lesson", form, { "data-name": `questions-${form}` }));
  const kinds = model.get("exercises").map(({ name, title }) => lessonButton("lesson", title, { "data-name": name }));
  const group = (/** @type {string} */ words, /** @type {HTMLElement[]} */ buttons) =>
    element("div", { class: "ue-line ue-wrap ue-forms", role: "group", "aria-label": words }, element("span", { class: "ue-quiet" }, words), ...buttons);
  return [...entries, group("Exercises", kinds), group("20 questions", forms)];
}

/**
 * @param {string} action
 * @param {string} words
 * @param {Record<string, string>} [more]
 */
export function lessonButton(action, words, more = {}) {
  return element("button", { type: "button", "data-action": action, ...more, ...OWN_KEYS }, words);
}

/**
 * @param {LessonAsk} posed
 * @param {string} name  Of the group of choices; no two that are shown share one.
 */
export function question(posed, name) {
  const words = rendered(posed.question);
  if (posed.kind === "choice") {
    const choices = posed.choices.map(({ text }, number) =>
      element("label", { class: "ue-option" }, element("input", { type: "radio", name, value: number, ...OWN_KEYS }), element("span", {}, text)),
    );
    return [element("fieldset", {}, element("legend", {}, ...words), ...choices)];
  }
  if (posed.kind === "number") {
    const field = element("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": "Your answer", "data-role": "lesson-answer", ...OWN_KEYS });
    return [...words, element("label", { class: "ue-line" }, element("span", {}, "Your answer"), field, element("span", {}, posed.unit))];
  }
  const how = posed.kind === "step" ? "Click on it in the U. You chose" : "Your tile";
  return [...words, element("p", {}, `${how}: `, element("strong", { "data-role": "lesson-given" }))];
}
