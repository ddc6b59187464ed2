// Invented place names with their romanisation. Every character used in a name is listed in PINYIN; pinyin() refuses
// any other, so that no name can reach the map without an English form.

const PINYIN = Object.fromEntries(
  `汀ting 桥qiao 望wang 槐huai 听ting 松song 北bei 驿yi 青qing 砚yan 雁yan 塘tang 东dong 渠qu 云yun 荫yin 坡po 南nan
   畔pan 前qian 柳liu 浦pu 梧wu 桐tong 竹zhu 兰lan 皋gao 芦lu 荷he 菱ling 湾wan 苇wei 岸an 枫feng 榆yu 杏xing 坞wu
   梨li 棠tang 樱ying 石shi 渡du 磨mo 坊fang 窑yao 墨mo 池chi 书shu 台tai 弦xian 歌ge 和he 鸣ming 安an 澜lan 永yong
   宁ning 康kang 瑞rui 锦jin 绣xiu 织zhi 染ran 酱jiang 园yuan 米mi 市shi 盐yan 仓cang 茶cha 亭ting 车che 铁tie 铜tong
   灯deng 口kou 西xi 岗gang 里li 晴qing 岚lan 翠cui 朗lang 月yue 清qing 沁qin 悦yue 怡yi 雅ya 静jing 明ming 嘉jia
   馨xin 泰tai 福fu 盛sheng 景jing 林lin 溪xi 泉quan 川chuan 星xing 辰chen 晨chen 曦xi 映ying 霞xia 枕zhen 舒shu
   晓xiao 远yuan 山shan 风feng 鹭lu 鹤he 燕yan 莺ying 蔷qiang 薇wei 桂gui 梅mei 橙cheng 禾he 穗sui 麦mai 丰feng
   钟zhong 鼓gu 楼lou 印yin 染ran 造zao 纸zhi 机ji 修xiu 棉mian 纺fang 电dian 厂chang 工gong 三san 一yi 二er 五wu 七qi`
    .trim()
    .split(/\s+/)
    .map((pair) => [pair[0], pair.slice(1)]),
);

// pinyin('槐荫') = 'Huaiyin'
export function pinyin(name) {
  const text = [...name]
    .map((c) => {
      if (!PINYIN[c]) throw new Error(`no romanisation for ${c} in ${name}`);
      return PINYIN[c];
    })
    .join('');
  return text[0].toUpperCase() + text.slice(1);
}

export const DISTRICT = { name: '云汀区', english: 'Yunting District', short: '云汀' };
export const RIVER = { name: '澜汀河', english: 'Lanting River' };

// In the order of their codes; where on the map each lies is said in organisation.mjs.
export const STREETS = ['汀桥', '望槐', '听松', '北驿', '青砚', '雁塘', '东渠'];

export const COMMUNITIES = {
  汀桥: ['米市', '盐仓', '茶亭', '鼓台', '桥西', '灯坊', '永汀', '锦坡'],
  望槐: ['槐荫', '榆荫', '桐坡', '棠荫', '柳浦', '梧荫', '弦歌'],
  听松: ['松坡', '松台', '枫坡', '兰皋', '竹浦', '和鸣', '杏坞'],
  北驿: ['驿北', '驿前', '驿东', '铁坊', '车坊', '铜坊', '石渡', '瑞浦'],
  青砚: ['砚北', '砚南', '墨池', '书台', '樱坡', '梨坡', '安澜'],
  雁塘: ['雁汀', '塘西', '塘前', '荷塘', '菱湾', '芦汀', '苇岸', '窑坡'],
  东渠: ['渠东', '渠畔', '渠口', '织坊', '染坊', '磨坊', '酱园'],
};

const FIRST = '锦翠云晴朗沁悦怡雅静嘉馨泰福盛景枕映舒晓清和康永瑞丰'.split('');
const SECOND = '澜汀岚月溪泉川霞林枫桂梅荷禾穗鹭燕莺薇辰曦庭'.replace('庭', '').split('');

// Names for estates, never the name of a community or of another estate.
export function estate_names(random, count) {
  const taken = new Set(Object.values(COMMUNITIES).flat());
  const all = FIRST.flatMap((a) => SECOND.map((b) => a + b)).filter(
    (name) => !taken.has(name) && name[0] !== name[1],
  );
  if (all.length < count) throw new Error('not enough estate names');
  return random.shuffle(all).slice(0, count);
}

export const ESTATE_KINDS = [
  ['花园', 'Garden', 20],
  ['家园', 'Homes', 20],
  ['新村', 'New Village', 16],
  ['小区', 'Estate', 24],
  ['公寓', 'Apartments', 8],
  ['嘉苑', 'Court', 12],
  ['雅居', 'Residence', 6],
  ['新城', 'New Town', 4],
];

// Old estates of former works; the works stand in the name of the estate.
export const WORKS = [
  ['机修厂家属院', 'Repair Works Housing'],
  ['棉纺厂家属院', 'Cotton Mill Housing'],
  ['造纸厂家属院', 'Paper Mill Housing'],
  ['电机厂家属院', 'Motor Works Housing'],
  ['车辆厂家属院', 'Rolling Stock Works Housing'],
  ['印染厂家属院', 'Dye Works Housing'],
  ['铁路家属院', 'Railway Housing'],
  ['粮库家属院', 'Granary Housing'],
];

export const CHINESE_NUMBERS = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二'];
