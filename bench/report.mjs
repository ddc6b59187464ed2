// What the load generator measured, for people: `line` one result in a line, `table` everything with the targets beside it, `plot`
// an SVG of the figures at 1x, 2x, 4x, 8x load and data. Reads JSON lines from standard input.
import { readFileSync } from 'node:fs'

const results = readFileSync(0, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line))
const round = n => (n >= 100 ? Math.round(n).toLocaleString('en') : n >= 10 ? n.toFixed(1) : n.toFixed(2))
const ms = us => (us === undefined ? '' : us >= 100000 ? `${Math.round(us / 1000)}` : (us / 1000).toFixed(1))
const median = list => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) / 2)]

function cpu(r) {
  if (!r.cpu_us) return ''
  return Object.entries(r.cpu_us).filter(([name, us]) => name !== 'total' && us >= 0.5).map(([name, us]) => `${name} ${us.toFixed(us < 10 ? 1 : 0)}`).join(' ')
}

const spread = (s, unit) => `${s.median} ${unit} (${s.least} to ${s.most})`

const machine = r => `a flush p50 ${r.flush_us.p50} p99 ${r.flush_us.p99} us; a page of memory first touched ${r.page_us.toFixed(1)} us; ` +
  `time lost on all cores at once ${r.lost_percent.toFixed(1)} %, ${r.longest_ms.toFixed(0)} ms the longest`

function line(r) {
  const parts = [`${r.row || '-'} ${r.name || r.mode || ''}`.padEnd(12)]
  if (r.rate) parts.push(`at ${r.rate}/s`)
  if (r.per_s) parts.push(`${round(r.per_s)}/s`)
  for (const [key, label] of [['answer_us', 'answered'], ['queued_us', 'queued'], ['shown_us', 'shown'], ['late_us', 'late']])
    if (r[key]) parts.push(`${label} p50 ${ms(r[key].p50)} p99 ${ms(r[key].p99)} ms`)
  if (r.first_answer_s) parts.push(`first answer ${r.first_answer_s.toFixed(2)} s, queues current ${r.queues_current_s.toFixed(2)} s, ${r.router_bytes_per_ticket} B a ticket`)
  if (r.fired !== undefined) parts.push(`${r.fired} of ${r.count} fired in ${r.all_fired_s.toFixed(2)} s, ${r.early} early, ${r.twice} twice, ${r.armed} armed`)
  if (r.ratio) parts.push(`p99 ${ms(r.without_us.p99)} ms, with one that hangs ${ms(r.with_us.p99)} ms, ratio ${r.ratio.toFixed(2)} (${r.from.toFixed(2)} to ${r.to.toFixed(2)})`)
  if (r.row === 'screens')
    parts.push(`${r.open.toLocaleString('en')} open: /centre usable in ${spread(r.centre.usable_ms, 'ms')}; scrolls at ${spread(r.scroll.end.frames_per_s, 'frames/s')}; ${r.keys.taken} of ${r.keys.pressed} keys taken, p99 ${r.keys.ms.p99} ms`,
      `a change on ${r.told.streams} streams p50 ${r.told.streams_ms.p50} p99 ${r.told.streams_ms.p99} ms, drawn on ${r.told.screens} screens p50 ${r.told.screens_ms.p50} p99 ${r.told.screens_ms.p99} ms; first visit ${r.bundle.kb} kB`)
  if (r.row === 'machine') parts.push(machine(r))
  if (r.refused) parts.push(`${r.refused} refused`)
  if (r.cpu_us) parts.push(`CPU ${r.cpu_us.total.toFixed(0)} us: ${cpu(r)}`)
  return parts.join('  ')
}

// ---- the table

const of = (row, name, more = {}) => results.filter(r => r.row === row && r.name === name && Object.entries(more).every(([k, v]) => r[k] === v))
const rateOf = list => (list.length ? median(list.map(r => r.per_s)) : undefined)
const middle = list => list.find(r => r.per_s === rateOf(list))
// of some runs at a rate: each figure's own median; of the longest, the longest
const medians = list => !list.length ? undefined : {
  answer: p => median(list.map(r => r.answer_us[p])), queued: p => median(list.map(r => r.queued_us[p])),
  max: Math.max(...list.map(r => r.queued_us.max)), cpu: median(list.map(r => r.cpu_us.total)) }
const NAMES = { batch: 'HTTP batch push', single: 'HTTP single push, 16 connections', bus: 'ZeroMQ door', lives: 'whole lives of seven steps' }
const ROWS = { batch: 'a', single: 'b', bus: 'c', lives: 'd' }

