// A widget and its model: what is asked of Python, and what is shown when Python has changed something.

import { setText } from "./page.js";

/** What the learner asks for goes to Python as a numbered wish. */
export function ask(model, wish, more = {}) {
  model.set("wish", { ...more, do: wish, number: (model.get("wish").number || 0) + 1 });
  model.save_changes();
}

/** Call a listener now and whenever one of these traits changes; what it throws is said at `problem`. */
export function listenTo(source, traits, listener, signal, problem) {
  const guarded = () => {
    try {
      listener();
    } catch (error) {
      console.error(error);
      setText(problem, `Something went wrong in the panel (${error.message}). Run the cell again.`);
    }
  };
  for (const trait of traits.split(" ")) {
    source.on(`change:${trait}`, guarded);
    signal.addEventListener("abort", () => source.off(`change:${trait}`, guarded));
  }
  guarded();
}
