// What an answer is worth: pure, and the same as `Ask.judged` in Python.

/** @import { LessonAsk, Verdict } from "../lib/types.js" */

/**
 * A number as people type it; null where it is none.
 *
 * @param {string} text
 */
export function typedNumber(text) {
  const plain = text.replace(/[\s,’']|px$/g, "").replace("−", "-");
  const number = Number(plain);
  return plain === "" || !Number.isFinite(number) ? null : number;
}

/**
 * Whether an answer is right, and what has been mixed up if that is known.
 *
 * @param {LessonAsk} ask
 * @param {string | number | null} given  Of a choice its number.
 * @returns {Verdict}
 */
export function judged(ask, given) {
  if (ask.kind === "choice") {
    const chosen = typeof given === "number" ? ask.choices[given] : undefined;
    return { right: given === ask.answer, says: chosen?.says ?? "" };
  }
  if (given === ask.answer) return { right: true, says: "" };
  return { right: false, says: ask.mistakes.find((each) => each.is === given)?.says ?? "" };
}

/**
 * The right answer in words.
 *
 * @param {LessonAsk} ask
 */
export function answerWords(ask) {
  if (ask.kind === "choice") return ask.choices[Number(ask.answer)].text;
  const unit = ask.unit || (ask.kind === "tile" ? "px" : "");
  return `${typeof ask.answer === "number" ? ask.answer.toLocaleString("en") : ask.answer}${unit ? ` ${unit}` : ""}`;
}
