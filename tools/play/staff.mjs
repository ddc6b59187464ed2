// The simulated staff. Each ticket they know has one thing they mean to do next and a time for it; what happens then is a command by
// the real API, and its answer tells what comes after. Habits are db/demo/staff.csv's. They know only what the API tells.
import { failed } from './api.mjs';
import { Plans } from './plans.mjs';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LEFT = 6; // tickets
const rfc3339 = (ms) => `${new Date(ms + 8 * HOUR).toISOString().slice(0, 19)}+08:00`;

export class Staff {
  // clients: by unit code, who acts for it; supervisor: the district's; end: when the day ends
  constructor({ district, random, clients, supervisor, end }) {
    Object.assign(this, { district, random, clients, supervisor, end });
    this.plans = new Plans();
    this.tickets = new Map();
    this.seen = new Map();
    this.done = {};
    this.left = 0;
  }

  client(unit) {
    return this.clients.get(this.district.actorOf(unit)) ?? this.clients.get('center');
  }

  // A ticket was seen (list row or command answer): remember it and make up one's mind.
  see(row, now, more = {}) {
    const number = row.ticket ?? row.number;
    const known = this.tickets.get(number) ?? { number, tried: new Set(), title: row.title ?? '' };
    const before = known.state;
    Object.assign(known, {
      state: row.state,
      owner: row.owner?.code ?? row.unit ?? null,
      matter: row.matter?.code ?? known.matter ?? null,
      urgency: row.urgency ?? known.urgency,
      due: row.due ? Date.parse(row.due) : null,
      yellow: row.yellow_at ? Date.parse(row.yellow_at) : null,
      next: row.next_action?.code ?? null,
      title: row.title || known.title,
      ...more,
    });
    if (known.state !== before) known.said = {};
    this.tickets.set(number, known);
    if (!before && row.place) this.compare(known, `${known.matter} ${row.place.code}`, now);
    this.decide(known, now);
  }

  // The same matter at the same place within hours is mostly the same thing: an operator merges it.
  compare(ticket, where, now) {
    const other = this.seen.get(where);
    if (other && ticket.matter && now - other.at < 4 * HOUR && this.random.chance(75)) {
      ticket.other = other.ticket;
      this.plans.add(now + this.random.between(3, 15) * MINUTE, { ticket, act: 'merge' });
    } else {
      this.seen.set(where, { ticket, at: now });
    }
  }

  // A little of what will be yellow when the day ends is still to be done then, at any hour: at night and on free days few clocks run.
  isLeft(ticket) {
    if (!ticket.yellow || ticket.yellow > this.end || ticket.due <= this.end + 10 * MINUTE) return false;
    return ++this.left <= LEFT || this.random.chance(15);
  }

  later(ticket, now, minutes, act) {
    if (this.isLeft(ticket)) return;
    let at = now + minutes * MINUTE;
    if (!['danger', 'urgent'].includes(ticket.urgency)) at = morning(at, this.random); // who is not on duty sleeps
    this.plans.add(at, { ticket, act, state: ticket.state, owner: ticket.owner });
  }

  // Minutes until it is done: in the habit's range, or, late, some while after the deadline.
  minutes(ticket, now, kind, late) {
    const habits = this.district.habits(ticket.owner);
    const usual = this.random.between(habits[`${kind}_min`], habits[`${kind}_max`]);
    if (!late || !ticket.due || ticket.due < now) return usual;
    return (ticket.due - now) / MINUTE + this.random.between(20, 480);
  }

  // What is urgent comes all at once and is where people fall behind.
  isLate(ticket, percent) {
    return this.random.chance(['danger', 'urgent'].includes(ticket.urgency) ? 8 + 2 * percent : percent);
  }

  decide(ticket, now) {
    const way = { RECEIVED: 'triage', INCOMPLETE: 'incomplete', TRIAGE: 'triage', OFFERED: 'offered', DISPUTED: 'disputed', HANDLING: 'handling', CHECK: 'check', CALLBACK: 'callback' }[ticket.state];
    if (way) this[way](ticket, now);
  }

