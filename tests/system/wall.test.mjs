// The wall in Debian's Chromium against the real running system, by its token alone: numbers equal the API's and follow a push, it
// comes back after the line was cut and loads a new version, a day's changes leave no memory behind, a refused token asks for another.
// Of the day WALL_HOURS hours are run (half of one; `make wall-day`: 24), with the page's own clock moved on, so that its timers fire as often as in
// a real day.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';

import { start } from './harness.mjs';
import { axe, browse } from './lib/screen.mjs';
import { eventually } from './lib/wait.mjs';

let system, browser, front;

/** Before the system: its line can be cut, its page pretend to be newer, its stream be a day's changes. */
function frontOf(url) {
  const streams = new Set();
  const state = { down: false, version: '', stream: null };
  const server = http.createServer(async (request, response) => {
    if (state.down) return request.socket.destroy();
    if (request.url === '/api/v1/stream') {
      if (state.stream !== null) return state.stream(response);
      streams.add(response);
    }
    const page = !/^\/(api|assets)\//.test(request.url);
    const headers = { ...request.headers };
    for (const name of ['accept-encoding', 'if-none-match', 'if-modified-since']) delete headers[name];
    const other = http.request(url + request.url, { method: request.method, headers }, (answer) => {
      if (!page || state.version === '') {
        response.writeHead(answer.statusCode, answer.headers);
        return answer.pipe(response).on('error', () => {});
      }
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => (text += piece));
      answer.on('end', () => {
        response.writeHead(answer.statusCode, { ...(answer.headers['content-type'] && { 'Content-Type': answer.headers['content-type'] }), 'Cache-Control': 'no-cache' });
        response.end(text.replace(/\/assets\/(index-[^"]+\.js)/, `/assets/${state.version}/$1`));
      });
    });
    other.on('error', () => response.destroy());
    response.on('close', () => other.destroy());
    request.pipe(other);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(Object.assign(state, {
    url: `http://127.0.0.1:${server.address().port}`,
    cut: () => streams.forEach((stream) => stream.destroy()),
    close: () => (server.closeAllConnections(), server.close()),
  }))));
}

let pushed = 0;
async function push() {
  const answer = await system.token('hotline').post('/api/v1/requests', { source: 'hotline-12345', external_id: `wall-${++pushed}`, title: '井盖松动', matter: '020305', location: { lon: 123.76, lat: 41.33 } });
  assert.equal(answer.status, 201, answer.text);
}
const totals = async () => (await system.token('readonly').get('/api/v1/queues')).body.totals;
const shows = (page, key, value) => page.waitForFunction(([k, v]) => document.querySelector(`[data-test=${k}]`)?.textContent === v, [key, String(value)]);

async function wall(hash, seen = '.counters', width = 1920, height = 1080, prepare = () => {}) {
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  await prepare(page);
  page.setDefaultTimeout(20_000);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${front.url}/wall${hash}`);
  await page.waitForSelector(seen);
  return { page, context, complaints };
}

const HOURS = Number(process.env.WALL_HOURS ?? 0.5);

describe('the wall', { timeout: 180_000 + HOURS * 60_000 }, () => {
  before(async () => {
    system = await start('wall');
    front = await frontOf(system.url);
    browser = await browse();
    for (let i = 0; i < 4; i++) await push();
  });
  after(async () => {
    await browser?.close();
    front?.close();
    await system?.stop();
  });

  test('by a token in the address: live, touched, cut, and a newer version', async () => {
    const { page, context, complaints } = await wall(`#token=${system.accounts.tokens.readonly}`);
    assert.equal(await page.evaluate(() => location.hash), '', 'the token leaves the address bar');
    await eventually('all are received', async () => (await totals()).received === pushed);
    await shows(page, 'received', pushed);
    await push();
    await shows(page, 'received', pushed);

    const small = await page.evaluate(() => [...document.querySelectorAll('.wall *')].filter((e) => e.childNodes.length > 0 && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '') && parseFloat(getComputedStyle(e).fontSize) < innerHeight / 40).map((e) => e.className || e.tagName));
    assert.deepEqual(small, [], 'no text is smaller than a fortieth of the height');
    assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth), 'all is on the screen');
    await axe(page, 'wall');
    const unit = await page.getAttribute('.wall-units [data-unit]', 'data-unit');
    await page.click(`.wall-units [data-unit=${unit}]`);
    await page.waitForSelector('.wall-tickets [data-ticket]');
    await axe(page, 'wall, touched');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.wall-tickets', { state: 'detached' });
    await page.keyboard.press('l');
    await page.waitForFunction(() => document.querySelector('.counters').textContent.includes('In progress'));
    await axe(page, 'wall en');

    front.version = '.'; // another name for the same script
    front.down = true;
    front.cut();
    await page.waitForSelector('.wall.reconnecting');
    await push();
    front.down = false;
    await page.waitForFunction(() => document.querySelector('script[type=module]')?.getAttribute('src').includes('/./'));
    await page.waitForSelector('.counters');
    await eventually('all are received', async () => (await totals()).received === pushed);
    await shows(page, 'received', pushed);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test('a refused token asks for another', async () => {
    const { page, context } = await wall('#token=not-a-token', '.setup [role=alert]', 1366, 768);
    await axe(page, 'setup');
    await page.fill('#wall-token', system.accounts.tokens.readonly);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.counters');
    await page.reload();
    await page.waitForSelector('.counters');
    await context.close();
  });

  test('a day of changes leaves no memory behind', async () => {
    const snapshot = (await system.token('readonly').get('/api/v1/queues')).body;
    const rows = snapshot.units.filter((unit) => ['street', 'department', 'community'].includes(unit.kind));
    const AT_ONCE = 20_000;
    const AN_HOUR = 2_000; // five times what a district of this size does
    let version = 1_000_000;
    // The page's time jumps, and then it may take its connection for dead: what is still to be told goes by the next one.
    let connection;
    const waiting = [];
    const tell = (count) => {
      let sent = 0;
      const more = () => {
        const response = connection;
        if (response.destroyed) return waiting.push(more);
        for (; sent < count; sent++) {
          const row = rows[sent % rows.length];
          const open = sent % 50;
          const unit = { ...row, depth: open, states: { OFFERED: open }, red: open % 3, yellow: open % 5, oldest: snapshot.at };
          const tickets = [{ number: `T20261121${String(sent % 1e9).padStart(9, '0')}`, unit: row.unit, state: 'OFFERED', due: snapshot.at, version: String(version) }];
          const delta = { version: String(++version), at: snapshot.at, totals: { ...snapshot.totals, received: version }, units: [unit], tickets };
          if (response.write(`event: delta\ndata: ${JSON.stringify(delta)}\n\n`)) continue;
          sent++;
          const on = () => (response.off('drain', on), response.off('close', on), more());
          return void response.on('drain', on).on('close', on);
        }
      };
      more();
    };
    front.stream = (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`event: snapshot\ndata: ${JSON.stringify({ ...snapshot, version: String(version), totals: { ...snapshot.totals, received: version } })}\n\n`);
      connection = response;
      for (const more of waiting.splice(0)) more();
    };
    const { page, context, complaints } = await wall(`#token=${system.accounts.tokens.readonly}`, '.counters', 1920, 1080, (fresh) => fresh.clock.install());
    const devtools = await context.newCDPSession(page);
    const heap = async () => {
      for (let i = 0; i < 3; i++) await devtools.send('HeapProfiler.collectGarbage');
      return (await devtools.send('Runtime.getHeapUsage')).usedSize;
    };
    const live = async (count) => {
      const last = version + count;
      tell(count);
      await shows(page, 'received', last.toLocaleString('en-US'));
    };
    const PART = 12; // of an hour
    const hours = async (count) => {
      for (let part = 0; part < count * PART; part++) {
        tell(Math.round(AN_HOUR / PART));
        await page.clock.runFor(3_600_000 / PART);
      }
    };
    await live(4_000);
    await hours(1 / PART);
    await shows(page, 'received', version.toLocaleString('en-US'));
    const before = await heap();
    await live(AT_ONCE);
    await hours(HOURS);
    await shows(page, 'received', version.toLocaleString('en-US'));
    const grown = (await heap()) - before;
    console.log(`# ${AT_ONCE} changes at once, then ${HOURS} hours with ${AN_HOUR} each: ${(grown / 1e6).toFixed(2)} MB more than ${(before / 1e6).toFixed(1)} MB`);
    assert.ok(grown < 5e6, `${grown} bytes more`);
    assert.deepEqual(complaints, []);
    await context.close();
    front.stream = null;
  });
});
