// Whether the kernel hears us. It is asked after each settled change, and answers with the same number.

import { isShutDown, send } from "../lib/widget.js";

/** @import { InstrumentTraits, Model } from "../lib/types.js" */

/** @typedef {"is asked" | "answers" | "is late" | "is silent" | "is gone"} KernelState */

export class KernelWatch {
  /**
   * @param {Model<InstrumentTraits>} model
   * @param {(state: KernelState) => void} tell
   */
  constructor(model, tell) {
    this.model = model;
    this.tell = tell;
    // JupyterLab opens a subshell for our messages while the first question is on its way, and the kernel serves
    // them there, beside a running cell, once it has answered one that came that way. So it is asked twice.
    this.greetings = 2;
    /** Whether the kernel that the model belongs to was restarted. */
    this.restarted = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.late = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.silent = undefined;
  }

  ask() {
    const { model } = this;
    if (this.isGone()) {
      this.tell("is gone");
      return;
    }
    model.set("asked", model.get("asked") + 1);
    send(model);
    this.watch();
  }

  /** Only an answer that is really late is worth a word. */
  watch() {
    this.stop();
    if (this.model.get("answered") === this.model.get("asked")) {
      this.greetings -= 1;
      if (this.greetings > 0) this.ask();
      else this.tell("answers");
      return;
    }
    this.tell("is asked");
    this.late = setTimeout(() => this.tell(this.isGone() ? "is gone" : "is late"), 400);
    this.silent = setTimeout(() => this.tell(this.isGone() ? "is gone" : "is silent"), 5000);
  }

  stop() {
    clearTimeout(this.late);
    clearTimeout(this.silent);
  }

  /**
   * After a restart the manager has a kernel again, but our model none.
   *
   * @param {string} id  Of the model.
   * @param {AbortSignal} signal
   */
  watchModel(id, signal) {
    const { model } = this;
    const changed = async () => {
      const known = await model.widget_manager?.get_model?.(id);
      this.restarted = known?.comm_live === false;
      this.tell(this.isGone() ? "is gone" : "answers");
    };
    const listener = () => void changed();
    model.on("comm_live_update", listener);
    signal.addEventListener("abort", () => model.off("comm_live_update", listener));
  }

  isGone() {
    return this.restarted || isShutDown(this.model);
  }
}
