// A screen walked by the Tab key alone: everything that can be pressed is reached, each stop can be seen, and none holds the focus.
import assert from 'node:assert/strict';

/** Marks what the Tab key should reach; of a group of choices only the chosen one is a stop. */
function mark() {
  const wanted = 'a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex="-1"])';
  const isSeen = (e) => e.getClientRects().length > 0 && e.checkVisibility({ visibilityProperty: true }) && e.closest('[inert], [aria-hidden=true]') === null;
  const stops = [...document.querySelectorAll(wanted)].filter((e) => !e.disabled && e.tabIndex >= 0 && isSeen(e) && !(e.type === 'radio' && !e.checked));
  document.querySelectorAll('[data-stop]').forEach((e) => delete e.dataset.stop);
  stops.forEach((e, i) => (e.dataset.stop = String(i)));
  document.activeElement?.blur();
  return stops.length;
}

/** Where the focus is, and whether one sees it: something of the element or around it looks otherwise than without the focus. */
async function look() {
  const e = document.activeElement;
  if (e === null || e === document.body) return null;
  const around = [e, e.parentElement, e.parentElement?.parentElement, e.nextElementSibling].filter(Boolean);
  const looks = () => JSON.stringify(around.map((one) => {
    const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(one);
    return [outline, boxShadow, borderColor, backgroundColor, one.getBoundingClientRect().top];
  }));
  const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await drawn();
  const focused = looks();
  const box = e.getBoundingClientRect();
  e.blur();
  await drawn();
  const seen = looks() !== focused;
  e.focus({ preventScroll: true });
  return { stop: e.dataset.stop ?? null, seen, box: box.width > 0 && box.height > 0, what: e.outerHTML.slice(0, 120) };
}

/** At most so many stops (a date has four of its own): a table's rows are all alike. */
export async function walk(page, what, most = 60) {
  await page.emulateMedia({ reducedMotion: 'reduce' }); // a change of look that takes time could not be compared
  const count = await page.evaluate(mark);
  assert.ok(count > 0, `${what}: nothing to reach`);
  const reached = new Set();
  const unseen = [];
  let last = '';
  for (let i = 0, held = 0; i < Math.min(most, count + 20) && reached.size < count; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(look);
    if (at === null) continue; // the browser's own frame
    held = at.what === last ? held + 1 : 0;
    assert.ok(held < 6, `${what}: the focus does not leave ${at.what}`);
    last = at.what;
    if (at.stop !== null) reached.add(at.stop);
    if (!at.seen) unseen.push(at.what);
  }
  assert.deepEqual(unseen, [], `${what}: the focus is not seen`);
  assert.ok(reached.size >= Math.min(count, most - 20), `${what}: ${reached.size} of ${count} reached`);
}
