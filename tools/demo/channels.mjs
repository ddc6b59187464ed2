// The seven channels: what each is called, when its requests come, how people speak there, which places they give.

export const SOURCES = [
  {
    code: 'hotline-12345',
    channel: 'phone',
    name_zh: '12345政务服务便民热线',
    name_en: '12345 hotline',
    prefix: 'RX',
    share: 45,
  },
  {
    code: 'mini-program',
    channel: 'wechat',
    name_zh: '微信小程序',
    name_en: 'WeChat mini program',
    prefix: 'WX',
    share: 16,
  },
  {
    code: 'web-portal',
    channel: 'web',
    name_zh: '政务网站',
    name_en: 'Government web portal',
    prefix: 'WZ',
    share: 6,
  },
  { code: 'city-app', channel: 'app', name_zh: '城市服务APP', name_en: 'City app', prefix: 'YD', share: 9 },
  { code: 'grid-app', channel: 'grid', name_zh: '网格员移动端', name_en: 'Grid workers', prefix: 'WG', share: 15 },
  { code: 'unit-desk', channel: 'unit', name_zh: '单位报送', name_en: 'Reports by units', prefix: 'DW', share: 4 },
  {
    code: 'police-110',
    channel: 'police',
    name_zh: '110警情转办',
    name_en: 'Passed on by 110',
    prefix: 'JQ',
    share: 5,
  },
];
export const source_of = (channel) => SOURCES.find((source) => source.channel === channel);

// How many requests arrive in each hour, by channel; people call in the morning and after the midday rest.
const ROUND_THE_CLOCK = [3, 2, 1, 1, 1, 1, 4, 12, 22, 32, 30, 20, 11, 12, 26, 27, 19, 13, 10, 8];
const OFFICE_HOURS = [0, 0, 0, 0, 0, 0, 0, 1, 8, 12, 11, 7, 1, 5, 11, 10, 7, 3, 0, 0];
const POLICE_HOURS = [4, 3, 2, 1, 1, 2, 3, 6, 6, 6, 5, 5, 4, 4, 5, 5, 5, 6, 7, 7];
export const HOURS = {
  phone: ROUND_THE_CLOCK,
  wechat: ROUND_THE_CLOCK,
  app: ROUND_THE_CLOCK,
  web: ROUND_THE_CLOCK,
  grid: OFFICE_HOURS,
  unit: OFFICE_HOURS,
  police: POLICE_HOURS,
};

export const STYLE = {
  phone: {
    openers: ['来电人反映：', '市民来电反映，', '群众来电称，', '来电人称，', '市民致电反映：'],
    closers: [
      '请相关部门核实处理。',
      '希望尽快解决并回复。',
      '来电人要求回电告知结果。',
      '请予以处理。',
      '希望能有人到现场看看。',
      '诉求：尽快处理。',
      '望核实。',
    ],
  },
  wechat: {
    openers: ['', '', '你好，', '您好，', '反映一下，', '实在没办法了，'],
    closers: [
      '麻烦尽快处理一下，谢谢',
      '照片已上传。',
      '什么时候能有人来看看？',
      '求解决！',
      '谢谢。',
      '',
      '盼回复。',
    ],
  },
  app: { openers: ['', '', '反映：'], closers: ['', '请处理', '有图', '见照片。', ''] },
  web: {
    openers: ['您好！', '尊敬的领导：', '你好，现反映如下情况：', '您好，我是附近居民。'],
    closers: ['望有关部门重视并给予答复。', '请依法依规处理，谢谢！', '恳请调查核实。', '期待您的回复。'],
  },
  grid: {
    openers: ['网格员巡查发现：', '巡查中发现，', '日常走访中发现，', '网格巡查：'],
    closers: [
      '现场已拍照。',
      '已登记，请派有关单位处理。',
      '网格无法自行处置，申请上报。',
      '已告知周边居民注意。',
      '已拍照留存，请跟进处置。',
    ],
  },
  unit: {
    openers: ['我单位报告：', '现将有关情况报告如下：'],
    closers: ['请主管部门协调处置。', '特此报告。', '恳请予以支持。'],
  },
  police: {
    openers: ['110警情转办：', '民警出警后反馈：', '接群众报警，', '非警务警情分流：'],
    closers: ['请主管部门依职责处置。', '现场已做初步处置，转请跟进。', '已告知报警人将转交办理。'],
  },
};
export const UNIT_OPENERS = {
  school: ['学校后勤反映：', '学校报告：'],
  estate: ['物业服务中心报告：', '物业公司报告：'],
};

export const DETAIL_CHANCE = { phone: 0.75, wechat: 0.7, app: 0.35, web: 0.85, grid: 0, unit: 0.6, police: 0.25 };

// Which parts of the location a channel gives. grid workers know the grid, phones know the point, callers say an address.
export const LOCATION = {
  phone: [
    ['point', 38],
    ['address', 26],
    ['both', 28],
    ['none', 8],
  ],
  wechat: [
    ['point', 84],
    ['both', 8],
    ['address', 4],
    ['none', 4],
  ],
  app: [
    ['point', 86],
    ['both', 12],
    ['none', 2],
  ],
  web: [
    ['point', 30],
    ['address', 40],
    ['both', 20],
    ['none', 10],
  ],
  grid: [
    ['grid', 66],
    ['point', 22],
    ['point+grid', 12],
  ],
  unit: [
    ['grid', 40],
    ['address', 35],
    ['both', 25],
  ],
  police: [
    ['point', 70],
    ['address', 22],
    ['both', 8],
  ],
};
