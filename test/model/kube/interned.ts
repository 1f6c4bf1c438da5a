/** When every schedule begins. */
export const EPOCH = Date.parse("2026-03-01T12:00:00.000Z");

const ids = new WeakMap<object, number>();
let lastId = 0;

/** A small number that stands for an object; the same for the same object. */
export function idOf(object: object | undefined): number {
  if (object === undefined) return 0;
  const known = ids.get(object);
  if (known !== undefined) return known;
  ids.set(object, ++lastId);
  return lastId;
}
