// The sample day: about 640 requests from seven channels between midnight and 20:00, each with a place on the map that
// fits its words. Made of the texts in phrases/.

import { DETAIL_CHANCE, HOURS, LOCATION, SOURCES, STYLE, UNIT_OPENERS, source_of } from './channels.mjs';
import { demand } from './check.mjs';
import { inside } from './geometry.mjs';
import { draw_phrase, fill, slot_values } from './phrases.mjs';
import { point_in_grid } from './places.mjs';
import { locate, place_for } from './whereabouts.mjs';

const TOTAL = 640;
const IN_DEDICATED = 38;
const OUTSIDE = 8;

// Dedicated grids: names of spots in them, and the matters people report from there.
const DEDICATED_SPOTS = {
  z01: [
    ['云汀火车站北广场', '云汀火车站出站口', '云汀火车站公交换乘站'],
    ['060105', '060304', '010104', '020101', '010201'],
  ],
  z02: [
    ['长途客运站门前', '长途客运站发车区'],
    ['060304', '010104', '110203', '010103'],
  ],
  z03: [
    ['区人民医院门诊楼', '区人民医院急诊入口', '区人民医院东区'],
    ['060101', '020404', '110203', '060104'],
  ],
  z04: [
    ['区中医院门口', '区中医院停车场'],
    ['060104', '060101', '060105'],
  ],
  z05: [
    ['云汀师范学院东门', '云汀师范学院宿舍区'],
    ['010201', '060105', '020305', '070304'],
  ],
  z06: [['区实验中学'], ['060401', '110104', '090104', '060203']],
  z07: [
    ['雁塘农产品批发市场', '雁塘农产品批发市场东门'],
    ['090401', '090204', '010103', '060101'],
  ],
  z08: [
    ['汀桥步行街', '汀桥步行街北口'],
    ['010202', '020102', '080102', '060105', '090202'],
  ],
  z09: [
    ['东渠工业园北区', '东渠工业园三号院'],
    ['070301', '080203', '080303', '020101'],
  ],
  z10: [
    ['青砚科技园北门', '青砚科技园A座前'],
    ['060101', '060301', '020302', '060204'],
  ],
  z11: [
    ['听松公园', '听松公园南门'],
    ['050301', '050302', '050303', '020402'],
  ],
  z12: [
    ['区体育中心南广场', '区体育中心停车场'],
    ['060104', '080104', '060101'],
  ],
};
const OUTSIDE_SPOTS = [
  '绕城公路西段',
  '北郊货场门前',
  '南郊新区三号路',
  '东外环收费站旁',
  '西郊水厂路口',
  '外环辅路',
];
const VAGUE = [
  '河边第二个路口往里走',
  '老粮站后身',
  '学校对面那条巷子',
  '大桥下面',
  '公交终点站旁边的小区',
  '超市后门',
  '红砖楼那边',
];

export function make_day(random, { organisation, places, matters, phrases, events }) {
  const day = { random, places, ...organisation, matters, titles: new Set(), descriptions: new Set() };
  day.by_matter = new Map(phrases.map((block) => [block.matter, block]));
  day.pots = [...places.by_grid.values()];
  day.rivers = day.pots.filter((place) => touches_river(place.grid, organisation.map.river));
  day.kinds = new Map(organisation.units.map((unit) => [unit.code, unit.kind]));
  const rows = events.flatMap((event) => event_rows(day, event));
  for (let i = 0; i < IN_DEDICATED; i++) rows.push(dedicated_row(day, i));
  for (let i = 0; i < OUTSIDE; i++) rows.push(outside_row(day, i));
  rows.push(...ordinary_rows(day, phrases, TOTAL - rows.length));
  return finish_rows(day, rows);
}

const touches_river = (grid, river) => grid.rings.flat().filter((vertex) => river.includes(vertex)).length > 1;

// ---- when and by whom ----

function moment(random, channel, from = 0) {
  const hours = HOURS[channel];
  const hour = random.weighted(hours.map((weight, i) => [i, i < from ? 0 : weight]));
  return hour * 3600 + random.whole(0, 3599);
}

