// A lesson beside the U: who is asked answers first, locks that in, and then sees. It needs no kernel once it is here.

import { answerWords, judged, typedNumber } from "./judging.js";
import { lessonButton, lessonEntries, question } from "./lesson_parts.js";
import { setDesign } from "../instrument/history.js";
import { bytesOf } from "../lib/canvas.js";
import { same } from "../lib/equal.js";
import { rendered } from "../lib/markdown.js";
import { Menu } from "../lib/menu.js";
import { OWN_KEYS, consume, download, element, focusedFrom, pressedButton, setText } from "../lib/page.js";
import { ask, listenTo, send } from "../lib/widget.js";

/** @import { Instrument } from "../instrument/instrument.js" */
/** @import { Answered, LessonAsk, LessonPage, Model, Progress, StageTraits } from "../lib/types.js" */

const DONE = "That was the lesson. Close it, or choose the next one.";
const TRY_FIRST = "Answer first: then it is shown.";
/** @type {Progress} */
const BEGINNING = { at: 0, answers: {} };

export class LessonCard {
  /**
   * @param {Model<StageTraits>} model
   * @param {Instrument} instrument
   * @param {(title: string) => void} open  Opens a tab.
   * @param {AbortSignal} signal
   */
  constructor(model, instrument, open, signal) {
    this.model = model;
    this.instrument = instrument;
    this.open = open;
    /**
     * Which step is shown.
     *
     * @type {string | undefined}
     */
    this.shown = undefined;
    /** Whether it was opened here: then it has the focus. */
    this.asked = false;
    /** Number of the request for a file of answers. */
    this.saved = 0;
    this.menu = this.lessonMenu(signal);
    this.title = element("h3", { tabindex: -1, "data-role": "lesson-title" });
    this.place = element("p", { class: "ue-quiet", "data-role": "lesson-place" });
    this.text = element("div", { class: "ue-lesson-text", "data-role": "lesson-text" });
    this.form = element("div", { class: "ue-lesson-ask", "data-role": "lesson-question" });
    this.says = element("div", { class: "ue-lesson-says", role: "status", "data-role": "lesson-says" });
    this.buttons = element("div", { class: "ue-line ue-wrap" });
    const close = lessonButton("lesson-close", "✕", { "aria-label": "Close the lesson", title: "Close the lesson" });
    const again = lessonButton("lesson-restart", "↺", { "aria-label": "Begin the lesson again", title: "Begin the lesson again" });
    const head = element("div", { class: "ue-lesson-head" }, this.title, again, close);
    this.inside = element("div", { class: "ue-lesson-inside", tabindex: 0, role: "region", "aria-label": "The lesson", ...OWN_KEYS }, this.place, this.text, this.form, this.says);
    this.node = element("section", { class: "ue-lesson", "aria-label": "Lesson", "data-role": "lesson", hidden: true }, head, this.inside, this.buttons);
    this.node.addEventListener("click", (event) => this.onClick(event), { signal });
    this.node.addEventListener("keydown", (event) => this.onKey(event), { signal });
    this.problem = element("p", { class: "ue-problem" });
    this.node.append(this.problem);
  }

  /**
   * Once the stage is put together.
   *
   * @param {AbortSignal} signal
   */
  start(signal) {
    const { model, problem } = this;
    listenTo(model, ["lesson", "progress", "hide"], () => this.show(), signal, problem);
    listenTo(this.instrument.model, ["selected", "tile"], () => this.showGiven(), signal, problem);
    listenTo(model, ["lock"], () => this.lock(), signal, problem);
  }

  /** @param {AbortSignal} signal */
  lessonMenu(signal) {
    const menu = new Menu("lessons", "Lessons ▾", "Lessons: answer first, then see", signal);
    menu.sheet.append(...lessonEntries(this.model));
    const chosen = (/** @type {Event} */ event) => {
      const pressed = pressedButton(event);
      if (!pressed) return;
      const { name } = pressed;
      menu.open(false);
      this.asked = true;
      ask(this.model, "lesson", { name });
    };
    menu.sheet.addEventListener("click", chosen, { signal });
    // A saved notebook's page brings none.
    menu.node.hidden = !this.model.get("lessons").length;
    return menu;
  }

