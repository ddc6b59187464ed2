// What people wait for at their screens, in Debian's Chromium with many tickets open: how long a cold load of /centre takes until it is
// usable, whether the whole list scrolls, whether keys are taken while changes arrive, how soon a change made by API is on every open
// screen, and how much a first visit fetches. Chromium has no GPU here: it draws in software, on the cores everything else runs on.
// Prints one JSON line.
// usage: node bench/screens.mjs url=http://... push=TOKEN watch=TOKEN code=SETUP-CODE open=N runs=3 seconds=8 watchers=200
import fs from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import zlib from 'node:zlib'

const web = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../web')
const { chromium } = createRequire(path.join(web, 'package.json'))('playwright-core')
const given = Object.fromEntries(process.argv.slice(2).map(text => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
const [open, runs, seconds, watchers] = ['open', 'runs', 'seconds', 'watchers'].map(name => Number(given[name]))
const SOURCE = 'hotline-12345', PASSWORD = 'correct-horse-9', PATIENCE_MS = 60000, CHANGES = 50, TOLD = 20, KEYS = 10
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
const sorted = list => [...list].sort((a, b) => a - b)
const at = (list, share) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * share))]
const spread = list => ({ median: +at(list, 0.5).toFixed(1), least: +Math.min(...list).toFixed(1), most: +Math.max(...list).toFixed(1) })
const late = list => ({ count: list.length, p50: Math.round(at(list, 0.5)), p99: Math.round(at(list, 0.99)), most: Math.round(Math.max(...list)) })
const now = () => performance.timeOrigin + performance.now() // the pages' clock too
const say = text => process.stderr.write(`  screens: ${text}\n`)

function send(method, where, headers, body) {
  const bytes = body === undefined ? '' : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const request = http.request(given.url + where, { method, agent, headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) } }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', piece => (text += piece)).on('end', () => (answer.statusCode < 300 ? resolve({ body: text ? JSON.parse(text) : null, cookie: answer.headers['set-cookie']?.[0] }) : reject(new Error(`${method} ${where}: ${answer.statusCode} ${text}`))))
    })
    request.on('error', reject).end(bytes)
  })
}

let pushed = 0
const push = () => send('POST', '/api/v1/requests', { authorization: `Bearer ${given.push}` }, { source: SOURCE, external_id: `screens-${process.pid}-${++pushed}`, title: '井盖松动' })

/** Pushes at a steady rate; the times they were sent at. */
async function pushing(rate, count) {
  const began = now(), sent = [], answers = []
  for (let i = 0; i < count; i++) {
    const meant = began + (i * 1000) / rate
    if (meant > now()) await pause(meant - now())
    sent.push(now())
    answers.push(push())
  }
  await Promise.all(answers)
  return sent
}

/** The first security administrator by the code, who makes an operator of the centre. */
async function operator() {
  await send('POST', '/api/v1/setup', {}, { code: given.code, user: 'security', password: PASSWORD })
  const { body, cookie } = await send('POST', '/api/v1/session', { origin: given.url }, { user: 'security', password: PASSWORD })
  const { units } = (await send('GET', '/api/v1/units', { authorization: `Bearer ${given.watch}` })).body
  const centre = units.find(unit => unit.kind === 'center').code
  await send('POST', '/api/v1/admin/users', { cookie: cookie.split(';')[0], origin: given.url, 'x-csrf-token': body.csrf }, { user: 'operator', role: 'operator', unit: centre, password: PASSWORD })
  return centre
}

// ---- screens

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
})
let signedIn

