// Is there a newer page? The name of the entry script changes with every build. Looked for after each break of the stream (an
// update restarts the services) and now and then; the page is loaded anew only when the new script can really be fetched.

const SEEN = 'paidan.wall.version';

const entryOf = (page: Document) =>
  page.querySelector<HTMLScriptElement>('script[type=module][src]')?.getAttribute('src') ?? null;

const mine = entryOf(document);

export async function reloadIfNew(): Promise<void> {
  try {
    const answer = await fetch('/', { cache: 'no-store', credentials: 'omit' });
    if (!answer.ok) return;
    const theirs = entryOf(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    // What was loaded anew once and still is not what runs would only be loaded anew for ever.
    if (theirs === null || mine === null || theirs === mine || sessionStorage.getItem(SEEN) === theirs) return;
    if (!(await fetch(theirs, { method: 'HEAD', cache: 'no-store', credentials: 'omit' })).ok) return;
    sessionStorage.setItem(SEEN, theirs);
    location.reload();
  } catch {
    // Not reachable now: the next look tells.
  }
}
