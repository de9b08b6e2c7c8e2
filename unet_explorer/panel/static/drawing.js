// The U. Python lays it out; here it follows the tile in place, and answers to pointer and keyboard.

class Drawing {
  /** `choose(name)` is called when a step is picked; an empty name picks nothing. */
  constructor(choose, signal) {
    this.choose = choose;
    this.hint = element("div", { class: "ue-hint", "data-role": "hint", "aria-hidden": "true", hidden: true });
    this.paper = element("div", { class: "ue-paper" });
    this.legend = element("ul", { class: "ue-legend", "aria-label": "Legend" });
    this.node = element("div", { class: "ue-stage" }, this.paper, this.legend, this.hint);
    const on = (type, listener) => this.paper.addEventListener(type, listener, { signal });
    on("click", (event) => this.choose(this.nameAt(event)));
    on("pointerover", (event) => this.showHint(this.nameAt(event)));
    on("pointerleave", () => this.showHint(""));
    on("focusin", (event) => this.showHint(this.nameAt(event)));
    on("focusout", () => this.showHint(""));
    on("keydown", (event) => this.onKey(event));
    on("scroll", () => this.showHint(""));
  }

  nameAt(event) {
    const group = event.target.closest?.("[data-step], [data-input]");
    return group ? group.dataset.step || "input" : "";
  }

  /** Show another network: new paper, on which the boxes glide from where they were. */
  setNetwork(network) {
    const focused = this.paper.contains(document.activeElement) ? this.focusName : null;
    const before = this.parts ? this.byName : null;
    this.network = network;
    const parsed = new DOMParser().parseFromString(network.svg, "image/svg+xml").documentElement;
    this.svg = document.importNode(parsed, true);
    // Below this the labels could not be read; the paper scrolls instead.
    this.svg.style.minWidth = `${Math.round(network.width * 0.6)}px`;
    this.svg.style.maxWidth = `${Math.round(network.width * 1.6)}px`;
    this.paper.replaceChildren(this.svg);
    this.badge = drawn("g", { class: "ue-badge", "data-role": "badge", "aria-hidden": "true", visibility: "hidden" });
    this.badge.append(drawn("rect", { rx: 10, height: 22 }), drawn("text", {}));
    this.svg.append(this.badge);
    this.parts = network.boxes.map((box) => this.part(box));
    this.byName = new Map(this.parts.map((part) => [part.name, part]));
    this.legend.replaceChildren(...network.legend.map(([op, text]) => legendItem(op, text)));
    this.focusOn(this.byName.has(this.focusName) ? this.focusName : "input", focused !== null);
    return () => before && this.glide(before);
  }

  part(box) {
    const selector = box.name === "input" ? "[data-input]" : `[data-step="${box.name}"]`;
    const group = this.svg.querySelector(selector);
    assign(group, { tabindex: "-1", ...OWN_KEYS });
    const find = (kind) => group.querySelector(kind);
    const side = find(".ue-side");
    return {
      ...box,
      group,
      rect: find(".ue-box"),
      channels: find(".ue-channels"),
      side,
      lines: side ? [...side.children] : [],
      arrow: box.direction === "across" ? null : find(".ue-arrow"),
      crop: find(".ue-crop"),
    };
  }

  /** Move everything that depends on the tile. */
  update(state) {
    this.state = state;
    const { metrics, sizes } = this.network;
    const square = state.tile[0] === state.tile[1];
    const whole = Math.sqrt(state.tile[0] * state.tile[1]);
    const grown = metrics.tallest * (Math.min(whole, sizes.largest) / sizes.largest) ** 0.25;
    for (const part of this.parts) {
      const map = state.byName.get(part.name);
      const area = Math.max(0, map.height) * Math.max(0, map.width);
      part.height = Math.max(metrics.shortest, (grown * area ** 0.25) / Math.sqrt(whole));
      part.top = part.y - part.height / 2;
    }
    const failed = state.failure ? state.failure.index : Infinity;
    state.maps.forEach((map, index) => {
      const part = this.byName.get(map.step.name);
      if (part) this.updatePart(part, map, index >= failed, square);
    });
    this.showBadge(state);
    if (!this.hint.hidden) this.fillHint(this.hinted);
  }

