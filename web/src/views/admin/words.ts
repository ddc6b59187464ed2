// Words of /admin, of its files and of its lists; and the names of files' columns.
import { lang } from '../../store/prefs';
import { words } from '../../i18n/words';
import * as files from './words-files';
import * as lists from './words-lists';

export const say = words({ ...files.zh, ...lists.zh }, { ...files.en, ...lists.en });

/** A section's name. */
export type SectionKey = Extract<Parameters<typeof say>[0], `s.${string}`>;

/** One that is new shows its code. */
const columns = {
  code: ['编码', 'code'],
  kind: ['类别', 'kind'],
  parent: ['上级', 'parent'],
  name: ['名称', 'name'],
  name_zh: ['中文名', 'Chinese name'],
  name_en: ['英文名', 'English name'],
  name_zh_1: ['大类', 'group, Chinese'],
  name_en_1: ['大类（英文）', 'group, English'],
  name_zh_2: ['小类', 'subgroup, Chinese'],
  name_en_2: ['小类（英文）', 'subgroup, English'],
  lon: ['经度', 'longitude'],
  lat: ['纬度', 'latitude'],
  flags: ['标记', 'flags'],
  calendar: ['日历', 'calendar'],
  quiet: ['免打扰', 'quiet hours'],
  lead: ['牵头部门', 'lead'],
  assist: ['协办', 'assists'],
  assists: ['协办', 'assists'],
  start: ['从哪一级起办', 'starts at'],
  urgency: ['紧急程度', 'urgency'],
  policy: ['时限规则', 'policy'],
  public: ['居民可见', 'public'],
  sensitive: ['敏感', 'sensitive'],
  sign_limit: ['签收期限', 'sign limit'],
  contact_limit: ['联系期限', 'contact limit'],
  handle_limit: ['处置期限', 'handling limit'],
  check_limit: ['核查期限', 'check limit'],
  community: ['社区', 'community'],
  matter: ['事项', 'matter'],
  note: ['说明', 'note'],
  pattern: ['地名', 'name'],
  unit: ['单位', 'unit'],
  number: ['编号', 'number'],
  version: ['版本', 'version'],
  priority: ['优先级', 'priority'],
  enabled: ['启用', 'enabled'],
  from: ['从', 'from'],
  to: ['到', 'to'],
  place: ['地点', 'place'],
  channels: ['渠道', 'channels'],
  channel: ['渠道', 'channel'],
  source: ['来源', 'source'],
  keywords: ['关键词', 'keywords'],
  hours: ['时段', 'hours'],
  time: ['钟点', 'time of day'],
  weekdays: ['星期', 'weekdays'],
  target: ['派给', 'target'],
  set_matter: ['改为事项', 'sets the matter'],
  row: ['行类', 'row'],
  value: ['值', 'value'],
  spans: ['钟点段', 'spans'],
  user: ['账号', 'account'],
  role: ['角色', 'role'],
  rank: ['职级', 'rank'],
  rate: ['指标', 'rate'],
  change: ['调整', 'change'],
  at: ['生效时间', 'in force at'],
  reason: ['依据', 'reason'],
  person: ['人员', 'person'],
} as Record<string, [zh: string, en: string]>;

export function columnName(column: string): string {
  const names = columns[column];
  return names === undefined ? column : names[lang.value === 'zh' ? 0 : 1];
}
