-- Files that people and systems send: what they are, who sent them, what they belong to. The bytes lie in the store, sealed
-- (docs/decisions/attachments.md). A row is made before its file is stored and is ready only when all of it is, so no kill leaves
-- half a file that anybody can see; what belongs to nothing after a day is swept.

CREATE TABLE attachment (
  id               text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),  -- random: knowing one tells no other
  uploaded_at      bigint NOT NULL,
  user_id          bigint NOT NULL,                         -- account or token that sent it; of what was fetched, minus the source
  role             smallint NOT NULL,
  unit             integer NOT NULL,
  received_bytes   bigint NOT NULL,                         -- as sent; the day's total is of these
  received_sha256  bytea,
  type             text NOT NULL,                           -- by content
  bytes            bigint NOT NULL DEFAULT 0,               -- as stored: photos are written anew, without their metadata
  sha256           bytea,
  width            integer NOT NULL DEFAULT 0,
  height           integer NOT NULL DEFAULT 0,
  thumbnail        boolean NOT NULL DEFAULT false,
  ready            boolean NOT NULL DEFAULT false,
  swept            boolean NOT NULL DEFAULT false,          -- its files are being removed; nothing may name it any more
  request          bigint NOT NULL DEFAULT 0,               -- what it belongs to; 0: nothing yet
  ticket           bigint NOT NULL DEFAULT 0,               -- the ticket whose step it was sent with
  CHECK (request = 0 OR ticket = 0)
);
CREATE INDEX attachment_day ON attachment (user_id, uploaded_at);
CREATE INDEX attachment_loose ON attachment (uploaded_at) WHERE request = 0 AND ticket = 0;
CREATE INDEX attachment_request ON attachment (request) WHERE request <> 0;
CREATE INDEX attachment_ticket ON attachment (ticket) WHERE ticket <> 0;

GRANT SELECT, INSERT, UPDATE, DELETE ON attachment TO paidan_console;
GRANT SELECT ON attachment TO paidan_intake;
GRANT UPDATE (request) ON attachment TO paidan_intake;

-- The second wall: a file is seen with its request or its ticket; one that belongs to nothing is the console's to judge by who sent it.
ALTER TABLE attachment ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON attachment TO paidan_console USING (
  (SELECT sees_everything()) OR (request = 0 AND ticket = 0)
  OR (request <> 0 AND EXISTS (SELECT FROM request r WHERE r.id = attachment.request))
  OR (ticket <> 0 AND EXISTS (SELECT FROM ticket t WHERE t.id = attachment.ticket))) WITH CHECK (true);
CREATE POLICY bind ON attachment TO paidan_intake USING (true) WITH CHECK (true);

-- What a request gave by reference, to be fetched: written with the request, worked off by the console. `next_at` is when it may be tried
-- (again); a claim moves it ahead, so that what a killed process had begun is tried again.
CREATE TABLE attachment_fetch (
  request     bigint NOT NULL,
  no          smallint NOT NULL,                            -- place among the request's attachments, from 1
  source      integer NOT NULL,
  url         text NOT NULL,
  sha256      text NOT NULL,                                -- as said, in lower case; compared when it is one
  state       smallint NOT NULL DEFAULT 1,                  -- 1 waiting, 2 kept, 3 given up
  tries       smallint NOT NULL DEFAULT 0,
  next_at     bigint NOT NULL,
  why         jsonb,                                        -- the last try failed: {"code", "zh", "en"}; null while one is under way
  attachment  text,                                         -- kept: which one it became
  PRIMARY KEY (request, no)
);
CREATE INDEX attachment_fetch_waiting ON attachment_fetch (tries, next_at) WHERE state = 1;

GRANT SELECT, UPDATE ON attachment_fetch TO paidan_console;
GRANT SELECT, INSERT ON attachment_fetch TO paidan_intake;
ALTER TABLE attachment_fetch ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON attachment_fetch TO paidan_console USING (
  (SELECT sees_everything()) OR EXISTS (SELECT FROM request r WHERE r.id = attachment_fetch.request)) WITH CHECK (true);
CREATE POLICY add ON attachment_fetch TO paidan_intake USING (true) WITH CHECK (true);

-- A request's attachments as they are shown: what was said, of each file that lies here what it is and where to get it, and of what was
-- given by reference how far its fetching is.
CREATE FUNCTION attachments_shown(of_request bigint, said jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_agg(CASE WHEN f.request IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('reference', jsonb_build_object(
      'url', f.url, 'state', CASE f.state WHEN 1 THEN 'waiting' WHEN 2 THEN 'kept' ELSE 'failed' END, 'tries', f.tries, 'why', f.why))
    END || CASE WHEN a.id IS NULL THEN s.item ELSE jsonb_build_object(
      'id', a.id, 'type', a.type, 'bytes', a.bytes, 'sha256', encode(a.sha256, 'hex'), 'width', a.width, 'height', a.height,
      'url', '/api/v1/attachments/' || a.id,
      'thumbnail_url', CASE WHEN a.thumbnail THEN '/api/v1/attachments/' || a.id || '/thumbnail' END) END ORDER BY s.no)
  FROM jsonb_array_elements(said) WITH ORDINALITY AS s (item, no)
    LEFT JOIN attachment_fetch f ON f.request = of_request AND f.no = s.no
    LEFT JOIN attachment a ON a.id = coalesce(f.attachment, s.item ->> 'id') AND a.request = of_request
$$;
