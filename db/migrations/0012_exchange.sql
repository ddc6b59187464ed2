-- What is exchanged with the systems requests come from: which requests an event is about, for webhooks and for polling alike.

-- A request answered by another ticket from an event on: merged, or taken out again. ticket_request says how it is now, this how it
-- was, so that an event read late is still told to those it was about. Few rows: one for each request and move.
CREATE TABLE request_move (
  request  bigint NOT NULL,
  seq      bigint NOT NULL,                                 -- of the event that moved it, merged or unmerged
  was      bigint NOT NULL,                                 -- the ticket before it
  ticket   bigint NOT NULL,                                 -- the ticket from it on
  PRIMARY KEY (request, seq)
);
CREATE INDEX request_move_was ON request_move (was);
CREATE INDEX request_move_ticket ON request_move (ticket);
GRANT INSERT ON request_move TO paidan_router;
GRANT SELECT ON request_move TO paidan_notification, paidan_console;

-- The requests that events after_seq+1 .. to_seq of a shard are about, by (seq, request): those the ticket answered then; of a
-- merge also those it led away.
CREATE FUNCTION requests_of_events(shard_no smallint, after_seq bigint, to_seq bigint)
RETURNS TABLE (seq bigint, request bigint, source integer, external_id text, ticket bigint, version integer, at bigint, type smallint, body bytea)
LANGUAGE sql STABLE AS $$
  WITH e AS MATERIALIZED (SELECT * FROM event WHERE shard = shard_no AND event.seq > after_seq AND event.seq <= to_seq),
  t AS MATERIALIZED (SELECT DISTINCT e.ticket FROM e),
  c AS (SELECT t.ticket, tr.request FROM t JOIN ticket_request tr ON tr.ticket = t.ticket
        UNION SELECT t.ticket, tr.request FROM t JOIN ticket_request tr ON tr.origin = t.ticket AND tr.origin <> tr.ticket
        UNION SELECT t.ticket, m.request FROM t JOIN request_move m ON m.was = t.ticket
        UNION SELECT t.ticket, m.request FROM t JOIN request_move m ON m.ticket = t.ticket)
  SELECT e.seq, c.request, r.source, r.external_id, e.ticket, e.version, e.at, e.type, e.body FROM e JOIN c ON c.ticket = e.ticket JOIN ticket_request tr ON tr.request = c.request
    JOIN request r ON r.id = c.request
   WHERE e.ticket = coalesce((SELECT m.ticket FROM request_move m WHERE m.request = c.request AND m.seq <= e.seq
                               ORDER BY m.seq DESC LIMIT 1), tr.origin)
      OR EXISTS (SELECT FROM request_move m WHERE m.request = c.request AND m.seq = e.seq AND m.was = e.ticket)
   ORDER BY e.seq, c.request $$;

-- The newest body of this type before a version, for what passed its check (type 29): there stands its public answer, 28 finished and
-- 56 asked before that. Empty when there is none.
CREATE FUNCTION answer_before(ticket_id bigint, before integer, kind smallint) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT e.body FROM event e WHERE e.ticket = ticket_id AND e.version < before AND e.type = kind
                   ORDER BY e.version DESC LIMIT 1), '') $$;

-- The same for the sources the transaction's principal speaks for: what comes after (after_seq, after_request) up to
-- to_seq. A merged request's events lie with the leading ticket, which its source may not see; so this looks past row level
-- security, and asks itself whose the request is.
CREATE FUNCTION events_of_sources(shard_no smallint, after_seq bigint, after_request bigint, to_seq bigint, types smallint[], most integer)
RETURNS TABLE (seq bigint, ticket bigint, version integer, at bigint, type smallint, body bytea, request bigint, external_id text,
  answer bytea, asked bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
-- a few hundred events are joined to big tables by key, whatever the planner believes of their sizes
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  SELECT q.seq, q.ticket, q.version, q.at, q.type, q.body, q.request, q.external_id,
         CASE q.type WHEN 29 THEN answer_before(q.ticket, q.version, 28::smallint) ELSE '' END,
         CASE q.type WHEN 29 THEN answer_before(q.ticket, q.version, 56::smallint) ELSE '' END
    FROM requests_of_events(shard_no, after_seq - 1, to_seq) q
   WHERE q.source = ANY (sources_in_scope()) AND (q.seq, q.request) > (after_seq, after_request) AND q.type = ANY (types)
   ORDER BY q.seq, q.request LIMIT most $$;
REVOKE ALL ON FUNCTION events_of_sources(smallint, bigint, bigint, bigint, smallint[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION events_of_sources(smallint, bigint, bigint, bigint, smallint[], integer) TO paidan_console;

-- Events that concern units: those of tickets that one of them had been asked to work on by then; or all. Under row level security.
CREATE FUNCTION events_of_units(shard_no smallint, after_seq bigint, to_seq bigint, everything boolean, units integer[], most integer)
RETURNS TABLE (seq bigint, ticket bigint, version integer, at bigint, type smallint, body bytea) LANGUAGE sql STABLE AS $$
  SELECT e.seq, e.ticket, e.version, e.at, e.type, e.body FROM event e
   WHERE e.shard = shard_no AND e.seq > after_seq AND e.seq <= to_seq AND (everything OR EXISTS (
     SELECT FROM assignment a WHERE a.ticket = e.ticket AND a.unit = ANY (units) AND a.offered_at <= e.at))
   ORDER BY e.seq LIMIT most $$;