function print(title, header, rows) {
  if (!rows.length) return
  const table = [header, ...rows.map(row => row.map(cell => String(cell ?? '')))]
  const widths = header.map((_, i) => Math.max(...table.map(row => row[i].length)))
  console.log(`\n${title}\n`)
  table.forEach((row, n) => {
    console.log('  ' + row.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('   '))
    if (!n) console.log('  ' + widths.map(w => '-'.repeat(w)).join('   '))
  })
}

function saturation() {
  const rows = []
  for (const row of ['', 'e-0', 'e', 'e5-0', 'e5', 's10', 's60'])
    for (const name of Object.keys(NAMES)) {
      const list = of(row || ROWS[name], name, { rate: 0 })
      if (!list.length) continue
      const r = middle(list), p = r.cpu_us
      rows.push([(row || ROWS[name]) + ' ' + NAMES[name], r.open.toLocaleString('en'), r.closed.toLocaleString('en'), round(r.per_s), ms(r.queued_us.p50), ms(r.queued_us.p99),
        p.total.toFixed(0), p.postgres.toFixed(0), p.redis.toFixed(0), p.nginx.toFixed(0), p.intake.toFixed(0), p.router.toFixed(0),
        (p.escalation + p.notification + p.console).toFixed(1), p.load.toFixed(0), r.wal_bytes, Math.max(r.memory_bytes.router, 0)])
    }
  print('Saturation (medians; latency in ms to the queue and the event stream; CPU in us a ticket or life)',
    ['', 'open', 'closed', 'per s', 'p50', 'p99', 'CPU', 'postgres', 'redis', 'nginx', 'intake', 'router', 'others', 'load', 'WAL B', 'router B'], rows)
}

function latency() {
  const rows = []
  for (const [name, text] of Object.entries(NAMES))
    for (const rate of [200, 2000])
      for (const r of [medians(of(ROWS[name], name, { rate }))].filter(Boolean))
        rows.push([`${ROWS[name]} ${text}`, `${rate}/s`, ms(r.answer('p50')), ms(r.answer('p99')), ms(r.queued('p50')), ms(r.queued('p99')), ms(r.queued('p999')), ms(r.max), r.cpu.toFixed(0)])
  print('At a rate (medians, max of all runs; ms from the moment meant: to the answer; to the queue in Redis and the event stream)',
    ['', 'rate', 'answer p50', 'p99', 'queue p50', 'p99', 'p99.9', 'max', 'CPU us'], rows)
}

function others() {
  const [bare, rabbit] = [['pg', 'bare_100', 'bare_1000', 'bare_2'], ['mq', 'rabbit_100', 'rabbit_async', 'rabbit_1']].map(([row, ...names]) => names.map(name => middle(of(row, name))).filter(Boolean))
  print('For the ratio', ['', 'per s', 'CPU us each'], [...bare.map(r => [`PostgreSQL alone, ticket + event rows, ${r.batch} a transaction, ${r.connections === 1 ? 'one connection' : `${r.connections} connections`}`, round(r.per_s), r.cpu_us.total.toFixed(1)]),
    ...rabbit.map(r => [`RabbitMQ quorum queue, ${r.batch === 1 ? 'confirms one by one' : r.window ? '1,000 unconfirmed' : 'confirms batch by batch'}, consumed`, round(r.per_s), r.cpu_us.total.toFixed(0)])])
  print('The machine alone', ['', ''], results.filter(r => r.row === 'machine').map(r => [r.name, machine(r)]))
  for (const row of ['f', 'g', 'h']) for (const r of results.filter(x => x.row === row)) console.log('\n  ' + line(r))
}