  /* ---- what is meant to be done in each state ---- */

  triage(ticket, now) {
    if (this.random.chance(2.5)) return; // nobody dares to decide: it stays for whoever looks at the screen
    const unclear = !ticket.matter && !ticket.asked && this.random.chance(6);
    this.later(ticket, now, this.minutes(ticket, now, 'sign', false), unclear ? 'ask' : 'dispatch');
  }

  incomplete(ticket, now) {
    if (this.random.chance(65)) this.later(ticket, now, this.random.between(20, 240), 'supplement');
  }

  offered(ticket, now) {
    const habits = this.district.habits(ticket.owner);
    ticket.lead = ticket.owner;
    const late = this.isLate(ticket, habits.sign_late);
    const gives = !ticket.forced && this.random.chance(ticket.returned ? 40 : habits.return); // what one gave back is nobody's
    this.later(ticket, now, this.minutes(ticket, now, 'sign', late), gives ? 'return' : 'sign');
  }

  disputed(ticket, now) {
    if (this.random.chance(35)) return; // hard cases wait for the screen
    this.later(ticket, now, this.random.between(30, 300), 'adjudicate');
  }

  handling(ticket, now) {
    const habits = this.district.habits(ticket.lead ?? ticket.owner);
    if (ticket.next === 'contact' && !ticket.said.contact) {
      ticket.said.contact = true;
      const late = this.isLate(ticket, habits.handle_late / 2);
      return this.later(ticket, now, late ? this.minutes(ticket, now, 'handle', true) : this.random.between(2, 25), 'contact');
    }
    if (ticket.next === 'decide_suspension') return this.later(ticket, now, this.random.between(10, 120), 'suspend');
    if (ticket.next === 'decide_extension') return this.later(ticket, now, this.random.between(5, 60), 'grant');
    if (!ticket.said.plan) {
      ticket.said.plan = true;
      const kind = this.district.units.get(ticket.owner)?.kind;
      if (['grid', 'community'].includes(kind) && !ticket.rework && this.random.chance(habits.pass_up)) return this.later(ticket, now, this.random.between(10, 60), 'pass_up');
      if (kind === 'department' && this.random.chance(2)) return this.later(ticket, now, this.random.between(30, 120), 'ask_suspension');
      if (this.random.chance(habits.extension)) return this.later(ticket, now, this.random.between(15, 90), 'extend');
    }
    this.later(ticket, now, this.minutes(ticket, now, 'handle', this.isLate(ticket, habits.handle_late)), 'finish');
  }

  check(ticket, now) {
    this.later(ticket, now, this.random.between(20, 120), 'check_work');
  }

  callback(ticket, now) {
    this.later(ticket, now, this.random.between(10, 100), 'call_back');
  }

  /* ---- doing ---- */

  async act({ ticket, act, state, owner }, now) {
    if (state && (ticket.state !== state || ticket.owner !== owner)) return; // something else happened meanwhile
    await this[`do_${act}`](ticket, now);
  }

  // Gives the command; a refusal is looked at once, and the ticket read anew when it is not what was thought.
  async command(ticket, unit, name, body, now, client = this.client(unit)) {
    // a refusal is an answer that is kept too: who tries again has a key of its own
    const key = `play-${ticket.number}-${name}-${now}-${ticket.refused ?? 0}`;
    const answer = await client.post(`/api/v1/tickets/${ticket.number}/${name}`, body, { 'idempotency-key': key });
    if (answer.status === 200) {
      this.done[name] = (this.done[name] ?? 0) + 1;
      this.see(answer.body, now);
      return null;
    }
    ticket.refused = (ticket.refused ?? 0) + 1;
    return answer.body?.verdict ?? `${answer.status}`;
  }

  async tryCommand(ticket, unit, name, body, now, client) {
    let why = await this.command(ticket, unit, name, body, now, client);
    if (why === 'REPLY_FIRST') { // the centre asked meanwhile how it stands
      await this.reply(ticket);
      why = await this.command(ticket, unit, name, body, now, client);
    }
    if (!why) return;
    if (why === 'STALE_VERSION' || why === 'NOT_LEGAL_NOW' || why === 'ALREADY_DONE') return this.look(ticket, now);
    failed(`${name}: ${why}`);
  }