function ordinary_rows(day, phrases, count) {
  const { random } = day;
  const stock = random.shuffle(phrases.flatMap((block) => Array.from({ length: block.weight }, () => block)));
  const taken = { phone: 0, wechat: 0, app: 0, web: 0, grid: 0, unit: 0, police: 0 };
  const plan = [];
  for (const { channel, share } of SOURCES)
    for (let i = 0; i < Math.round((count * share) / 100); i++) plan.push(channel);
  while (plan.length < count) plan.push('phone');
  const narrow = ['unit', 'police', 'grid'];
  plan.sort((a, b) => narrow.includes(b) - narrow.includes(a));
  return plan.slice(0, count).map((channel) => {
    taken[channel]++;
    const at = moment(random, channel);
    const block = take_block(stock, channel, at);
    return compose(day, block, channel, at, place_for(day, block), random.weighted(LOCATION[channel]));
  });
}

const NEEDS = { grid: 'v', police: 'p', unit: 'u' };

function take_block(stock, channel, at) {
  const fits = (block) =>
    (!NEEDS[channel] || block.flags.includes(NEEDS[channel])) && (at >= 6 * 3600 || block.flags.includes('n'));
  let index = stock.findIndex(fits);
  if (index < 0) index = stock.findIndex((block) => !NEEDS[channel] || block.flags.includes(NEEDS[channel]));
  demand(index >= 0, `phrases for channel ${channel} are used up`);
  return stock.splice(index, 1)[0];
}

// ---- what ----

function compose(day, block, channel, at, place, mode) {
  const { random } = day;
  const style = STYLE[channel];
  const asking = ['home', 'any'].includes(block.place);
  const closers = asking ? style.closers.filter((text) => !/现场|照片|有图/.test(text)) : style.closers;
  for (let i = 0; ; i++) {
    demand(i < 400, `no fresh words for ${block.matter} on ${channel}: add phrases`);
    const phrase = draw_phrase(random, block);
    const values = slot_values(random, place, at / 3600);
    const home =
      block.place === 'home' && !phrase.fact.includes('{p}') && random.chance(0.6) ? `家住${place.label}，` : '';
    const fact = home + fill(phrase.fact, values);
    const plain = fill(phrase.title, values);
    const title = day.titles.has(plain) ? `${plain}（${place.grid.community.name}社区）` : plain;
    const detail =
      phrase.detail !== '' && random.chance(DETAIL_CHANCE[channel]) ? `，${fill(phrase.detail, values)}` : '';
    const opener = random.pick((channel === 'unit' && UNIT_OPENERS[block.place]) || style.openers);
    const description = `${opener}${fact}${detail}。${random.pick(closers)}`;
    const said = i < 150 ? fact : fact + detail;
    if (day.titles.has(title) || day.descriptions.has(said)) continue;
    day.titles.add(title);
    day.descriptions.add(fact).add(said);
    return {
      at,
      channel,
      matter: block.matter,
      title,
      description,
      home: place.grid.code,
      ...locate(day, place, mode),
    };
  }
}

function dedicated_row(day, i) {
  const { random, dedicated } = day;
  const unit = dedicated[i % dedicated.length];
  const [spots, codes] = DEDICATED_SPOTS[unit.code];
  const block = day.by_matter.get(codes[Math.floor(i / dedicated.length + i) % codes.length]);
  demand(block, `no phrases for the matters of ${unit.code}`);
  const label =
    random.pick(spots) + (block.place === 'shop' && block.matter !== '090401' ? `的${random.pick(block.shops)}` : '');
  const grid = { code: unit.code, rings: unit.rings, community: unit.community, unit };
  const place = {
    label,
    road: label,
    building: random.whole(1, 9),
    address: random.pick(['', '云汀区']) + label,
    grid,
  };
  place.point = point_in_grid(random, grid, []);
  const channel = random.weighted([
    ['phone', 40],
    ['wechat', 22],
    ['app', 12],
    ['grid', 16],
    ['police', 6],
    ['web', 4],
  ]);
  const mode = random.weighted([
    ['point', 70],
    ['address', 14],
    ['both', 16],
  ]);
  return compose(day, block, channel, moment(random, channel, 6), place, channel === 'grid' ? 'grid' : mode);
}