function targets() {
  const rows = [], at = (row, name) => rateOf(of(row, name, { rate: 0 }))
  const add = (text, wanted, got, met) => got !== undefined && !Number.isNaN(got) && rows.push([text, wanted, typeof got === 'number' ? round(got) : got, met ? 'met' : 'NOT met'])
  for (const [name, wanted] of [['batch', 18000], ['single', 8000], ['bus', 20000], ['lives', 6000]]) {
    const got = at(ROWS[name], name)
    add(`${NAMES[name]}, per s`, `>= ${wanted}`, got, got >= wanted)
  }
  const adds = at('calendar', 'add')
  add('calendar: due times of up to 30 working days, one core, per s', '>= 2,000,000', adds, adds >= 2e6)
  const figures = results.findLast(r => r.row === 'figures')
  if (figures?.month_ms) {
    add('figures: a month of a city with a million tickets a year, ms', '<= 1,000', figures.month_ms, figures.month_ms <= 1000)
    add('figures: its year, ms (no target)', '', figures.year_ms, true)
    add('figures: events counted, one core, per s (no target)', '', 1e9 / figures.fold_ns, true)
    add('figures: events counted and kept, per s (no target)', '', 1e9 / figures.kept_ns, true)
  }
  const turns = (row, name) => of(row, 'batch').flatMap(r => of(row, name, { run: r.run }).map(other => r.per_s / other.per_s))
  const ratio = list => `${median(list).toFixed(2)} (${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)})`
  const rabbit = turns('mq', 'rabbit_100'), unconfirmed = turns('mq', 'rabbit_async'), bare = turns('pg', 'bare_100')
  if (rabbit.length) add('batch push / RabbitMQ quorum queue, by turns', '>= 1.1', ratio(rabbit), median(rabbit) >= 1.1)
  if (unconfirmed.length) add('  with 1,000 of RabbitMQ’s unconfirmed (no target)', '', ratio(unconfirmed), true)
  if (bare.length) add('batch push / PostgreSQL alone, 100 a transaction, by turns', '>= 0.25', ratio(bare), median(bare) >= 0.25)
  const minute = at('s60', 'batch') / at('s10', 'batch')
  if (minute) add('60 s at saturation / 10 s', '>= 0.8', minute, minute >= 0.8)
  for (const [rate, p50, p99] of [[200, 2, 5], [2000, 3, 10]])
    for (const name of ['batch', 'single', 'bus'])
      for (const r of [medians(of(ROWS[name], name, { rate }))].filter(Boolean)) {
        const a = r.queued('p50') / 1000, b = r.queued('p99') / 1000
        add(`${NAMES[name]} at ${rate}/s, p50 and p99 ms`, `<= ${p50}, ${p99}`, `${a.toFixed(1)}, ${b.toFixed(1)}`, a <= p50 && b <= p99)
      }
  for (const row of ['e', 'e5'])
    for (const name of Object.keys(NAMES)) {
      const r = middle(of(row, name, { rate: 0 })), base = middle(of(`${row}-0`, name)) ?? middle(of(ROWS[name], name, { rate: 0 }))
      if (!r || !base) continue
      const many = row === 'e' ? `${r.open.toLocaleString('en')} open / with ${base.open.toLocaleString('en')}` : `${r.closed.toLocaleString('en')} closed / without`
      add(`${NAMES[name]} with ${many}`, '>= 0.8', r.per_s / base.per_s, r.per_s / base.per_s >= 0.8)
    }
  for (const r of results.filter(x => x.row === 'f')) {
    add(`restart with ${r.count.toLocaleString('en')} open, first answer s`, '<= 10', r.first_answer_s, r.first_answer_s <= 10)
    add(`router's memory a ticket, bytes`, '<= 600', r.router_bytes_per_ticket, r.router_bytes_per_ticket <= 600)
  }
  for (const r of results.filter(x => x.row === 'endpoints'))
    add(`a healthy endpoint’s p99 with another one that hangs / without, ${r.pairs} pairs`, '<= 1.1', `${r.ratio} (90 % between ${r.from} and ${r.to}; the same against itself ${r.noise})`, r.ratio <= 1.1)
  for (const r of results.filter(x => x.row === 'g')) {
    const all = r.told_fewest >= r.count, cores = r.cpu_us.total * r.count / 1e6 / r.seconds
    const ours = (r.cpu_us.total - r.cpu_us.load) * r.count / 1e6 / r.seconds
    add(`${r.watchers} watchers, each told all ${r.count} changes, p99 ms`, '<= 1,000', `${ms(r.shown_us.p99)}${all ? '' : ` (fewest ${r.told_fewest})`}`, r.shown_us.p99 <= 1e6 && all)
    add(`${r.watchers} watchers, cores (with the watching program ${cores.toFixed(2)})`, '<= 1', ours, ours <= 1)
  }
  for (const r of results.filter(x => x.row === 'screens')) {
    const with_ = `with ${r.open.toLocaleString('en')} open`
    add(`/centre ${with_}: cold load until usable, ms`, '<= 2,000', spread(r.centre.usable_ms, ''), r.centre.usable_ms.median <= 2000)
    add('  with the whole list open from the start, ms (no target)', '', spread(r.list.usable_ms, ''), true)
    add('  the whole list from top to end, frames/s in software', '>= 50', spread(r.scroll.end.frames_per_s, ''), r.scroll.end.frames_per_s.median >= 50)
    add('  a row a frame, frames/s in software', '>= 50', spread(r.scroll.read.frames_per_s, ''), r.scroll.read.frames_per_s.median >= 50)
    add(`  keys taken and done while ${r.keys.rate} changes a second arrive`, 'all', `${r.keys.taken}, ${r.keys.moved} of ${r.keys.pressed}`, r.keys.taken === r.keys.pressed && r.keys.moved === r.keys.pressed)
    add('  from a key to what it drew, p50 and p99 ms (no target)', '', `${r.keys.ms.p50}, ${r.keys.ms.p99}`, true)
    add(`  a change by API on each of ${r.told.streams} streams, p50 and p99 ms`, '<= 1,000', `${r.told.streams_ms.p50}, ${r.told.streams_ms.p99}`, r.told.streams_ms.p99 <= 1000)
    add(`  drawn on ${r.told.screens} screens meanwhile, p50 and p99 ms`, '<= 1,000', `${r.told.screens_ms.p50}, ${r.told.screens_ms.p99}`, r.told.screens_ms.p99 <= 1000)
    add('first visit, kB gzip', '<= 250', r.bundle.kb, r.bundle.kb <= 250)
  }
  for (const r of results.filter(x => x.row === 'h'))
    add(`${r.count.toLocaleString('en')} timers due in a second of ${r.armed.toLocaleString('en')}, all fired s`, '<= 3, 0 early', `${r.all_fired_s.toFixed(2)}, ${r.early} early`, r.all_fired_s <= 3 && !r.early && r.fired === r.count && !r.twice)
  print('Targets', ['', 'wanted', 'got', ''], rows)
}

