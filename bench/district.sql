-- The demo district's reference data, straight from db/demo's files, for benchmarks: no accounts, one token that may push for every
-- source and one that may watch. Run in db/demo by psql as the owner, with -v push=HASH -v watch=HASH (hex of the tokens' hashes) and
-- -v now=MS. Numbers of words are those of proto/words.def, which never change. An administrator uses the import commands instead.
\set ON_ERROR_STOP on
BEGIN;
CREATE TEMP TABLE u (code text, kind text, parent text, name_zh text, name_en text, lon text, lat text, flags text, calendar text);
\copy u FROM 'units.csv' CSV HEADER
CREATE TEMP TABLE m (code text, zh1 text, en1 text, zh2 text, en2 text, name_zh text, name_en text, lead text, assist text, start text, urgency text, policy text, public text, sensitive text, sign text, contact text, handle text, checked text);
\copy m FROM 'matters.csv' CSV HEADER
CREATE TEMP TABLE p (policy text, row text, name text, urgency text, value text, note text);
\copy p FROM 'policies.csv' CSV HEADER
CREATE TEMP TABLE a (community text, matter text, note text);
\copy a FROM 'admission.csv' CSV HEADER
CREATE TEMP TABLE pl (pattern text, unit text, kind text);
\copy pl FROM 'places.csv' CSV HEADER
CREATE TEMP TABLE s (code text, channel text, name_zh text, name_en text);
\copy s FROM 'sources.csv' CSV HEADER
CREATE TEMP TABLE c (no serial, calendar text, row text, from_day text, to_day text, weekdays text, spans text, name_zh text, name_en text);
\copy c (calendar, row, from_day, to_day, weekdays, spans, name_zh, name_en) FROM 'calendars/standard.csv' CSV HEADER
\copy c (calendar, row, from_day, to_day, weekdays, spans, name_zh, name_en) FROM 'calendars/hall.csv' CSV HEADER
\copy c (calendar, row, from_day, to_day, weekdays, spans, name_zh, name_en) FROM 'calendars/always.csv' CSV HEADER
CREATE TEMP TABLE g (line text);
\copy g FROM 'grids.geojson' CSV QUOTE E'\x01' DELIMITER E'\x02'

CREATE TEMP TABLE word (kind text, text text, number smallint);
INSERT INTO word SELECT 'kind', w, n FROM unnest('{center,district,street,community,grid,building,department,enterprise,pool}'::text[]) WITH ORDINALITY AS t (w, n);
INSERT INTO word SELECT 'urgency', w, n FROM unnest('{danger,urgent,normal,complex}'::text[]) WITH ORDINALITY AS t (w, n);
INSERT INTO word SELECT 'stage', w, n FROM unnest('{triage,supplement,sign,contact,handle,adjudicate,check,callback,review,supervise,arrive}'::text[]) WITH ORDINALITY AS t (w, n);
INSERT INTO word SELECT 'rung', w, n FROM unnest('{urge,warning,yellow_card,red_card}'::text[]) WITH ORDINALITY AS t (w, n);
INSERT INTO word SELECT 'channel', w, n FROM unnest('{phone,wechat,web,app,grid,unit,police}'::text[]) WITH ORDINALITY AS t (w, n);
CREATE FUNCTION pg_temp.word(of_kind text, of_text text) RETURNS smallint LANGUAGE sql AS $$ SELECT number FROM word WHERE kind = $1 AND text = $2 $$;

INSERT INTO calendar (id, code) VALUES (0, 'standard'), (1, 'hall'), (2, 'always');
INSERT INTO calendar_row (calendar, no, kind, from_day, to_day, weekdays, spans, name_zh, name_en)
  SELECT k.id, c.no, c.row, coalesce(from_day, ''), coalesce(to_day, ''), coalesce(weekdays, ''), coalesce(spans, ''), coalesce(name_zh, ''), coalesce(name_en, '')
    FROM c JOIN calendar k ON k.code = c.calendar;

INSERT INTO policy (id, code) VALUES (0, 'standard');
UPDATE policy SET returns_before_dispute = (SELECT value::smallint FROM p WHERE name = 'returns_before_dispute'),
  extensions_max = (SELECT value::smallint FROM p WHERE name = 'extensions_max'),
  callback_tries_max = (SELECT value::smallint FROM p WHERE name = 'callback_tries_max'),
  reopen_limit = (SELECT value FROM p WHERE name = 'reopen');
INSERT INTO policy_limit SELECT 0, pg_temp.word('stage', name), pg_temp.word('urgency', urgency), value FROM p WHERE row = 'limit';
INSERT INTO policy_rung SELECT 0, pg_temp.word('rung', name), value::integer FROM p WHERE row = 'rung';

CREATE TEMP TABLE id AS SELECT code, row_number() OVER ()::integer AS id FROM u;
INSERT INTO unit (id, code, kind, parent, name_zh, name_en, calendar, dedicated, staffed, lon, lat)
  SELECT i.id, u.code, pg_temp.word('kind', u.kind), (SELECT id FROM id WHERE code = u.parent), u.name_zh, u.name_en,
         coalesce((SELECT k.id FROM calendar k WHERE k.code = u.calendar), 0), coalesce(u.flags, '') LIKE '%dedicated%', true, u.lon::float8, u.lat::float8
    FROM u JOIN id i USING (code);

-- a GeoJSON polygon as WKB, big-endian
CREATE FUNCTION pg_temp.ring(ring jsonb) RETURNS bytea LANGUAGE sql AS $$
  SELECT int4send(count(*)::integer) || string_agg(float8send((q->>0)::float8) || float8send((q->>1)::float8), ''::bytea ORDER BY n)
    FROM jsonb_array_elements(ring) WITH ORDINALITY AS t (q, n) $$;
CREATE FUNCTION pg_temp.polygon(rings jsonb) RETURNS bytea LANGUAGE sql AS $$
  SELECT '\x0000000003'::bytea || int4send(count(*)::integer) || string_agg(pg_temp.ring(r), ''::bytea ORDER BY n)
    FROM jsonb_array_elements(rings) WITH ORDINALITY AS t (r, n) $$;
UPDATE unit SET area = CASE f->'geometry'->>'type' WHEN 'Polygon' THEN pg_temp.polygon(f->'geometry'->'coordinates')
    ELSE (SELECT '\x0000000006'::bytea || int4send(count(*)::integer) || string_agg(pg_temp.polygon(q), ''::bytea)
            FROM jsonb_array_elements(f->'geometry'->'coordinates') q) END
  FROM (SELECT string_agg(line, '')::jsonb AS j FROM g) w, jsonb_array_elements(w.j->'features') f WHERE unit.code = f->'properties'->>'code';

INSERT INTO matter (code, level1_zh, level1_en, level2_zh, level2_en, name_zh, name_en, department, assists, start, urgency, policy, public, sensitive)
  SELECT code::integer, zh1, en1, zh2, en2, m.name_zh, m.name_en, (SELECT id FROM id WHERE code = m.lead),
         coalesce((SELECT array_agg(i.id) FROM unnest(string_to_array(m.assist, ';')) x JOIN id i ON i.code = x), '{}'),
         pg_temp.word('kind', m.start), pg_temp.word('urgency', m.urgency), 0, m.public = 'yes', m.sensitive = 'yes' FROM m;
INSERT INTO matter_limit SELECT code::integer, pg_temp.word('stage', stage), v
  FROM m, LATERAL (VALUES ('sign', m.sign), ('contact', m.contact), ('handle', m.handle), ('check', m.checked)) AS l (stage, v) WHERE coalesce(v, '') <> '';
INSERT INTO admission SELECT (SELECT id FROM id WHERE code = a.community), a.matter::integer, a.matter::integer FROM a;
INSERT INTO place SELECT pl.pattern, i.id FROM pl JOIN id i ON i.code = pl.unit ON CONFLICT DO NOTHING;
INSERT INTO source SELECT row_number() OVER (), code, pg_temp.word('channel', channel), name_zh, name_en FROM s;

INSERT INTO token (name, hash, role, sources, created_at, expires_at) VALUES
  ('bench-push', decode(:'push', 'hex'), 7, (SELECT array_agg(id) FROM source), :now, :now + 86400000),
  ('bench-watch', decode(:'watch', 'hex'), 11, '{}', :now, :now + 86400000);
UPDATE world SET version = version + 1;
COMMIT;
