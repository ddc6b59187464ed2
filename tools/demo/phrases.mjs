// Reads the texts in phrases/ and fills their slots. What the slots mean is said at the head of streets.txt.

import fs from 'node:fs';

const SINCE = [
  '已经三四天',
  '快一个星期',
  '半个多月',
  '有十来天',
  '一个多月',
  '好几天',
  '两个星期',
  '整整五天',
  '连着好些天',
  '从月初到现在',
  '前后二十多天',
];
const SHORT = ['半天多', '六七个小时', '从昨晚到现在', '一整天', '三四个小时'];
const LATE = ['十点多', '十一点', '十一点半', '十二点', '一点多', '两点'];
const HOURS = [
  [5, ['昨天半夜', '刚才', '夜里']],
  [10, ['今天一早', '昨天晚上', '刚才', '早上七点左右', '昨天夜里']],
  [14, ['今天上午', '今早', '刚才', '昨天下午']],
  [18, ['今天下午', '中午', '刚才', '今天上午']],
  [24, ['傍晚', '下午', '刚才', '今天中午']],
];

// [{ matter, weight, place, shops, flags, titles, facts, details: [{ fact (from 0) or null, text }] }]
export function read_phrases(path) {
  const blocks = [];
  for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
    const head = line.match(/^\[(\d{6})\] (\d+) ([a-z]+)(?:=(\S+))?(?: ([vpun]+))?$/);
    if (head) {
      const [, matter, weight, place, shops, flags] = head;
      blocks.push({
        matter,
        weight: Number(weight),
        place,
        shops: shops?.split(',') ?? [],
        flags: flags ?? '',
        titles: [],
        facts: [],
        details: [],
      });
    } else if (line.startsWith('#') || line === '') continue;
    else {
      const list = { '=': 'titles', '-': 'facts', '+': 'details' }[line[0]];
      if (!list || blocks.length === 0) throw new Error(`${path}: cannot read: ${line}`);
      const [, number, text] = line.match(/^.(\d?) (.+)$/);
      blocks[blocks.length - 1][list].push(
        list === 'details' ? { fact: number === '' ? null : Number(number) - 1, text } : text,
      );
    }
  }
  return blocks;
}

// [{ name, place, start (seconds), reports: [{ channel, at (seconds), matter, location, title, description }] }]
export function read_events(path) {
  const events = [];
  for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
    const head = line.match(/^\[([a-z-]+)\] ([a-z]+) (\d\d):(\d\d)$/);
    if (head)
      events.push({
        name: head[1],
        place: head[2],
        start: Number(head[3]) * 3600 + Number(head[4]) * 60,
        reports: [],
      });
    else if (!line.startsWith('#') && line !== '') {
      const [channel, minutes, matter, location, title, description] = line.split('|');
      const event = events[events.length - 1];
      event.reports.push({ channel, at: event.start + Number(minutes) * 60, matter, location, title, description });
    }
  }
  return events;
}

// A fact of the block with a title and, when there is one, a detail that go with it.
export function draw_phrase(random, block) {
  const k = random.whole(0, block.facts.length - 1);
  const last = Math.min(k, block.titles.length - 1);
  const titles =
    block.titles.length > block.facts.length
      ? block.titles.filter((_, i) => i % block.facts.length === k)
      : [block.titles[last]];
  const details = block.details.filter(({ fact }) => fact === null || fact === k);
  return {
    fact: block.facts[k],
    title: random.pick(titles),
    detail: details.length > 0 ? random.pick(details).text : '',
  };
}

// The values of one request's slots; {p} and {road} come from its place.
export function slot_values(random, place, hour) {
  return {
    p: place.label,
    road: place.road,
    b: place.building,
    since: random.pick(SINCE),
    short: random.pick(SHORT),
    now: random.pick(HOURS.find(([until]) => hour < until)[1]),
    n: random.whole(2, 6),
    N: random.pick([20, 30, 40, 50, 60]),
    c: random.whole(12, 17),
    r: random.whole(301, 348),
    t: random.pick(LATE),
  };
}

export const fill = (text, values) =>
  text
    .replace(/\{([a-zA-Z]+)\}/g, (all, name) => {
      if (values[name] === undefined) throw new Error(`no value for ${all} in ${text}`);
      return values[name];
    })
    .replaceAll('小区小区', '小区')
    .replaceAll('附近附近', '附近');
