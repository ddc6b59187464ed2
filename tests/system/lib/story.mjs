// Words in which a story of the screens is told: who signs in, what they open, what they do there, what they see then. What the page
// looks like inside is known here and in screen.mjs, so that a story reads like one.
import assert from 'node:assert/strict';

import { axe, browse, leave, pick, screen } from './screen.mjs';
import { eventually } from './wait.mjs';

export class Stage {
  static async open(system) {
    return new Stage(system, await browse());
  }

  constructor(system, browser) {
    Object.assign(this, { system, browser, accounts: system.accounts.accounts, run: Date.now(), pushed: 0 });
    [this.hotline, this.readonly] = [system.token('hotline'), system.token('readonly')];
  }

  close() {
    return this.browser.close();
  }

  /** The hotline pushes a request; its ticket's number. Without matter and place it waits for the centre. */
  async push(more = {}) {
    const title = more.title ?? `井盖松动 ${++this.pushed}`;
    const body = { source: 'hotline-12345', external_id: `story-${this.run}-${++this.pushed}`, title, description: '车辆经过时响。', requester: { phone: '19900001234' }, ...more };
    const answer = await this.hotline.post('/api/v1/requests', body);
    assert.equal(answer.status, 201, answer.text);
    const request = `/api/v1/requests/${answer.body.number}`;
    return eventually('its ticket', async () => (await this.readonly.get(request)).body.ticket?.number);
  }

  /** Pushed and sent to the unit, without a screen: where a story begins in the middle. */
  async offeredTo(unit, more = {}) {
    const number = await this.push(more);
    await this.stands(number, 'TRIAGE');
    await this.#does('operator', number, 'dispatch', { unit });
    return number;
  }

  /** The same, and signed there. */
  async handledBy(unit, more = {}) {
    const number = await this.offeredTo(unit, more);
    await this.#does(this.accountOf(unit), number, 'sign', {});
    return number;
  }

  async #does(name, number, command, body) {
    const who = await this.system.account(name);
    const answer = await who.post(`/api/v1/tickets/${number}/${command}`, body);
    assert.equal(answer.status, 200, answer.text);
  }

  async ticket(number) {
    return (await this.readonly.get(`/api/v1/tickets/${number}`)).body;
  }

  /** What the system says, whatever a screen shows. */
  stands(number, state) {
    return eventually(`${number} in ${state}`, async () => ((await this.ticket(number)).state === state ? true : null));
  }

  async happened(number, event) {
    const { events } = (await this.readonly.get(`/api/v1/tickets/${number}/history`)).body;
    return events.filter((one) => one.event === event);
  }

  /** Somebody who can sign in for the unit, or for the nearest one above it. */
  accountOf(unit) {
    const own = (code) => Object.entries(this.accounts).find(([, a]) => a.unit === code && !a.role.startsWith('admin'))?.[0];
    for (let code = unit; code; code = this.system.parentOf(code)) if (own(code)) return own(code);
    return assert.fail(`nobody acts for ${unit}`);
  }

  async signIn(name, where, seen, look = {}) {
    const account = this.accounts[name] ?? assert.fail(`there is no account ${name}`);
    return new Person(this, await screen(this.browser, this.system.url, account, where, seen, look), name);
  }

  /** Somebody without an account. */
  async comes(where, seen, look = {}) {
    return new Person(this, await screen(this.browser, this.system.url, null, where, seen, look), 'a visitor');
  }

  /** One of the three administrators before a section of /admin. */
  opensAdmin(name, section, look = {}) {
    return this.signIn(`admin-${name}`, `/admin/${section}`, '.admin-body h2', look);
  }

  /** Signed in before one ticket. */
  signInBefore(name, number, look = {}) {
    return this.signIn(name, `/ticket/${number}`, '.ticket-body [data-test=state]', look);
  }
}

/** A time as the forms take it: the city's, to the minute. */
export const cityTime = (ms) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16);

class Person {
  constructor(stage, here, name) {
    Object.assign(this, { stage, here, name, page: here.page });
  }

  async goes(where, seen) {
    await this.page.goto(this.stage.system.url + where);
    await this.page.waitForSelector(seen);
  }

  /** Opens a ticket of the list that is on the screen. */
  async picks(number) {
    await this.page.click(`.ticket-item[data-ticket="${number}"] > button`);
    await this.page.waitForSelector('.ticket-body [data-test=state]');
    await this.page.waitForFunction((n) => document.querySelector('[data-test=number]')?.textContent === n, number);
  }

