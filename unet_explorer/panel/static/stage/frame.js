// The frame of the stage: as high as the part of the page that is seen, and the whole screen on request.

/** Below this it would show nothing, and the page scrolls instead. */
const LOWEST = 220;
/** Above this eyes would have to wander. */
const HIGHEST = 1400;

/**
 * Keep an element as high as what it stands in.
 *
 * @param {HTMLElement} node
 * @param {AbortSignal} signal
 */
export function fillWindow(node, signal) {
  /** @type {Element | null} */
  let watched = null;
  const measure = () => {
    const scroller = scrollerOf(node);
    if (scroller !== watched) {
      if (watched) observer.unobserve(watched);
      if (scroller) observer.observe(scroller);
      watched = scroller;
    }
    const seen = Math.min(scroller ? roomIn(scroller) : innerHeight, innerHeight);
    // Where it stands alone it takes all there is; in a notebook a rim tells that the page goes on.
    const rim = isPresented(node) ? 0 : 12;
    const height = Math.max(LOWEST, Math.min(seen - rim, isPresented(node) ? Infinity : HIGHEST));
    node.style.setProperty("--ue-height", `${height}px`);
    node.toggleAttribute("data-low", height < 480);
  };
  const observer = new ResizeObserver(measure);
  observer.observe(node);
  addEventListener("resize", measure, { signal });
  document.addEventListener("fullscreenchange", measure, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

/**
 * The nearest element around it that scrolls its content; null for the page itself.
 *
 * @param {Element} node
 */
function scrollerOf(node) {
  for (let around = outside(node); around && around !== document.body; around = outside(around)) {
    const { overflowY } = getComputedStyle(around);
    // What grows with its content only looks as if it scrolled.
    if ((overflowY === "auto" || overflowY === "scroll") && around.clientHeight > LOWEST / 2 && !around.closest(".jp-OutputArea")) return around;
  }
  return null;
}

/**
 * What an element stands in, which may be outside its shadow tree: so it is in marimo.
 *
 * @param {Element} node
 * @returns {Element | null}
 */
function outside(node) {
  const root = node.parentNode;
  return root instanceof ShadowRoot ? root.host : node.parentElement;
}

/**
 * How high an element's content may be before it scrolls.
 *
 * @param {Element} scroller
 */
function roomIn(scroller) {
  const { maxHeight, paddingTop, paddingBottom } = getComputedStyle(scroller);
  // It grows with its content up to there, so how high it is now says nothing.
  return maxHeight.endsWith("px") ? parseFloat(maxHeight) - parseFloat(paddingTop) - parseFloat(paddingBottom) : scroller.clientHeight;
}

/** @param {Element} node */
export function isPresented(node) {
  return document.fullscreenElement === node;
}

/**
 * Fill the screen, or leave it.
 *
 * @param {Element} node
 */
export function togglePresent(node) {
  // A page within a page may be forbidden to.
  const asked = isPresented(node) ? document.exitFullscreen() : node.requestFullscreen?.();
  asked?.catch(() => undefined);
}
