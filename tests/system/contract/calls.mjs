// A good call for every operation of the OpenAPI document that is no command (those: commands.mjs). An operation without a row here fails
// the contract test. To add one, write
//     operationId: { as, path, query, body, headers, status }
//   as       who calls: an account or token of the demo, 'department', 'nobody'; without it, an account whose role may (x-roles)
//   path     values of the path's parameters
//   query    of a list worth asking for; an operation that needs none needs no query
//   body     an object (JSON), or a text, or a form's fields for a form; without it the body is empty
//   status   when the good answer is not the first 2xx that is documented
// or (city) => such an object, also async, when something has to be prepared: city.mjs has tickets in any state, files, dead letters.
// What is bad is made from the schemas by bad.mjs; nothing is to be added for that.
import { multipart } from './ask.mjs';
import { photo } from '../lib/photo.mjs';

const ticket = (more) => async (city) => ({ as: 'operator', path: { number: (await city.first).ticket }, ...more });
const request = (more) => async (city) => ({ as: 'operator', path: { number: (await city.first).number }, ...more });
const day = (city) => ({ source: 'hotline-12345', date: city.today() });
const imported = (kind) => async (city) => ({ query: { dry_run: '1' }, body: await city.file(kind) });
const previewed = (kind) => async (city) => ({ body: await city.file(kind) });
const letter = (more) => async (city) => ({ path: { id: (await city.deadletter()).id }, ...more });
// Files as a browser's form sends them.
const files = (bytes) => ({ type: 'multipart/form-data; boundary=part', raw: multipart(bytes) });
const O3 = { service_code: '020305', lat: '41.33', long: '123.76', description: '路灯不亮' };
const keyed = (city, fields = {}) => ({ api_key: city.system.accounts.tokens.open311, ...fields });

const READ_ONLY = Object.fromEntries([
  'get_v1_tickets', 'get_v1_queues', 'get_v1_map', 'get_v1_events', 'get_v1_flow', 'get_v1_units', 'get_v1_matters', 'get_v1_areas',
  'get_v1_figures', 'get_v1_figures_export', 'get_v1_figures_recount', 'get_v1_figures_formulas', 'get_v1_audit', 'get_v1_audit_chain',
  'get_v1_rules',
  'get_v1_rules_drafts', 'get_v1_absences', 'get_v1_session_posts', 'get_v1_admin_organisation', 'get_v1_admin_users', 'get_v1_admin_tokens',
  'get_v1_admin_bus_keys', 'get_v1_admin_carriers', 'get_v1_admin_templates', 'get_v1_admin_letters', 'get_v1_admin_endpoints', 'get_v1_admin_networks', 'get_v1_admin_deadletters', 'get_v1_status', 'get_openapi_json', 'get_asyncapi_json',
  'get_healthz', 'get_readyz', 'get_open311_v2_discovery_json', 'get_open311_v2_discovery_xml', 'get_open311_v2_services_json',
  'get_open311_v2_services_xml', 'get_open311_v2_requests_json', 'get_open311_v2_requests_xml', 'get_open311_v2_servicerequestupdates_json',
  'get_open311_v2_servicerequestupdates_xml', 'get_v1_stream', 'get_v1_session',
].map((id) => [id, {}]));

const FILES = Object.fromEntries(['units', 'areas', 'matters', 'policies', 'calendars', 'admission', 'places', 'sources', 'scores', 'people',
  'organisation', 'roster', 'rules'].flatMap((kind) => [[`get_v1_admin_${kind}_export`, {}], [`post_v1_admin_${kind}_import`, imported(kind)]]));