/** A browser that has nothing of the page yet, signed in. */
async function screen(where, width = 1366, height = 768) {
  const context = await browser.newContext({ viewport: { width, height }, ...(signedIn ? { storageState: signedIn } : {}) })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  await page.addInitScript(() => {
    const first = {}
    const marks = {
      numbers: () => document.querySelector('.counters [data-test=received]') !== null && [...document.querySelectorAll('.matrix [data-test=depth]')].some(cell => Number(cell.textContent.replace(/\D/g, '')) > 0),
      rows: () => document.querySelector('.first .ticket-item') !== null,
      list: () => document.querySelector('.ticket-list .ticket-item') !== null,
      map: () => document.querySelector('.district-map canvas') !== null,
    }
    window.firstSeen = first
    const look = () => {
      for (const [name, seen] of Object.entries(marks)) if (first[name] === undefined && document.body && seen()) requestAnimationFrame(() => (first[name] ??= performance.now()))
      if (Object.keys(first).length < Object.keys(marks).length) requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await page.goto(given.url + where)
  return { context, page }
}

async function signIn() {
  const { context, page } = await screen('/centre')
  await page.fill('#login-user', 'operator')
  await page.fill('#login-password', PASSWORD)
  await page.keyboard.press('Enter')
  await page.waitForSelector('.matrix [data-unit]')
  signedIn = await context.storageState()
  await context.close()
}

// ---- a cold load

async function loads(where, marks) {
  const seen = Object.fromEntries(marks.map(name => [name, []])), usable = []
  let bytes = 0
  for (let run = 0; run < Math.max(1, runs) + 2 * (runs > 1); run++) {
    const { context, page } = await screen(where)
    await page.waitForFunction(wanted => wanted.every(name => window.firstSeen[name] !== undefined), marks)
    const first = await page.evaluate(() => window.firstSeen)
    for (const name of marks) seen[name].push(first[name])
    usable.push(Math.max(...marks.filter(name => name !== 'map').map(name => first[name])))
    bytes = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('/assets/')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0))
    await context.close()
  }
  return { usable_ms: spread(usable), ...Object.fromEntries(marks.map(name => [`${name}_ms`, spread(seen[name])])), fetched_kb: Math.round(bytes / 1000) }
}

/** What the first page names: its scripts and styles. */
function bundle() {
  const page = fs.readFileSync(path.join(web, 'dist/index.html'), 'utf8')
  const files = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(match => match[1])
  const kb = file => zlib.gzipSync(fs.readFileSync(path.join(web, 'dist', file))).length / 1000
  return { files: files.length, kb: +files.reduce((sum, file) => sum + kb(file), 0).toFixed(1) }
}

// ---- the whole list

/** Frame by frame: `step` pixels each, or from top to end in the time. */
async function scroll(page, step) {
  return page.evaluate(([step, ms]) => new Promise(resolve => {
    const box = document.querySelector('.ticket-list'), gaps = []
    let before, empty = 0, began
    box.scrollTop = 0
    const frame = time => {
      began ??= time
      if (before !== undefined) gaps.push(time - before)
      before = time
      const far = box.scrollHeight - box.clientHeight
      box.scrollTop = step > 0 ? box.scrollTop + step : ((time - began) / ms) * far
      empty += box.querySelector('.blank') !== null
      if (time - began < ms && (gaps.length < 2 || box.scrollTop < far - 1)) return requestAnimationFrame(frame)
      resolve({ gaps, empty, rows: Math.round(box.scrollTop / 59), of: Math.round(far / 59) })
    }
    requestAnimationFrame(frame)
  }), [step, seconds * 1000])
}

async function scrolls(centre) {
  const { context, page } = await screen(`/centre?unit=${centre}&below=1`)
  await page.waitForSelector('.ticket-list .ticket-item')
  const result = {}
  for (const [name, step] of [['end', 0], ['read', 60]]) {
    const rates = [], slow = [], longest = [], empty = []
    let rows
    for (let run = 0; run < runs; run++) {
      const one = await scroll(page, step)
      rates.push((1000 * one.gaps.length) / one.gaps.reduce((a, b) => a + b))
      slow.push((100 * one.gaps.filter(gap => gap > 20).length) / one.gaps.length)
      longest.push(Math.max(...one.gaps))
      empty.push((100 * one.empty) / one.gaps.length)
      rows = one.rows
      await page.waitForFunction(() => document.querySelector('.ticket-list .blank') === null && document.querySelector('.ticket-list .ticket-item') !== null)
    }
    result[name] = { rows, frames_per_s: spread(rates), over_20ms_percent: spread(slow), longest_ms: spread(longest), frames_with_empty_rows_percent: spread(empty) }
  }
  const place = await page.evaluate(() => { const box = document.querySelector('.ticket-list'); box.scrollTop = box.scrollHeight; return box.scrollHeight })
  await page.waitForFunction(all => document.querySelector('.ticket-list .ticket-item:last-child')?.getAttribute('aria-posinset') === document.querySelector('.ticket-list .ticket-item')?.getAttribute('aria-setsize') && all > 0, place)
  await context.close()
  return result
}

// ---- keys, while changes arrive

async function keys(centre) {
  const { context, page } = await screen(`/centre?unit=${centre}&below=1`)
  await page.waitForSelector('.ticket-list .ticket-item')
  await page.evaluate(() => {
    const seen = (window.keysSeen = { taken: 0, moved: 0, ms: [] })
    let last = null
    addEventListener('keydown', event => {
      seen.taken++
      requestAnimationFrame(() => setTimeout(() => seen.ms.push(performance.now() - event.timeStamp)))
    }, true)
    addEventListener('focusin', event => {
      const ticket = event.target.closest?.('[data-ticket]')?.dataset.ticket
      if (ticket !== undefined && ticket !== last) seen.moved++
      last = ticket ?? last
    })
    document.querySelector('.list-panel').focus()
  })
  await page.keyboard.press('j') // the focus is in the list now
  await page.waitForFunction(() => window.keysSeen.moved > 0)
  await page.evaluate(() => Object.assign(window.keysSeen, { taken: 0, moved: 0, ms: [] }))
  const shown = () => page.evaluate(() => Number(document.querySelector('.counters [data-test=received]').textContent.replace(/\D/g, '')))
  const before = await shown(), count = CHANGES * seconds, changes = pushing(CHANGES, count)
  let pressed = 0
  for (const began = now(); now() - began < seconds * 1000; pressed++) {
    await pause(began + (pressed * 1000) / KEYS - now())
    await page.keyboard.press(pressed % 30 < 20 ? 'j' : 'k')
  }
  await changes
  await page.waitForFunction(n => Number(document.querySelector('.counters [data-test=received]').textContent.replace(/\D/g, '')) >= n, before + count)
  const seen = await page.evaluate(() => window.keysSeen)
  await context.close()
  return { rate: CHANGES, count, pressed, taken: seen.taken, moved: seen.moved, ms: late(seen.ms) }
}

// ---- a change on every screen

/** How many had been received, and when it was told. */
function stream() {
  return new Promise((resolve, reject) => {
    const told = []
    const request = http.get(given.url + '/api/v1/stream', { agent: false, headers: { authorization: `Bearer ${given.watch}`, accept: 'text/event-stream' } }, answer => {
      if (answer.statusCode !== 200) return reject(new Error(`a stream was refused: ${answer.statusCode}`))
      let tail = ''
      answer.setEncoding('latin1').on('data', text => {
        const all = tail + text
        for (const [, n] of all.matchAll(/"received":(\d+)[,}]/g)) if (Number(n) > (told.at(-1)?.[0] ?? -1)) told.push([Number(n), now()])
        tail = all.slice(-40)
        if (told.length > 0) resolve({ told, close: () => request.destroy() })
      }).on('error', () => {})
    })
    request.on('error', reject)
  })
}