  get lesson() {
    const lesson = this.model.get("lesson");
    return lesson.pages ? lesson : null;
  }

  /** @returns {Progress} */
  get progress() {
    const { lesson } = this;
    return (lesson && this.model.get("progress")[lesson.name]) || BEGINNING;
  }

  /** @returns {LessonPage | null} */
  get page() {
    return this.lesson?.pages[this.progress.at] ?? null;
  }

  /** What was answered on this page. */
  get answered() {
    return this.progress.answers[this.progress.at] ?? { hints: 0 };
  }

  /** @param {Partial<Progress>} change */
  keep(change) {
    const { lesson } = this;
    if (!lesson) return;
    this.model.set("progress", { ...this.model.get("progress"), [lesson.name]: { ...this.progress, ...change } });
    send(this.model);
    this.show();
  }

  /** @param {Partial<Answered>} change */
  note(change) {
    this.keep({ answers: { ...this.progress.answers, [this.progress.at]: { ...this.answered, ...change } } });
    this.seeLast();
  }

  /** What was just said is in view, from its first line on: in a small window it would stand below. */
  seeLast() {
    const last = this.says.lastElementChild;
    if (!last) return;
    const [within, said] = [this.inside, last].map((each) => each.getBoundingClientRect());
    const above = said.top - within.top;
    if (above > 0) this.inside.scrollTop += Math.min(above, Math.max(0, said.bottom - within.bottom));
  }

  /** @param {number} at */
  go(at) {
    this.keep({ at });
    this.enter();
    this.title.focus();
  }

  /** The stage shows what the page speaks of. */
  enter() {
    const { page, instrument } = this;
    if (!page) return;
    const { model } = instrument;
    this.open(page.tab);
    const { design } = page;
    const now = { config: model.get("config"), tile: model.get("tile") };
    if (design && !same(now, design)) instrument.act(() => setDesign(model, design));
    instrument.set({ selected: page.ask && !this.answered.revealed ? "" : page.select });
  }

  // What is pressed ----------------------------------------------------------------------------------------------

  /** @param {Event} event */
  onClick(event) {
    const action = pressedButton(event)?.action ?? "";
    const { at } = this.progress;
    if (action === "lesson-close") {
      ask(this.model, "lesson", { name: "" });
      this.menu.button.focus();
    } else if (action === "lesson-restart") {
      this.keep({ at: 0, answers: {} });
      this.enter();
    } else if (action === "lesson-back") this.go(at - 1);
    else if (action === "lesson-next") this.go(at + 1);
    else if (action === "lesson-another") this.another();
    else if (action === "lesson-lock") this.lockIn();
    else if (action === "lesson-hint") this.note({ hints: this.answered.hints + 1 });
    else if (action === "lesson-again") this.again();
    else if (action === "lesson-reveal") this.reveal();
    else if (action === "lesson-answers") this.saveAnswers();
  }

  /** The same asked once more, with other numbers. */
  another() {
    const name = this.lesson?.next;
    if (!name) return;
    const progress = this.model.get("progress");
    const { at } = this.progress;
    const answers = { ...progress[name]?.answers };
    delete answers[at];
    this.model.set("progress", { ...progress, [name]: { at, answers } });
    this.asked = true;
    ask(this.model, "lesson", { name });
  }

  /** All answers to the questions of a form, as a file without a name. */
  saveAnswers() {
    const { lesson } = this;
    if (!lesson) return;
    const chosen = lesson.pages.filter(({ ask: posed }) => posed).map((_, at) => this.progress.answers[at]?.given ?? null);
    ask(this.model, "answers", { form: lesson.form, chosen });
    this.saved = this.model.get("request").number ?? 0;
  }

