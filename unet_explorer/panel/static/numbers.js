// Numbers as they are read aloud, and small conveniences of the page.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

/** 31030658 → "31,030,658". */
function exact(number) {
  return grouped.format(number).replace("-", "−");
}

/** A side as it would be typed, a fraction in full: 1660, 31.875. */
function plain(number) {
  return String(number).replace("-", "−");
}

/** 31030658 → "31.0 M": three figures and a unit. */
function rough(number, units = ["", " k", " M", " G", " T", " P"]) {
  let unit = 0;
  let left = number;
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit += 1;
  }
  const places = left >= 99.95 || Number.isInteger(number / 1000 ** unit) ? 0 : left >= 9.995 ? 1 : left >= 0.9995 ? 2 : 3;
  return left.toFixed(places) + units[unit];
}

function bytes(number) {
  return rough(number, [" B", " kB", " MB", " GB", " TB", " PB"]);
}

/** [572, 572] → "572 × 572"; a side of which nothing is left is a dash. */
function size(pair) {
  return pair.map((side) => (side > 0 ? plain(side) : "–")).join(" × ");
}

/** Put numbers into the gaps of a sentence: fill("{a} is odd", { a: 3 }). */
function fill(sentence, numbers) {
  return sentence.replace(/\{(\w+)\}/g, (gap, name) => (name in numbers ? numbers[name] : gap));
}

/** Make an element. Text is only ever set as text, so nothing typed or named can become markup. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  assign(made, attributes);
  made.append(...children);
  return made;
}

function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  assign(made, attributes);
  made.append(...children);
  return made;
}

function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** What every control needs so that JupyterLab leaves its keys alone. */
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/** Hear of a number once it is typed: on leaving the field, and on Enter, which JupyterLab would take for itself. */
function onTyped(input, listener, signal) {
  const done = () => {
    input.typing = false;
    input.heard = input.value;
    listener();
  };
  // After Enter, leaving the field is a change once more, perhaps in the middle of something else.
  const left = () => (input.typing || input.value !== input.heard) && done();
  const enter = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    done();
  };
  input.addEventListener("input", () => (input.typing = true), { signal });
  input.addEventListener("blur", () => (input.typing = false), { signal });
  input.addEventListener("change", left, { signal });
  input.addEventListener("keydown", enter, { signal });
}

/** Show what is true in a field, but never while somebody types into it. */
function showNumber(input, value) {
  if (!input.typing && input.value !== String(value)) input.value = value;
}

/** A step's formula with the tile's numbers in it: one line for a square, one an axis for a rectangle. */
function formulaLines(state, map) {
  const { step } = map;
  const line = (axis) => {
    const before = step.inputs.map((name) => state.byName.get(name)[axis]);
    return fill(step.words.formula, {
      in: plain(before[before.length - 1]),
      skip: plain(before[0]),
      out: plain(map[axis]),
      crop: step.crop,
    });
  };
  if (state.tile[0] === state.tile[1]) return [line("height")];
  return [`height: ${line("height")}`, `width: ${line("width")}`];
}

/** Why a tile does not fit: too small for this network at all, or which step saw what. */
function misfitWords({ network, tile, failure }) {
  const { smallest } = network.sizes;
  const side = tile[failure.axis === "height" ? 0 : 1];
  const small = side < smallest ? `${fill(network.words.small, { smallest })}; ` : "";
  const where = tile[0] === tile[1] ? "" : ` (${failure.axis})`;
  return `${small}at ${failure.step.name}${where}, ${failureWords(network, failure)}`;
}

function failureWords(network, failure) {
  return fill(network.words[failure.kind], { side: plain(failure.side) });
}

/** What the learner asks for goes to Python as a numbered wish. */
function ask(model, wish, more = {}) {
  model.set("wish", { ...more, do: wish, number: (model.get("wish").number || 0) + 1 });
  model.save_changes();
}

/** Call a listener now and whenever one of these traits changes; what it throws is said at `problem`. */
function listenTo(source, traits, listener, signal, problem) {
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