const SCREENS = [['/centre', '.counters [data-test=received]'], ['/wall', '[data-test=received]'], ['/desk?tab=mine', '.tabs [data-tab=mine] b'], ['/centre', '.counters [data-test=received]'], ['/wall', '[data-test=received]']]

async function drawn([where, number]) {
  const { context, page } = await screen(where === '/wall' ? `/wall#token=${given.watch}` : where)
  await page.waitForFunction(at => /\d/.test(document.querySelector(at)?.textContent ?? ''), number)
  await page.evaluate(at => {
    const told = (window.told = [])
    const look = () => {
      const n = Number(document.querySelector(at)?.textContent.replace(/\D/g, ''))
      if (n > (told.at(-1)?.[0] ?? -1)) told.push([n, performance.timeOrigin + performance.now()])
      requestAnimationFrame(look)
    }
    look()
  }, number)
  return { context, page, told: () => page.evaluate(() => window.told) }
}

/** From sending each change to the moment the number of it was there. */
function delays(told, sent) {
  const base = told[0][0]
  let i = 0
  return sent.map((ms, n) => {
    while (i < told.length && told[i][0] < base + n + 1) i++
    if (i === told.length) throw new Error(`a screen was told of ${n} of ${sent.length} changes`)
    return told[i][1] - ms
  })
}

async function everywhere() {
  const streams = await Promise.all(Array.from({ length: watchers }, stream))
  const pages = []
  for (const which of SCREENS) pages.push(await drawn(which))
  await pause(1500)
  for (const { told } of streams) told.splice(0, told.length - 1)
  const began = now()
  const sent = await pushing(TOLD, TOLD * seconds)
  const all = ({ told }) => told.at(-1)[0] - told[0][0] >= sent.length
  for (const end = now() + PATIENCE_MS; now() < end && !streams.every(all);) await pause(20)
  const onScreens = []
  for (const { context, page, told } of pages) {
    for (const end = now() + PATIENCE_MS; now() < end; await pause(50)) {
      const list = (await told()).filter(([, ms], i, whole) => ms >= began || (whole[i + 1]?.[1] ?? Infinity) >= began)
      if (list.at(-1)[0] - list[0][0] < sent.length) continue
      onScreens.push(...delays(list, sent))
      break
    }
    await context.close()
  }
  const onStreams = streams.flatMap(({ told }) => delays(told, sent))
  for (const one of streams) one.close()
  if (onScreens.length < sent.length * pages.length) throw new Error('a screen was not told of every change')
  return { rate: TOLD, count: sent.length, streams: watchers, streams_ms: late(onStreams), screens: pages.length, screens_ms: late(onScreens) }
}

const centre = await operator()
for (let i = 0; i < 20; i++) await push()
await signIn()
const result = { row: 'screens', name: 'screens', open, bundle: bundle() }
const measure = async (name, what) => { say(name); result[name] = await what() }
await measure('centre', () => loads('/centre', ['numbers', 'rows', 'map']))
await measure('list', () => loads(`/centre?unit=${centre}&below=1`, ['numbers', 'list']))
await measure('scroll', () => scrolls(centre))
await measure('keys', () => keys(centre))
await measure('told', everywhere)
console.log(JSON.stringify(result))
await browser.close()
process.exit(0)