  updatePart(part, map, ghost, square) {
    const { metrics } = this.network;
    const { group, top, height } = part;
    group.classList.toggle("ue-ghost", ghost);
    place(part.rect, top, height);
    if (part.name !== "input") {
      const { step } = map;
      for (const axis of ["height", "width"]) {
        if (isWhole(map[axis])) group.dataset[axis] = map[axis];
        else delete group.dataset[axis];
      }
      group.setAttribute("aria-label", `${step.name}, ${step.words.title}: ${this.shape(map)}`);
    } else {
      group.setAttribute("aria-label", `the tile: ${this.shape(map)}`);
    }
    if (part.channels) {
      part.channels.setAttribute("y", (top - metrics.gap - 1).toFixed(1));
      part.side.setAttribute("y", (top + height + metrics.line).toFixed(1));
      const lines = sideText(map, square);
      setText(part.lines[0], lines[0]);
      setText(part.lines[1], lines[1] || "");
      const longest = Math.max(...lines.map((line) => line.length));
      const fitting = Math.min(metrics.font, Math.floor((10 * part.room) / (metrics.character * longest)) / 10);
      if (part.font !== fitting) part.side.style.fontSize = `${fitting}px`;
      part.font = fitting;
    }
    if (part.arrow) this.moveArrow(part, square ? 1 : 2);
    if (part.crop) this.moveCrop(part);
  }

  shape(map) {
    return `${size([map.height, map.width])} × ${map.step.channels}`;
  }

  moveArrow(part, lines) {
    const { line, gap, head } = this.network.metrics;
    const before = this.byName.get(part.source);
    const [below, above] = [lines * line + 2 * gap, line + 2 * gap];
    const down = part.direction === "down";
    const start = down ? before.top + before.height + below : before.top - above;
    const end = down ? part.top - above : part.top + part.height + below;
    const x = part.x.toFixed(1);
    const tip = `M${x} ${end.toFixed(1)}l${-head / 2} ${down ? -head : head}h${head}z`;
    part.arrow.setAttribute("d", `M${x} ${start.toFixed(1)}L${x} ${end.toFixed(1)}${tip}`);
  }

  moveCrop(part) {
    const source = this.byName.get(part.skip.source);
    const map = this.state.byName.get(source.name);
    const share = ["height", "width"].reduce((product, axis) => {
      const side = map[axis];
      return product * (side > 0 ? Math.max(0, side - 2 * part.skip.crop) / side : 0);
    }, 1);
    const height = source.height * Math.sqrt(share);
    place(part.crop, source.top + (source.height - height) / 2, height);
  }

  /** Say at the place where it happens why the tile does not fit. */
  showBadge(state) {
    this.badge.setAttribute("visibility", state.fits ? "hidden" : "visible");
    if (state.fits) return;
    const { step } = state.failure;
    const part = this.byName.get(step.name) || this.byName.get(step.host);
    const [frame, text] = this.badge.children;
    setText(text, `✗ ${failureWords(this.network, state.failure)}`);
    // Bold, and no wider than this on average; asking the browser would make it lay out the page at every step.
    const width = text.textContent.length * this.network.metrics.font * 0.6 + 20;
    const room = this.svg.viewBox.baseVal.width;
    const before = this.byName.get(part.source);
    const y = part.direction === "down" ? (before.top + before.height + part.top) / 2 - 1 : part.top - 42;
    const x = Math.max(4, Math.min(part.direction === "down" ? part.x + 12 : part.x - width / 2, room - width - 4));
    assign(frame, { x: x.toFixed(1), y: y.toFixed(1), width: width.toFixed(1) });
    assign(text, { x: (x + 10).toFixed(1), y: (y + 15.5).toFixed(1) });
  }