  /** Until the ticket on the screen is in the state. */
  async sees(state) {
    await this.page.waitForSelector(`[data-test=state][data-state=${state}]`);
  }

  /** Until the ticket is no longer in the list on the screen. */
  async seesGone(number) {
    await this.page.waitForSelector(`.ticket-item[data-ticket="${number}"]`, { state: 'detached' });
  }

  /** Until the act is offered. */
  async may(command) {
    await this.page.waitForSelector(`.action-bar [data-command=${command}]`, { state: 'attached' });
  }

  /** By its button: what must be said goes into the form's fields, by their names. */
  async acts(command, said = {}) {
    await this.begins(command, said);
    if (await this.page.isVisible('.action-form')) await this.sends();
  }

  async begins(command, said = {}) {
    await this.may(command);
    const button = `.action-bar [data-command=${command}]`;
    if (!(await this.page.isVisible(button))) await this.page.click('.action-bar .others summary');
    await this.page.click(button);
    await this.page.waitForSelector('.action-form [type=submit]:enabled, .action-bar .done');
    for (const [field, value] of Object.entries(said)) await this.fills(field, value);
  }

  async fills(field, value) {
    const at = `#act-${field}`;
    await this.page.waitForSelector(at, { state: 'attached' });
    if (!(await this.page.isVisible(at))) await this.page.click('.action-form details summary');
    const control = await this.page.$eval(at, (e) => (e.tagName === 'SELECT' ? 'choice' : e.getAttribute('role') === 'combobox' ? 'search' : 'text'));
    if (control === 'choice') await this.page.selectOption(at, String(value));
    else if (control === 'text') await this.page.fill(at, String(value));
    for (const one of control === 'search' ? [value].flat() : []) {
      await pick(this.page, `act-${field}`, one);
      await this.page.keyboard.press('Tab'); // a list that takes several stays open otherwise
    }
  }

  async sends() {
    await this.page.click('.action-form [type=submit]');
    await this.page.waitForSelector('.action-bar .done, .action-form .mistake');
    const mistake = await this.page.$$eval('.action-form .mistake', (all) => all.map((e) => e.textContent.trim()).join(' '));
    assert.equal(mistake, '', `${this.name} is refused`);
  }

  /** Presses the button and is told why not. */
  async isRefused(command, said = {}) {
    await this.begins(command, said);
    await this.page.click('.action-form [type=submit]');
    await this.page.waitForSelector('.action-form .mistake');
    return this.page.textContent('.action-form .mistake');
  }

  /* ---- /admin */

  async opensSection(name) {
    await this.page.click(`[data-section=${name}]`);
    await this.page.waitForSelector(`[data-section=${name}][aria-current=page]`);
    await this.page.waitForSelector('.admin-body h2');
  }

  /** A whole file into the open section; it is checked at once. */
  async brings(text, name = 'file.csv') {
    await this.page.waitForSelector('[data-test=file]:enabled', { state: 'attached' });
    await this.page.setInputFiles('[data-test=file]', { name, mimeType: 'text/csv', buffer: Buffer.from(text) });
    await this.page.waitForSelector('[data-test=faults], [data-test=outcome]');
  }

  /** One row of the open section's file, found by its text, or a new one; and has the whole file checked. */
  async writesRow(find, cells) {
    await this.page.waitForSelector('[data-file]');
    if (find !== null) await this.page.fill('.find input', find);
    await this.page.click(find === null ? '[data-test=add]' : '.admin-table [data-row] th button');
    for (const [column, text] of Object.entries(cells)) await this.page.fill(`.row-form [name="${column}"]`, text);
    await this.page.click('.el-dialog [type=submit]');
    await this.page.waitForSelector('.row-form', { state: 'hidden' });
    await this.checks();
  }

  async checks() {
    await this.page.click('[data-test=check]');
    await this.page.waitForSelector('[data-test=faults], [data-test=outcome]');
  }

  async applies() {
    await this.page.click('[data-test=apply]:enabled');
    await this.page.waitForSelector('[data-test=outcome][data-applied=true]');
  }

  async picksUnit(id, code) {
    await pick(this.page, id, code);
  }

  /** The second press of a button that asks first. */
  async isSure(button) {
    await this.page.click(button);
    await this.page.click(`${button}.el-button--danger`);
  }

  async presses(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async shows(selector, text) {
    await this.page.waitForFunction(([at, wanted]) => [...document.querySelectorAll(at)].some((e) => e.textContent.includes(wanted)), [selector, text]);
  }

  axe(what) {
    return axe(this.page, `${this.name}: ${what}`);
  }

  leaves() {
    return leave(this.here);
  }
}