// Reported from just outside the district: a matter for an operator.
function outside_row(day, i) {
  const { random, map } = day;
  const block = day.by_matter.get(
    ['020101', '020305', '010106', '060101', '060204', '010103', '020201', '080204'][i],
  );
  const point = () => [
    Math.round(random.between(123694000, 123826000)),
    Math.round(random.between(41276000, 41384000)),
  ];
  let at = point();
  while (inside(map.outline, at)) at = point();
  const label = OUTSIDE_SPOTS[i % OUTSIDE_SPOTS.length];
  const place = {
    label,
    road: label,
    building: 1,
    address: '',
    grid: { code: '', community: { name: '城郊' } },
    point: at,
  };
  const channel = random.pick(['phone', 'wechat', 'app', 'wechat']);
  return compose(day, block, channel, moment(random, channel, 7), place, 'point');
}

function event_rows(day, event) {
  const { random, dedicated } = day;
  const place = place_for(day, { place: event.place });
  place.near = point_in_grid(random, place.grid, dedicated);
  return event.reports.map((report) => {
    const values = slot_values(random, place, report.at / 3600);
    const [title, description] = [fill(report.title, values), fill(report.description, values)];
    demand(!day.titles.has(title), `title twice: ${title}`);
    day.titles.add(title);
    const building = /\{b\}/.test(report.title + report.description) ? place.building : random.whole(1, 18);
    const where = { ...place, address: event_address(random, place, event, building) };
    return {
      at: report.at + random.whole(0, 50),
      channel: report.channel,
      matter: report.matter,
      title,
      description,
      event: event.name,
      home: place.grid.code,
      ...locate(day, where, report.location),
    };
  });
}

// Neighbours name different buildings of the same estate, unless the words name one.
const event_address = (random, place, event, building) =>
  event.place === 'estate' ? `${random.pick(['', '云汀区'])}${place.label}${building}号楼` : place.address;

// ---- the rows of the file ----

function finish_rows(day, rows) {
  const { random } = day;
  rows.sort((a, b) => a.at - b.at);
  blur(day, rows);
  const counters = new Map();
  let last_phone = 0;
  const phones = random.shuffle(Array.from({ length: 10000 }, (_, i) => `1990000${String(i).padStart(4, '0')}`));
  return rows.map((row) => {
    const source = source_of(row.channel);
    const number = (counters.get(source.code) ?? 0) + 1;
    counters.set(source.code, number);
    const calls = !['grid', 'police'].includes(row.channel) && !random.chance(0.05);
    const again = calls && last_phone > 20 && random.chance(0.03);
    const matter = day.matters.get(row.code ?? row.matter);
    return {
      ...row,
      time: [3600, 60, 1]
        .map((unit, i) => String(Math.floor(row.at / unit) % (i === 0 ? 24 : 60)).padStart(2, '0'))
        .join(':'),
      source: source.code,
      external_id: `${source.prefix}${String(number).padStart(6, '0')}`,
      urgency: urgency(random, row, matter),
      requester_phone: !calls ? '' : again ? phones[random.whole(0, last_phone - 1)] : phones[last_phone++],
      confidential: random.chance(matter?.sensitive === 'yes' ? 0.7 : 0.05) ? 'yes' : 'no',
    };
  });
}

const urgency = (random, row, matter) =>
  !matter || random.chance(0.76) ? '' : random.chance(0.85) ? matter.urgency : random.pick(['normal', 'urgent']);

// Life is not complete: some requests name no matter, some only say "behind the old granary".
function blur(day, rows) {
  const { random } = day;
  const plain = rows.filter((row) => !row.event);
  const sometimes = { phone: 0.025, wechat: 0.1, app: 0.09, web: 0.08, grid: 0.01, unit: 0.02, police: 0.02 };
  for (const row of plain) if (random.chance(sometimes[row.channel])) row.matter = '';
  const unclear = random.shuffle(
    plain.filter((row) => row.address !== '' && row.lon === '' && ['phone', 'wechat', 'web'].includes(row.channel)),
  );
  VAGUE.forEach((address, i) => Object.assign(unclear[i], { address, vague: true }));
}
