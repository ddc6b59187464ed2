// The units' side: departments sign what they are given, or return it; of what is signed some is extended, finished, checked and called
// back, some merged. Which request goes which way is planned by its number, so that the same seed plays the same day.
import { eventually } from '../system/lib/wait.mjs';

const AT_ONCE = 200, PATIENCE_MS = 120_000;

// What becomes of the request with this number. Few are extended or returned: the endpoints told of these never answer, and one that
// fails is tried one letter at a time.
export function planOf(number) {
  const of = number % 100;
  return of < 15 ? 'close' : of < 20 ? 'rate' : of === 20 ? 'return' : number % 1000 === 23 ? 'extend' : of === 26 || of === 27 ? 'merge' : 'sign';
}

export class Staff {
  constructor({ system, operator, departments, faults }) {
    Object.assign(this, { system, operator, departments, faults });
    this.acts = this.turned_away = 0;
  }

  // Again while the answer is "too busy" or "not known": under one key nothing is done twice.
  async patiently(send) {
    for (const end = Date.now() + PATIENCE_MS; ; ) {
      const answer = await send();
      if (![429, 502, 503, 504].includes(answer.status) && !answer.body?.unknown) return answer;
      this.turned_away++;
      if (Date.now() > end) throw new Error(`never answered: ${answer.status} ${answer.text.slice(0, 200)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  // To all of them, some at a time; what is refused is a fault.
  async many(who, command, tickets, body) {
    for (let at = 0; at < tickets.length; at += AT_ONCE) {
      const some = tickets.slice(at, at + AT_ONCE), key = `${command}-${some[0]}`;
      const answer = await this.patiently(() => who.post(`/api/v1/tickets/bulk/${command}`, { tickets: some, ...body }, { 'idempotency-key': key }, 60_000));
      this.acts += some.length;
      if (answer.status !== 200 || answer.body.done !== some.length)
        this.faults.push(`${command}: ${answer.status} ${JSON.stringify(answer.body.results?.find((row) => row.status !== 200) ?? answer.body).slice(0, 300)}`);
    }
  }

  // Signs and returns what stands in the departments' queues until `done()`, and then until they are empty.
  async sign(done) {
    for (let last = false; !last; ) {
      last = done();
      let found = 0;
      for (const [unit, who] of this.departments) {
        const rows = (await this.patiently(() => who.get(`/api/v1/queues/${unit}?state=OFFERED&limit=${AT_ONCE}`))).body.tickets;
        const planned = (row) => planOf(Number(/(\d+)$/.exec(row.title)?.[1]));
        const [returned, signed] = [rows.filter((row) => planned(row) === 'return'), rows.filter((row) => planned(row) !== 'return')];
        await this.many(who, 'return', returned.map((row) => row.number), { reason: 'not_our_duty', basis: '部门职责清单第三条' });
        await this.many(who, 'sign', signed.map((row) => row.number), {});
        found += rows.length;
      }
      if (found) last = false;
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  // tickets: plan -> [[department, ticket, leading ticket], ...]
  async finish(tickets, until) {
    for (const [unit, who] of this.departments) {
      const mine = (...plans) => plans.flatMap((plan) => tickets[plan] ?? []).filter(([of]) => of === unit).map(([, ticket]) => ticket);
      const extended = mine('extend'), finished = mine('close', 'rate');
      await this.many(who, 'ask_extension', extended, { until, reason: '待购材料' });
      await this.many(this.operator, 'grant_extension', extended, {});
      await this.many(who, 'contact', finished, { note: '已电话联系' });
      await this.many(who, 'finish', finished, { answer: '已处理完毕。' });
      if (!finished.length) continue;
      const checked = await eventually('it stands at its check', async () => {
        const ticket = (await this.operator.get(`/api/v1/tickets/${finished[0]}`)).body;
        return ticket.state === 'CHECK' ? ticket : null;
      });
      await this.many(await this.system.accountOfUnit(checked.owner.code), 'pass', finished, {});
      await this.many(this.operator, 'solved', mine('close'), { satisfied: true });
    }
    for (const [, ticket, other] of tickets.merge ?? []) {
      const answer = await this.patiently(() => this.operator.post(`/api/v1/tickets/${ticket}/merge`, { other }, { 'idempotency-key': `merge-${ticket}` }));
      this.acts++;
      if (answer.status !== 200) this.faults.push(`merge: ${answer.status} ${answer.text.slice(0, 300)}`);
    }
  }
}
