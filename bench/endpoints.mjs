// Whether an endpoint that hangs delays another one: requests are pushed at a steady rate and the time from each push to its webhook at
// a healthy endpoint is taken, in turns without and with another one that is told the same and accepts without a word, or drips a byte now
// and then. Turns are short and alternate (without, with; with, without; ...), so what else the machine does falls on both kinds alike. A p99
// of one short turn is two or three webhooks and says nothing: the p99 is that of all turns of a kind together. How far chance alone moves
// the ratio is told too: by drawing pairs anew from those there were (from, to: 90 % of 500 draws), and by comparing the turns without
// among themselves (noise), which measures the same thing twice. Prints one JSON line.
// usage: node bench/endpoints.mjs url=http://... push=TOKEN code=SETUP-CODE pairs=5 rate=100 seconds=8
import http from 'node:http'
import net from 'node:net'

const given = Object.fromEntries(process.argv.slice(2).map(text => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
const [pairs, rate, seconds] = ['pairs', 'rate', 'seconds'].map(name => Number(given[name]))
const SOURCE = 'hotline-12345', PATIENCE_MS = 30000, HANGING = ['silent', 'dripping'], PASSWORD = 'correct-horse-9'
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const pause = ms => new Promise(resolve => setTimeout(resolve, ms))
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))]

function send(method, path, headers, body, seen) {
  const bytes = body === undefined ? '' : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const request = http.request(given.url + path, { method, agent, headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) } }, answer => {
      seen?.(answer)
      let text = ''
      answer.on('data', chunk => (text += chunk)).on('end', () => (answer.statusCode < 300 ? resolve(text ? JSON.parse(text) : null) : reject(new Error(`${method} ${path}: ${answer.statusCode} ${text}`))))
    })
    request.on('error', reject).end(bytes)
  })
}

// The first security administrator by the code, then a system administrator; each as a session.
async function signIn(user) {
  let cookie
  const { csrf } = await send('POST', '/api/v1/session', { origin: given.url }, { user, password: PASSWORD }, answer => (cookie = answer.headers['set-cookie'][0].split(';')[0]))
  return { cookie, origin: given.url, 'x-csrf-token': csrf }
}
await send('POST', '/api/v1/setup', {}, { code: given.code, user: 'security', password: PASSWORD })
const security = await signIn('security')
await send('POST', '/api/v1/admin/users', security, { user: 'system', role: 'admin_system', password: PASSWORD })
await send('POST', '/api/v1/admin/networks', security, { cidr: '127.0.0.0/16' })
const system = await signIn('system')
const admin = (method, path, body) => send(method, `/api/v1/admin/${path}`, system, body)
const listen = server => new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))
const challengeIn = text => /"challenge":"([0-9a-f]+)"/.exec(text)?.[1]

// ---- who is told

const arrived = new Map()
const healthy = http.createServer((request, response) => {
  let text = ''
  request.on('data', chunk => (text += chunk)).on('end', () => {
    const id = /"external_id":"([^"]+)"/.exec(text)?.[1]
    if (id && !arrived.has(id)) arrived.set(id, performance.now())
    response.end(challengeIn(text) ?? '')
  })
})

let held = 0
const sockets = new Set()
const hanging = drips => net.createServer(socket => {
  let text = '', counted = false
  sockets.add(socket)
  socket.on('error', () => {}).on('close', () => { sockets.delete(socket); held -= counted })
  socket.on('data', chunk => {
    text += chunk
    const challenge = challengeIn(text)
    if (challenge) return socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${challenge.length}\r\n\r\n${challenge}`)
    if (!counted) { counted = true; held++ }
    if (!drips) return
    socket.write('HTTP/1.1 200 OK\r\nX: ')
    const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('y')), 1000)
  })
})

async function until(what, ask) {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(20)) if (await ask()) return
  throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`)
}

async function subscribe(name, port, events) {
  await admin('POST', 'endpoints', { name, url: `http://127.0.0.1:${port}/`, source: SOURCE, ...(events ? { events } : {}) })
  await until(`${name} proves itself`, async () => (await admin('GET', 'endpoints')).endpoints.find(e => e.name === name).verified)
}

// ---- a turn

let pushed = 0
const push = id => send('POST', '/api/v1/requests', { authorization: `Bearer ${given.push}` }, { source: SOURCE, external_id: id, title: '路灯不亮' })

// Milliseconds from each push to its webhook.
async function turn(count) {
  const sent = new Map(), pushes = [], began = performance.now()
  for (let i = 0; i < count; i++) {
    const meant = began + (i * 1000) / rate
    if (meant > performance.now()) await pause(meant - performance.now())
    const id = `endpoints-${process.pid}-${++pushed}`
    sent.set(id, performance.now())
    pushes.push(push(id))
  }
  await Promise.all(pushes)
  await until('every webhook', () => [...sent.keys()].every(id => arrived.has(id)))
  return [...sent].map(([id, at]) => arrived.get(id) - at)
}

// Nobody, or the one of that name.
async function hang(which) {
  for (const name of HANGING) await admin('POST', `endpoints/${name}`, { paused: name !== which })
  if (!which) {
    for (const socket of sockets) socket.destroy()
    return until('nothing hangs', () => held === 0)
  }
  await Promise.all(Array.from({ length: 12 }, () => push(`endpoints-${process.pid}-${++pushed}`)))
  return until('it hangs', () => held > 0)
}

const ports = await Promise.all([healthy, hanging(false), hanging(true)].map(listen))
await subscribe('healthy', ports[0], ['received'])
for (const [i, name] of HANGING.entries()) await subscribe(name, ports[i + 1], ['received'])
await hang(null)
await turn(Math.max(10, rate)) // warm
const turns = [] // a pair each: the times without, the times with
for (let pair = 0; pair < pairs; pair++) {
  const times = {}
  for (const hangs of pair % 2 ? [true, false] : [false, true]) {
    await hang(hangs ? HANGING[pair % HANGING.length] : null)
    times[hangs ? 'withIt' : 'without'] = await turn(rate * seconds)
  }
  turns.push(times)
}

// ---- what it says

const all = (list, kind) => list.flatMap(times => times[kind])
const p99 = (list, kind) => at(all(list, kind), 0.99)
const ratio = list => p99(list, 'withIt') / p99(list, 'without')
const drawn = Array.from({ length: 500 }, () => ratio(turns.map(() => turns[Math.floor(Math.random() * turns.length)])))
const us = kind => ({ p50: Math.round(at(all(turns, kind), 0.5) * 1000), p99: Math.round(p99(turns, kind) * 1000) })
const rounded = number => +number.toFixed(3)
console.log(JSON.stringify({
  row: 'endpoints', name: 'hanging', rate, count: rate * seconds, pairs, without_us: us('without'), with_us: us('withIt'),
  ratio: rounded(ratio(turns)), from: rounded(at(drawn, 0.05)), to: rounded(at(drawn, 0.95)),
  noise: rounded(p99(turns.filter((_, i) => i % 2), 'without') / p99(turns.filter((_, i) => i % 2 === 0), 'without')),
}))
process.exit(0)
