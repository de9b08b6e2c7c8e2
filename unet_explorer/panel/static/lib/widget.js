// A widget and its model: what is asked of Python, and what is shown when Python has changed something.

import { howAgain, setText } from "./page.js";

/** @import { Model, UserRequest } from "./types.js" */

/**
 * Tell Python what has been set here. To a kernel that is gone nothing can be sent, and Jupyter's widgets would report
 * every attempt; the page goes on without it.
 *
 * @param {Pick<Model<object>, "save_changes" | "widget_manager">} model
 */
export function send(model) {
  if (!isShutDown(model)) model.save_changes();
}

/**
 * Where the host tells: JupyterLab's manager has no kernel any more once it was shut down.
 *
 * @param {Pick<Model<object>, "widget_manager">} model
 */
export function isShutDown({ widget_manager: manager }) {
  if (!manager || !("kernel" in manager)) return false;
  return !manager.kernel || manager.kernel.isDisposed || manager.kernel.status === "dead";
}

/**
 * What the learner asks for goes to Python as a numbered request.
 *
 * @param {Model<{ request: UserRequest }>} model
 * @param {string} request
 * @param {Record<string, unknown>} [more]
 */
export function ask(model, request, more = {}) {
  model.set("request", { ...more, do: request, number: (model.get("request").number || 0) + 1 });
  send(model);
}

/**
 * What was typed as a number. What is not allowed goes to Python all the same: it is Python that says why.
 *
 * @param {Model<{ request: UserRequest }>} model
 * @param {string} name
 * @param {HTMLInputElement} input
 */
export function askNumber(model, name, { value }) {
  ask(model, "number", { name, value: value === "" ? null : Number(value) });
}

/**
 * Set several traits, one by one: not every host takes them all at once.
 *
 * @template {object} T
 * @param {Model<T>} model
 * @param {Partial<T>} values
 */
export function setTraits(model, values) {
  for (const name of /** @type {(keyof T)[]} */ (Object.keys(values))) model.set(name, /** @type {T[keyof T]} */ (values[name]));
}

/**
 * Call a listener now and whenever one of these traits changes; what it throws is said at `problem`.
 *
 * @template {object} T
 * @param {Model<T>} source
 * @param {readonly (keyof T & string)[]} traits
 * @param {() => void} listener
 * @param {AbortSignal} signal
 * @param {Node} problem
 */
export function listenTo(source, traits, listener, signal, problem) {
  const guarded = () => {
    try {
      listener();
    } catch (error) {
      setText(problem, defectWords(error));
    }
  };
  for (const trait of traits) {
    source.on(`change:${trait}`, guarded);
    signal.addEventListener("abort", () => source.off(`change:${trait}`, guarded));
  }
  guarded();
}

/**
 * A defect of ours must be seen on the page, and be found by whoever looks for it.
 *
 * @param {unknown} error
 */
export function defectWords(error) {
  console.error(error);
  return `Something went wrong in the panel (${error instanceof Error ? error.message : error}). ${howAgain()}.`;
}