  async look(ticket, now) {
    const answer = await this.clients.get('center').get(`/api/v1/tickets/${ticket.number}`);
    if (answer.status === 200) this.see(answer.body, now);
  }

  async do_dispatch(ticket, now) {
    const matter = ticket.matter ?? this.district.guessMatter(ticket.title);
    const row = this.district.matters.get(matter);
    const choices = [row?.lead, ...(row?.assist ?? '').split(';'), 'urban', 'housing', 'service'].filter((u) => u && !ticket.tried.has(u));
    const unit = choices[0] ?? 'service';
    ticket.tried.add(unit);
    await this.tryCommand(ticket, 'center', 'dispatch', { unit, ...(matter && matter !== ticket.matter && { matter }), note: '人工派遣' }, now);
  }

  do_ask(ticket, now) {
    ticket.asked = true;
    return this.tryCommand(ticket, 'center', 'ask', { reason: '请补充具体地点和发生时间' }, now);
  }

  do_supplement(ticket, now) {
    return this.tryCommand(ticket, 'center', 'supplement', { note: '诉求人补充: 就在小区正门对面' }, now);
  }

  do_sign(ticket, now) {
    return this.tryCommand(ticket, ticket.owner, 'sign', {}, now);
  }

  async do_return(ticket, now) {
    const { reason, basis, text } = this.random.pick(this.district.returns);
    ticket.tried.add(ticket.owner);
    ticket.returned = true;
    await this.tryCommand(ticket, ticket.owner, 'return', { reason, basis, note: text }, now);
  }

  async do_adjudicate(ticket, now) {
    const row = this.district.matters.get(ticket.matter);
    const other = [row?.lead, ...(row?.assist ?? '').split(';'), 'urban', 'housing'].find((u) => u && u !== ticket.lead && !ticket.tried.has(u));
    if (!other || this.random.chance(50)) {
      ticket.forced = true;
      return this.tryCommand(ticket, 'center', 'force', { reason: '依据职责清单, 由该单位办理, 不得再退' }, now);
    }
    ticket.tried.add(other);
    await this.tryCommand(ticket, 'center', 'adjudicate', { unit: other, reason: '依据职责清单改派' }, now);
  }

  do_contact(ticket, now) {
    return this.tryCommand(ticket, ticket.owner, 'contact', { note: '已电话联系诉求人, 告知办理安排' }, now);
  }

  // More time is asked before the time is over, or not at all.
  async do_extend(ticket, now) {
    const until = rfc3339(Math.max(ticket.due ?? 0, now) + this.random.between(30, 90) * HOUR);
    const why = await this.command(ticket, ticket.owner, 'ask_extension', { reason: '需采购材料, 原时限内难以完成', until }, now);
    if (why) await this.look(ticket, now);
  }

  async do_ask_suspension(ticket, now) {
    const until = rfc3339(now + this.random.between(20, 60) * 24 * HOUR);
    const why = await this.command(ticket, ticket.owner, 'ask_suspension', { reason: '需待年度改造工程统一实施', until, basis: '挂账管理办法第六条' }, now);
    if (why) await this.look(ticket, now);
  }

  do_suspend(ticket, now) {
    return this.tryCommand(ticket, 'center', 'grant_suspension', { note: '同意挂账, 按期复核' }, now);
  }

  async do_grant(ticket, now) {
    const name = this.random.chance(80) ? 'grant_extension' : 'refuse_extension';
    const reason = name === 'grant_extension' ? '情况属实, 同意延期' : '理由不充分, 请按期办结';
    if (await this.command(ticket, 'center', name, { reason }, now)) await this.tryCommand(ticket, 'center', name, { reason }, now, this.supervisor);
  }

