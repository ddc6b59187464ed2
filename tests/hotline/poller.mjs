// The hotline's other ear: fetches by cursor, in pages of any size, and now and then forgets the page it just got, as a program that is
// killed before it stored it. What it stored must be the log, each event once, in order.
export class Poller {
  constructor({ client, random, faults }) {
    Object.assign(this, { client, random, faults });
    this.events = [];
    this.ids = new Set();
    this.tickets = new Map(); // external id -> ticket of its last event
    this.cursor = '';
    this.forgot = this.turned_away = 0;
    this.last = [0, ''];
  }

  // One page; true when more is there at once.
  async fetch(wait) {
    const limit = this.random.chance(30) ? Math.ceil(this.random.between(0, 20)) : 500;
    const query = `limit=${limit}${this.cursor && `&cursor=${this.cursor}`}${wait ? '&wait=1' : ''}`;
    const answer = await this.client.get(`/api/v1/events?${query}`);
    if (answer.status === 503 || answer.status === 429) { // too busy: again, behind the same cursor
      this.turned_away++;
      return true;
    }
    if (answer.status !== 200) {
      this.faults.push(`polling: ${answer.status} ${answer.text.slice(0, 200)}`);
      return false;
    }
    if (this.random.chance(10)) {
      this.forgot++;
      return true;
    }
    for (const event of answer.body.events) this.store(event);
    this.cursor = answer.body.next_cursor;
    return answer.body.more;
  }

  store(event) {
    const [, , seq, request] = event.id.split('_');
    if (this.ids.has(event.id)) this.faults.push(`${event.id} was fetched twice`);
    if (Number(seq) < this.last[0] || (Number(seq) === this.last[0] && request <= this.last[1])) this.faults.push(`${event.id} was fetched after ${this.last}`);
    this.last = [Number(seq), request];
    this.ids.add(event.id);
    this.events.push(event);
    this.tickets.set(event.data.external_id, event.subject);
  }

  async all() {
    while (await this.fetch(false));
  }

  // Until `done()` says so and nothing is left.
  async follow(done) {
    while (!done()) await this.fetch(true);
    await this.all();
  }
}
