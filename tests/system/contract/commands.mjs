// A good call for each command on a ticket: who gives it, what must have happened before, and its body. A command without a row fails the
// contract test; a row is
//     command: [who, [step, ...], body]
//   who    operator, supervisor, hotline; `owner`: whoever acts for the unit whose turn it is; `assist`: the second department
//   step   'who command', with the body of that command's own row; or [who, command, body]
//   body   an object, or (city) => object when it needs something of the city (city.mjs)
// Each ticket begins as one that was pushed and offered to the department responsible.
const signed = ['owner sign'];
const assisted = [...signed, 'owner add_assist'];
const disputed = ['owner return', 'operator dispatch', 'owner return'];
const checked = [...signed, 'owner finish'];
const callback = [...checked, 'owner pass'];
const suspended = [...signed, 'owner ask_suspension', 'operator grant_suspension'];
const dispatchTo = (unit) => ['operator', 'dispatch', (city) => ({ unit: city[unit], reason: '属地办理' })];
const atStreet = [dispatchTo('street'), 'owner sign'];
const whistled = [...atStreet, 'owner whistle'];
const reviewed = [dispatchTo('reviewing'), 'owner sign', 'owner finish']; // a unit that reviews its own answers

export const COMMANDS = {
  triage: ['operator', [], { reason: '需人工研判' }],
  ask: ['operator', ['operator triage'], { reason: '请补充具体位置' }],
  supplement: ['hotline', [], { note: '在学校门口' }],
  decline: ['operator', ['operator triage'], { reason: '不属受理范围', answer: '您好，请拨打供电服务热线。' }],
  dispatch: ['operator', ['operator triage'], (city) => ({ unit: city.other })],
  sign: ['owner', [], {}],
  return: ['owner', [], { reason: 'not_our_duty', basis: '区部门职责清单第二章第九条' }],
  adjudicate: ['operator', disputed, (city) => ({ unit: city.lead, reason: '按职责清单办理' })],
  force: ['operator', disputed, { reason: '按职责清单办理' }],
  pass_up: ['owner', signed, { reason: '本级无权处置' }],
  pass_down: ['owner', [['operator', 'dispatch', (city) => ({ unit: city.street, matter: city.admitted, reason: '属地办理' })], 'owner sign'], (city) => ({ unit: city.community, until: city.inHours(1) })],
  add_assist: ['owner', signed, (city) => ({ units: [city.other] })],
  release_assist: ['owner', assisted, (city) => ({ unit: city.other, reason: '已不需要协办' })],
  answer: ['assist', [...assisted, 'assist sign'], { answer: '已配合断电。' }],
  contact: ['owner', signed, { note: '已电话联系' }],
  note: ['owner', signed, { note: '已到现场' }],
  ask_extension: ['owner', signed, (city) => ({ reason: '等待配件', until: city.inDays(40) })],
  grant_extension: ['operator', [...signed, 'owner ask_extension'], {}],
  refuse_extension: ['operator', [...signed, 'owner ask_extension'], { reason: '配件已到货' }],
  ask_suspension: ['owner', signed, (city) => ({ reason: '冬季不能施工', until: city.inDays(5) })],
  grant_suspension: ['operator', [...signed, 'owner ask_suspension'], {}],
  refuse_suspension: ['operator', [...signed, 'owner ask_suspension'], { reason: '可以施工' }],
  resume: ['operator', suspended, {}],
  finish: ['owner', signed, { answer: '路灯已更换。' }],
  grant_finish: ['supervisor', reviewed, {}],
  refuse_finish: ['supervisor', reviewed, { reason: '请写明更换的位置' }],
  pass: ['owner', checked, {}],
  fail: ['owner', checked, { reason: '现场未修复' }],
  solved: ['operator', callback, { satisfied: true }],
  unsolved: ['operator', callback, { reason: '仍然不亮', satisfied: false }],
  unreachable: ['operator', callback, {}],
  close: ['operator', callback, { reason: '诉求人要求结案' }],
  void: ['operator', [], { reason: '误报' }],
  reopen: ['operator', [...callback, 'operator solved'], { reason: '问题反复' }],
  merge: ['operator', [], async (city) => ({ other: await city.ticket() })],
  unmerge: ['operator', ['operator merge'], { reason: '不是同一件事' }],
  split: ['operator', [], { reason: '另有一件事' }],
  urge: ['hotline', [], {}],
  supervise: ['supervisor', [], { note: '请在今天回复' }],
  reply: ['owner', ['supervisor supervise'], { note: '已安排人员' }],
  whistle: ['owner', atStreet, (city) => ({ units: [city.other] })],
  arrive: ['assist', whistled, {}],
  score: ['owner', [...whistled, 'assist arrive'], (city) => ({ unit: city.other, score: 5 })],
  transfer: ['operator', [], { reason: '由市级系统办理' }],
  take_back: ['operator', ['operator transfer'], { reason: '由本区办理' }],
};

// These need a card, so time is moved on: they are called last, when nothing else waits for the clock.
export const LATE_COMMANDS = {
  appeal_card: ['owner', ['late'], { rung: 'warning', reason: '派单有误' }],
  withdraw_card: ['supervisor', ['late'], { rung: 'warning', reason: '申诉成立' }],
  refuse_appeal: ['supervisor', ['late', 'owner appeal_card'], { rung: 'warning', reason: '申诉不成立' }],
};
