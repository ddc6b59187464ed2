// What the audit log calls an act and its outcome, in words; what is not known here is shown as it is written.

import { lang } from '../../store/prefs';

const ACTS: Record<string, [zh: string, en: string]> = {
  login: ['登录', 'sign in'],
  logout: ['退出', 'sign off'],
  unmask: ['查看完整信息', 'unmask'],
  export: ['导出', 'export'],
  import: ['导入', 'import'],
  preview: ['试看影响', 'preview'],
  attachment: ['查看附件', 'attachment'],
  user_create: ['新建账号', 'make an account'],
  user_change: ['修改账号', 'change an account'],
  user_disable: ['停用账号', 'disable an account'],
  user_admin: ['管理账号', 'accounts'],
  token_create: ['新建令牌', 'make a token'],
  token_disable: ['撤销令牌', 'withdraw a token'],
  token_admin: ['管理令牌', 'tokens'],
  bus_key_create: ['登记公钥', 'register a key'],
  bus_key_remove: ['撤销公钥', 'withdraw a key'],
  endpoint_create: ['新建推送地址', 'make a webhook'],
  endpoint_change: ['修改推送地址', 'change a webhook'],
  endpoint_secret: ['换签名密钥', 'new signing secret'],
  endpoint_remove: ['删除推送地址', 'remove a webhook'],
  webhook_admin: ['管理推送地址', 'webhooks'],
  network_approve: ['批准内网', 'approve a network'],
  network_withdraw: ['撤销内网', 'withdraw a network'],
  deadletter_replay: ['重发死信', 'send a dead letter again'],
  deadletter_correct: ['改投死信', 'send a dead letter elsewhere'],
  deadletter_discard: ['放弃死信', 'discard a dead letter'],
  deadletter: ['处理死信', 'dead letters'],
  rebuild: ['重建实时队列', 'rebuild the live queues'],
  figures_restart: ['统计全部重算', 'count the figures anew'],
  absence: ['请假', 'absence'],
  absence_over: ['销假', 'absence over'],
  hand_over: ['交班', 'hand over'],
  take_over: ['接班', 'take over'],
  post: ['切换岗位', 'another post'],
  audit_read: ['查看审计', 'read the audit'],
  verify: ['校验', 'verify'],
  status: ['查看运行状态', 'status'],
  unit_admin: ['管理单位', 'units'],
  matter_admin: ['管理事项', 'matters'],
  calendar_admin: ['管理日历', 'calendars'],
  policy_admin: ['管理时限规则', 'policies'],
  rule_admin: ['管理派单规则', 'rules'],
  setup: ['首次设置', 'first set-up'],
};

const OUTCOMES: Record<string, [zh: string, en: string]> = {
  ok: ['完成', 'done'],
  refused: ['被拒绝', 'refused'],
  asked: ['已要求', 'asked'],
  failed: ['失败', 'failed'],
  unknown: ['结果未知', 'unknown'],
};

const of = (words: Record<string, [string, string]>, code: string): string => words[code]?.[lang.value === 'zh' ? 0 : 1] ?? code;
export const actName = (code: string): string => of(ACTS, code);
export const outcomeName = (code: string): string => of(OUTCOMES, code);
export const acts = (): { code: string; name: string }[] => Object.keys(ACTS).map((code) => ({ code, name: actName(code) }));