  select(name) {
    const host = this.network.steps.find((step) => step.name === name)?.host || name;
    for (const part of this.parts) {
      part.group.classList.toggle("ue-selected", part.name === host);
      part.group.setAttribute("aria-selected", String(part.name === host));
    }
    if (this.byName.has(host)) this.focusOn(host, false);
  }

  focusOn(name, now) {
    for (const part of this.parts) part.group.setAttribute("tabindex", part.name === name ? "0" : "-1");
    this.focusName = name;
    if (now) this.byName.get(name).group.focus({ preventScroll: false });
  }

  /** Left and right follow the data, up and down change the level. */
  onKey(event) {
    const here = this.byName.get(this.focusName);
    const order = this.parts;
    const at = order.indexOf(here);
    const level = (sign) => {
      const others = order.filter((part) => sign * (part.y - here.y) > 1);
      const y = others.reduce((next, part) => (Math.abs(part.y - here.y) < Math.abs(next - here.y) ? part.y : next), Infinity);
      const row = others.filter((part) => part.y === y);
      return row.sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0];
    };
    const moves = {
      ArrowRight: () => order[at + 1],
      ArrowLeft: () => order[at - 1],
      ArrowDown: () => level(1),
      ArrowUp: () => level(-1),
      Home: () => order[0],
      End: () => order[order.length - 1],
    };
    if (event.key in moves) {
      const next = moves[event.key]();
      if (next) this.focusOn(next.name, true);
    } else if (event.key === "Enter" || event.key === " ") {
      this.choose(here.name);
    } else if (event.key === "Escape") {
      this.choose("");
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  showHint(name) {
    this.hinted = name;
    this.hint.hidden = !name;
    if (!name) return;
    this.fillHint(name);
    const box = this.byName.get(name).rect.getBoundingClientRect();
    const stage = this.node.getBoundingClientRect();
    const left = Math.min(Math.max(0, box.left - stage.left + box.width / 2 - 90), stage.width - 240);
    this.hint.style.left = `${Math.max(0, left)}px`;
    const below = box.bottom - stage.top + 22;
    const fits = below + this.hint.offsetHeight < stage.height;
    this.hint.style.top = `${fits ? below : Math.max(0, box.top - stage.top - this.hint.offsetHeight - 22)}px`;
  }

  fillHint(name) {
    const map = this.state.byName.get(name);
    const input = name === "input";
    const lines = input ? [] : formulaLines(this.state, map);
    this.hint.replaceChildren(
      element("strong", {}, input ? "the tile" : name),
      element("span", {}, this.shape(map)),
      ...lines.map((text) => element("span", { class: "ue-formula" }, text)),
    );
  }

  glide(before) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const { name, rect } of this.parts) {
      const old = before.get(name);
      const from = old
        ? { x: `${old.x - old.width / 2}px`, y: `${old.top}px`, width: `${old.width}px`, height: `${old.height}px` }
        : { opacity: 0 };
      rect.animate([from, {}], { duration: 200, easing: "ease-out" });
    }
  }
}

function place(rect, top, height) {
  rect.setAttribute("y", top.toFixed(1));
  rect.setAttribute("height", height.toFixed(1));
}

/** The lines below a box; a side that is no whole number has one decimal, and a mark where that is not all of it. */
function sideText({ height, width }, square) {
  if (square) return [Number.isInteger(height) ? `${height}²` : shortSide(height)];
  return [shortSide(height), `×${shortSide(width)}`];
}

function shortSide(side) {
  if (Number.isInteger(side)) return String(side);
  const shown = (Math.sign(side) * Math.floor(Math.abs(side) * 10 + 0.5)) / 10;
  return (shown === side ? "" : "≈") + shown.toFixed(1);
}

function legendItem(op, text) {
  const sign = drawn("svg", { viewBox: "0 0 28 10", width: 28, height: 10, "aria-hidden": "true" });
  sign.append(drawn("path", { class: `ue-arrow ue-${op}`, d: "M0 5L26 5M28 5l-9 -4.5v9z" }));
  return element("li", {}, sign, element("span", {}, text));
}