export const CALLS = {
  ...READ_ONLY,
  ...FILES,

  // who is asking
  post_v1_session: (city) => {
    const { user, password } = city.system.accounts.accounts.supervisor;
    return { as: 'nobody', body: { user, password }, headers: { origin: city.system.url } };
  },
  delete_v1_session: async (city) => ({ as: await city.signedIn('supervisor') }),
  post_v1_setup: { as: 'nobody', body: { code: 'no-such-code', user: 'first', password: 'long-enough-1' }, status: 403 }, // the demo has its administrators: no code is good
  post_v1_session_post: (city) => ({ as: 'department', body: { unit: city.lead, role: 'department' } }),

  // requests and tickets
  post_v1_requests: (city) => ({ as: 'hotline', body: city.request() }),
  post_v1_requests_batch: (city) => ({ as: 'hotline', body: `${JSON.stringify(city.request())}\n{"nonsense": 1}\n` }),
  get_v1_requests: async (city) => ({ as: 'hotline', query: { source: 'hotline-12345', external_id: (await city.first).external_id } }),
  get_v1_requests_number: request(),
  post_v1_requests_number_unmask: request({ body: { reason: '回访需要' } }),
  post_v1_followups: async (city) => ({ as: 'hotline', body: { source: 'hotline-12345', external_id: (await city.first).external_id, id: city.name('followup'),
    kind: 'supplement', note: '在学校门口' } }),
  get_v1_feed: {},
  get_v1_followups: { as: 'hotline', query: { source: 'hotline-12345' } },
  get_v1_reconciliation: (city) => ({ as: 'hotline', query: day(city) }),
  get_v1_reconciliation_requests: (city) => ({ as: 'hotline', query: day(city) }),

  // files
  post_v1_attachments: { as: 'hotline', ...files(photo()) },
  post_v1_public_attachments: { as: 'nobody', ...files(photo()) },
  get_v1_attachments_id: async (city) => ({ as: 'hotline', path: { id: await city.attachment() } }),
  get_v1_attachments_id_thumbnail: async (city) => ({ as: 'hotline', path: { id: await city.attachment() } }),

  // residents, without an account
  post_v1_public_requests: (city) => ({ as: 'nobody', body: city.residents() }),
  post_v1_public_progress: async (city) => ({ as: 'nobody', body: await city.residentsOwn() }),
  post_v1_public_followups: async (city) => ({ as: 'nobody', body: { ...await city.residentsOwn(), id: city.name('public-said'), kind: 'supplement', note: '在学校门口' } }),
  get_v1_public_district: {},

  get_v1_tickets_number: ticket(),
  get_v1_tickets_number_history: ticket(),
  get_v1_tickets_number_similar: ticket(),
  get_v1_tickets_number_explain: ticket(),
  post_v1_tickets_bulk_command: async (city) => ({ as: 'operator', path: { command: 'note' },
    body: { tickets: [await city.ticket(), await city.ticket()], note: '集中巡查' } }),
  get_v1_queues_unit: (city) => ({ as: 'operator', path: { unit: city.lead } }),

  // figures
  get_v1_figures_explain: { query: { rate: 'solved' } },

  // files looked at before they are loaded
  post_v1_calendars_preview: previewed('calendars'),
  post_v1_policies_preview: previewed('policies'),
  post_v1_rules_preview: (city) => ({ body: `name,keywords,target\n路灯,路灯,${city.lead}\n` }),

  // routing rules
  post_v1_rules: (city) => ({ body: { name: city.name('路灯'), keywords: '路灯', target: city.lead } }),
  get_v1_rules_rule: async (city) => ({ path: { rule: await city.rule() } }),
  post_v1_rules_rule: async (city) => ({ path: { rule: await city.rule() }, body: { version: '1', note: '改了备注' } }),
  post_v1_rules_test: { body: { title: '路灯不亮', matter: '020305' } },
  post_v1_rules_reroute: (city) => city.reroute(),

  // duty
  get_v1_notices: { as: 'department' },
  post_v1_notices_read: { as: 'department', body: { ids: ['1'] } },
  get_v1_duty: { as: 'department' },
  post_v1_duty_handover: { as: 'department', body: { note: '两件工单明天到期' } },
  post_v1_duty_handovers_id_take: (city) => city.handedOver(),
  post_v1_absences: (city) => ({ as: 'department', body: { from: city.inDays(30), to: city.inDays(31) } }),
  delete_v1_absences_id: (city) => city.absence(),

  // how a source says things
  get_v1_admin_mappings: {},
  post_v1_admin_mappings_import: (city) => ({ query: { dry_run: '1' }, body: city.mapping() }),
  post_v1_admin_mappings_preview: (city) => ({ body: { mapping: city.mapping(), sample: city.example('beiling-12345-request.json') } }),

  // people, tokens, keys
  post_v1_admin_users: (city) => ({ body: { user: city.name('user'), role: 'department', unit: city.lead, password: false } }),
  post_v1_admin_users_user: async (city) => ({ path: { user: await city.user() }, body: { disabled: false } }),
  delete_v1_admin_users_user: async (city) => ({ path: { user: await city.user() } }),
  post_v1_admin_tokens: (city) => ({ body: { name: city.name('token'), role: 'department', unit: city.lead } }),
  delete_v1_admin_tokens_name: async (city) => ({ path: { name: await city.token() } }),
  post_v1_admin_bus_keys: async (city) => ({ body: { name: city.name('key'), token: await city.token(), public_key: city.publicKey() } }),
  delete_v1_admin_bus_keys_name: async (city) => ({ path: { name: await city.busKey() } }),

  // letters to people
  get_v1_ways: { as: 'department' },
  post_v1_ways: async (city) => ({ as: 'department', body: { ways: [{ carrier: (await city.carrier()).name, address: '13800000000', language: 'zh' }] } }),
  get_v1_admin_ways: (city) => ({ query: { unit: city.lead } }),
  post_v1_admin_ways: async (city) => ({ body: { unit: city.lead, ways: [{ carrier: (await city.carrier()).name, address: '13800000000', language: 'en' }] } }),
  post_v1_admin_carriers: (city) => ({ body: { name: city.name('carrier'), settings: city.smsSettings(), secret: 'not-so-secret', new_receipts_secret: false } }),
  delete_v1_admin_carriers_name: async (city) => ({ path: { name: (await city.carrier()).name } }),
  post_v1_admin_templates: { body: { name: 'notice', language: 'en', subject: '{what}', text: '{what}: {ticket}, {about}, {at}' } },
  post_v1_admin_templates_preview: async (city) => ({ body: { name: 'digest', language: 'en', subject: '{count}', text: '{count}: {list}', carrier: (await city.carrier()).name } }),
  get_v1_admin_letters_id: (city) => ({ path: { id: city.letter() } }),
  post_v1_receipts_carrier: async (city) => {
    const carrier = await city.carrier();
    return { as: 'nobody', path: { carrier: carrier.name }, query: { secret: carrier.receipts_secret }, body: [{ id: 'L1-1', status: 'ok' }] };
  },

  // webhooks
  post_v1_admin_endpoints: async (city) => ({ body: { name: city.name('hook'), url: await city.receiver(), unit: city.lead, events: ['dispatched'] } }),
  post_v1_admin_endpoints_name: async (city) => ({ path: { name: await city.endpoint() }, body: { paused: true } }),
  post_v1_admin_endpoints_name_secret: async (city) => ({ path: { name: await city.endpoint() }, body: { overlap_hours: 1 } }),
  post_v1_admin_endpoints_name_test: async (city) => ({ path: { name: await city.endpoint() } }),
  post_v1_admin_endpoints_name_verify: async (city) => ({ path: { name: await city.endpoint() } }),
  get_v1_admin_endpoints_name_attempts: async (city) => ({ path: { name: await city.endpoint() } }),
  delete_v1_admin_endpoints_name: async (city) => ({ path: { name: await city.endpoint() } }),
  post_v1_admin_networks: { body: { cidr: '10.1.0.0/16' } },
  delete_v1_admin_networks: async (city) => ({ query: { cidr: await city.network() } }),
  post_v1_admin_deadletters_id_replay: letter(),
  post_v1_admin_deadletters_id_discard: letter(),
  post_v1_admin_deadletters_id_correct: async (city) => {
    const [letter1, letter2] = [await city.deadletter(), await city.deadletter()];
    return { path: { id: letter1.id }, body: { endpoint: letter2.endpoint } };
  },
  post_v1_admin_endpoints_name_replay: async (city) => ({ path: { name: (await city.deadletter()).endpoint } }),
  post_v1_admin_rebuild: {},
  post_v1_admin_figures_restart: {},
  get_metrics_service: { path: { service: 'console' } },

  // Open311
  get_open311_v2_services_service_code: { path: { service_code: '020305.json' } },
  get_open311_v2_requests_service_request_id: async (city) => ({ path: { service_request_id: `${await city.open311()}.json` }, query: keyed(city) }),
  get_open311_v2_tokens_token: async (city) => ({ path: { token: `${(await city.fromApp()).external_id}.json` }, query: keyed(city) }),
  post_open311_v2_requests_json: (city) => ({ as: 'nobody', body: keyed(city, O3) }),
  post_open311_v2_requests_xml: (city) => ({ as: 'nobody', body: keyed(city, O3) }),
  post_open311_v2_servicerequestupdates_json: async (city) => ({ as: 'nobody', body: keyed(city, { service_request_id: await city.open311(), description: '在学校门口' }) }),
  post_open311_v2_servicerequestupdates_xml: async (city) => ({ as: 'nobody', body: keyed(city, { service_request_id: await city.open311(), description: '在学校门口' }) }),
};
