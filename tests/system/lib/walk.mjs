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
  // a change of look that takes time could not be compared; and so that the page's content policy has no say
  const still = new CSSStyleSheet();
  still.replaceSync('* { transition: none !important; animation: none !important }');
  document.adoptedStyleSheets = [still];
  return stops.length;
}

/** Where the focus is, and whether one sees it: something of the element or around it looks otherwise than without the focus. */
async function look() {
  const e = document.activeElement;
  if (e === null || e === document.body) return null;
  const around = [e, e.parentElement, e.parentElement?.parentElement, e.nextElementSibling, e.closest('.el-select__wrapper')].filter(Boolean);
  const looks = () => JSON.stringify(around.map((one) => {
    const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(one);
    return [outline, boxShadow, borderColor, backgroundColor];
  }));
  const drawn = () => new Promise((resolve) => setTimeout(resolve));
  await drawn();
  const focused = looks();
  const box = e.getBoundingClientRect();
  const of = { stop: e.dataset.stop ?? null, box: box.width > 0 && box.height > 0, what: e.outerHTML.slice(0, 120) };
  if (e.type === 'date') return { ...of, seen: true }; // the browser marks the part of it; left and entered, it would begin anew
  e.blur();
  await drawn();
  const seen = looks() !== focused;
  e.focus({ preventScroll: true });
  return { ...of, seen };
}

/** At most so many stops (a date has four of its own): a table's rows are all alike. */
export async function walk(page, what, most = 60) {
  const count = await page.evaluate(mark);
  assert.ok(count > 0, `${what}: nothing to reach`);
  const reached = new Set();
  const unseen = [];
  let last = '';
  for (let i = 0, held = 0; i < Math.min(most, count + 20) && reached.size < count; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(look);
    if (at === null) continue; // the browser's own frame
    held = (at.stop ?? at.what) === last ? held + 1 : 0;
    assert.ok(held < 6, `${what}: the focus does not leave ${at.what}`);
    last = at.stop ?? at.what;
    if (at.stop !== null) reached.add(at.stop);
    if (!at.seen) unseen.push(at.what);
  }
  assert.deepEqual(unseen, [], `${what}: the focus is not seen`);
  assert.ok(reached.size >= Math.min(count, most - 20), `${what}: ${reached.size} of ${count} reached`);
}
