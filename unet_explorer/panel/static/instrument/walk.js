// From box to box by the keyboard.

/** @typedef {{ row: number, x: number }} Placed  A box: its level, and how far right it stands. */

/**
 * Left and right follow the data, up and down change the level.
 *
 * @template {Placed} B
 * @param {B[]} boxes  In the order of the data.
 * @param {B} here
 * @param {string} key
 * @returns {B | null | undefined}  The box that a key leads to, null if there is none; undefined for any other key.
 */
export function walk(boxes, here, key) {
  const at = boxes.indexOf(here);
  /** @type {Record<string, () => B | undefined>} */
  const moves = {
    ArrowRight: () => boxes[at + 1],
    ArrowLeft: () => boxes[at - 1],
    ArrowDown: () => onNextRow(boxes, here, 1),
    ArrowUp: () => onNextRow(boxes, here, -1),
    Home: () => boxes[0],
    End: () => boxes[boxes.length - 1],
  };
  return key in moves ? (moves[key]() ?? null) : undefined;
}

/**
 * The nearest box of the next row down (1) or up (-1).
 *
 * @template {Placed} B
 * @param {B[]} boxes
 * @param {B} here
 * @param {1 | -1} sign
 */
function onNextRow(boxes, here, sign) {
  const next = boxes.filter((box) => box.row === here.row + sign);
  return next.sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0];
}