  /** The file has come. */
  take() {
    const { number, name, type, content, problem } = this.model.get("taken");
    if (!this.saved || number !== this.saved) return;
    if (problem) setText(this.says, problem);
    else if (name && type && content) download(name, new Uint8Array(bytesOf(content)), type);
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key !== "Enter" || !(event.target instanceof HTMLInputElement) || event.target.type === "radio") return;
    this.lockIn();
    // The field is locked now: what can be done next has the focus.
    if (this.answered.locked) this.mainButton?.focus();
    consume(event);
  }

  /** What is most likely done next. */
  get mainButton() {
    return /** @type {HTMLElement | null} */ (this.buttons.querySelector(".ue-main"));
  }

  /** Another answer, where the last one stands. */
  again() {
    this.note({ locked: false, given: undefined });
    const field = this.form.querySelector("input:checked, input[type='text']");
    if (!(field instanceof HTMLInputElement)) return;
    field.focus();
    if (field.type === "text") field.select();
  }

  /** With one key through the whole lesson: to the answer, and from there to the next step. */
  next() {
    const { page, lesson, progress } = this;
    if (!page || !lesson) return;
    if (page.ask && !this.answered.revealed && !lesson.form) this.reveal();
    else if (progress.at < lesson.pages.length - 1) this.go(progress.at + 1);
  }

  lockIn() {
    const posed = this.page?.ask;
    if (!posed || this.answered.locked) return;
    const given = this.given(posed);
    if (given === null) {
      setText(this.says, TRY_FIRST);
      return;
    }
    this.note({ given, locked: true });
    // Of the questions of a form nothing is told.
    if (this.lesson?.form) this.next();
    else if (judged(posed, given).right) this.reveal();
  }

  reveal() {
    this.note({ revealed: true, locked: true });
    const select = this.page?.select || (this.page?.ask?.kind === "step" ? String(this.page.ask.answer) : "");
    if (select) this.instrument.set({ selected: select });
  }

  /**
   * What is answered now; null for nothing.
   *
   * @param {LessonAsk} posed
   * @returns {string | number | null}
   */
  given(posed) {
    const { model } = this.instrument;
    if (posed.kind === "tile") return model.get("tile")[0];
    if (posed.kind === "step") return model.get("selected") || null;
    if (posed.kind === "choice") {
      const chosen = this.form.querySelector("input:checked");
      return chosen instanceof HTMLInputElement ? Number(chosen.value) : null;
    }
    const field = this.form.querySelector("input");
    return field ? typedNumber(field.value) : null;
  }

  // What is shown --------------------------------------------------------------------------------------------------

  show() {
    const { lesson, page, instrument } = this;
    this.node.hidden = !page;
    instrument.root.classList.toggle("ue-teaching", Boolean(page));
    const hidden = page?.ask && !this.answered.revealed ? page.hide : [];
    const all = new Set([...this.model.get("hide"), ...hidden]);
    instrument.root.dataset.hide = [...all].join(" ");
    instrument.drawing.keepSizes(all.has("sides") || all.has("channels"));
    if (!lesson || !page) {
      this.shown = "";
      return;
    }
    const { at } = this.progress;
    setText(this.title, lesson.title);
    setText(this.place, `Step ${at + 1} of ${lesson.pages.length}${page.task ? ": your turn" : ""}`);
    const now = `${lesson.name} ${at}`;
    if (this.shown !== now) {
      // After a reload the stage is as it was left.
      const fresh = !(lesson.name in this.model.get("progress"));
      this.shown = now;
      this.text.replaceChildren(...rendered(page.text));
      this.form.replaceChildren(...(page.ask ? question(page.ask, now) : []));
      this.inside.scrollTop = 0;
      const asked = this.asked;
      this.asked = false;
      if (fresh) this.keep({ at: 0 });
      if (fresh || asked) this.enter();
      if (asked) this.title.focus();
    }
    this.showAnswer(page);
    this.showButtons(page, at, lesson.pages.length);
  }

  /** @param {LessonPage} page */
  showAnswer({ ask: posed, task }) {
    const { answered } = this;
    if (!posed) {
      this.says.replaceChildren(...(task && !this.lesson?.form ? rendered(DONE) : []));
      return;
    }
    const said = posed.hints.slice(0, answered.hints).map((hint, number) => element("div", { class: "ue-lesson-hint" }, ...rendered(`**Hint ${number + 1}.** ${hint}`)));
    const { right, says } = judged(posed, answered.given ?? null);
    for (const input of this.form.querySelectorAll("input")) {
      input.disabled = Boolean(answered.locked);
      // After a reload, or on the way back, what was answered stands there again.
      if (answered.given === undefined) continue;
      if (input.type === "radio") input.checked = Number(input.value) === answered.given;
      else if (!input.value) input.value = String(answered.given);
    }
    if (answered.locked && answered.given !== undefined && posed.answer !== null) said.push(element("div", { class: right ? "ue-right-answer" : "ue-wrong-answer" }, ...rendered(right ? "**✓ Right.**" : `**✗ Not yet.** ${says}`)));
    if (answered.revealed) said.push(element("div", { "data-role": "lesson-why" }, ...rendered(right ? "" : `The answer: **${answerWords(posed)}**`), ...rendered(posed.why)));
    this.says.replaceChildren(...said);
    this.showGiven();
  }

  /** What is clicked in the U, or dragged, stands in the question as well. */
  showGiven() {
    const posed = this.page?.ask;
    const place = this.form.querySelector("[data-role='lesson-given']");
    if (!posed || !place) return;
    const given = this.answered.locked ? this.answered.given : this.given(posed);
    setText(place, given === null || given === undefined ? "nothing yet" : `${given}${posed.kind === "tile" ? " px" : ""}`);
  }

  /**
   * @param {LessonPage} page
   * @param {number} at
   * @param {number} count
   */
  showButtons({ ask: posed }, at, count) {
    const { answered } = this;
    const made = [];
    if (at > 0) made.push(lessonButton("lesson-back", "←", { "aria-label": "Back", title: "Back" }));
    const form = this.lesson?.form;
    if (form) {
      if (!posed) made.push(lessonButton("lesson-answers", "Save answers", { class: "ue-main" }));
      else if (answered.locked) made.push(lessonButton("lesson-again", "Change"), lessonButton("lesson-next", "Next →", { class: "ue-main" }));
      else made.push(lessonButton("lesson-lock", "Lock in", { class: "ue-main" }), lessonButton("lesson-next", "Skip →"));
    } else if (posed && !answered.revealed) {
      if (!answered.locked) made.push(lessonButton("lesson-lock", "Lock in", { class: "ue-main" }));
      else made.push(lessonButton("lesson-again", "Try again", { class: "ue-main" }));
      if (answered.hints < posed.hints.length && !answered.locked) made.push(lessonButton("lesson-hint", `Hint ${answered.hints + 1} of ${posed.hints.length}`));
      if (answered.locked || answered.hints >= posed.hints.length) made.push(lessonButton("lesson-reveal", "Show me"));
    } else {
      const last = at === count - 1;
      if (this.lesson?.next) made.push(lessonButton("lesson-another", "Other numbers", last ? { class: "ue-main" } : {}));
      if (!last) made.push(lessonButton("lesson-next", "Next →", { class: "ue-main" }));
    }
    const focused = focusedFrom(this.buttons);
    const kept = focused instanceof HTMLElement ? focused.dataset.action : undefined;
    const held = this.buttons.contains(focused);
    this.buttons.replaceChildren(...made);
    // A button that was pressed is gone: what comes in its place has the focus.
    if (held) (made.find((each) => each.dataset.action === kept) ?? this.mainButton)?.focus();
  }

  /** What a class shall not turn. */
  lock() {
    const names = new Set(this.model.get("lock").flatMap((name) => (name === "tile" ? ["tile_height", "tile_width", "linked", "snap", "wanted_output"] : [name])));
    for (const input of this.instrument.root.querySelectorAll("[data-knob], [data-number]")) {
      if (!(input instanceof HTMLInputElement || input instanceof HTMLSelectElement)) continue;
      const locked = names.has(input.dataset.knob ?? input.dataset.number ?? "");
      input.disabled = locked;
      input.closest(".ue-knob")?.classList.toggle("ue-locked", locked);
    }
  }
}
