// Departments of the district and the enterprises that answer to them.

import { distance, ORIGIN } from './geometry.mjs';
import { DISTRICT } from './names.mjs';

// code, name, English name, calendar ('' = the default one)
const DEPARTMENTS = [
  ['urban', '城市管理和综合执法局', 'Urban Management and Enforcement Bureau', ''],
  ['municipal', '市政公用事业局', 'Municipal Works Bureau', ''],
  ['housing', '住房和城乡建设局', 'Housing and Construction Bureau', ''],
  ['water', '水务局', 'Water Affairs Bureau', ''],
  ['transport', '交通运输局', 'Transport Bureau', ''],
  ['police', '公安分局', 'Police Branch', 'always'],
  ['traffic', '公安交警大队', 'Traffic Police', 'always'],
  ['env', '生态环境分局', 'Ecology and Environment Branch', ''],
  ['market', '市场监督管理局', 'Market Regulation Bureau', ''],
  ['emergency', '应急管理局', 'Emergency Management Bureau', 'always'],
  ['fire', '消防救援大队', 'Fire and Rescue', 'always'],
  ['health', '卫生健康局', 'Health Bureau', ''],
  ['edu', '教育局', 'Education Bureau', ''],
  ['civil', '民政局', 'Civil Affairs Bureau', ''],
  ['hr', '人力资源和社会保障局', 'Human Resources and Social Security Bureau', ''],
  ['medicare', '医疗保障局', 'Healthcare Security Bureau', ''],
  ['natural', '自然资源分局', 'Natural Resources Branch', ''],
  ['parks', '园林绿化局', 'Parks and Greening Bureau', ''],
  ['culture', '文化旅游和体育局', 'Culture, Tourism and Sports Bureau', ''],
  ['commerce', '商务局', 'Commerce Bureau', ''],
  ['agri', '农业农村局', 'Agriculture Bureau', ''],
  ['justice', '司法局', 'Justice Bureau', ''],
  ['industry', '工业和信息化局', 'Industry and Information Technology Bureau', ''],
  ['service', '政务服务和数据管理局', 'Government Services and Data Bureau', 'hall'],
];

// code, department it answers to, name, English name
const ENTERPRISES = [
  ['waterworks', 'water', '供水有限公司', 'Water Supply Company'],
  ['powergrid', 'industry', '供电公司', 'Power Supply Company'],
  ['gas', 'municipal', '燃气有限公司', 'Gas Company'],
  ['heating', 'housing', '供热有限公司', 'Heating Company'],
  ['bus', 'transport', '公共交通有限公司', 'Bus Company'],
  ['sanitation', 'urban', '环境卫生有限公司', 'Sanitation Company'],
];

// Their offices stand in the streets in the middle.
export function department_units(random, streets) {
  const homes = streets
    .flatMap((street) => street.children)
    .filter((c) => distance([c.unit.lon, c.unit.lat], ORIGIN) < 3000);
  const office = () => {
    const grid = random.pick(random.pick(homes).children);
    return [grid.unit.lon + random.whole(-150, 150), grid.unit.lat + random.whole(-150, 150)];
  };
  const unit = (code, kind, parent, name_zh, name_en, calendar) => {
    const [lon, lat] = office();
    return {
      code,
      kind,
      parent,
      name_zh: DISTRICT.short + (kind === 'department' ? '区' : '') + name_zh,
      name_en,
      lon,
      lat,
      flags: '',
      calendar,
    };
  };
  return [
    ...DEPARTMENTS.map(([code, zh, en, calendar]) => unit(code, 'department', 'd1', zh, en, calendar)),
    ...ENTERPRISES.map(([code, department, zh, en]) => unit(code, 'enterprise', department, zh, en, 'always')),
  ];
}
