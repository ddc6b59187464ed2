-- Who may touch what: one grant list per service, and row level security as the second wall behind core/access.def. The console
-- names its principal's scope in each transaction (paidan.everything = '1', or paidan.units = '{12,13,...}', the units of the
-- principal's subtree, or paidan.sources, those an integration speaks for); without it the console sees no ticket at all.

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO paidan_intake, paidan_router, paidan_escalation, paidan_notification, paidan_console;
REVOKE ALL ON FUNCTION ensure_partitions(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(integer, integer) TO paidan_router;

GRANT SELECT ON world, world_load, calendar, calendar_row, policy, policy_limit, policy_rung, unit, matter, matter_limit, admission, place, source
  TO paidan_intake, paidan_router, paidan_escalation, paidan_notification, paidan_console;
GRANT INSERT, UPDATE, DELETE ON calendar, calendar_row, policy, policy_limit, policy_rung, unit, matter, matter_limit, admission, place, source
  TO paidan_console;
GRANT UPDATE ON world TO paidan_console;
GRANT INSERT ON world_load TO paidan_console;
GRANT SELECT ON routing_rule TO paidan_intake, paidan_router, paidan_escalation, paidan_notification, paidan_console;
GRANT INSERT, UPDATE ON routing_rule TO paidan_console; -- a rule is disabled, never removed
GRANT SELECT, INSERT ON routing_rule_version TO paidan_console;

GRANT SELECT, INSERT ON request, request_key TO paidan_intake;
GRANT SELECT ON token, account, session, ticket_request TO paidan_intake;
GRANT UPDATE (seen_at) ON session TO paidan_intake; -- people who report keep their session alive
GRANT INSERT ON parked TO paidan_intake, paidan_router, paidan_notification;
GRANT USAGE ON SEQUENCE request_number TO paidan_intake;

GRANT SELECT ON request, account, token, parked TO paidan_router;
GRANT SELECT, INSERT, UPDATE ON shard, ticket, ticket_request, ticket_outside TO paidan_router;
GRANT SELECT ON ticket_outside TO paidan_console;
GRANT SELECT, INSERT ON assignment TO paidan_router;
GRANT SELECT, INSERT ON event, command_key TO paidan_router;

GRANT SELECT ON shard, ticket, event TO paidan_escalation;

GRANT SELECT ON shard, ticket, assignment, event, request, ticket_request, account, endpoint, approved_network TO paidan_notification;
GRANT SELECT, INSERT, UPDATE ON cursor, delivery, endpoint_attempt TO paidan_notification;
GRANT SELECT, DELETE ON endpoint_probe TO paidan_notification;
GRANT UPDATE (unverified, verified_at) ON endpoint TO paidan_notification;

GRANT SELECT ON shard, request, request_key, ticket_request, ticket, assignment, event, command_key, parked, cursor TO paidan_console;
GRANT SELECT, INSERT, UPDATE, DELETE ON account, token, session, setup_code, endpoint, approved_network TO paidan_console;
GRANT SELECT, UPDATE ON delivery TO paidan_console;
GRANT SELECT, DELETE ON endpoint_attempt TO paidan_console;
GRANT SELECT, INSERT, DELETE ON endpoint_probe TO paidan_console;
GRANT SELECT, INSERT, UPDATE ON followup TO paidan_console;
GRANT USAGE ON SEQUENCE endpoint_id_seq TO paidan_console; -- a secret is sealed to its row, so the number is taken first
GRANT SELECT ON audit, audit_head TO paidan_console;
REVOKE ALL ON FUNCTION audit_append(bigint, bigint, smallint, integer, text, text, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_append(bigint, bigint, smallint, integer, text, text, text, jsonb) TO paidan_console, paidan_intake;
REVOKE ALL ON FUNCTION world_advance(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION world_advance(integer) TO paidan_console;

-- What the transaction's principal may see. Always called as a sub-select, so that it is worked out once per statement.
CREATE FUNCTION sees_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT current_setting('paidan.everything', true) = '1' $$;
CREATE FUNCTION units_in_scope() RETURNS integer[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT coalesce(nullif(current_setting('paidan.units', true), ''), '{}')::integer[] $$;
CREATE FUNCTION sources_in_scope() RETURNS integer[] LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT coalesce(nullif(current_setting('paidan.sources', true), ''), '{}')::integer[] $$;
GRANT EXECUTE ON FUNCTION sees_everything(), units_in_scope(), sources_in_scope() TO PUBLIC;

-- A request's answer and its callbacks, newest first. A merged request's answer lies with the leading ticket, which its source may
-- not see; so this looks past row level security, and asks itself whether the request is in scope. 6, 28, 56, 60: declined,
-- finished, finishing asked, answered outside; 31 to 33: callbacks. The answer is given out once it was checked (rule L48: states 9, 10, 12).
CREATE FUNCTION answers_of_request(bigint) RETURNS SETOF event LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
  WITH link AS (
    SELECT tr.ticket, tr.origin FROM ticket_request tr JOIN request r ON r.id = tr.request WHERE tr.request = $1 AND (sees_everything()
      OR r.source = ANY (sources_in_scope()) OR EXISTS (SELECT FROM ticket t WHERE t.id IN (tr.ticket, tr.origin) AND (
        t.place = ANY (units_in_scope()) OR t.owner = ANY (units_in_scope())
        OR EXISTS (SELECT FROM assignment a WHERE a.ticket = t.id AND a.unit = ANY (units_in_scope()))))))
  SELECT * FROM (
    SELECT e.* FROM link JOIN ticket t ON t.id = link.ticket AND t.state IN (9, 10, 12) JOIN event e ON e.ticket = link.ticket
      WHERE e.type IN (6, 28, 56, 60)
    UNION ALL SELECT e.* FROM link JOIN event e ON e.ticket = link.origin WHERE e.type IN (31, 32, 33)) found
  ORDER BY at DESC, version DESC LIMIT 100 $$;
REVOKE ALL ON FUNCTION answers_of_request(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION answers_of_request(bigint) TO paidan_console;

ALTER TABLE ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE request ENABLE ROW LEVEL SECURITY;
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE ticket_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE event_default ENABLE ROW LEVEL SECURITY;
CREATE POLICY service ON ticket TO paidan_router, paidan_escalation, paidan_notification USING (true) WITH CHECK (true);
CREATE POLICY service ON event TO paidan_router, paidan_escalation, paidan_notification USING (true) WITH CHECK (true);
CREATE POLICY service ON request TO paidan_intake, paidan_router, paidan_notification USING (true) WITH CHECK (true);
CREATE POLICY scope ON ticket FOR SELECT TO paidan_console USING (
  (SELECT sees_everything()) OR place = ANY ((SELECT units_in_scope())::integer[]) OR owner = ANY ((SELECT units_in_scope())::integer[])
  OR source = ANY ((SELECT sources_in_scope())::integer[])
  OR ((SELECT sources_in_scope()) <> '{}'
      AND EXISTS (SELECT FROM ticket_outside o WHERE o.ticket = ticket.id AND o.source = ANY ((SELECT sources_in_scope())::integer[])))
  OR EXISTS (SELECT FROM assignment a WHERE a.ticket = ticket.id AND a.unit = ANY ((SELECT units_in_scope())::integer[])));
CREATE POLICY scope ON event FOR SELECT TO paidan_console USING (
  (SELECT sees_everything()) OR EXISTS (SELECT FROM ticket t WHERE t.id = event.ticket));
CREATE POLICY scope ON request FOR SELECT TO paidan_console USING (
  (SELECT sees_everything()) OR source = ANY ((SELECT sources_in_scope())::integer[])
  OR EXISTS (SELECT FROM ticket_request r JOIN ticket t ON t.id = r.ticket WHERE r.request = request.id));