  do_pass_up(ticket, now) {
    return this.tryCommand(ticket, ticket.owner, 'pass_up', { reason: '需执法权限和专业设备, 本级无法解决' }, now);
  }

  async do_finish(ticket, now) {
    const body = this.district.answerFor(ticket.matter, ticket.owner, this.random);
    for (let tries = 0; tries < 3; tries++) {
      const why = await this.command(ticket, ticket.owner, 'finish', body, now);
      if (!why) return;
      if (why === 'ASSIST_OPEN') await this.assistsAnswer(ticket, now);
      else if (why === 'REPLY_FIRST') await this.reply(ticket);
      else break;
    }
    await this.look(ticket, now);
  }

  reply(ticket) {
    return this.quietly(ticket, ticket.owner, 'reply', { note: '已落实责任人, 今日内办结' });
  }

  quietly(ticket, unit, name, body) {
    return this.client(unit).post(`/api/v1/tickets/${ticket.number}/${name}`, body);
  }

  async assistsAnswer(ticket, now) {
    const answer = await this.clients.get('center').get(`/api/v1/tickets/${ticket.number}`);
    for (const a of answer.body?.assignments ?? []) {
      const code = (word) => word?.code ?? word;
      const unit = code(a.unit);
      if (code(a.kind) !== 'assist' || !['offered', 'signed'].includes(code(a.state))) continue;
      if (code(a.state) === 'offered') await this.quietly(ticket, unit, 'sign', {});
      await this.quietly(ticket, unit, 'answer', { answer: '已配合到场处置', note: '协办完成' });
    }
  }

  async do_check_work(ticket, now) {
    const habits = this.district.habits(ticket.lead ?? ticket.owner);
    const fails = !ticket.rework && this.random.chance(habits.check_fail);
    const body = fails ? { reason: '现场核查问题仍在' } : { note: '现场核查已办结' };
    if (fails) ticket.rework = true;
    const why = await this.command(ticket, ticket.owner, fails ? 'fail' : 'pass', body, now);
    if (why) await this.tryCommand(ticket, 'center', fails ? 'fail' : 'pass', body, now); // nobody checks their own work
  }

  async do_call_back(ticket, now) {
    const habits = this.district.habits(ticket.lead ?? 'center');
    if (this.random.chance(6) && !ticket.called) {
      ticket.called = true;
      return this.tryCommand(ticket, 'center', 'unreachable', { note: '无人接听' }, now);
    }
    if (!ticket.rework && this.random.chance(habits.unsolved)) {
      ticket.rework = true;
      return this.tryCommand(ticket, 'center', 'unsolved', { reason: '诉求人表示问题没有解决' }, now);
    }
    return this.tryCommand(ticket, 'center', 'solved', { satisfied: this.random.chance(88) }, now);
  }

  async do_merge(ticket, now) {
    if (!['TRIAGE', 'OFFERED', 'HANDLING'].includes(ticket.state) || !['OFFERED', 'HANDLING'].includes(ticket.other.state)) return;
    const why = await this.command(ticket, 'center', 'merge', { other: ticket.other.number, reason: '同一地点同一问题' }, now);
    if (why) await this.look(ticket, now);
  }

  // The supervisor looks at what is long overdue and orders a written reply.
  async supervise(now, most) {
    const late = [...this.tickets.values()].filter((t) => ['OFFERED', 'HANDLING'].includes(t.state) && t.due && t.due < now - HOUR && !t.supervised);
    for (const ticket of late.slice(0, most)) {
      ticket.supervised = true;
      await this.command(ticket, 'center', 'supervise', { note: '已超期, 请书面说明原因并立即办理' }, now, this.supervisor);
    }
  }
}

// Between half past ten in the evening and half past six only what is urgent is done.
function morning(at, random) {
  const local = new Date(at + 8 * HOUR);
  const minutes = local.getUTCHours() * 60 + local.getUTCMinutes();
  if (minutes >= 390 && minutes < 1350) return at;
  const wake = minutes < 390 ? 390 - minutes : 390 + 1440 - minutes;
  return at + (wake + random.between(0, 90)) * MINUTE;
}
