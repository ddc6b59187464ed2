// Pure.

/** How much of the beginning all names share, such as the district's own name: it need not be said in each row. */
export function commonStart(names: readonly string[]): number {
  let length = names.length > 1 ? Math.min(...names.map((name) => name.length)) - 2 : 0;
  while (length > 0 && names.some((name) => name.slice(0, length) !== names[0]!.slice(0, length))) length--;
  return Math.max(0, length);
}