// ---- the plot: 1x, 2x, 4x, 8x

function plot() {
  const W = 360, H = 220, M = 46, panels = []
  const load = results.filter(r => r.row === 'scale' && r.name === 'load'), data = results.filter(r => r.row === 'scale' && r.name === 'data')
  if (load.length) {
    panels.push(['CPU per ticket, us, by load', load.map(r => [r.rate, r.cpu_us.total]), 'per second'])
    panels.push(['p99 to the queue, ms, by load', load.map(r => [r.rate, r.queued_us.p99 / 1000]), 'per second'])
  }
  if (data.length) {
    panels.push(['tickets/s at saturation, by open tickets', data.map(r => [r.open, r.per_s]), 'open'])
    panels.push(['CPU per ticket, us, by open tickets', data.map(r => [r.open, r.cpu_us.total]), 'open'])
  }
  const panel = ([title, points, unit], n) => {
    const top = Math.max(...points.map(p => p[1])) * 1.15, first = points[0][0], last = points.at(-1)[0]
    const x = v => M + (Math.log2(v / first) / Math.log2(last / first || 2)) * (W - 2 * M), y = v => H - M - (v / top) * (H - 2 * M)
    const path = points.map(p => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(' ')
    const marks = points.map(p => `<circle cx="${x(p[0]).toFixed(1)}" cy="${y(p[1]).toFixed(1)}" r="3.5"/><text x="${x(p[0]).toFixed(1)}" y="${(y(p[1]) - 9).toFixed(1)}">${round(p[1])}</text><text class="axis" x="${x(p[0]).toFixed(1)}" y="${H - M + 16}">${p[0].toLocaleString('en')}</text>`).join('')
    return `<g transform="translate(${(n % 2) * W},${Math.floor(n / 2) * H})"><text class="title" x="${W / 2}" y="18">${title}</text><line x1="${M}" y1="${H - M}" x2="${W - M}" y2="${H - M}"/><polyline points="${path}"/>${marks}<text class="axis" x="${W / 2}" y="${H - 12}">${unit}: 1x, 2x, 4x, 8x</text></g>`
  }
  console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * W} ${Math.ceil(panels.length / 2) * H}" font-family="sans-serif" font-size="11" text-anchor="middle">
<style>rect{fill:#fff}.title{font-weight:600;font-size:13px;fill:#1f2937}.axis{fill:#6b7280}text{fill:#111827}line{stroke:#9ca3af}polyline{fill:none;stroke:#2563eb;stroke-width:2}circle{fill:#2563eb}</style>
<rect width="100%" height="100%"/>${panels.map(panel).join('\n')}</svg>`)
}

const mode = process.argv[2]
if (mode === 'line') results.forEach(r => console.log('  ' + line(r)))
else if (mode === 'plot') plot()
else {
  saturation()
  latency()
  others()
  targets()
}
