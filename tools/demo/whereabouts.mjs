// Where a request of the sample day comes from: a place that fits its matter, the words for it, its address, and the parts
// of the location that the channel gives.

import { FARM_COMMUNITIES } from './admission.mjs';
import { degrees } from './geometry.mjs';
import { house_number, matches, point_in_grid } from './places.mjs';

export function place_for(day, block) {
  const { random, pots } = day;
  const pick = (list) => random.pick(list);
  const chosen = {
    estate: () => pick(pots.filter((place) => place.estates.length > 0)),
    river: () => pick(day.rivers),
    farm: () => pick(pots.filter((place) => FARM_COMMUNITIES.includes(place.grid.community.name))),
    school: () => pick(pots.filter((place) => place.landmarks.some((name) => /小学|幼儿园/.test(name)))),
  }[block.place];
  const place = chosen ? chosen() : pick(pots);
  return { ...describe(day, place, block), grid: place.grid, place };
}

// The words for a place of the wanted kind, and its address. Words are [label, what the address says].
function describe(day, place, { place: kind, shops = [] }) {
  const { random, pots } = day;
  const number = place.known_number && random.chance(0.7) ? place.known_number : house_number(random, place);
  const estate = place.estates.length > 0 ? random.pick(place.estates) : null;
  const landmark = place.landmarks.length > 0 ? random.pick(place.landmarks) : null;
  const building = random.whole(1, 18);
  const community = place.grid.community.name;
  const house = `${place.road}${number}号`;
  const other = random.pick(
    pots.filter((p) => p.grid.community.street === place.grid.community.street && p.road !== place.road),
  ).road;
  const home = estate
    ? random.pick([`${estate}${building}号楼`, `${estate}${building}号楼${random.whole(1, 4)}单元`, estate])
    : house;
  const shop = shops.length > 0 ? random.pick(shops) : '小店';
  const at = (label, address = label) => (label ? [label, address] : null);
  const streets = [
    at(house),
    at(`${house}附近`),
    at(`${place.road}与${other}交叉口`, `${place.road}口`),
    at(`${place.road}${community}社区段`),
    at(estate && `${estate}门前`),
    at(landmark && `${landmark}门前`),
  ];
  const words = {
    estate: [at(estate, home)],
    home: [at(estate ?? `${community}社区`, home)],
    road: streets,
    site: [at(estate && `${estate}对面`), at(estate && `${estate}北侧`), at(house), at(`${house}西侧`)],
    shop: [
      at(`${house}${shop}`, house),
      at(estate && `${estate}楼下的${shop}`, estate),
      at(`${place.road}路口的${shop}`, house),
    ],
    school: place.landmarks.filter((name) => /小学|幼儿园/.test(name)).map((name) => at(name)),
    river: [at(`澜汀河${community}段`, `${community}社区河边`)],
    park: [
      at(`${community}小游园`, `${community}社区小游园`),
      at(`${community}口袋公园`, `${community}社区口袋公园`),
    ],
    farm: [at(`${community}社区`)],
    any: [at(estate), at(house), at(landmark), at(`${community}社区`)],
  }[kind].filter(Boolean);
  const [label, address] = random.pick(words);
  return { label, road: place.road, building, address: with_lead(day, place, address) };
}

// People put more or less in front of an address, but here never a name that could be taken for the place itself.
function with_lead({ random, places, kinds }, place, address) {
  const community = place.grid.community;
  const street = `${community.street.name}街道`;
  const lead = random.pick([
    '',
    '',
    `云汀区${street}`,
    street,
    `${street}${community.name}社区`,
    `${community.name}社区`,
  ]);
  const found = matches(places.rows, lead + address);
  const clear = found.filter((row) => row.pattern.length === found[0].pattern.length).length === 1;
  return (clear ? lead : random.pick(['', '云汀区'])) + address;
}

export function locate(day, place, mode) {
  const { random, dedicated } = day;
  const point = /point|both/.test(mode)
    ? (place.point ?? point_in_grid(random, place.grid, dedicated, place.near))
    : null;
  return {
    lon: point ? degrees(point[0]) : '',
    lat: point ? degrees(point[1]) : '',
    address: /address|both/.test(mode) ? place.address : '',
    grid: /grid/.test(mode) ? place.grid.code : '',
  };
}
